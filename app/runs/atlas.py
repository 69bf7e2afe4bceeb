"""Cached studies of the Atlas page, and what the closed forms say about their cells.

Cells that were computed are kept in the run store, by content: a study that is widened, refined or shown again computes
only what is new (docs/decisions/2026-11-30-cells-of-a-study.md).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
from numpy.typing import NDArray

from app.runs import games as game_runs
from app.runs import result_files
from app.runs import surfaces as surface_runs
from app.runs.cache import recent
from app.runs.family import has_closed_form
from app.runs.grid import distance
from app.runs.trained import train_here
from app.state import AtlasConfig
from landscapes.noise import noisy_field, with_noise_of_scales
from landscapes.surface import Surface
from optim_core.spec import METHODS, OptimizerSpec
from optim_core.study import Axis, Batch, Problem, Study, StudyResult, known_from, merged, run_study, slow_loss
from optim_core.theory import Axis as TheoryAxis
from optim_core.theory import NoisyQuadratic, ParameterGrid, game_rate, stability_map
from optim_core.trajectory import Field, Trajectory

Floats = NDArray[np.float64]
Progress = Callable[[int, int], None]

OFTEN = 4.0  # seconds after which what was computed is kept, so that little is lost with the server
DETAIL = 5  # values of the border's grid to one of the map's
OF_THEORY = ("lr", "k", "alpha", "mu")  # kinds of axes over which a whole map of rates is known at once


def _key(config: AtlasConfig, *_: object, **__: object) -> Study:
    return config.study()


@recent(8, key=_key)
def study_run(
    config: AtlasConfig,
    on_progress: Progress | None = None,
    on_level: Callable[[StudyResult], None] | None = None,
) -> StudyResult:
    """The study of a surface or a game; `on_level` is given coarser grids while it is computed."""
    study = config.study()
    scene = study.scene, study.seeds
    keys = frozenset(study.keys)
    parts = result_files.find_parts(Batch, scene, lambda arrays: not keys.isdisjoint(arrays["keys"].tolist()))
    with _kept(scene) as on_batch:
        return run_study(
            study,
            problem_of(config),
            known=known_from(parts),
            on_batch=on_batch,
            on_level=on_level,
            on_progress=on_progress,
        )


def result_of(config: AtlasConfig, on_progress: Progress | None = None) -> StudyResult:
    """The study of a config; of a task what is missing is trained here."""
    return study_run(config, on_progress) if config.task is None else train_here(config, on_progress)


@contextmanager
def _kept(scene: tuple[str, int]) -> Iterator[Callable[[Batch], None]]:
    """Gives a callback for batches, which are kept every few seconds and at the end, also where a study is stopped."""
    batches: list[Batch] = []
    last = time.monotonic()

    def keep() -> None:
        if batches:
            result_files.add_part(scene, merged(batches), merged)
            batches.clear()

    def add(batch: Batch) -> None:
        nonlocal last
        batches.append(batch)
        if time.monotonic() - last > OFTEN:
            keep()
            last = time.monotonic()

    try:
        yield add
    finally:
        keep()


def problem_of(config: AtlasConfig) -> Problem:
    """The field of a study's objective with its noise, and what the objective's page measures."""
    page = config.page_run()
    noise, landscape = page.gradient_noise(), page.landscape

    def field(scales: Sequence[float], seeds: int) -> Field:
        if noise.kind == "minibatch":
            return noisy_field(landscape, noise, seeds)
        return with_noise_of_scales(landscape.field(), noise, seeds, scales)

    if isinstance(landscape, Surface):
        return Problem(field, surface_runs.escape_radius(page), slow_loss)
    places = np.array(places_of(config), dtype=np.float64).reshape(-1, 2)

    def gap(run: Trajectory, optimizer: int) -> Floats:
        return distance(run.outermost(optimizer)[-1], places)

    return Problem(field, game_runs.escape_radius(page), gap)


def places_of(config: AtlasConfig) -> tuple[tuple[float, float], ...]:
    """The places of a game's equilibria; none of a surface."""
    landscape = config.landscape
    return () if isinstance(landscape, Surface) else tuple(one.place for one in landscape.equilibria)


