"""Streamlines of a plane vector field, evenly spread: the lines along which a flow moves, with an arrow on each.

Candidates are traced from the seeds of a low-discrepancy sequence, all at once, in unit coordinates. They are accepted
one by one, in the order of the sequence, whose next point lies in the largest gap: a line ends where it enters a cell
that another line, or its own earlier part, occupies.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Domain = tuple[tuple[float, float], tuple[float, float]]

GRID = 129
SEEDS = 700
CELLS = 26  # along each side; no two lines share one
STEP = 0.008  # of the unit square's side
STEPS = 260  # each way
STAY = int(2.5 / CELLS / STEP)  # points that a line may have in one cell
SHORTEST = 0.12  # length of the shortest line
ARROW_EVERY = 0.7
POINT_STRIDE = 3  # every so many points of a line are drawn
GOLDEN = np.array([0.7548776662466927, 0.5698402909980532])  # of the plane: 1/g, 1/g², g³ = g + 1


@dataclass(frozen=True)
class Streamlines:
    """Lines, (points, 2) each, and arrows: (arrows, 2, 2), each from a point on a line to the next along the flow."""

    lines: tuple[Floats, ...]
    arrows: Floats


def streamlines_of(velocity: Callable[[Floats], Floats], domain: Domain) -> Streamlines:
    """Streamlines of `velocity`, (points, 2) -> (points, 2), over a domain ((x_lo, x_hi), (y_lo, y_hi))."""
    low, high = np.array(domain, dtype=np.float64).T
    direction = _directions(velocity, low, high - low)
    seeds = (0.5 + np.arange(1, SEEDS + 1)[:, None] * GOLDEN) % 1
    forward, backward = (_trace(direction, seeds, sign * STEP) for sign in (1, -1))
    occupied_cells = np.zeros((CELLS, CELLS), dtype=bool)
    parts = [_free_part(forward[:, seed], backward[:, seed], occupied_cells) for seed in range(SEEDS)]
    lines = [low + line * (high - low) for line in parts if line is not None]
    arrows = [line[at - 1 : at + 1] for line in lines for at in _arrow_places(len(line))]
    return Streamlines(tuple(line[::POINT_STRIDE] for line in lines), np.array(arrows).reshape(-1, 2, 2))


def _arrow_places(points: int) -> NDArray[np.int64]:
    """In the middle of a short line; several, evenly spaced, on a long one."""
    count = max(1, round(points * STEP / ARROW_EVERY))
    return np.round((np.arange(count) + 0.5) / count * points).astype(np.int64)


def _directions(velocity: Callable[[Floats], Floats], low: Floats, size: Floats) -> Callable[[Floats], Floats]:
    """The direction of a flow in unit coordinates, 0 where its speed is; interpolated between points of a grid."""
    axis = np.linspace(0, 1, GRID)
    points = np.stack(np.meshgrid(axis, axis, indexing="ij"), axis=-1)
    with np.errstate(all="ignore"):
        speed = np.nan_to_num(velocity(low + points.reshape(-1, 2) * size) / size, posinf=0, neginf=0)
    table = speed.reshape(GRID, GRID, 2)

    def direction(units: Floats) -> Floats:
        place = np.clip(units, 0, 1) * (GRID - 1)
        corner = np.minimum(place.astype(np.int64), GRID - 2)
        (i, j), (right, up) = corner.T, (place - corner).T[..., None]
        lower = (1 - right) * table[i, j] + right * table[i + 1, j]
        upper = (1 - right) * table[i, j + 1] + right * table[i + 1, j + 1]
        flow: Floats = (1 - up) * lower + up * upper
        length = np.linalg.norm(flow, axis=-1, keepdims=True)
        return flow / np.where(length > 0, length, 1)

    return direction


def _trace(direction: Callable[[Floats], Floats], seeds: Floats, step: float) -> Floats:
    """(STEPS + 1, seeds, 2): every seed carried along at unit speed by the midpoint rule."""
    path = np.empty((STEPS + 1, *seeds.shape))
    path[0] = seeds
    for index in range(STEPS):
        place = path[index]
        path[index + 1] = place + step * direction(place + 0.5 * step * direction(place))
    return path


def _free_part(forward: Floats, backward: Floats, occupied_cells: NDArray[np.bool_]) -> Floats | None:
    """The free part of a line, whose cells are then occupied; None where it is too short to be drawn."""
    entries: dict[tuple[int, int], int] = {}
    ahead, behind = _free(forward, occupied_cells, entries, sign=1), _free(backward, occupied_cells, entries, sign=-1)
    line = np.concatenate((backward[1:behind][::-1], forward[:ahead]))
    if len(line) * STEP < SHORTEST or np.ptp(line, axis=0).max() < SHORTEST / 4:  # the latter where the flow stands
        return None
    occupied_cells[tuple(_cells(line).T)] = True
    return line


def _free(path: Floats, occupied_cells: NDArray[np.bool_], entries: dict[tuple[int, int], int], sign: int) -> int:
    """How many points of a path lie in free cells of the square.

    `entries`: the point, counted from the seed and negative behind it, at which the line entered each cell. It may stay
    in a cell for a while, and must not return to it.
    """
    inside = ((path >= 0) & (path < 1)).all(axis=-1)
    end = len(path) if inside.all() else int(inside.argmin())
    for index, (row, column) in enumerate(_cells(path[:end]).tolist()):
        entry = entries.setdefault((row, column), sign * index)
        if occupied_cells[row, column] or abs(sign * index - entry) > STAY:
            return index
    return end


def _cells(places: Floats) -> NDArray[np.int64]:
    """(points, 2) row and column of the cell of each place in the unit square."""
    return np.minimum((places * CELLS).astype(np.int64), CELLS - 1)
