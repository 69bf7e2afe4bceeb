"""Training curves: one line per optimizer and kind of weights, mean and interval over seeds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from plotly.subplots import make_subplots

from app.figures.curves import thin
from app.figures.surface import QUIET
from optim_core.curves import Curves

Floats = NDArray[np.float64]

PANELS = (
    "Training loss",
    "Test accuracy",
    "Test loss",
    "Gradient norm",
    "Distance from the start",
    "Fast to slow weights",
)
STYLES = {"fast": ("solid", 1.2), "slow": ("dash", 2.6), "ema": ("dot", 2.0)}
NAMES = {"fast": "fast weights", "slow": "slow weights", "ema": "averaged weights"}


@dataclass(frozen=True)
class Line:
    """What to draw in one panel: x (points,), and one row of values per seed, (seeds, points)."""

    panel: int
    kind: str
    x: NDArray[np.int64]
    values: Floats


def training_curves(names: Sequence[str], colors: Sequence[str], curves: Sequence[Sequence[Curves]]) -> go.Figure:
    """Six panels over gradient evaluations.

    Args:
        names, colors: of the optimizers.
        curves: per optimizer one per seed; may still be growing, and of different lengths.
    """
    figure = make_subplots(rows=2, cols=3, subplot_titles=PANELS, horizontal_spacing=0.07, vertical_spacing=0.16)
    for name, color, seeds in zip(names, colors, curves, strict=True):
        for line in _lines(seeds):
            _draw(figure, line, name, color)
    figure.update_xaxes(showgrid=False, zeroline=False)
    figure.update_xaxes(title_text="gradient evaluations", title_standoff=4, row=2)
    figure.update_yaxes(gridcolor=QUIET, zeroline=False)
    figure.update_yaxes(type="log", exponentformat="power", nticks=5, row=1, col=1)
    figure.update_yaxes(type="log", exponentformat="power", nticks=5, row=1, col=3)
    figure.update_yaxes(type="log", exponentformat="power", nticks=5, row=2, col=1)
    figure.update_yaxes(tickformat=".0%", row=1, col=2)
    figure.update_layout(
        height=460,
        margin={"l": 46, "r": 12, "t": 30, "b": 40},
        showlegend=True,
        legend={"orientation": "h", "y": -0.14, "x": 0},
        hovermode="closest",
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
    )
    figure.update_annotations(font_size=13)
    return figure


def _lines(seeds: Sequence[Curves]) -> list[Line]:
    if not seeds:
        return []
    steps = min(len(one.step) for one in seeds)
    shown = seeds[0].step[:steps]
    lines = [
        Line(0, "fast", shown, smooth(np.stack([one.loss[0][:steps] for one in seeds]))),
        Line(3, "fast", shown, smooth(np.stack([one.gradient_norm[0][:steps] for one in seeds]))),
        Line(4, "fast", shown, np.stack([one.from_start[:steps] for one in seeds])),
    ]
    layered = any(name.startswith("slow_") for name in seeds[0].metrics)
    if layered:
        lines.append(Line(4, "slow", shown, np.stack([one.slow_from_start[:steps] for one in seeds])))
        lines.append(Line(5, "fast", shown, np.stack([one.separation[:steps] for one in seeds])))
    return lines + _measured(seeds)


def _measured(seeds: Sequence[Curves]) -> list[Line]:
    """Test accuracy and loss at fast, outermost slow and averaged weights."""
    count = min(len(one.evaluated) for one in seeds)
    outermost = max((name for name in seeds[0].metrics if name.startswith("slow_")), default=None)
    weights = {"fast": "fast", outermost: "slow", "ema": "ema"}
    lines = []
    for name, kind in weights.items():
        for panel, metric in ((1, "test_accuracy"), (2, "test_loss")):
            if all(name in one.metrics and metric in one.metrics[name] for one in seeds):
                values = np.stack([one.metrics[name][metric][:count] for one in seeds])
                lines.append(Line(panel, kind, seeds[0].evaluated[:count], values))
    return lines


def smooth(values: Floats, window: int = 25) -> Floats:
    """Mean of the last `window` values along the last axis (of those there are, at the beginning)."""
    sums = np.cumsum(np.pad(values, ((0, 0), (1, 0))), axis=-1)
    ends = np.arange(1, values.shape[-1] + 1)
    starts = np.maximum(ends - window, 0)
    return (sums[:, ends] - sums[:, starts]) / (ends - starts)


def _draw(figure: go.Figure, line: Line, name: str, color: str) -> None:
    row, column = divmod(line.panel, 3)
    dash, width = STYLES[line.kind]
    middle = line.values.mean(axis=0)
    x, y = thin(line.x, middle)
    if len(line.values) > 1:
        _band(figure, line, color, row + 1, column + 1)
    figure.add_trace(
        go.Scatter(
            x=x.astype(np.int32),
            y=y.astype(np.float32),
            mode="lines",
            name=f"{name}, {NAMES[line.kind]}",
            legendgroup=f"{name} {line.kind}",
            showlegend=line.panel in (0, 1) and (line.panel == 1) == (line.kind != "fast"),
            line={"color": color, "dash": dash, "width": width},
            hovertemplate="%{x} evaluations<br>%{y:.4g}<extra>" + f"{name}, {NAMES[line.kind]}</extra>",
        ),
        row=row + 1,
        col=column + 1,
    )


def _band(figure: go.Figure, line: Line, color: str, row: int, column: int) -> None:
    """Mean ± standard error over the seeds."""
    error = line.values.std(axis=0, ddof=1) / np.sqrt(len(line.values))
    step = max(1, len(line.x) // 200)
    x, middle, error = line.x[::step], line.values.mean(axis=0)[::step], error[::step]
    red, green, blue = (int(color[i : i + 2], 16) for i in (1, 3, 5))
    figure.add_trace(
        go.Scatter(
            x=np.concatenate([x, x[::-1]]).astype(np.int32),
            y=np.concatenate([middle + error, (middle - error)[::-1]]).astype(np.float32),
            fill="toself",
            fillcolor=f"rgba({red},{green},{blue},.18)",
            line={"width": 0},
            hoverinfo="skip",
            showlegend=False,
        ),
        row=row,
        col=column,
    )
