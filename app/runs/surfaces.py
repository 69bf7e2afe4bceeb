"""Cached runs of the Surfaces page: visitors with the same config share one run."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch

from app.player import Track, tracks_of
from app.player.dials import Dial
from app.runs.cache import recent
from app.runs.family import Families, Family, family_of, with_measured
from app.runs.grid import Grid, sample
from app.state import GamesConfig, SurfacesConfig
from landscapes.fields import gradient_field
from landscapes.noise import mean_surface, noisy_field
from landscapes.surfaces import Minimum
from optim_core.averaging import exponential_average
from optim_core.spec import OptimizerSpec
from optim_core.trajectory import Engine, Trajectory, record

ESCAPE = 20.0  # times the domain's size: a run beyond it counts as diverged


@dataclass(frozen=True, eq=False)
class Scenery:
    """The landscape of a run: the objective the page draws, its grid and its minima."""

    function: Callable[[torch.Tensor], torch.Tensor]
    grid: Grid
    minima: tuple[Minimum, ...]

    @property
    def places(self) -> np.ndarray[Any, np.dtype[np.float64]]:
        """Places of the minima, (minima, 2)."""
        return np.array([minimum.place for minimum in self.minima], dtype=np.float64).reshape(-1, 2)

    def gradient_norm(self, places: np.ndarray[Any, np.dtype[np.float64]]) -> np.ndarray[Any, np.dtype[np.float64]]:
        """Norm of the noise-free gradient at places (..., 2) -> (...)."""
        _, gradient = gradient_field(self.function)(torch.tensor(places.reshape(-1, 2)), 0)
        norms: np.ndarray[Any, np.dtype[np.float64]] = gradient.norm(dim=-1).numpy()
        return norms.reshape(places.shape[:-1])

    @property
    def floor(self) -> float:
        """The lowest value known."""
        return min([minimum.value for minimum in self.minima], default=float(np.nanmin(self.grid.height)))


@recent(32, key=lambda config: (config.landscape, config.gradient_noise() if config.noise == "minibatch" else None))
def scenery(config: SurfacesConfig) -> Scenery:
    """The surface itself or, under mini-batch noise, the mean of its shifted copies with minima of its own."""
    noise = config.gradient_noise() if config.noise == "minibatch" else None
    surface = mean_surface(config.landscape, noise) if noise else config.landscape
    return Scenery(surface.function, sample(surface.function, surface.domain), surface.minima)


_families = Families()


def _scene(config: SurfacesConfig) -> tuple[Hashable, ...]:
    return config.landscape, config.starts, config.gradient_noise(), config.steps


def run_key(config: SurfacesConfig, on_progress: object = None) -> Hashable:
    """The key of a run on a surface."""
    return (*_scene(config), config.specs())


@recent(48, key=run_key)
def surface_run(config: SurfacesConfig, on_progress: Callable[[int, int], None] | None = None) -> Trajectory:
    """The comparison that the Surfaces page shows."""
    specs = config.specs()
    return _families.comparison(_scene(config), specs) or _record(config, specs, "auto", on_progress)


def surface_family(config: SurfacesConfig, dial: Dial) -> Family:
    """The runs of all values of one number."""

    def compute() -> Family:
        curvature = config.landscape.curvature
        jacobian = np.diag(curvature) if curvature else None
        measure = scenery(config).gradient_norm
        return family_of(
            config, dial, surface_run(config), lambda specs: _record(config, specs, "rows"), jacobian, measure
        )

    return _families.get(_scene(config), config.specs(), dial, compute)


def surface_tracks(config: SurfacesConfig | GamesConfig, run: Trajectory) -> tuple[Track, ...]:
    """The run as tracks for the player, with the average of a card's fast weights where it has one."""
    tracks = tracks_of(run, config.specs(), config.colors, panels=config.panels)
    decays = {spec.name: card.shown_ema for spec, card in zip(config.specs(), config.active, strict=True)}
    return tuple(
        replace(track, averaged=exponential_average(track.fast, decay)) if (decay := decays[track.name]) else track
        for track in tracks
    )


def start_tracks(config: SurfacesConfig) -> tuple[Track, ...]:
    """The tracks of a config whose start is being dragged; not cached."""
    run = _record(config, config.specs(), "auto")
    return with_measured(surface_tracks(config, run), run, scenery(config).gradient_norm)


def _record(
    config: SurfacesConfig,
    specs: Sequence[OptimizerSpec],
    engine: Engine,
    on_progress: Callable[[int, int], None] | None = None,
) -> Trajectory:
    field = noisy_field(config.landscape, config.gradient_noise(), len(config.starts))
    escape = escape_radius(config)
    return record(field, specs, config.starts, config.steps, escape=escape, engine=engine, on_progress=on_progress)


def escape_radius(config: SurfacesConfig) -> float:
    """A run with a coordinate beyond this magnitude has diverged."""
    return ESCAPE * max(max(abs(bound) for bound in axis) for axis in config.landscape.domain)
