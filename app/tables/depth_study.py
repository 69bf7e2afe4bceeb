"""The study of depth as a table of a page: one row for each objective."""

from __future__ import annotations

from app.runs.depth_study import AVERAGE, COLUMNS, Comparison, DepthStudy, Objective

NARROW = "\u202f"  # a space at which no line breaks
TITLES = {name: f"{name} layer{'s' * (name != '1')}" for name in COLUMNS[:4]} | {
    AVERAGE: "average of the base", COLUMNS[-1]: "2 layers, from that average"
}  # fmt: skip


def markdown(study: DepthStudy, mark: dict[str, str]) -> str:
    """A table for a page: per objective the base's mean, and every column's change in percent.

    `mark`: how a text is set for each verdict, such as {"better": "**{}**"}; as it is where there is nothing said.
    """
    header = ["objective", "measure", "base alone", *(TITLES[column] for column in COLUMNS)]
    lines = [f"| {' | '.join(header)} |", f"|{'---|' * len(header)}"]
    for one in study.objectives:
        cells = [_cell(study.comparisons[one.key, column], mark) for column in COLUMNS]
        base = f"{one.contenders['0'].values.mean():.3g}"
        lines.append(f"| {' | '.join([one.title, one.measure, base, *cells])} |")
    return "\n".join(lines)


def _cell(one: Comparison, mark: dict[str, str]) -> str:
    if one.verdict == "diverged":
        return "diverged"
    middle, low, high = (100 * share for share in one.share)
    text = f"{_signed(middle)}{NARROW}%{NARROW}±{NARROW}{_plain((high - low) / 2)}"
    return mark.get(one.verdict, "{}").format(text)


def _signed(percent: float) -> str:
    return (f"{percent:+.0f}" if abs(percent) >= 10 else f"{percent:+.1f}").replace("-", "−")


def _plain(percent: float) -> str:
    return f"{percent:.0f}" if percent >= 10 else f"{percent:.1f}"


def lrs(one: Objective) -> str:
    """The best lr of every contender, and whether one lies at the end of the widest grid."""
    return ", ".join(f"{row.lr:.3g}{' (edge)' if row.edge else ''}" for row in one.contenders.values())
