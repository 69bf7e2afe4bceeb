"""C beside C_n, the mean path over orders beside the flows, the coefficients, and the order of accuracy."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from plotly.subplots import make_subplots

from app.figures.look import CONTOUR, SLATE
from app.figures.theory.look import FLOW, PATH, PLAIN, depth_color, finish, log_axis
from app.player.tracks import PALETTE
from app.runs.grid import Grid
from optim_core.experiments import AccuracyRun
from optim_core.theory import ModifiedLoss

Floats = NDArray[np.float64]


def landscapes_figure(
    plain: Grid, modified: Grid, mean_path: Floats, flow: Floats | None, plain_flow: Floats | None, name: str
) -> go.Figure:
    """C and C_n side by side, with the mean over orders and the flows on both.

    Args:
        plain: C.
        modified: C_n on the same grid.
        mean_path: mean of the outermost slow weights after each mean step, (steps + 1, 2).
        flow: of C_n, (points, 2); None where it leaves the finite numbers.
        plain_flow: of C, likewise.
        name: of C_n.
    """
    figure = make_subplots(
        rows=1, cols=2, shared_yaxes=True, horizontal_spacing=0.02, subplot_titles=("C, the mean loss", name)
    )
    low, high = np.nanpercentile(plain.height, [0, 97])
    steps = len(mean_path) - 1
    for column, grid in enumerate((plain, modified), start=1):
        figure.add_trace(_contour(grid, low, high), row=1, col=column)
        if flow is not None:
            figure.add_trace(_line(flow, "flow on Cₙ", FLOW, "solid", column, steps), row=1, col=column)
        if plain_flow is not None:  # on top, since the two run close together
            figure.add_trace(_line(plain_flow, "flow on C", PLAIN, "dot", column, steps), row=1, col=column)
        figure.add_trace(_dots(mean_path, column), row=1, col=column)
    figure.update_xaxes(range=[plain.x[0], plain.x[-1]], title_text="x", showgrid=False)
    figure.update_xaxes(matches="x", col=2)
    figure.update_yaxes(range=[plain.y[0], plain.y[-1]], showgrid=False)
    figure.update_yaxes(title_text="y", row=1, col=1)
    finish(figure, 460)
    figure.update_xaxes(showgrid=False)
    figure.update_yaxes(showgrid=False)
    return figure


def _contour(grid: Grid, low: float, high: float) -> go.Contour:
    return go.Contour(
        x=grid.x.astype(np.float32),
        y=grid.y.astype(np.float32),
        z=grid.height.astype(np.float32),
        contours={"coloring": "heatmap", "start": low, "end": high, "size": (high - low) / 24},
        colorscale=SLATE,
        zmin=low,
        zmax=high,
        line={"color": CONTOUR, "width": 1},
        showscale=False,
        hovertemplate="x %{x:.3f}<br>y %{y:.3f}<br>%{z:.4g}<extra></extra>",
    )


def _line(path: Floats, name: str, color: str, dash: str, column: int, steps: int) -> go.Scatter:
    """A flow, with a mark after each mean step: two flows may take one way at two paces."""
    marked = np.arange(len(path)) % ((len(path) - 1) // steps) == 0
    return go.Scatter(
        x=path[:, 0],
        y=path[:, 1],
        mode="lines+markers",
        name=name,
        legendgroup=name,
        showlegend=column == 1,
        line={"color": color, "width": 3, "dash": dash},
        marker={"symbol": "diamond", "size": np.where(marked, 11, 0), "color": color, "opacity": 1},
        hoverinfo="skip",
    )


def _dots(path: Floats, column: int) -> go.Scatter:
    return go.Scatter(
        x=path[:, 0],
        y=path[:, 1],
        mode="markers",
        name="mean over orders, after each mean step",
        legendgroup="mean",
        showlegend=column == 1,
        customdata=np.arange(len(path)),
        marker={"color": PATH, "size": 7, "line": {"color": "white", "width": 1}},
        hovertemplate="after %{customdata} mean steps<br>x %{x:.5f}<br>y %{y:.5f}<extra></extra>",
    )


def coefficients_figure(equal: Sequence[ModifiedLoss | None], effective: Sequence[ModifiedLoss | None]) -> go.Figure:
    """Coefficients of V and ‖g‖² over the number of layers, at an equal fast and at an equal effective lr.

    Args:
        equal: the modified loss of each depth from 0 at one fast lr; None where the formulas do not apply.
        effective: the same at one effective lr.
    """
    figure = make_subplots(
        rows=1, cols=2, horizontal_spacing=0.12, subplot_titles=("coefficient of V", "coefficient of ‖g‖²")
    )
    for column, part in enumerate(("variance", "gradient"), start=1):
        for name, losses, color in (("equal lr", equal, PALETTE[0]), ("equal effective lr", effective, PALETTE[1])):
            values = [None if loss is None else getattr(loss, part) for loss in losses]
            figure.add_trace(
                go.Bar(
                    x=[str(depth) for depth in range(len(losses))],
                    y=values,
                    name=name,
                    legendgroup=name,
                    showlegend=column == 1,
                    marker={"color": color},
                    hovertemplate=f"%{{x}} layers<br>%{{y:.5g}}<extra>{name}</extra>",
                ),
                row=1,
                col=column,
            )
    figure.update_xaxes(title_text="layers", type="category")
    figure.update_layout(barmode="group", bargap=0.3)
    return finish(figure, 340)


def accuracy_figure(run: AccuracyRun) -> go.Figure:
    """Distance of the mean step to the flow on C_n and on C over lr, log-log, with guides of slope 3 and 2."""
    figure = go.Figure()
    rows = (("to the flow on Cₙ", run.corrected, FLOW, 3), ("to the flow on C", run.uncorrected, PLAIN, 2))
    for (name, errors, color, order), slope in zip(rows, run.slopes, strict=True):
        figure.add_trace(
            go.Scatter(
                x=run.lr,
                y=errors,
                mode="markers",
                name=f"{name}: slope {slope:.2f}",
                marker={"color": color, "size": 9},
                error_y={"type": "data", "array": 2 * run.noise, "color": color, "thickness": 1.5},
                hovertemplate="lr %{x:.4g}<br>distance %{y:.4g}<extra>" + name + "</extra>",
            )
        )
        figure.add_trace(
            go.Scatter(
                x=run.lr,
                y=errors[-1] * (run.lr / run.lr[-1]) ** order,
                mode="lines",
                showlegend=False,
                line={"color": color, "width": 1.5, "dash": "dot"},
                hoverinfo="skip",
            )
        )
    log_axis(figure.update_xaxes, "fast lr ε", run.lr)
    figure.update_xaxes(tickvals=run.lr, ticktext=[f"{lr:.3g}" for lr in run.lr])
    log_axis(figure.update_yaxes, "distance", np.concatenate([run.corrected, run.uncorrected]))
    return finish(figure, 340)


def amplification_figure(curves: Sequence[tuple[str, Floats, Floats]]) -> go.Figure:
    """Growth of the penalty on V at an equal effective lr over α_1: per depth a name, α_1 and the amplification."""
    figure = go.Figure(
        [
            go.Scatter(
                x=alpha,
                y=values,
                mode="lines",
                name=name,
                line={"color": depth_color(depth), "width": 2},
                hovertemplate="α₁ %{x:.2f}<br>%{y:.3f} times SGD's<extra>" + name + "</extra>",
            )
            for depth, (name, alpha, values) in enumerate(curves)
        ]
    )
    figure.update_xaxes(title_text="α₁", range=[0, 1])
    log_axis(figure.update_yaxes, "times SGD's", np.concatenate([values for _, _, values in curves]))
    return finish(figure, 340)
