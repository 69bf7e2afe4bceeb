"""Every iterate of a comparison, recorded while the real optimizers step.

All runs of all optimizers advance in one loop. A run is one optimizer from one start; the runs are stacked, optimizer
by optimizer, in one tensor of shape (optimizers, starts, dim), of which each optimizer owns one slice as its only
parameter. One evaluation of the objective serves them all. This is right for optimizers whose update is elementwise, as
all those of `optim_core.spec` are: a row never sees another row.

A base method that takes the gradient several times a step has the further evaluations to itself. Players who move in
turn own a half of the coordinates each.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields
from functools import partial
from itertools import count
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

from optim_core.layers import Layer
from optim_core.lookahead import MultilayerLookahead
from optim_core.spec import OptimizerSpec

Field = Callable[[torch.Tensor, int], tuple[torch.Tensor, torch.Tensor]]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

MAX_STEPS = 1_000_000


@dataclass(frozen=True)
class Trajectory:
    """Every kept iterate of a batch of runs; row 0 is the start. Arrays are read-only.

    names: the optimizers                  layers: of each optimizer, innermost first
    step: (rows,) base steps               evaluations: (rows, optimizers) gradient evaluations so far
    fast: (rows, optimizers, starts, dim)  proposal: same; the fast weights as the base step left them, before any
                                           synchronisation (equal to `fast` where none happened)
    slow: per optimizer, one (rows, starts, dim) array per layer, innermost first
    loss: (rows, optimizers, starts) at the fast weights
    slow_loss: same, at the outermost slow weights; at the fast ones without layers
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

    def outermost(self, optimizer: int) -> Floats:
        """Slow weights of the outermost layer, (rows, starts, dim); the fast weights of an optimizer without layers."""
        return self.slow[optimizer][-1] if self.slow[optimizer] else self.fast[:, optimizer]


