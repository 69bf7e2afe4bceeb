"""Borders between the cells of a map."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def outline(
    x_edges: Floats, y_edges: Floats, inside: NDArray[np.bool_]
) -> tuple[list[float | None], list[float | None]]:
    """Border between the cells that are inside and those that are not, as the x and y of one broken line.

    Args:
        x_edges: borders of the columns, (columns + 1,).
        y_edges: borders of the rows, (rows + 1,).
        inside: (rows, columns).
    """
    x: list[float | None] = []
    y: list[float | None] = []
    for row, column in np.argwhere(inside[1:] != inside[:-1]).tolist():
        x += [x_edges[column], x_edges[column + 1], None]
        y += [y_edges[row + 1], y_edges[row + 1], None]
    for row, column in np.argwhere(inside[:, 1:] != inside[:, :-1]).tolist():
        x += [x_edges[column + 1], x_edges[column + 1], None]
        y += [y_edges[row], y_edges[row + 1], None]
    return x, y
