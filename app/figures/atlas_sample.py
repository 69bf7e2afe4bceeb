"""The chart of a sample of settings: parallel coordinates, a line for each point across all axes and the measure."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from app.figures.atlas import QUANTITIES, Floats, Reading
from app.figures.caption import Caption
from app.figures.chart import Chart, Mark, Panel, Side
from app.figures.look import MUTED, PALETTE, STAR
from app.state.atlas import Quantity
from app.state.axes import settings_text, title_of
from optim_core.study import Axis

CLASSES = (  # ranks from and to, as shares of the points that did not diverge; color, width, opacity; in drawing order
    (0.5, 1.0, "the worse half", MUTED, 0.6, 0.7),
    (0.1, 0.5, "the better half", PALETTE[5], 0.9, 0.5),  # on a dark page the lighter colour would stand out
    (0.0, 0.1, "the best tenth", PALETTE[0], 2.0, 1.0),
)
DIVERGED, AXES = "diverged", "axes, with their ends"
ENDS = (0.0, 1.0)
BESIDE: tuple[Side, Side] = ("below", "above")
Bools = np.ndarray[tuple[int, ...], np.dtype[np.bool_]]


def parallel_chart(reading: Reading, quantity: Quantity) -> Chart:
    """Every point as a line across its settings and what it came to: the better, the stronger the line.

    Each vertical line is an axis from its least value, below, to its greatest; the last one is the quantity. There is a
    target wherever a line crosses an axis, point by point.
    """
    study = reading.result.study
    values = reading.quantity(quantity).ravel()
    heights = np.column_stack([*(_heights(axis, reading) for axis in study.axes), _shares(values)])
    shown = ~np.isnan(values)
    marks = [*_lines(heights, values, shown), *_axes(study.axes, values), *_best(reading, heights)]
    names = [*(title_of(axis.name) for axis in study.axes), QUANTITIES[quantity]]
    panel = Panel(
        "", (*marks, _targets(reading, heights, values)), labels=("", "from least to greatest"),
        ticks=tuple((float(place), name) for place, name in enumerate(names)),
        spans=((-0.4, len(names) - 0.6), (-0.15, 1.15)),
    )  # fmt: skip
    return Chart(
        (panel,), Caption(f"{len(values):,} points over {len(study.axes)} axes"), columns=1, height=420, drag="none"
    )


def growing_parallel_chart(reading: Reading, quantity: Quantity) -> Chart:
    """The points that are there, while others are computed: nothing is the best yet."""
    chart = parallel_chart(reading, quantity)
    (panel,) = chart.filled_panels
    marks = tuple(mark for mark in panel.marks if mark.kind != "targets" and mark.color != STAR)
    return replace(chart, panels=(replace(panel, marks=marks),))


def _heights(axis: Axis, reading: Reading) -> Floats:
    """Where each point lies between the axis's ends, (cells,)."""
    values = np.array([settings[axis.name] for settings in reading.result.study.settings])
    low, high = (np.log(axis.low), np.log(axis.high)) if axis.log else (axis.low, axis.high)
    return np.asarray(((np.log(values) if axis.log else values) - low) / (high - low))


def _shares(values: Floats) -> Floats:
    """Heights of a quantity: its logarithm between the ends; what diverged lies on top."""
    finite = np.isfinite(values) & (values > 0)
    if not finite.any():
        return np.where(np.isposinf(values), 1.0, np.where(np.isnan(values), np.nan, 0.0))
    logs = np.log(np.where(finite, values, np.nan))
    low, high = np.nanmin(logs), np.nanmax(logs)
    heights = (logs - low) / (high - low) if high > low else np.zeros_like(logs)
    return np.where(np.isposinf(values), 1.0, np.where(values == 0, 0.0, heights))


def _lines(heights: Floats, values: Floats, shown: Bools) -> list[Mark]:
    """One mark for each class of points, the best class last, which is on top."""
    ended = shown & np.isfinite(values)
    rank = np.full(len(values), np.inf)
    rank[ended] = np.argsort(np.argsort(values[ended], kind="stable")) / max(1, ended.sum())
    marks = [_polylines(heights[shown & ~ended], DIVERGED, PALETTE[1], 0.7)]
    for low, high, name, color, width, opacity in CLASSES:
        marks.append(_polylines(heights[ended & (low <= rank) & (rank < high)], name, color, width, opacity))
    return [mark for mark in marks if len(mark.x)]


def _polylines(heights: Floats, name: str, color: str, width: float, opacity: float = 0.85) -> Mark:
    places = np.arange(heights.shape[1] + 1, dtype=np.float64)
    x = np.tile(places, len(heights))
    broken = np.column_stack([heights, np.full(len(heights), np.nan)])
    return Mark(name, color, x, broken.ravel(), width=width, opacity=opacity)


def _axes(axes: tuple[Axis, ...], values: Floats) -> list[Mark]:
    """The vertical lines, with the numbers at their ends."""
    finite = values[np.isfinite(values)]
    ends = [(axis.low, axis.high) for axis in axes]
    ends.append((float(finite.min()), float(finite.max())) if len(finite) else (np.nan, np.nan))
    marks = []
    for side, end in enumerate(BESIDE):
        texts = tuple("" if np.isnan(pair[side]) else f"{pair[side]:.3g}" for pair in ends)
        places = np.arange(len(ends), dtype=np.float64)
        marks.append(
            Mark(
                AXES,
                "",
                places,
                np.full(len(ends), ENDS[side]),
                kind="dots",
                size=0.1,
                texts=texts,
                side=end,
                quiet=True,
            )
        )
    x = np.array([[place, place, np.nan] for place in range(len(ends))]).ravel()
    y = np.tile([*ENDS, np.nan], len(ends))
    return [Mark(AXES, "", x, y, width=1.2, quiet=True), *marks]


def _best(reading: Reading, heights: Floats) -> list[Mark]:
    best = reading.result.best
    if best is None:
        return []
    row = heights[reading.result.study.cell(best)]
    return [Mark("least mean", STAR, np.arange(len(row), dtype=np.float64), row, width=2.6)]


def _targets(reading: Reading, heights: Floats, values: Floats) -> Mark:
    study, count = reading.result.study, heights.shape[1]
    texts = list(map(settings_text, study.settings))
    return Mark(
        "", "", np.tile(np.arange(count, dtype=np.float64), study.cells), heights.ravel(), kind="targets", size=6.0,
        hollow=True, hover="{text}\n{value:.4g} ± {error:.2g}",
        data={
            "text": np.repeat(texts, count), "value": np.repeat(values, count),
            "error": np.repeat(reading.result.error.ravel(), count),
        },
    )  # fmt: skip