def record(
    field: Field,
    optimizers: Sequence[OptimizerSpec],
    starts: ArrayLike,
    steps: int,
    *,
    keep: Literal["all", "last"] | int = "all",
    escape: float = math.inf,
    on_progress: Callable[[int, int], None] | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> Trajectory:
    """Run every optimizer from every start and keep what happened.

    Args:
        field: `field(x, evaluation) -> (loss, gradient)` for x of shape (rows, dim), loss of shape (rows,). Row r
            belongs to start r % len(starts). `evaluation` counts from 0, for each optimizer its own gradient
            evaluations; the last call is for the final loss only.
        optimizers: what to compare.
        starts: (starts, dim) or (dim,), finite.
        steps: base steps, 1 to 1,000,000.
        keep: "all" steps, every n-th (and the last), or only the "last" one; row 0 is always the start.
        escape: a run with a coordinate beyond this magnitude counts as diverged.
        on_progress: called with (steps done, steps), about a hundred times.
        should_stop: asked as often; when true, the trajectory ends there.

    Raises:
        ValueError: no optimizer, starts not finite or of a wrong shape, steps or keep out of range.
    """
    x = _checked_starts(starts)
    every = _checked_stride(keep, steps)
    if not optimizers:
        raise ValueError("optimizers must name at least one optimizer, got none")
    batch = _Batch(field, optimizers, x, escape)
    kept = _Kept(batch, rows=-(-steps // every) + 1)
    pulse = max(1, steps // 100)
    for step in range(steps + 1):
        batch.evaluate(step)
        stopping = step == steps or (should_stop is not None and step % pulse == 0 and step > 0 and should_stop())
        if step % every == 0 or stopping:
            kept.store(step)
        if stopping:
            break
        if on_progress is not None and step % pulse == 0:
            on_progress(step, steps)
        batch.advance(step, steps)
    if on_progress is not None:
        on_progress(step, steps)
    return kept.trajectory(optimizers)


class _Batch:
    """The stacked runs: positions and gradients, (optimizers, starts, dim), and the optimizers that own them."""

    def __init__(self, field: Field, specs: Sequence[OptimizerSpec], starts: torch.Tensor, escape: float) -> None:
        self.field = field
        self.specs = specs
        self.per_step = [spec.evaluations_per_step for spec in specs]
        self.x = starts.repeat(len(specs), 1, 1)
        self.rows = self.x.view(-1, starts.shape[-1])
        self.gradient = torch.zeros_like(self.x)
        self.gradient_rows = self.gradient.view_as(self.rows)
        self.proposal = self.x.clone()
        self.loss = torch.zeros(self.x.shape[:2], dtype=torch.float64)
        self.slow_loss = self.loss.clone()
        self.synchronised = [
            spec.depth for spec in specs
        ]  # at the start all weights coincide, as after a synchronisation
        self.diverged = torch.full(self.x.shape[:2], -1, dtype=torch.int64)
        self.any_lost = False
        self.limit = min(escape, torch.finfo(torch.float64).max)
        self.last_finite = self.x.clone()
        self.optimizers = [self._build(index, spec) for index, spec in enumerate(specs)]
        self.lookaheads = [one if isinstance(one, MultilayerLookahead) else None for one in self.optimizers]
        self.base_steps = [_bare_step(look.base if look else one) for look, one in self._pairs()]
        for lookahead in filter(None, self.lookaheads):
            lookahead.capture()

    def _build(self, index: int, spec: OptimizerSpec) -> torch.optim.Optimizer:
        players = 2 if spec.alternating else 1
        places, gradients = (whole[index].chunk(players, -1) for whole in (self.x, self.gradient))
        parameters = [torch.nn.Parameter(place) for place in places]  # views: stepping them moves the batch
        for parameter, gradient in zip(parameters, gradients, strict=True):
            parameter.grad = gradient
        return spec.build([{"params": [parameter]} for parameter in parameters], foreach=False)

    def _pairs(self) -> Iterator[tuple[MultilayerLookahead | None, torch.optim.Optimizer]]:
        return zip(self.lookaheads, self.optimizers, strict=True)

    def evaluate(self, step: int) -> None:
        loss, gradient = self.field(self.rows, step)
        self.loss = loss.view(self.x.shape[:2])
        self.gradient_rows.copy_(gradient)
        for index, spec in enumerate(self.specs):
            if self.per_step[index] > 1:
                self._evaluate_alone(index, self.per_step[index] * step)
            if self.synchronised[index] == spec.depth:  # there the outermost slow weights equal the fast ones
                self._take_slow_loss(index)

    def _take_slow_loss(self, index: int) -> None:
        known, loss = self.slow_loss[index], self.loss[index]
        known.copy_(torch.where(self.diverged[index] < 0, loss, known) if self.any_lost else loss)

    def _evaluate_alone(self, index: int, evaluation: int) -> None:
        self.gradient[index] = self.field(self.x[index], evaluation)[1]

    def _closure(self, index: int, first: int) -> Callable[[], float]:
        """Takes the gradient anew at each call but the first, which finds that of `evaluate`."""
        evaluations = count(first)

        def closure() -> float:
            evaluation = next(evaluations)
            if evaluation > first:
                self._evaluate_alone(index, evaluation)
            return math.nan  # a loss of all starts together, which no base looks at

        return closure

    @torch.no_grad()
    def advance(self, step: int, steps: int) -> None:
        self.last_finite.copy_(self.x)
        for index, (lookahead, optimizer) in enumerate(self._pairs()):
            spec = self.specs[index]
            if spec.schedule.kind != "constant":
                for group in optimizer.param_groups:
                    group["lr"] = spec.lr_at(step, steps)
            if self.per_step[index] > 1:
                self.base_steps[index](self._closure(index, self.per_step[index] * step))
            else:
                self.base_steps[index]()
            if lookahead is None:
                self.synchronised[index] = 0
                continue
            if (step + 1) % spec.layers[0].k == 0:  # a synchronisation follows
                self.proposal[index] = self.x[index]
            lookahead.advance()
            self.synchronised[index] = lookahead.synchronised
        low, high = torch.aminmax(self.x)
        inside = low.item() >= -self.limit and high.item() <= self.limit  # this way round NaN is caught, too
        if self.any_lost or not inside:
            self._freeze(step + 1)

    def _freeze(self, step: int) -> None:
        """Hold the runs that left the finite numbers at their last finite place; the others never notice."""
        lost = ~(self.x.abs() <= self.limit).all(dim=-1)
        self.diverged[lost & (self.diverged < 0)] = step
        lost = self.diverged >= 0  # also those whose next step would lead back inside
        self.any_lost = True
        self.x[lost] = self.last_finite[lost]
        self.proposal[lost] = self.last_finite[lost]

    def slow(self, index: int) -> list[list[Floats]]:
        """Per layer, the players' slow weights, (starts, dim) together: views of the live ones."""
        lookahead = self.lookaheads[index]
        if lookahead is None:
            return []
        levels = range(1, len(lookahead.layers) + 1)
        return [[weights.numpy() for weights in lookahead.slow_weights(layer)] for layer in levels]


class _Kept:
    """Arrays that fill up row by row, through NumPy's views of the batch: for few rows they cost a tenth of torch's."""

    def __init__(self, batch: _Batch, rows: int) -> None:
        self.batch, self.row = batch, 0
        shape = (rows, *batch.x.shape)
        self.step = np.zeros(rows, dtype=np.int64)
        self.synchronised = np.zeros((rows, len(batch.specs)), dtype=np.int64)
        self.fast, self.proposal = np.empty(shape), np.empty(shape)
        self.loss, self.slow_loss, self.norm = (np.empty(shape[:-1]) for _ in range(3))
        self.slow = [[np.empty((rows, *shape[2:])) for _ in spec.layers] for spec in batch.specs]
        self.live = [batch.slow(index) for index in range(len(batch.specs))]
        self.x, self.proposed, self.live_slow_loss = batch.x.numpy(), batch.proposal.numpy(), batch.slow_loss.numpy()

    def store(self, step: int) -> None:
        row, batch = self.row, self.batch
        self.step[row] = step
        if step > 0:
            self.synchronised[row] = batch.synchronised
        self.fast[row] = self.proposal[row] = self.x
        self.loss[row], self.slow_loss[row] = batch.loss.numpy(), self.live_slow_loss
        self.norm[row] = torch.linalg.vector_norm(batch.gradient, dim=-1).numpy()
        for index, layers in enumerate(self.slow):
            if batch.synchronised[index]:
                self.proposal[row, index] = self.proposed[index]
            for kept, players in zip(layers, self.live[index], strict=True):
                kept[row] = players[0] if len(players) == 1 else np.concatenate(players, -1)
        self.row += 1

    def trajectory(self, specs: Sequence[OptimizerSpec]) -> Trajectory:
        rows, diverged = self.row, self.batch.diverged.numpy()
        step = self.step[:rows]
        per_step = np.array(self.batch.per_step)
        slow = tuple(tuple(layer[:rows] for layer in layers) for layers in self.slow)
        for index, layers in enumerate(slow):
            for layer in layers:
                _hold_last_finite(layer, step, diverged[index])
        return Trajectory(
            names=tuple(spec.name for spec in specs),
            layers=tuple(spec.layers for spec in specs),
            step=step,
            fast=self.fast[:rows],
            proposal=self.proposal[:rows],
            slow=slow,
            loss=self.loss[:rows],
            slow_loss=self.slow_loss[:rows],
            gradient_norm=self.norm[:rows],
            synchronised=self.synchronised[:rows],
            evaluations=step[:, None] * per_step[None, :],
            diverged=diverged,
        )


def _bare_step(optimizer: torch.optim.Optimizer) -> Callable[..., Any]:
    """The optimizer's step, to be called without autograd, without all that torch wraps around it.

    For a handful of numbers, hooks, the profiler's mark and the switching of autograd cost more than the step.
    """
    return partial(inspect.unwrap(type(optimizer).step), optimizer)


def _hold_last_finite(layer: Floats, step: Ints, diverged: Ints) -> None:
    """Slow weights of a diverged run stay where they were before it diverged."""
    for start in np.flatnonzero(diverged >= 0):
        first = int(np.searchsorted(step, diverged[start]))
        layer[first:, start] = layer[max(first - 1, 0), start]


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
