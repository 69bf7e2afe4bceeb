"""The surface as a relief, with the tracks of a run lying on it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from app.runs.grid import Grid
from optim_core.trajectory import Trajectory

Floats = NDArray[np.float64]

POINTS = 600  # per line at most, about as many as the eye can tell on a relief
LIFT = 0.008  # of the relief's height: how far lines float above it, so that it does not swallow half their width
SCALE = [[0.0, "#4d648c"], [0.35, "#7088ab"], [0.7, "#a3b2c6"], [1.0, "#d4dae2"]]
LEVEL = "rgba(255,255,255,.35)"


def relief_figure(grid: Grid, run: Trajectory, colors: Sequence[str], *, log_view: bool) -> go.Figure:
    """The surface in three dimensions; on it fast weights (thin) and outermost slow weights (thick) of every run.

    Args:
        grid: the surface's heights.
        run: the comparison, two-dimensional.
        colors: of each optimizer.
        log_view: whether heights are shown as log(1 + f − lowest).
    """
    height = grid.shade(log_view)
    figure = go.Figure(_relief(grid, height, log_view))
    for index, color in enumerate(colors):
        figure.add_trace(_line(grid, height, run.fast[:, index], color, run.names[index], slow=False))
        if run.layers[index]:
            figure.add_trace(_line(grid, height, run.outermost(index), color, run.names[index], slow=True))
    figure.update_layout(
        height=560,
        margin={"l": 0, "r": 0, "t": 0, "b": 0},
        showlegend=False,
        paper_bgcolor="rgba(0,0,0,0)",
        scene=_scene(grid, log_view),
    )
    return figure


def draped(grid: Grid, height: Floats, path: Floats) -> Floats:
    """A path on the plane (rows, 2) as a line on the relief (points, 3), at most about 2 POINTS long.

    Between rows the line follows the relief instead of cutting through it. NaN where the path leaves the grid.
    """
    along = _resampled(_thinned(path), float(max(grid.x[1] - grid.x[0], grid.y[1] - grid.y[0])))
    lift = LIFT * float(np.nanmax(height) - np.nanmin(height))
    return np.column_stack([along, height_at(grid, height, along) + lift])


def height_at(grid: Grid, height: Floats, places: Floats) -> Floats:
    """Bilinear value of `height` (one row per y) at places (n, 2) -> (n,); NaN outside the grid."""
    column, right = _located(grid.x, places[:, 0])
    row, up = _located(grid.y, places[:, 1])
    below = (1 - right) * height[row, column] + right * height[row, column + 1]
    above = (1 - right) * height[row + 1, column] + right * height[row + 1, column + 1]
    inside = (right >= 0) & (right <= 1) & (up >= 0) & (up <= 1)
    return np.where(inside, (1 - up) * below + up * above, np.nan)


def _located(axis: Floats, values: Floats) -> tuple[NDArray[np.intp], Floats]:
    """The cell of each value on a regular axis and how far into it the value lies (outside [0, 1] beyond the axis)."""
    position = (values - axis[0]) / (axis[1] - axis[0])
    cell = np.clip(position, 0, len(axis) - 2).astype(np.intp)
    return cell, position - cell


def _thinned(path: Floats) -> Floats:
    """Only rows that differ from the row before, evenly thinned to POINTS; first and last stay."""
    moved = np.concatenate([[True], (path[1:] != path[:-1]).any(axis=1)])
    path = path[moved]
    if len(path) <= POINTS:
        return path
    return path[np.linspace(0, len(path) - 1, POINTS).round().astype(int)]


def _resampled(path: Floats, cell: float) -> Floats:
    """Further points between those of a path, about a cell apart, or farther where POINTS would not reach."""
    lengths = np.hypot(*np.diff(path, axis=0).T)
    spacing = max(cell, float(lengths.sum()) / POINTS)
    pieces = np.maximum(1, np.ceil(lengths / spacing)).astype(int)
    at = np.concatenate([np.arange(count) / count + segment for segment, count in enumerate(pieces)] + [[len(pieces)]])
    rows = np.arange(len(path))
    return np.column_stack([np.interp(at, rows, path[:, axis]) for axis in range(2)])


def _relief(grid: Grid, height: Floats, log_view: bool) -> go.Surface:
    return go.Surface(
        x=grid.x.astype(np.float32),
        y=grid.y.astype(np.float32),
        z=height.astype(np.float32),
        colorscale=SCALE,
        showscale=False,
        contours={"z": {"show": True, "color": LEVEL, "width": 1}},
        lighting={"ambient": 0.75, "diffuse": 0.5, "specular": 0.05, "roughness": 0.9},
        hovertemplate=f"x %{{x:.3f}}<br>y %{{y:.3f}}<br>{_height_title(log_view)} %{{z:.4g}}<extra></extra>",
    )


def _line(grid: Grid, height: Floats, paths: Floats, color: str, name: str, *, slow: bool) -> go.Scatter3d:
    """One optimizer's runs from all starts, (rows, starts, 2), as one trace with gaps between them."""
    gap = np.full((1, 3), np.nan)
    points = [part for start in range(paths.shape[1]) for part in (draped(grid, height, paths[:, start]), gap)]
    x, y, z = np.vstack(points).astype(np.float32).T
    return go.Scatter3d(
        x=x,
        y=y,
        z=z,
        mode="lines",
        line={"color": color, "width": 7 if slow else 2.5},
        opacity=1 if slow else 0.85,
        name=f"{name}, {'outermost slow' if slow else 'fast'} weights",
        hoverinfo="name",
    )


def _scene(grid: Grid, log_view: bool) -> dict[str, object]:
    quiet = {"showbackground": False, "showspikes": False, "gridcolor": "rgba(128,128,128,.25)", "zeroline": False}
    return {
        "xaxis": {**quiet, "title": "x", "range": [float(grid.x[0]), float(grid.x[-1])]},
        "yaxis": {**quiet, "title": "y", "range": [float(grid.y[0]), float(grid.y[-1])]},
        "zaxis": {**quiet, "title": _height_title(log_view)},
        "aspectmode": "manual",
        "aspectratio": {"x": 1.15, "y": 1.15, "z": 0.65},
        "camera": {"eye": {"x": 0.95, "y": -1.35, "z": 1.15}, "center": {"x": 0, "y": 0, "z": -0.12}},
        "dragmode": "turntable",
    }


def _height_title(log_view: bool) -> str:
    return "log(1 + f − lowest)" if log_view else "f"
