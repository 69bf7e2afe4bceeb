"""A study as a value: what is optimised, by which base and layers, over which grid of two settings."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache, cached_property

import numpy as np
from numpy.typing import NDArray

from optim_core.layers import Layer
from optim_core.spec import WEIGHTED, WITH_BETAS, WITH_MU_X, WITH_MU_Y, OptimizerSpec
from optim_core.study.axis import OF_TASKS, WHOLE, Axis, problem_for
from optim_core.trajectory import MAX_STEPS

Ints = NDArray[np.int64]

MAX_CELLS, MAX_SEEDS = 1_048_576, 10_000
COARSEST = 8  # points along an axis of the first, coarse grid of a field, at least


@dataclass(frozen=True)
class Objective:
    """What is optimised, by name: a field, which is the caller's (`optim_core.study.run.Problem`), or a task.

    kind, name: such as "surface", "bowl".      parameters: its own settings; of a task those of its `describe()`.
    start: (dim,) of a field; empty for a task, whose weights have their seed.
    noise: the kind of gradient noise of a field, of this scale and with these further settings, drawn from the seed.
    seed: of the noise; for a task the first of its seeds of weights and batches.
    """

    kind: str
    name: str
    start: tuple[float, ...]
    parameters: tuple[tuple[str, float | str | None], ...] = ()
    noise: str = "none"
    noise_scale: float = 0.0
    noise_settings: tuple[tuple[str, float], ...] = ()
    seed: int = 0

    @property
    def is_task(self) -> bool:
        """Whether it is a network with its data and losses."""
        return not self.start

    @property
    def task_settings(self) -> tuple[str, ...] | None:
        """Names of a task's settings; None for a field."""
        return tuple(name for name, _ in self.parameters) if self.is_task else None


