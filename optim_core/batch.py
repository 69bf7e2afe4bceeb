"""Runs that advance together, one in each row: what both engines of `record` share.

A run is one optimizer from one start; the runs are stacked, optimizer by optimizer, in one tensor of shape (optimizers,
starts, dim). One evaluation of the objective serves them all. This is right for optimizers whose update is elementwise,
as all those of `optim_core.spec` are: rows do not affect each other.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from contextvars import Context
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from optim_core.spec import OptimizerSpec

Field = Callable[[Tensor, int], tuple[Tensor, Tensor]]
Floats = NDArray[np.float64]
FieldOnArrays = Callable[[Floats, int, Floats, Floats], None]
Ints = NDArray[np.int64]
Mask = Tensor | NDArray[np.bool_] | None
"""Rows to which something happens; None is all of them, which costs less. An array where what it masks is one."""

MAX_STEPS = 1_000_000
FEW_NUMBERS = 4096  # numbers up to which a dot product checks them quickest; beyond, it may wait for threads
MANY_PERIODS = 30  # from so many on NumPy finds those that divide a step sooner than a loop does
QUIET = Context()  # NumPy without warnings; np.errstate would take as long as what it surrounds
QUIET.run(np.seterr, all="ignore")
Average = tuple[slice, Tensor, Callable[[], Tensor]]
NEVER = MAX_STEPS + 1  # a period that no step reaches


class Batch(ABC):
    """The stacked runs: positions and gradients, (optimizers, starts, dim), losses and where they diverged.

    order: the places of these optimizers among those that `record` was given.
    costly: (optimizers, evaluations per step) of those that take the gradient several times a step. Their
    evaluations are separate, since an evaluation's number belongs to another step than for the rest.
    averages: (optimizers, their live averages, where they take the gradient next) of those whose result is an average.
    """

    order: slice | list[int] = slice(None)
    costly: Sequence[tuple[slice, int]] = ()
    averages: Sequence[Average] = ()

    def __init__(self, field: Field, specs: Sequence[OptimizerSpec], starts: Tensor, escape: float) -> None:
        self.field = self.field_of_all = field
        self.on_arrays: FieldOnArrays | None = getattr(field, "on_arrays", None)
        self.alone_on_arrays, self.arrays_alone = self.on_arrays, dict[int, tuple[Floats, Floats, Floats]]()
        self.specs = specs
        self.parts = Parts((len(specs), *starts.shape), max(spec.slow_tracks for spec in specs))
        self.memory = torch.zeros(self.parts.size, dtype=torch.float64)
        self.x, self.proposal, self.gradient, self.slow, self.loss, self.slow_loss = self.parts.of(self.memory)
        for places in (self.x, self.proposal, *self.slow):
            places.copy_(starts)
        self.last_finite = self.x.clone()
        self.rows, self.gradient_rows = (tensor.view(-1, starts.shape[-1]) for tensor in (self.x, self.gradient))
        self.loss_line = self.loss.view(-1)
        # NumPy copies few numbers quicker than torch.
        self.x_numbers, self.proposal_numbers = self.x.numpy(), self.proposal.numpy()
        self.last_finite_numbers, self.line = self.last_finite.numpy(), self.x.view(-1).numpy()
        self.rows_numbers, self.gradient_numbers = self.rows.numpy(), self.gradient_rows.numpy()
        self.loss_numbers, self.slow_loss_numbers = self.loss.numpy(), self.slow_loss.numpy()
        self.loss_line_numbers = self.loss_line.numpy()
        self.synchronising = False
        self.outermost = Due([[spec.outer_period for spec in specs]], self.loss.shape, None)
        self.limit = min(escape, torch.finfo(torch.float64).max)
        self.square_limit = min(self.limit * self.limit, torch.finfo(torch.float64).max)
        self.diverged = torch.full(self.loss.shape, -1, dtype=torch.int64)
        self.diverged_numbers = self.diverged.numpy()
        self.diverged_rows: NDArray[np.bool_] | None = None

    @abstractmethod
    def move(self, step: int, steps: int) -> None:
        """Take base step number `step` (from 0) and synchronise what is due; keep proposals where something is."""

    @abstractmethod
    def copy_slow(self) -> None:
        """Copy to `slow`, (levels, optimizers, starts, dim), what has its place elsewhere."""

    def evaluate(self, step: int) -> None:
        """Take loss and gradient of every run where it is now."""
        if self.on_arrays is None:
            loss, gradient = self.field_of_all(self.rows, step)
            self.loss_line.copy_(loss)
            self.gradient_rows.copy_(gradient)
        else:
            self.on_arrays(self.rows_numbers, step, self.loss_line_numbers, self.gradient_numbers)
        for which, cost in self.costly:
            self.evaluate_alone(which, cost * step)
        for mask in self.outermost.at(step):  # there the outermost slow weights equal the fast ones
            rows = mask if self.diverged_rows is None else both(mask, self.diverged_numbers < 0)
            assign(self.slow_loss_numbers, self.loss_numbers, rows)
        if self.averages:
            self._evaluate_averages(step)

    def evaluate_alone(self, which: slice, evaluation: int) -> None:
        """Take the gradient of some optimizers anew."""
        if self.alone_on_arrays is None:
            x = self.x[which]
            self.gradient[which] = self.field(x.view(-1, x.shape[-1]), evaluation)[1].view(x.shape)
        else:
            rows, loss, gradient = self.arrays_alone.get(which.start) or self._arrays_of(which)
            self.alone_on_arrays(rows, evaluation, loss, gradient)

    def _arrays_of(self, which: slice) -> tuple[Floats, Floats, Floats]:
        """Rows, losses that nobody reads, and gradients of some optimizers: the same arrays at every step."""
        starts = self.x.shape[1]
        rows = slice(which.start * starts, which.stop * starts)
        gradient = self.gradient_numbers[rows]
        arrays = self.arrays_alone[which.start] = self.rows_numbers[rows], np.empty(len(gradient)), gradient
        return arrays

    def _evaluate_averages(self, step: int) -> None:
        """The gradient where these optimizers take it, and the loss at their averages, which costs them nothing.

        All rows are evaluated, since the last bit of a sine may depend on the position in a batch.
        """
        places, averages = self.x.clone(), self.x.clone()
        for which, average, gradient_place in self.averages:
            places[which], averages[which] = gradient_place(), average
        gradient = self.field_of_all(places.view_as(self.rows), step)[1].view_as(self.x)
        loss = self.field_of_all(averages.view_as(self.rows), step)[0].view_as(self.loss)
        for which, *_ in self.averages:
            self.gradient[which] = gradient[which]
            assign(self.slow_loss[which], loss[which], self.diverged[which] < 0)

    def advance(self, step: int, steps: int) -> None:
        """Move every run by one base step; those that left the finite numbers stay at their last finite place."""
        self.last_finite_numbers[...] = self.x_numbers
        self.move(step, steps)
        self._hold()
        if not self._all_inside():
            self.freeze(~(self.x.abs() <= self.limit).all(dim=-1), step + 1)

    def freeze(self, which: Tensor, step: int) -> None:
        """Mark these runs, (optimizers, starts), as diverged at base step `step`, the one just done."""
        self.diverged[which & (self.diverged < 0)] = step
        self.diverged_rows = np.repeat(self.diverged_numbers[..., None] >= 0, self.x.shape[-1], axis=-1)
        self._hold()

    def _all_inside(self) -> bool:
        if len(self.line) <= FEW_NUMBERS and QUIET.copy().run(self.line.dot, self.line) <= self.square_limit:
            return True  # for nearly all steps; the sum may be NaN
        low, high = torch.aminmax(self.x)
        return low.item() >= -self.limit and high.item() <= self.limit

    def _hold(self) -> None:
        """Keep diverged runs at their last finite place, also where this step would lead back inside the limit."""
        if self.diverged_rows is not None:
            assign(self.x_numbers, self.last_finite_numbers, self.diverged_rows)
            assign(self.proposal_numbers, self.last_finite_numbers, self.diverged_rows)


class Parts:
    """What all runs consist of, side by side in one memory, so that one copy keeps it.

    shape: (optimizers, starts, dim)      size: numbers in the memory
    """

    def __init__(self, shape: Sequence[int], levels: int) -> None:
        self.levels = levels
        shapes = [shape, shape, shape, (levels, *shape), shape[:-1], shape[:-1]]
        self.shapes = [tuple(one) for one in shapes]
        self.ends = np.cumsum([math.prod(one) for one in self.shapes]).tolist()
        self.size: int = self.ends[-1]

    def of(self, memory: Any) -> list[Any]:
        """x, proposal, gradient, slow, loss and slow loss as views of a memory (…, size), a tensor or an array."""
        pairs = zip([0, *self.ends], self.ends, self.shapes, strict=False)
        return [memory[..., start:end].reshape(*memory.shape[:-1], *shape) for start, end, shape in pairs]


class Due:
    """Which optimizers synchronise at a step, level by level, as masks of `shape` = (optimizers, …).

    periods: base steps between synchronisations, (levels, optimizers); an optimizer that lacks a level has `NEVER`.
    device: of the masks, which are tensors; None for NumPy's arrays.
    """

    def __init__(
        self, periods: Sequence[Sequence[int]], shape: Sequence[int], device: torch.device | str | None = "cpu"
    ) -> None:
        self.shape, self.repeats, self.device = tuple(shape), math.prod(shape[1:]), device
        all_periods = {period for level in periods for period in level if period < NEVER}
        self.step = math.gcd(*all_periods) or NEVER  # nobody is due between its multiples
        self.cycle = min(math.lcm(*all_periods), NEVER)  # after which everything repeats
        self.in_cycle = lru_cache(maxsize=64)(self._at)  # of a step from 1 to the cycle, or 0
        numbers = [{period: place for place, period in enumerate(dict.fromkeys(level))} for level in periods]
        distinct = [[min(period, NEVER) for period in number] for number in numbers]
        self.periods = [np.array(level) if len(level) > MANY_PERIODS else level for level in distinct]
        self.places = [np.array([n[period] for period in level]) for n, level in zip(numbers, periods, strict=True)]
        self.mask = lru_cache(maxsize=64)(self._mask)

    def at(self, step: int) -> list[Mask]:
        """The masks of the levels at which any optimizer is due, innermost first."""
        return [] if step % self.step else self.in_cycle(step and (step - 1) % self.cycle + 1)

    def _at(self, step: int) -> list[Mask]:
        masks = []
        for level, periods in enumerate(self.periods):
            hits = _divisors(step, periods)
            if not any(hits):
                break  # the periods of a further level are multiples of these
            masks.append(self.mask(level, hits))
        return masks

    def _mask(self, level: int, hits: bytes) -> Mask:
        due = np.frombuffer(hits, dtype=np.bool_)[self.places[level]]
        if due.all():
            return None
        mask = due.repeat(self.repeats).reshape(self.shape)
        return mask if self.device is None else torch.from_numpy(mask).to(self.device)


def _divisors(step: int, periods: Ints | list[int]) -> bytes:
    """A byte for each period, 1 where it divides the step."""
    if isinstance(periods, list):
        return bytes([step % period == 0 for period in periods])
    return bytes((step % periods == 0).tobytes())


def assign(target: Any, source: Any, mask: Mask) -> None:
    """Let target ← source, both tensors or both arrays, in the rows of a mask."""
    if isinstance(target, Tensor):
        _assign_tensor(target, source, mask)
    elif mask is None:
        target[...] = source
    else:
        np.putmask(target, mask, source)


def _assign_tensor(target: Tensor, source: Tensor, mask: Mask) -> None:
    if mask is None:
        target.copy_(source)
    else:
        torch.where(torch.as_tensor(mask), source, target, out=target)


def both(mask: Mask, other_mask: Any) -> Any:
    """The rows of two masks."""
    return other_mask if mask is None else mask & other_mask
