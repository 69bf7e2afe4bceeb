"""What belongs beside the player: loss, distance and gradient norm over gradient evaluations."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from app.figures.look import QUIET
from optim_core.trajectory import Trajectory

Floats = NDArray[np.float64]
POINTS = 400  # per line: more than a panel has pixels for, few enough to send on every change


def linked_charts(
    run: Trajectory, gradient_norm: Floats, minima: Floats, colors: Sequence[str], floor: float
) -> dict[str, go.Figure]:
    """Charts that share their horizontal axis, gradient evaluations, by title.

    Loss above `floor` at fast (thin) and outermost slow weights (dashed), distance to the nearest minimum, and
    gradient norm; each the median over starts.

    Args:
        run: the comparison.
        gradient_norm: (rows, optimizers, starts), of the objective itself: what the optimizer saw has its noise in it.
        minima: (minima, 2) places; may be empty, which leaves the distance out.
        colors: of each optimizer.
        floor: the surface's lowest value, which is subtracted so that the loss axis can be logarithmic.
    """
    panels = {
        "Loss above the lowest value": (run.loss - floor, run.slow_loss - floor),
        "Distance to the nearest minimum": (distance(run.fast, minima), None),
        "Gradient norm": (gradient_norm, None),
    }
    figures = {title: empty_chart() for title in panels if title != "Distance to the nearest minimum" or len(minima)}
    for title, figure in figures.items():
        fast, slow = panels[title]
        for index, color in enumerate(colors):
            add_line(figure, run, index, fast[:, index], color, slow=False)
            if run.layers[index] and title != "Gradient norm":
                shown = distance(run.outermost(index), minima) if slow is None else slow[:, index]
                add_line(figure, run, index, shown, color, slow=True)
        _keep_in_sight(figure, run)
    return figures


def empty_chart(height: int = 230, *, logarithmic: bool = True, percent: bool = False) -> go.Figure:
    """A chart over gradient evaluations, still without lines; upwards logarithmic, else linear, or in percent."""
    scale = {"type": "log", "exponentformat": "power"} if logarithmic else {"tickformat": ".0%"} if percent else {}
    layout = {
        "xaxis": {"title": {"text": "gradient evaluations", "standoff": 4}, "showgrid": False, "zeroline": False},
        "yaxis": {"gridcolor": QUIET, "zeroline": False, "nticks": 6, **scale},
        "height": height,
        "margin": {"l": 46, "r": 12, "t": 8, "b": 40},
        "showlegend": False,
        "hovermode": "closest",
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
    }
    return go.Figure(layout=layout)


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


def leave_out_far(figure: go.Figure) -> None:
    """A run that ends early, by diverging, does not flatten the others: beyond ten times their reach it is left out."""
    lengths = [max(line.x, default=0) for line in figure.data]
    others = [line.y for line, length in zip(figure.data, lengths, strict=True) if length == max(lengths)]
    if not others:
        return
    with np.errstate(all="ignore"):
        ceiling = 10 * np.nanmax(np.abs(np.concatenate(others)), initial=0.0)
    for line in figure.data:
        line.y = np.where(np.abs(line.y) <= ceiling, line.y, np.nan).astype(np.float32)


def add_line(
    figure: go.Figure, run: Trajectory, index: int, runs: Floats, color: str, *, slow: bool, above: float = 0.0
) -> None:
    """The median over starts of (rows, starts): thin for fast, thick and dashed for slow weights.

    What is not above `above`, as on a logarithmic axis, is left out, and so is all after the last run diverged.
    """
    name = f"{run.names[index]}, {'slow' if slow else 'fast'} weights"
    ended = run.diverged[index]
    with np.errstate(all="ignore"):
        middle = np.median(runs, axis=1)
        shown = np.isfinite(middle) & (middle > above)
    if (ended >= 0).all():
        shown &= run.step < ended.max()
    x, y = thin(run.evaluations[:, index], np.where(shown, middle, np.nan))
    figure.add_scatter(
        x=x.astype(np.int32),
        y=y.astype(np.float32),
        mode="lines",
        name=name,
        line={"color": color, "width": 2.5 if slow else 1.2, "dash": "dash" if slow else "solid"},
        opacity=1.0 if slow else 0.75,
        hovertemplate="%{x} evaluations<br>%{y:.4g}<extra>" + name + "</extra>",
    )


def _keep_in_sight(figure: go.Figure, run: Trajectory) -> None:
    """A diverging run leaves the chart instead of stretching its axis: nothing above a hundred starts is shown."""
    if (run.diverged < 0).all():
        return
    ceiling = 100 * np.nanmax([line.y[0] for line in figure.data], initial=0.0)
    for line in figure.data:
        line.y = np.where(line.y <= ceiling, line.y, np.nan).astype(np.float32)
