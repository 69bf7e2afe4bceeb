"""A plane sampled on a regular grid, and distances on it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Domain = tuple[tuple[float, float], tuple[float, float]]

GRID = 121  # points along each axis: finer than is visible under the contour lines, and 60 kB


@dataclass(frozen=True)
class Grid:
    """A surface sampled on its domain: x and y (GRID,), height (GRID, GRID) with one row per y."""

    x: Floats
    y: Floats
    height: Floats

    def shade(self, log_view: bool) -> Floats:
        """The values that are coloured: the height, or log(1 + height above the lowest) where heights span decades."""
        return np.log1p(self.height - np.nanmin(self.height)) if log_view else self.height


def sample(function: Callable[[torch.Tensor], torch.Tensor], domain: Domain, points: int = GRID) -> Grid:
    """Evaluate an objective on a regular grid over its domain; undefined places become NaN."""
    x, y = (np.linspace(low, high, points) for low, high in domain)
    places = np.stack(np.meshgrid(x, y), axis=-1)
    with torch.no_grad():
        height = function(torch.from_numpy(places)).numpy()
    return Grid(x, y, np.where(np.isfinite(height), height, np.nan))


def distance(places: Floats, minima: Floats) -> Floats:
    """Distance to the nearest minimum: places (..., dim), minima (minima, dim) -> (...); NaN where there are none."""
    if not len(minima):
        return np.full(places.shape[:-1], np.nan)
    gaps = [np.linalg.norm(places - minimum, axis=-1) for minimum in minima]
    return np.asarray(np.minimum.reduce(gaps))