def floor_of(config: AtlasConfig) -> float:
    """What the measure is shown above: the lowest value known of a surface; 0 for distances and of tasks."""
    return 0.0 if config.is_game or config.task is not None else surface_runs.scenery(config.page_run()).floor


def jacobian_of(config: AtlasConfig) -> Floats | None:
    """Of the objective's field where that is linear; for a surface in the axes of its curvatures."""
    if config.task is not None:
        return None
    landscape = config.landscape
    if isinstance(landscape, Surface):
        return np.diag(landscape.curvature) if landscape.curvature else None
    return np.array(landscape.equilibria[0].jacobian) if landscape.linear else None


@dataclass(frozen=True, eq=False)
class Border:
    """Rates per base step in closed form: x (columns,) and y (rows,), their borders, rate (rows, columns)."""

    x: Axis
    y: Axis
    rate: Floats


@recent(24, key=_key)
def border_of(config: AtlasConfig) -> Border | None:
    """The closed form over the map, finer where that costs nothing; None where there is none.

    It holds for linear fields and bases. Noise leaves it as it is, but for noise that multiplies the gradient.
    """
    jacobian, study = jacobian_of(config), config.study()
    if jacobian is None or not study.is_grid or config.noise == "multiplicative" or not has_closed_form(study.base):
        return None
    if {study.x.kind, study.y.kind} <= {*OF_THEORY} and study.base.base not in METHODS:
        x, y = _finer(study.x), _finer(study.y)
        grid = ParameterGrid(study.base, *(TheoryAxis(axis.name, axis.values) for axis in (x, y)))
        return Border(x, y, stability_map(jacobian, grid))
    rate = cache(lambda spec: game_rate(jacobian, spec))
    return Border(study.x, study.y, np.array([rate(spec) for spec in study.specs]).reshape(study.shape))


def _finer(axis: Axis) -> Axis:
    """An axis of the same ends with more values, where it is not one of whole numbers."""
    return axis if axis.kind == "k" else replace(axis, points=min(DETAIL * (axis.points - 1) + 1, 256))


def steady_loss(config: AtlasConfig, spec: OptimizerSpec, noise_scale: float) -> float | None:
    """The mean loss above the minimum that slow weights settle at, in closed form; infinite where they do not settle.

    On a quadratic, whose noise is Gaussian and the same everywhere: Σ ½ h V over its curvatures h, V being the
    steady-state variance. None where no closed form is known.
    """
    landscape = None if config.task is not None else config.landscape
    if not isinstance(landscape, Surface) or not landscape.curvature or config.noise != "gaussian":
        return None
    if spec.base in METHODS or not has_closed_form(spec):
        return None
    variances = [NoisyQuadratic(h, noise_scale).variances(spec)[-1] for h in landscape.curvature]
    return float(sum(h * variance / 2 for h, variance in zip(landscape.curvature, variances, strict=True)))


def steady_lines(config: AtlasConfig, study: Study, place: tuple[int, int]) -> tuple[Floats, Floats] | None:
    """`steady_loss` along x and along y through a cell of the config's study; None where no closed form is known."""
    if not study.is_grid:
        return None
    row, column = place
    columns = len(study.x.values)
    across = range(row * columns, (row + 1) * columns)
    upwards = range(column, study.cells, columns)
    lines = [
        [steady_loss(config, study.specs[cell], study.noise_scales[cell]) for cell in cells]
        for cells in (across, upwards)
    ]
    if any(value is None for line in lines for value in line):
        return None
    across_line, upwards_line = (np.array(line, dtype=np.float64) for line in lines)
    return across_line, upwards_line
