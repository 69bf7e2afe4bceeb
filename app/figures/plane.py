"""A plane through weight space: the network's loss on it, and how honest the picture is."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from app.figures.curves import empty_chart, leave_out_far, thin
from app.figures.look import CONTOUR, SLATE
from landscapes.contours import frame

Floats = NDArray[np.float64]
Check = tuple[NDArray[np.int64], Floats, Floats]


def plane_figure(
    x: Floats,
    y: Floats,
    values: Floats | None,
    *,
    measure: str,
    places: Floats,
    titles: tuple[str, str],
    logarithmic: bool = True,
) -> go.Figure:
    """The contour of loss or accuracy, (len(y), len(x)), or the empty frame while `values` is None.

    Args:
        x, y: coordinates of the grid.
        values: what was computed so far.
        measure: "loss" or "accuracy".
        places: (points, 2), what the frame must hold.
        titles: of the two axes.
        logarithmic: draw losses on a logarithmic scale; they must then be positive.
    """
    figure = go.Figure()
    if values is not None:
        figure.add_trace(_contour(x, y, values, measure, logarithmic))
    across, up = frame(places, 0.12)
    figure.update_xaxes(range=across, title_text=titles[0], title_standoff=4)
    figure.update_yaxes(range=up, title_text=titles[1])
    figure.update_xaxes(showgrid=False, zeroline=False, ticks="outside")
    figure.update_yaxes(showgrid=False, zeroline=False, ticks="outside")
    figure.update_layout(
        height=520,
        margin={"l": 48, "r": 12, "t": 10, "b": 40},
        showlegend=False,
        dragmode="pan",
        hovermode="closest",
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
    )
    return figure


def _contour(x: Floats, y: Floats, values: Floats, measure: str, logarithmic: bool) -> go.Contour:
    shown = np.log10(np.maximum(values, 1e-12)) if measure == "loss" and logarithmic else values
    scale = SLATE if measure == "loss" else [[1 - place, color] for place, color in reversed(SLATE)]
    return go.Contour(
        x=x.astype(np.float32),
        y=y.astype(np.float32),
        z=shown.astype(np.float32),
        customdata=values.astype(np.float32),
        ncontours=22,
        contours={"coloring": "heatmap"},
        colorscale=scale,
        line={"color": CONTOUR, "width": 1},
        showscale=False,
        hovertemplate=f"{measure} on the plane " + "%{customdata:.4g}<extra></extra>",
    )


def honesty(
    names: Sequence[str],
    colors: Sequence[str],
    off: Sequence[tuple[NDArray[np.int64], Floats, Floats]],
    checks: Sequence[Check] | None,
    *,
    logarithmic: bool = True,
) -> dict[str, go.Figure]:
    """Beside the plane, by title: the distance from it at every step, and true loss against the projection's loss.

    Args:
        names, colors: of the optimizers.
        off: per optimizer steps, and distance from the plane of the fast and of the outermost slow weights.
        checks: per optimizer steps, true loss of the outermost slow weights, loss of their projection; None: not yet.
        logarithmic: of the loss axis.
    """
    distance, loss = empty_chart(logarithmic=False), empty_chart(logarithmic=logarithmic)
    for name, color, (step, fast, slow) in zip(names, colors, off, strict=True):
        for values, dash, width, kind in ((fast, "solid", 1.2, "fast"), (slow, "dash", 2.4, "slow")):
            x, y = thin(step, values)
            style = {"color": color, "dash": dash, "width": width}
            distance.add_trace(_line(x, y, f"{name}, {kind} weights", style))
    for name, color, (step, true, flat) in zip(names, colors, checks or (), strict=checks is not None):
        loss.add_trace(_line(step, true, f"{name}, true", {"color": color, "width": 2}))
        dots = {"color": color, "size": 5}
        loss.add_scatter(x=step, y=flat, mode="markers", marker=dots, name=f"{name}, on the plane")
    leave_out_far(distance)
    leave_out_far(loss)
    if checks is None:
        loss.update_layout(xaxis={"showticklabels": False}, yaxis={"showticklabels": False, "showgrid": False})
        loss.add_annotation(
            text="computed after the plane …", x=0.5, y=0.5, xref="paper", yref="paper", showarrow=False
        )
    return {
        "Distance from the plane": distance,
        "Loss of the outermost weights: true (line), on the plane (dots)": loss,
    }


def _line(x: NDArray[np.int64], y: Floats, name: str, style: dict[str, object]) -> go.Scatter:
    return go.Scatter(
        x=x.astype(np.int32),
        y=y.astype(np.float32),
        mode="lines",
        name=name,
        line=style,
        hovertemplate="%{x} evaluations<br>%{y:.4g}<extra>" + name + "</extra>",
    )
