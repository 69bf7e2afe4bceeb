"""Every iterate of a comparison, recorded while all runs of all optimizers advance in one loop.

Two engines move them and give the same numbers: the real optimizers, each on its slice of the rows
(`optim_core.classes`), or one update for all optimizers of a base method, with a number per row (`optim_core.rows`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from itertools import zip_longest
from typing import Any, Literal, get_args

import numpy as np
import torch
from numpy.typing import ArrayLike

from optim_core.batch import MAX_STEPS, NEVER, Batch, Field, Floats, Ints
from optim_core.classes import Classes
from optim_core.layers import Layer, periods
from optim_core.rows import Rows
from optim_core.spec import NETWORK_BASES, OptimizerSpec

__all__ = ["MAX_STEPS", "Engine", "Field", "Floats", "Ints", "Trajectory", "record"]

Engine = Literal["auto", "classes", "rows"]
MANY_STARTS = 512
"""Up to so many starts "auto" takes rows, which are then quicker from the first optimizer on: the classes take 1.4 x
as long for one optimizer, 2.3 x for 3, 16 x for 41 (1 start), 1.3 x for 10 at 256 starts. With more starts the classes
touch only the rows that synchronise, while a mask passes over all: rows take 1.3 to 1.6 x as long for 10 and 41 values
of k under 3 layers at 4,096 starts (benchmarks/README.md).
"""

BLOCK, BLOCK_NUMBERS = 64, 2**15  # rows that are kept at once, fewer where that many numbers would be exceeded


@dataclass(frozen=True)
class Trajectory:
    """Every kept iterate of a batch of runs; row 0 is the start. Arrays are read-only.

    names: the optimizers                  layers: of each optimizer, innermost first
    step: (rows,) base steps               evaluations: (rows, optimizers) gradient evaluations so far
    fast: (rows, optimizers, starts, dim)  proposal: same; the fast weights as the base step left them, before any
                                           synchronisation (equal to `fast` where none happened)
    slow: per optimizer, one (rows, starts, dim) array per layer, innermost first; of a base whose result is an average
    of its own, that average alone
    loss: (rows, optimizers, starts) at the fast weights
    slow_loss: same, at the outermost slow weights, or at the average; else at the fast ones
    gradient_norm: same, of the gradient that the optimizer saw
    synchronised: (rows, optimizers) how many layers synchronised at that step
    diverged: (optimizers, starts) the step at which the run left the finite numbers (or the escape radius), else -1;
    from then on it stays at its last finite place
    """

    names: tuple[str, ...]
    layers: tuple[tuple[Layer, ...], ...]
    step: Ints
    fast: Floats
    proposal: Floats
    slow: tuple[tuple[Floats, ...], ...]
    loss: Floats
    slow_loss: Floats
    gradient_norm: Floats
    synchronised: Ints
    evaluations: Ints
    diverged: Ints

    def __post_init__(self) -> None:
        for array in [getattr(self, field.name) for field in fields(self)] + [a for one in self.slow for a in one]:
            if isinstance(array, np.ndarray):
                array.flags.writeable = False

    def synchronisations(self, optimizer: int) -> tuple[int, ...]:
        """How often each layer of one optimizer synchronised over the whole run, innermost first."""
        counts, steps = [], int(self.step[-1])
        for layer in self.layers[optimizer]:
            steps //= layer.k
            counts.append(steps)
        return tuple(counts)

    def averages(self, optimizer: int) -> bool:
        """Whether the result of one optimizer is an average of its own, from which nothing restarts."""
        return bool(self.slow[optimizer]) and not self.layers[optimizer]

    def outermost(self, optimizer: int) -> Floats:
        """The result, (rows, starts, dim): the outermost slow weights, the average, or else the fast weights."""
        return self.slow[optimizer][-1] if self.slow[optimizer] else self.fast[:, optimizer]


def record(
    field: Field,
    optimizers: Sequence[OptimizerSpec],
    starts: ArrayLike,
    steps: int,
    *,
    keep: Literal["all", "last"] | int = "all",
    escape: float = math.inf,
    engine: Engine = "auto",
    on_progress: Callable[[int, int], None] | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> Trajectory:
    """Run every optimizer from every start and keep its iterates.

    Args:
        field: `field(x, evaluation) -> (loss, gradient)` for x of shape (rows, dim), loss of shape (rows,). Row r
            belongs to start r % len(starts). `evaluation` counts from 0, for each optimizer its own gradient
            evaluations; the last call is for the final loss only. A field may have the same for NumPy's arrays as an
            attribute, `on_arrays(x, evaluation, loss, gradient)`, which fills the last two: for few rows it is quicker.
            It is given the same few arrays again and again.
        optimizers: what to compare.
        starts: (starts, dim) or (dim,), finite.
        steps: base steps, 1 to 1,000,000.
        keep: "all" steps, every n-th (and the last), or only the "last" one; row 0 is always the start.
        escape: a run with a coordinate beyond this magnitude counts as diverged.
        engine: "classes" steps the real optimizers one by one; "rows" moves all those of a base method together, with
            the same bits; "auto" takes what is quicker.
        on_progress: called with (steps done, steps), about a hundred times.
        should_stop: asked as often; when true, the trajectory ends there.

    Raises:
        ValueError: no optimizer, one that is for networks, starts not finite or of a wrong shape, steps, keep or engine
            out of range.
    """
    x = _checked_starts(starts)
    every = _checked_stride(keep, steps)
    if not optimizers:
        raise ValueError("optimizers must name at least one optimizer, got none")
    for spec in optimizers:
        if spec.base in NETWORK_BASES:
            raise ValueError(f"record moves every number by itself, got base {spec.base!r} for matrices: use train")
    batch = _engine(engine, len(x))(field, optimizers, x, escape)
    rows = _Rows(batch, rows=-(-steps // every) + 1)
    pulse = max(1, steps // 100)
    for step in range(steps + 1):
        batch.evaluate(step)
        stopping = step == steps or (should_stop is not None and step % pulse == 0 and step > 0 and should_stop())
        if step % every == 0 or stopping:
            rows.store(step)
        if stopping:
            break
        if on_progress is not None and step % pulse == 0:
            on_progress(step, steps)
        batch.advance(step, steps)
    if on_progress is not None:
        on_progress(step, steps)
    return rows.trajectory(optimizers)


def _engine(name: Engine, starts: int) -> type[Batch]:
    engines: dict[str, type[Batch]] = {"rows": Rows, "classes": Classes}
    engines["auto"] = Rows if starts <= MANY_STARTS else Classes
    if name not in engines:
        raise ValueError(f"engine must be one of {get_args(Engine)}, got {name!r}")
    return engines[name]


class _Rows:
    """Arrays that fill up by blocks of rows, through NumPy's views: for few rows torch's cost ten times as much."""

    def __init__(self, batch: Batch, rows: int) -> None:
        self.batch, self.row = batch, 0
        shape, levels = batch.parts.shapes[0], batch.parts.levels
        self.step = np.zeros(rows, dtype=np.int64)
        self.fast = np.empty((rows, *shape))
        self.proposal = np.empty_like(self.fast) if levels else self.fast  # without layers they are equal
        self.slow = np.empty((rows, levels, *shape))
        self.loss, self.slow_loss, self.norm = (np.empty((rows, *shape[:-1])) for _ in range(3))
        self.memory = batch.memory.numpy()
        size = min(rows, BLOCK, BLOCK_NUMBERS // len(self.memory))
        self.block = np.empty((size, len(self.memory))) if size > 1 else self.memory[None]
        self.synchronising = np.zeros((len(self.block), 1, 1, 1), dtype=np.bool_)

    def store(self, step: int) -> None:
        place = self.row % len(self.block)
        self.batch.copy_slow()
        if len(self.block) > 1:
            self.block[place] = self.memory
        self.synchronising[place] = self.batch.synchronising
        self.step[self.row] = step
        self.row += 1
        if place + 1 == len(self.block):
            self._keep_block()

    def _keep_block(self) -> None:
        """Distribute the rows since the last full block, together: one by one this would cost more than the steps."""
        count = (self.row - 1) % len(self.block) + 1
        rows, order = slice(self.row - count, self.row), self.batch.order
        x, proposal, gradient, slow, loss, slow_loss = self.batch.parts.of(self.block[:count])
        self.fast[rows, order] = x
        if self.proposal is not self.fast:
            self.proposal[rows, order] = np.where(self.synchronising[:count], proposal, x)
        self.slow[rows, :, order] = slow
        self.loss[rows, order], self.slow_loss[rows, order] = loss, slow_loss
        self.norm[rows, order] = torch.linalg.vector_norm(torch.from_numpy(gradient), dim=-1).numpy()

    def _hold_slow(self, diverged: Ints) -> None:
        """Slow weights of a diverged run, (optimizers, starts), stay where they were before it diverged."""
        optimizers, starts = np.nonzero(diverged >= 0)
        rows = np.arange(self.row)[:, None]
        last = np.searchsorted(self.step[: self.row], diverged[optimizers, starts]) - 1
        self.slow[rows, :, optimizers, starts] = self.slow[np.minimum(rows, last), :, optimizers, starts]

    def trajectory(self, specs: Sequence[OptimizerSpec]) -> Trajectory:
        rows, diverged = self.row, np.empty(self.batch.diverged.shape, dtype=np.int64)
        diverged[self.batch.order] = self.batch.diverged.numpy()
        step = self.step[:rows]
        if rows % len(self.block):
            self._keep_block()
        self._hold_slow(diverged)
        return Trajectory(
            names=tuple(spec.name for spec in specs),
            layers=tuple(spec.layers for spec in specs),
            step=step,
            fast=self.fast[:rows],
            proposal=self.proposal[:rows],
            slow=tuple(
                tuple(self.slow[:rows, i, index] for i in range(spec.slow_tracks)) for index, spec in enumerate(specs)
            ),
            loss=self.loss[:rows],
            slow_loss=self.slow_loss[:rows],
            gradient_norm=self.norm[:rows],
            synchronised=_layers_synchronised(step, specs),
            evaluations=step[:, None] * np.array([spec.evaluations_per_step for spec in specs]),
            diverged=diverged,
        )


def _layers_synchronised(step: Ints, specs: Sequence[OptimizerSpec]) -> Ints:
    """How many layers of each optimizer synchronised at the kept steps, (rows, optimizers)."""
    stacks = [periods(spec.layers) for spec in specs]
    number = {stack: place for place, stack in enumerate(dict.fromkeys(stacks))}
    counts = np.zeros((len(step), len(number)), dtype=np.int64)
    for period in zip_longest(*number, fillvalue=NEVER):
        counts += step[:, None] % np.array([min(total, NEVER) for total in period]) == 0
    counts[step == 0] = 0
    return np.take(counts, [number[stack] for stack in stacks], axis=1)


def _checked_starts(starts: ArrayLike) -> torch.Tensor:
    x = torch.as_tensor(np.array(starts, dtype=np.float64))
    x = x[None] if x.ndim == 1 else x
    if x.ndim != 2 or 0 in x.shape:
        raise ValueError(f"starts must have shape (starts, dim) or (dim,), got {tuple(x.shape)}")
    if not torch.isfinite(x).all():
        raise ValueError(f"starts must be finite, got {x[~torch.isfinite(x).all(dim=1)][0].tolist()}")
    return x


def _checked_stride(keep: Any, steps: int) -> int:
    if isinstance(steps, bool) or not isinstance(steps, int) or not 1 <= steps <= MAX_STEPS:
        raise ValueError(f"steps must be a whole number from 1 to {MAX_STEPS}, got {steps!r}")
    if keep in ("all", "last"):
        return 1 if keep == "all" else steps
    if isinstance(keep, bool) or not isinstance(keep, int) or keep < 1:
        raise ValueError(f'keep must be "all", "last" or a whole number of steps from 1, got {keep!r}')
    return keep
