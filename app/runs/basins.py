"""Basin maps: from which start does each optimizer reach which minimum?"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.runs import result_files
from app.runs.cache import recent
from app.runs.surfaces import Scenery, escape_radius
from app.state import SurfacesConfig
from app.state.limits import current_limits
from landscapes.noise import noisy_field
from optim_core.trajectory import record

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

NOT_YET, DIVERGED = -1, -2
NEAR = 0.02  # of the domain's diagonal: within this distance a run has reached a minimum
COARSE, MAX_POINTS = 24, current_limits().map_points


@dataclass(frozen=True, eq=False)
class BasinMap:
    """labels: (optimizers, points, points), the index of the minimum, NOT_YET or DIVERGED, one row per y.

    x, y: (points,) the starts' coordinates
    """

    x: Floats
    y: Floats
    labels: Ints

    def shares(self, optimizer: int, minima: int) -> dict[int, float]:
        """Share of the area per minimum, NOT_YET and DIVERGED."""
        total = self.labels[optimizer].size
        return {label: float((self.labels[optimizer] == label).sum()) / total for label in (*range(minima), -1, -2)}

    def differs(self, first: int, second: int) -> NDArray[np.bool_]:
        """Starts from which two optimizers end differently, (points, points)."""
        return np.asarray(self.labels[first] != self.labels[second])


def _key(config: SurfacesConfig, scenery: Scenery, points: int, *_: object) -> Hashable:
    return config.landscape, config.gradient_noise(), config.steps, config.specs(), points


@recent(16, key=_key)
def finest_map(
    config: SurfacesConfig,
    scenery: Scenery,
    points: int,
    on_progress: Callable[[int, int], None],
    on_coarse: Callable[[BasinMap], None],
) -> BasinMap:
    """The last of `basin_maps`, computed or kept; `on_coarse` is given those before it while it is computed."""
    surface = config.surface, config.formula, config.parameters, config.domain
    key = surface, config.gradient_noise(), config.steps, config.specs(), points
    kept_map = result_files.find(BasinMap, key)
    if kept_map is not None:
        return kept_map
    for basins in basin_maps(config, scenery, points, on_progress):
        if len(basins.x) < points:
            on_coarse(basins)
    result_files.put(key, basins)
    return basins


def basin_maps(
    config: SurfacesConfig,
    scenery: Scenery,
    points: int,
    on_progress: Callable[[int, int], None] | None = None,
) -> Iterator[BasinMap]:
    """A coarse map at once, then the fine one of `points` x `points` starts.

    Raises:
        ValueError: more than 256 points along an axis, or fewer than 2.
    """
    if not 2 <= points <= MAX_POINTS:
        raise ValueError(f"points must be from 2 to {MAX_POINTS} along each axis, got {points}")
    for count in sorted({min(COARSE, points), points}):
        yield _basin_map(config, scenery, count, on_progress if count == points else None)


def _basin_map(
    config: SurfacesConfig, scenery: Scenery, points: int, on_progress: Callable[[int, int], None] | None
) -> BasinMap:
    x, y = (np.linspace(low, high, points) for low, high in config.landscape.domain)
    starts = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
    field = noisy_field(config.landscape, config.gradient_noise(), len(starts))
    run = record(
        field, config.specs(), starts, config.steps, keep="last", escape=escape_radius(config), on_progress=on_progress
    )
    size = float(np.hypot(x[-1] - x[0], y[-1] - y[0]))
    labels = [
        label(run.outermost(index)[-1], scenery.places, run.diverged[index], NEAR * size).reshape(points, points)
        for index in range(len(run.names))
    ]
    return BasinMap(x, y, np.stack(labels))


def label(ends: Floats, minima: Floats, diverged: Ints, near: float) -> Ints:
    """The minimum within `near` of each end: ends (starts, 2), minima (minima, 2) -> (starts,)."""
    if not len(minima):
        return np.where(diverged >= 0, DIVERGED, NOT_YET)
    gaps = np.linalg.norm(ends[:, None] - minima[None], axis=-1)
    nearest = gaps.argmin(axis=1)
    labels = np.where(gaps.min(axis=1) <= near, nearest, NOT_YET)
    return np.where(diverged >= 0, DIVERGED, labels)