@dataclass(frozen=True)
class Study:
    """Every combination of two settings around one optimizer, each under the same noise or seeds.

    Args:
        objective: what is optimised.
        base: the optimizer of which two settings vary; its name is not part of the study.
        x: across; the columns.
        y: upwards; the rows.
        seeds: draws of the noise, 0 to seeds − 1, or of a task so many seeds of weights and batches from the
            objective's on: the same in every cell, so that cells are paired.
        steps: base steps of every run.

    Raises:
        ValueError: both axes vary the same, the optimizer or the noise has no such setting, the grid is too large, or
            seeds or steps are out of range; names field, value and remedy.
    """

    objective: Objective
    base: OptimizerSpec
    x: Axis
    y: Axis
    seeds: int = 1
    steps: int = 500

    def __post_init__(self) -> None:
        names: list[str] = []
        for side, axis in zip(self.sides, self.axes, strict=True):
            if axis.name in names:
                other = "x" if len(self.axes) == 2 else "those before it"
                raise ValueError(
                    f"{side} must vary another setting than {other}, got {axis.name} twice: choose another axis"
                )
            names.append(axis.name)
            problem = problem_for(axis.name, self.base, self.objective.noise, self.objective.task_settings)
            if problem:
                raise ValueError(f"{side}: {problem}")
            if axis.kind == "depth" and axis.high > self.base.depth:
                raise ValueError(
                    f"{side}: depth must end at {self.base.depth}, the layers of the optimizer, got {axis.high:g}: "
                    "add layers or end the axis there"
                )
        check_whole("seeds", self.seeds, MAX_SEEDS)
        check_whole("steps", self.steps, MAX_STEPS)
        if self.cells > MAX_CELLS:
            raise ValueError(f"a study has at most {MAX_CELLS:,} cells, got {self.cells:,}: take fewer points")

    @property
    def axes(self) -> tuple[Axis, ...]:
        """What varies."""
        return (self.x, self.y)

    @property
    def sides(self) -> tuple[str, ...]:
        """Names of the axes' places."""
        return ("x", "y")

    @property
    def is_grid(self) -> bool:
        """Whether cells are all combinations of the axes' values, in rows and columns."""
        return True

    @property
    def shape(self) -> tuple[int, int]:
        """Rows (y) and columns (x)."""
        return len(self.y.values), len(self.x.values)

    @property
    def cells(self) -> int:
        """How many there are."""
        return math.prod(self.shape)

    @property
    def evaluations(self) -> int:
        """Gradient evaluations of every run: the same in all cells, since the base is."""
        return self.steps * self.base.evaluations_per_step

    @cached_property
    def settings(self) -> tuple[Mapping[str, float], ...]:
        """What varies, by the axes' names, in all cells, row by row."""
        return tuple({self.x.name: x, self.y.name: y} for y in self.y.values for x in self.x.values)

    @cached_property
    def specs(self) -> tuple[OptimizerSpec, ...]:
        """The optimizers of all cells, row by row."""
        layer = cache(_layer)  # thousands of cells share few layers
        return tuple(self._spec(settings, layer) for settings in self.settings)

    @cached_property
    def noise_scales(self) -> tuple[float, ...]:
        """The scale of the noise in all cells, row by row."""
        return tuple(settings.get("noise_scale", self.objective.noise_scale) for settings in self.settings)

    @cached_property
    def task_parameters(self) -> tuple[dict[str, float | str | None], ...]:
        """The settings of the task in all cells, row by row."""
        return tuple(dict(self.objective.parameters) | _of_task(settings) for settings in self.settings)

    @property
    def scene(self) -> str:
        """What all cells share, as text: the objective but for the scale of its noise, and the base steps."""
        return f"{replace(self.objective, noise_scale=0.0)!r} {self.steps}"

    @cached_property
    def keys(self) -> tuple[str, ...]:
        """A digest of all that each cell's outcome depends on but the number of seeds, row by row."""
        digest = hashlib.blake2b(self.scene.encode(), digest_size=16)
        keys = []
        for spec, scale in zip(self.specs, self.noise_scales, strict=True):
            cell = digest.copy()
            cell.update(f"{content_of(spec)} {scale!r}".encode())
            keys.append(cell.hexdigest())
        return tuple(keys)

    def levels(self, coarsest: int = COARSEST) -> list[Ints]:
        """Cells from coarse to fine, as flat indices: each level halves the distance of those before it.

        The first has at least `coarsest` points along each axis, where there are so many.
        """
        rows, columns = self.shape
        stride = 2 ** max(0, int(math.log2(max(1, min(rows, columns) / coarsest))))
        levels, taken = [], np.zeros(self.shape, dtype=np.bool_)
        while stride:
            level = np.zeros(self.shape, dtype=np.bool_)
            level[::stride, ::stride] = True
            levels.append(np.flatnonzero(level & ~taken))
            taken |= level
            stride //= 2
        return levels

    def place(self, cell: int) -> tuple[int, int]:
        """Row and column of a flat index."""
        return divmod(cell, self.shape[1])

    def cell(self, place: tuple[int, int]) -> int:
        """The flat index of a row and a column."""
        return place[0] * self.shape[1] + place[1]

    def _spec(
        self, settings: Mapping[str, float], layer: Callable[[Layer, float, float, float], Layer]
    ) -> OptimizerSpec:
        depth = int(settings.get("depth", self.base.depth))
        layers = tuple(
            layer(
                one,
                settings.get(f"k_{number}", one.k),
                settings.get(f"alpha_{number}", one.alpha),
                settings.get(f"mu_{number}", one.outer_momentum),
            )
            for number, one in enumerate(self.base.layers[:depth], start=1)
        )
        lr, momentum = settings.get("lr", self.base.lr), settings.get("momentum", self.base.momentum)
        return replace(self.base, layers=layers, lr=lr, momentum=momentum)


def _layer(layer: Layer, k: float, alpha: float, outer_momentum: float) -> Layer:
    return replace(layer, k=int(k), alpha=alpha, outer_momentum=outer_momentum)


def _of_task(settings: Mapping[str, float]) -> dict[str, float | str | None]:
    """Those of a cell's two settings that are a task's, whole ones as whole numbers."""
    return {name: int(value) if name in WHOLE else float(value) for name, value in settings.items() if name in OF_TASKS}


def content_of(spec: OptimizerSpec) -> str:
    """Everything of an optimizer that its runs depend on, as text."""
    numbers = {
        "momentum": spec.momentum if spec.base in WEIGHTED else 0.0,
        "betas": spec.betas if spec.base in WITH_BETAS else (),
        "mu": (spec.mu_y if spec.base in WITH_MU_Y else 0.0, spec.mu_x if spec.base in WITH_MU_X else 0.0),
    }
    schedule = spec.schedule
    layers = [(layer.k, layer.alpha, layer.outer_momentum, layer.outer_nesterov) for layer in spec.layers]
    sync = (spec.kept_momentum, spec.inner_buffers) if layers else ()
    timing = (schedule.kind, schedule.every, schedule.factor)
    return repr((spec.base, spec.lr, layers, *numbers.values(), spec.weight_decay, sync, timing, spec.alternating))


def check_whole(name: str, value: int, most: int) -> None:
    """Raise ValueError where a number is not whole, or not from 1 to `most`."""
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= most:
        raise ValueError(f"{name} must be a whole number from 1 to {most:,}, got {value}")
