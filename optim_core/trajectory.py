"""Every iterate of a comparison, recorded while all runs of all optimizers advance in one loop.

Two engines move them and give the same numbers: the real optimizers, each on its slice of the rows
(`optim_core.classes`), or one update for all optimizers of a base method, with a number per row (`optim_core.rows`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
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
"""Up to so many starts "auto" takes rows, which are then quicker from the first optimizer on: the classes take 1.1 x
as long for one optimizer, 1.4 x for 3, 6.3 x for 41 (1 start), 1.3 x for 10 at 256 starts. With more starts the classes
touch only the rows that synchronise, while a mask passes over all: rows take 1.3 to 1.6 x as long for 10 and 41 values
of k under 3 layers at 4,096 starts (benchmarks/README.md).
"""

BLOCK = 64  # kept rows whose gradient norms are taken together


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
            evaluations; the last call is for the final loss only.
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
    """Arrays that fill up row by row, through NumPy's views of the batch: for few rows they cost a tenth of torch's."""

    def __init__(self, batch: Batch, rows: int) -> None:
        self.batch, self.row = batch, 0
        shape = (rows, *batch.x.shape)
        self.step = np.zeros(rows, dtype=np.int64)
        self.fast = np.empty(shape)
        levels = max(spec.slow_tracks for spec in batch.specs)
        self.proposal = np.empty(shape) if levels else self.fast  # without layers they are equal
        self.slow = np.empty((rows, levels, *shape[1:]))
        self.loss, self.slow_loss, self.norm = (np.empty(shape[:-1]) for _ in range(3))
        self.gradients, self.gradient = np.empty((min(rows, BLOCK), *shape[1:])), batch.gradient.numpy()
        self.x, self.live_proposal = batch.x.numpy(), batch.proposal.numpy()
        self.live_slow_loss = batch.slow_loss.numpy()

    def store(self, step: int) -> None:
        row, batch, order = self.row, self.batch, self.batch.order
        self.step[row] = step
        self.fast[row, order] = self.x
        self.proposal[row, order] = self.live_proposal if batch.synchronising else self.x
        self.loss[row, order], self.slow_loss[row, order] = batch.loss.numpy(), self.live_slow_loss
        self.gradients[row % BLOCK, order] = self.gradient
        if (row + 1) % BLOCK == 0:
            self._take_norms(row + 1)
        batch.copy_slow(self.slow[row])
        if batch.diverged_rows is not None:  # slow weights of a diverged run stay where they were before it diverged
            mask = np.empty(batch.diverged_rows.shape, dtype=np.bool_)
            mask[order] = batch.diverged_rows.numpy()
            np.copyto(self.slow[row], self.slow[row - 1], where=mask)
        self.row += 1

    def _take_norms(self, until: int) -> None:
        """Of the gradients since the last block, together: one by one they would cost more than the steps."""
        first = (until - 1) // BLOCK * BLOCK
        gradients = torch.from_numpy(self.gradients[: until - first])
        self.norm[first:until] = torch.linalg.vector_norm(gradients, dim=-1).numpy()

    def trajectory(self, specs: Sequence[OptimizerSpec]) -> Trajectory:
        rows, diverged = self.row, np.empty(self.batch.diverged.shape, dtype=np.int64)
        diverged[self.batch.order] = self.batch.diverged.numpy()
        step = self.step[:rows]
        self._take_norms(rows)
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
    counts = np.zeros((len(step), len(specs)), dtype=np.int64)
    for level in range(max(spec.depth for spec in specs)):
        period = [min(periods(spec.layers)[level], NEVER) if level < spec.depth else NEVER for spec in specs]
        counts += step[:, None] % np.array(period) == 0
    counts[step == 0] = 0
    return counts


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
