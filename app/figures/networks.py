"""Training curves: one line per optimizer and kind of weights, mean and interval over seeds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from app.figures.curves import empty_chart, leave_out_far, thin
from optim_core.curves import Curves

Floats = NDArray[np.float64]

TITLES = {
    "loss": "Training loss",
    "accuracy": "Test accuracy",
    "test_loss": "Test loss",
    "norm": "Gradient norm",
    "start": "Distance from the start",
    "separation": "Distance between fast and slow weights",
}
LOGARITHMIC = {"loss", "test_loss", "norm", "frechet"}
STYLES = {"fast": ("solid", 1.2), "slow": ("dash", 2.6), "ema": ("dot", 2.0)}
NAMES = {"fast": "fast weights", "slow": "slow weights", "ema": "averaged weights"}


@dataclass(frozen=True)
class Line:
    """One line of a chart: x (points,), and one row of values per seed, (seeds, points)."""

    chart: str
    kind: str
    x: NDArray[np.int64]
    values: Floats


def training_curves(
    names: Sequence[str],
    colors: Sequence[str],
    curves: Sequence[Sequence[Curves]],
    charts: Sequence[str] = tuple(TITLES),
) -> dict[str, go.Figure]:
    """Charts over gradient evaluations, by title: the mean over seeds, with its standard error where there are several.

    Args:
        names, colors: of the optimizers.
        curves: per optimizer one per seed; may still be growing, and of different lengths.
        charts: which ones, keys of `TITLES`.
    """
    return line_charts(
        names, colors, [training_lines(seeds) for seeds in curves], {chart: TITLES[chart] for chart in charts}
    )


def line_charts(
    names: Sequence[str], colors: Sequence[str], lines: Sequence[Sequence[Line]], titles: Mapping[str, str]
) -> dict[str, go.Figure]:
    """Charts by title, with the lines of each optimizer that belong to them.

    Args:
        names, colors: of the optimizers.
        lines: per optimizer.
        titles: of the charts wanted, by the name that lines call them.
    """
    figures = {chart: empty_chart(logarithmic=chart in LOGARITHMIC, percent=chart == "accuracy") for chart in titles}
    for name, color, own in zip(names, colors, lines, strict=True):
        for line in own:
            if line.chart in figures:
                _draw(figures[line.chart], line, name, color)
    for figure in figures.values():
        leave_out_far(figure)
    if "accuracy" in figures:
        _show_the_top(figures["accuracy"])
    return {titles[chart]: figure for chart, figure in figures.items()}


def _show_the_top(figure: go.Figure) -> None:
    """Accuracies that matter lie close together near the end; the climb from chance would flatten them."""
    ends = [float(line.y[-1]) for line in figure.data if len(line.y)]
    if ends:
        figure.update_yaxes(range=[max(0.0, min(ends) - 0.15), max(*ends, ends[0]) + 0.02])


def training_lines(seeds: Sequence[Curves]) -> list[Line]:
    """Lines of the charts in `TITLES`, of one optimizer's runs over seeds; all end where the shortest does."""
    if not seeds:
        return []
    steps = min(len(one.step) for one in seeds)
    shown = seeds[0].step[:steps]
    lines = [
        Line("loss", "fast", shown, smooth(np.stack([one.loss[0][:steps] for one in seeds]))),
        Line("norm", "fast", shown, smooth(np.stack([one.gradient_norm[0][:steps] for one in seeds]))),
        Line("start", "fast", shown, np.stack([one.from_start[:steps] for one in seeds])),
    ]
    layered = any(name.startswith("slow_") for name in seeds[0].metrics)
    if layered:
        lines.append(Line("start", "slow", shown, np.stack([one.slow_from_start[:steps] for one in seeds])))
        lines.append(Line("separation", "fast", shown, np.stack([one.separation[:steps] for one in seeds])))
    return lines + measured(seeds, {"test_accuracy": "accuracy", "test_loss": "test_loss"})


def measured(seeds: Sequence[Curves], charts: Mapping[str, str]) -> list[Line]:
    """Metrics at fast, outermost slow and averaged weights; `charts` says on which chart each metric belongs."""
    count = min(len(one.evaluated) for one in seeds)
    outermost = max((name for name in seeds[0].metrics if name.startswith("slow_")), default=None)
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
    starts = np.maximum(ends - window, 0)
    return (sums[:, ends] - sums[:, starts]) / (ends - starts)


def _draw(figure: go.Figure, line: Line, name: str, color: str) -> None:
    dash, width = STYLES[line.kind]
    x, y = thin(line.x, line.values.mean(axis=0))
    if len(line.values) > 1:
        _band(figure, line, color)
    figure.add_scatter(
        x=x.astype(np.int32),
        y=y.astype(np.float32),
        mode="lines",
        name=f"{name}, {NAMES[line.kind]}",
        line={"color": color, "dash": dash, "width": width},
        hovertemplate="%{x} evaluations<br>%{y:.4g}<extra>" + f"{name}, {NAMES[line.kind]}</extra>",
    )


def _band(figure: go.Figure, line: Line, color: str) -> None:
    """Mean ± standard error over the seeds."""
    error = line.values.std(axis=0, ddof=1) / np.sqrt(len(line.values))
    step = max(1, len(line.x) // 200)
    x, middle, error = line.x[::step], line.values.mean(axis=0)[::step], error[::step]
    red, green, blue = (int(color[i : i + 2], 16) for i in (1, 3, 5))
    figure.add_scatter(
        x=np.concatenate([x, x[::-1]]).astype(np.int32),
        y=np.concatenate([middle + error, (middle - error)[::-1]]).astype(np.float32),
        mode="lines",  # a short one would get dots
        fill="toself",
        fillcolor=f"rgba({red},{green},{blue},.18)",
        line={"width": 0},
        hoverinfo="skip",
    )
