"""Training curves and samples as charts: what the Networks and GANs pages show beside weight space."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from app.figures.caption import Caption
from app.figures.chart import Chart, Mark, Pair, Panel
from app.figures.curves import thin
from app.figures.gans import RING_RANGE, broken
from app.figures.networks import LOGARITHMIC, NAMES, Line
from app.runs.gans import Floats, Samples, mosaic

LOOKS: dict[str, tuple[float, tuple[float, ...]]] = {
    "fast": (1.0, ()),
    "slow": (2.0, (6, 2.2)),
    "ema": (1.5, (1.5, 1.5)),
}
REAL = "real samples"


def curves_chart(
    caption: Caption,
    names: Sequence[str],
    colors: Sequence[str],
    lines: Sequence[Sequence[Line]],
    titles: Mapping[str, str],
    *,
    step: int | None = None,
) -> Chart:
    """Small multiples over gradient evaluations: the mean over seeds, with its standard error where there are several.

    Args:
        caption: of the comparison.
        names, colors: of the optimizers.
        lines: per optimizer, as `figures.training.training_lines` or `figures.gans.gan_lines` give them.
        titles: of the panels, by the name that lines call them.
        step: draw the curves up to this base step; all if not given.
    """
    panels = []
    for key, title in titles.items():
        marks = [
            _mark(name, color, line, step)
            for name, color, own in zip(names, colors, lines, strict=True)
            for line in own
            if line.chart == key
        ]
        scale = "log" if key in LOGARITHMIC else "percent" if key == "accuracy" else "linear"
        spans = (None, _top(marks) if key == "accuracy" else None)
        panels.append(
            Panel(title, tuple(marks), labels=("gradient evaluations", ""), scales=("linear", scale), spans=spans)
        )
    says = (
        "Curves: training loss and gradient norm are means of the last 25 steps; several seeds: mean ± standard error."
    )
    told = replace(caption, picture=(says,))
    return Chart(
        tuple(panels), told, columns=3 if len(panels) > 4 else 2, note="" if step is None else f"to step {step}"
    )


def _mark(name: str, color: str, line: Line, step: int | None) -> Mark:
    seen = slice(None) if step is None else slice(int(np.searchsorted(line.x, step, side="right")))
    x, values = line.x[seen], line.values[:, seen]
    mean = values.mean(axis=0)
    kept, _ = thin(np.arange(len(x)), mean)
    low = high = None
    if len(values) > 1:
        error = values.std(axis=0, ddof=1) / np.sqrt(len(values))
        low, high = (mean - error)[kept], (mean + error)[kept]
    width, dash = LOOKS[line.kind]
    shown = x[kept].astype(np.float64)
    return Mark(name, color, shown, mean[kept], part=NAMES[line.kind], low=low, high=high, width=width, dash=dash)


def _top(marks: Sequence[Mark]) -> Pair | None:
    """Accuracies that matter lie close together near the end; the climb from chance would flatten them."""
    ends = [float(mark.y[-1]) for mark in marks if len(mark.y) and np.isfinite(mark.y[-1])]
    return (max(0.0, min(ends) - 0.15), max(ends) + 0.02) if ends else None


def samples_chart(
    caption: Caption, names: Sequence[str], colors: Sequence[str], made: Sequence[Samples], real: Floats
) -> Chart:
    """The last frame of samples: fast generators above outermost slow ones, one column per optimizer.

    Args:
        caption: of the comparison.
        names, colors: of the optimizers.
        made: of each, at the same steps.
        real: points, which are drawn behind the generated ones, or images, which get a column of their own.
    """
    points = real.ndim == 2
    each = list(zip(names, colors, made, strict=True))
    above = [_sample_panel(name, color, one.fast, real) for name, color, one in each]
    below = [None if one.slow is None else _sample_panel(name, color, one.slow, real) for name, color, one in each]
    titles = [broken(name).replace("<br>", "\n") for name in names]
    above = [replace(panel, title=title) for panel, title in zip(above, titles, strict=True)]
    if not points:
        above.append(Panel(REAL, image=mosaic(real), bare=True))
        below.append(None)
    rows = [*_labelled(above, "fast weights"), *(_labelled(below, "slow weights") if any(below) else [])]
    says = "Samples: the same latent vectors for every generator, of the first seed."
    told = replace(caption, picture=(says,))
    return Chart(tuple(rows), told, columns=len(above), note=f"base step {int(made[0].step[-1])}")


def _sample_panel(name: str, color: str, frames: Floats, real: Floats) -> Panel:
    """The last of the frames."""
    if real.ndim > 2:
        return Panel(image=mosaic(frames[-1]), bare=True)
    behind = Mark(REAL, "#808080", *np.asarray(real, np.float64).T, kind="dots", size=2.0, quiet=True)
    generated = Mark(name, color, *np.asarray(frames[-1], np.float64).T, kind="dots", size=2.2)
    return Panel(marks=(behind, generated), spans=(RING_RANGE, RING_RANGE), square=True, bare=True)


def _labelled(row: Sequence[Panel | None], label: str) -> list[Panel | None]:
    """The row with its name before the first of its panels."""
    first = next(index for index, panel in enumerate(row) if panel is not None)
    return [
        replace(panel, labels=("", label)) if panel is not None and index == first else panel
        for index, panel in enumerate(row)
    ]
