"""Charts of the study of depth: every contender's change from its base on each objective, and maps over α and k."""

from __future__ import annotations

import numpy as np

from app.figures.amounts import span_of
from app.figures.atlas import star_mark
from app.figures.caption import LOOKAHEAD, MULTILAYER, Caption
from app.figures.chart import Chart, Map, Mark, Panel
from app.figures.look import CONVERGES, DIVERGES, MUTED
from app.runs.depth_study import AVERAGE, COLUMNS, BestOver, DepthStudy, Objective
from optim_core.study.axis import borders_of

SHOWN = COLUMNS[:-1]  # what is compared with the base
COLORS = {"better": CONVERGES, "worse": DIVERGES, "not told apart": MUTED}
LOWEST, HIGHEST = -1.05, 1.3  # of a panel: −100 % is all there is to gain; a change further up is cut off
SHORT = {AVERAGE: "avg"}


def depth_chart(study: DepthStudy) -> Chart:
    """A panel per objective: the mean paired change of 1 to 4 layers and of the average, with its 95 % interval."""
    panels = [_panel(study, one) for one in study.objectives]
    caption = Caption(
        "Change from the base alone, each at its own best lr: mean and 95 % interval of paired differences",
        settings=("Layers: k = 5, α = 0.5; average: decay 0.99 (GANs 0.999)",),
        citations=(LOOKAHEAD, MULTILAYER),
    )
    return Chart(tuple(panels), caption, columns=5, height=620)


def _panel(study: DepthStudy, one: Objective) -> Panel:
    places = np.arange(1.0, len(SHOWN) + 1)
    compared = [study.comparisons[one.key, column] for column in SHOWN]
    marks = [Mark("no change", "", np.array([0.5, len(SHOWN) + 0.5]), np.zeros(2), width=0.8, quiet=True)]
    for verdict, color in COLORS.items():
        at = [index for index, row in enumerate(compared) if row.verdict == verdict]
        if at:
            middle, low, high = np.array([compared[index].share for index in at]).T
            marks.append(
                Mark(
                    verdict, color, places[at], middle, kind="dots", low=low, high=high, size=6.0,
                    hollow=verdict == "not told apart",
                    hover="{y:+.1%}",
                )
            )  # fmt: skip
    lows, highs = zip(*((row.share[1], row.share[2]) for row in compared if not np.isnan(row.p)), strict=True)
    span = max(LOWEST, min(lows) - 0.03), min(HIGHEST, max(*highs, 0.03) + 0.03)
    above = [SHORT.get(name, name) for name, row in zip(SHOWN, compared, strict=True) if row.share[0] > span[1]]
    ticks = tuple((place, SHORT.get(name, name)) for place, name in zip(places.tolist(), SHOWN, strict=True))
    return Panel(
        one.title, tuple(marks), ticks=ticks, scales=("linear", "percent"),
        spans=((0.5, len(SHOWN) + 0.5), span), remark=f"far above: {', '.join(above)}" if above else "",
    )  # fmt: skip


def best_map_chart(study: DepthStudy) -> Chart:
    """Where that was computed: the least mean over the lr of one layer, over k and α, with its best cell."""
    panels = [_map(one, one.map) for one in study.objectives if one.map is not None]
    caption = Caption("One layer at the best lr for each k and α, on the seeds that the lr was chosen on")
    return Chart(tuple(panels), caption, columns=3, height=330)


def _map(one: Objective, over: BestOver) -> Panel:
    ks, alphas = np.array(over.ks, dtype=np.float64), np.array(over.alphas)
    row, column = np.unravel_index(int(over.best.argmin()), over.best.shape)
    star = star_mark("least", ks[[column]], alphas[[row]])
    borders = np.exp(borders_of(np.log(ks))), borders_of(alphas)
    values = Map(one.measure, ks, alphas, over.best, "amount", borders=borders, span=span_of(over.best, log=True),
                 log=True, hover="k {x:.0f}, α {y:g}\n{value:.3g}")  # fmt: skip
    spans = (float(borders[0][0]), float(borders[0][-1])), (float(borders[1][0]), float(borders[1][-1]))
    return Panel(
        one.title, (star,), values, labels=("k", "α"), scales=("log", "linear"), spans=spans,
        ticks=tuple((float(k), f"{k}") for k in over.ks),
    )  # fmt: skip
