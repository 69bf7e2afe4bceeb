"""What belongs beside the player: loss, distance and gradient norm over gradient evaluations."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from plotly.subplots import make_subplots

from app.figures.surface import QUIET
from optim_core.trajectory import Trajectory

Floats = NDArray[np.float64]
POINTS = 400  # per line: more than a panel has pixels for, few enough to send on every change


def linked_charts(
    run: Trajectory, gradient_norm: Floats, minima: Floats, colors: Sequence[str], floor: float
) -> go.Figure:
    """Three panels sharing their horizontal axis, gradient evaluations.

    Loss above `floor` at fast (thin) and outermost slow weights (dashed), distance to the nearest minimum, and
    gradient norm; each the median over starts.

    Args:
        run: the comparison.
        gradient_norm: (rows, optimizers, starts), of the objective itself: what the optimizer saw has its noise in it.
        minima: (minima, 2) places; may be empty, which leaves the distance out.
        colors: of each optimizer.
        floor: the surface's lowest value, which the loss panel subtracts so that its axis can be logarithmic.
    """
    figure = make_subplots(
        rows=1,
        cols=3,
        subplot_titles=("Loss above the lowest value", "Distance to the nearest minimum", "Gradient norm"),
        horizontal_spacing=0.06,
    )
    for index, (name, color) in enumerate(zip(run.names, colors, strict=True)):
        x = run.evaluations[:, index]
        panels = (  # column, at the fast weights, at the outermost slow weights
            (1, run.loss[:, index] - floor, run.slow_loss[:, index] - floor),
            (2, distance(run.fast[:, index], minima), distance(run.outermost(index), minima)),
            (3, gradient_norm[:, index], None),
        )
        for column, fast, slow in panels:
            _line(figure, column, x, fast, color, f"{name}, fast weights", slow=False)
            if slow is not None and run.layers[index]:
                _line(figure, column, x, slow, color, f"{name}, slow weights", slow=True)
    for column in (1, 2, 3):
        _keep_in_sight(figure, column, run)
    figure.update_xaxes(title_text="gradient evaluations", title_standoff=4, showgrid=False, zeroline=False)
    figure.update_yaxes(type="log", exponentformat="power", gridcolor=QUIET, zeroline=False, nticks=6)
    figure.update_layout(
        height=250,
        margin={"l": 46, "r": 12, "t": 30, "b": 40},
        showlegend=False,
        hovermode="closest",
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
    )
    figure.update_annotations(font_size=13)
    return figure


def distance(places: Floats, minima: Floats) -> Floats:
    """Distance to the nearest minimum: places (..., dim), minima (minima, dim) -> (...); NaN where there are none."""
    if not len(minima):
        return np.full(places.shape[:-1], np.nan)
    gaps = [np.linalg.norm(places - minimum, axis=-1) for minimum in minima]
    return np.minimum.reduce(gaps)


def thin(x: NDArray[np.int64], y: Floats, points: int = POINTS) -> tuple[NDArray[np.int64], Floats]:
    """At most `points` of a curve: the lowest and the highest of each stretch, so that no spike is lost."""
    if len(y) <= points:
        return x, y
    edges = np.linspace(0, len(y), points // 2 + 1).astype(int)
    picks = {0, len(y) - 1}
    for low, high in pairwise(edges):
        piece = np.where(np.isfinite(y[low:high]), y[low:high], -np.inf)
        picks |= {low + int(piece.argmin()), low + int(piece.argmax())}
    kept = np.array(sorted(picks))
    return x[kept], y[kept]


def _line(
    figure: go.Figure, column: int, x: NDArray[np.int64], runs: Floats, color: str, name: str, *, slow: bool
) -> None:
    with np.errstate(all="ignore"):
        middle = np.median(runs, axis=1)
    kept_x, kept_y = thin(x, np.where(np.isfinite(middle) & (middle > 0), middle, np.nan))
    figure.add_trace(
        go.Scatter(
            x=kept_x.astype(np.int32),
            y=kept_y.astype(np.float32),
            mode="lines",
            name=name,
            line={"color": color, "width": 2.5 if slow else 1.2, "dash": "dash" if slow else "solid"},
            opacity=1.0 if slow else 0.75,
            hovertemplate="%{x} evaluations<br>%{y:.4g}<extra>" + name + "</extra>",
        ),
        row=1,
        col=column,
    )


def _keep_in_sight(figure: go.Figure, column: int, run: Trajectory) -> None:
    """A diverging run leaves the panel instead of stretching its axis: nothing above a hundred starts is shown."""
    if (run.diverged < 0).all():
        return
    lines = [line for line in figure.data if line.xaxis == ("x" if column == 1 else f"x{column}")]
    ceiling = 100 * np.nanmax([line.y[0] for line in lines], initial=0.0)
    for line in lines:
        line.y = np.where(line.y <= ceiling, line.y, np.nan).astype(np.float32)
