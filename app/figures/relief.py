"""The surface as a relief, with the tracks of a run lying on it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from app.figures.scene import Relief, SpaceLine
from app.runs.grid import Floats, Grid
from optim_core.trajectory import Trajectory

POINTS = 600  # per line at most, about as many as are distinguishable on a relief
LIFT = 0.008  # of the relief's height: offset of lines above it, so that it does not hide half their width


def relief(grid: Grid, run: Trajectory, colors: Sequence[str], *, log_view: bool) -> Relief:
    """The surface; on it fast weights (thin) and outermost slow weights (thick) of every run.

    Args:
        grid: the surface's heights.
        run: the comparison, two-dimensional.
        colors: of each optimizer.
        log_view: whether heights are shown as log(1 + f − lowest).
    """
    height, lines = grid.shade(log_view), []
    for index, (name, color) in enumerate(zip(run.names, colors, strict=True)):
        paths = {f"{name}, fast weights": run.fast[:, index]}
        if run.slow[index]:
            result = "average" if run.averages(index) else "outermost slow weights"
            paths[f"{name}, {result}"] = run.outermost(index)
        lines += [
            SpaceLine(label, color, _all_starts(grid, height, path), slow=number == 1)
            for number, (label, path) in enumerate(paths.items())
        ]
    return Relief(grid, height, "log(1 + f − lowest)" if log_view else "f", tuple(lines))


def _all_starts(grid: Grid, height: Floats, paths: Floats) -> Floats:
    """One optimizer's runs (rows, starts, 2) with gaps between them."""
    gap = np.full((1, 3), np.nan)
    return np.vstack([part for start in range(paths.shape[1]) for part in (drape(grid, height, paths[:, start]), gap)])


def drape(grid: Grid, height: Floats, path: Floats) -> Floats:
    """A path on the plane (rows, 2) as a line on the relief (points, 3), at most about 2 POINTS long.

    Between rows the line follows the relief instead of cutting through it. NaN where the path leaves the grid.
    """
    places = _resample(_thin(path), float(max(grid.x[1] - grid.x[0], grid.y[1] - grid.y[0])))
    lift = LIFT * float(np.nanmax(height) - np.nanmin(height))
    return np.column_stack([places, height_at(grid, height, places) + lift])


def height_at(grid: Grid, height: Floats, places: Floats) -> Floats:
    """Bilinear value of `height` (one row per y) at places (n, 2) -> (n,); NaN outside the grid."""
    column, right = _locate(grid.x, places[:, 0])
    row, up = _locate(grid.y, places[:, 1])
    below = (1 - right) * height[row, column] + right * height[row, column + 1]
    above = (1 - right) * height[row + 1, column] + right * height[row + 1, column + 1]
    inside = (right >= 0) & (right <= 1) & (up >= 0) & (up <= 1)
    return np.where(inside, (1 - up) * below + up * above, np.nan)


def _locate(axis: Floats, values: Floats) -> tuple[NDArray[np.intp], Floats]:
    """The cell of each value on a regular axis and how far into it the value lies (outside [0, 1] beyond the axis)."""
    position = (values - axis[0]) / (axis[1] - axis[0])
    cell = np.clip(position, 0, len(axis) - 2).astype(np.intp)
    return cell, position - cell


def _thin(path: Floats) -> Floats:
    """Only rows that differ from the row before, evenly thinned to POINTS; first and last stay."""
    moves = np.concatenate([[True], (path[1:] != path[:-1]).any(axis=1)])
    path = path[moves]
    if len(path) <= POINTS:
        return path
    return path[np.linspace(0, len(path) - 1, POINTS).round().astype(np.intp)]


def _resample(path: Floats, cell: float) -> Floats:
    """Further points between those of a path, about a cell apart, or farther where POINTS would not reach."""
    lengths = np.hypot(*np.diff(path, axis=0).T)
    spacing = max(cell, float(lengths.sum()) / POINTS)
    pieces = np.maximum(1, np.ceil(lengths / spacing)).astype(int)
    at = np.concatenate([np.arange(count) / count + segment for segment, count in enumerate(pieces)] + [[len(pieces)]])
    rows = np.arange(len(path))
    return np.column_stack([np.interp(at, rows, path[:, axis]) for axis in range(2)])
