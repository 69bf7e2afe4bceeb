"""Basin maps as charts: one map per optimizer, and where two of them differ."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import wrap

import numpy as np

from app.figures.caption import Caption
from app.figures.chart import Chart, Map, Mark, Panel
from app.runs.basins import DIVERGED, NOT_YET, BasinMap
from app.runs.grid import Floats

# Distinct under any colour vision; a surface with more minima reuses them, and hovering names the minimum.
COLORS = ("#4477aa", "#ee6677", "#228833", "#ccbb44", "#66ccee", "#aa3377", "#bbbbbb", "#994f00")
DIVERGED_COLOR, NOT_YET_COLOR, DIFFERENT = "#111111", "#f2f2f2", "#d55e00"
IN_A_ROW, TITLE = 3, 14  # maps; letters in a line of a title, so that titles fit side by side on a phone
CLICKS = 48  # unseen points along each axis, which a click selects
LABELS = ("start x", "start y")


def basin_chart(basins: BasinMap, names: Sequence[str], minima: Floats) -> Chart:
    """One map per optimizer, side by side, with the minima; the last mark of each holds points for clicks."""
    columns = len(names) if len(names) <= IN_A_ROW else 2
    rows = -(-len(names) // columns)
    titles = ["\n".join(wrap(name.replace(", .", ",\N{NO-BREAK SPACE}."), TITLE)) for name in names]
    marks = _minima(minima), _targets(basins)
    spans = (float(basins.x[0]), float(basins.x[-1])), (float(basins.y[0]), float(basins.y[-1]))
    panels = [
        Panel(
            title, marks, _map(basins, index), spans=spans,
            labels=(LABELS[0] if index // columns == rows - 1 else "", LABELS[1]),
        )
        for index, title in enumerate(titles)
    ]  # fmt: skip
    lines = max(title.count("\n") + 1 for title in titles)
    height = 352 * rows + 18 * lines
    return Chart(tuple(panels), Caption("Basin maps"), columns, height=height, linked_axes="xy", drag="none")


def difference_chart(basins: BasinMap, first: int, second: int) -> Chart:
    """Where two optimizers end differently."""
    differs = Map(
        "differs", basins.x, basins.y, basins.differs(first, second).astype(np.float64), "kinds",
        colors=("", DIFFERENT), hover="start x {x:.3g}, y {y:.3g}",
    )  # fmt: skip
    return Chart(
        (Panel(map=differs, labels=LABELS),), Caption("Where two optimizers end differently"), columns=1, height=300
    )


def color_of(label: int) -> str:
    """The colour of a minimum, of "not yet" and of "diverged"."""
    return {NOT_YET: NOT_YET_COLOR, DIVERGED: DIVERGED_COLOR}.get(label, COLORS[label % len(COLORS)])


def _map(basins: BasinMap, optimizer: int) -> Map:
    """Kinds by place in the palette: 0 diverged, 1 not yet, then the minima modulo the number of colours."""
    labels = basins.labels[optimizer]
    kinds = np.where(labels >= 0, labels % len(COLORS), labels) - DIVERGED
    colors = (DIVERGED_COLOR, NOT_YET_COLOR, *COLORS)
    return Map("minimum", basins.x, basins.y, kinds.astype(np.float64), "kinds", colors=colors)


def _minima(minima: Floats) -> Mark:
    """Stars, the smaller the more there are, so that the map stays visible between them."""
    size = 0.75 * float(np.clip(44 / np.sqrt(max(1, len(minima))), 4, 11))
    return Mark(
        "minima", COLORS[0], minima[:, 0], minima[:, 1], kind="dots", marker="star", size=size, edge="#ffffff",
        width=0.14 * size, colors=tuple(color_of(index) for index in range(len(minima))),
        data={"number": np.arange(len(minima))}, hover="minimum {number}\nx {x:.4g}\ny {y:.4g}",
    )  # fmt: skip


def _targets(basins: BasinMap) -> Mark:
    x, y = (np.linspace(axis[0], axis[-1], CLICKS) for axis in (basins.x, basins.y))
    x, y = (part.ravel() for part in np.meshgrid(x, y))
    return Mark("click to open", "", x, y, kind="targets", size=6.75, hover="start x {x:.3g}, y {y:.3g}")
