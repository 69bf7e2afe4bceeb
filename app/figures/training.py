"""Curves of a training: one line per optimizer and kind of weights, mean and interval over seeds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from app.figures.caption import Caption
from app.figures.chart import Chart, Mark, Pair, Scale
from app.figures.curves import HOVER, LOOKS, NAMES, evaluations_panel, thin, without_far
from app.runs.grid import Floats
from optim_core.curves import Curves

LOGARITHMIC = ("loss", "test_loss", "norm", "frechet")
MEANS = "Curves: training loss and gradient norm are means of the last 25 steps; several seeds: mean ± standard error."


@dataclass(frozen=True)
class Line:
    """One line of a chart: x (points,), and one row of values per seed, (seeds, points)."""

    chart: str
    kind: str
    x: NDArray[np.int64]
    values: Floats


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
        lines: per optimizer, as `networks.training_lines` or `gans.gan_lines` give them.
        titles: of the panels, by the name that lines call them.
        step: draw the curves up to this base step; all if not given.
    """
    panels = []
    for key, title in titles.items():
        marks = [
            _mark(name, color, line, step)
            for name, color, optimizer_lines in zip(names, colors, lines, strict=True)
            for line in optimizer_lines
            if line.chart == key
        ]
        scale: Scale = "log" if key in LOGARITHMIC else "percent" if key == "accuracy" else "linear"
        span = _top(marks) if key == "accuracy" else None
        panels.append(evaluations_panel(title, without_far(marks), scale=scale, span=span))
    note = "" if step is None else f"to step {step}"
    columns = 3 if len(panels) > 4 else 2
    return Chart(tuple(panels), replace(caption, picture=(MEANS,)), columns, note, height=230)


def _mark(name: str, color: str, line: Line, step: int | None) -> Mark:
    part = slice(None) if step is None else slice(int(np.searchsorted(line.x, step, side="right")))
    x, values = line.x[part], line.values[:, part]
    mean = values.mean(axis=0)
    rows, _ = thin(np.arange(len(x)), mean)
    low = high = None
    if len(values) > 1:
        error = values.std(axis=0, ddof=1) / np.sqrt(len(values))
        low, high = (mean - error)[rows], (mean + error)[rows]
    width, dash = LOOKS[line.kind]
    return Mark(
        name, color, x[rows], mean[rows], NAMES[line.kind], low=low, high=high, width=width, dash=dash, hover=HOVER
    )


def _top(marks: Sequence[Mark]) -> Pair | None:
    """The range of the last accuracies: with the first ones in it, the differences at the end would be invisible."""
    ends = [float(mark.y[-1]) for mark in marks if len(mark.y) and np.isfinite(mark.y[-1])]
    return (max(0.0, min(ends) - 0.15), max(ends) + 0.02) if ends else None


def metric_lines(seeds: Sequence[Curves], charts: Mapping[str, str]) -> list[Line]:
    """Metrics at fast, outermost slow and averaged weights; `charts` says on which chart each metric belongs."""
    count = min(len(one.evaluated) for one in seeds)
    outermost = max((name for name in seeds[0].metrics if name.startswith("slow_")), default="")
    weights = {"fast": "fast", outermost: "slow", "ema": "ema"}
    lines = []
    for name, kind in weights.items():
        for metric, chart in charts.items():
            if all(name in one.metrics and metric in one.metrics[name] for one in seeds):
                values = np.stack([one.metrics[name][metric][:count] for one in seeds])
                lines.append(Line(chart, kind, seeds[0].evaluated[:count], values))
    return lines


def smooth(values: Floats, window: int = 25) -> Floats:
    """Mean of the last `window` values along the last axis (of those there are, at the beginning)."""
    sums = np.cumsum(np.pad(values, ((0, 0), (1, 0))), axis=-1)
    ends = np.arange(1, values.shape[-1] + 1)
    starts: NDArray[np.int64] = np.maximum(ends - window, 0)
    return (sums[:, ends] - sums[:, starts]) / (ends - starts)
