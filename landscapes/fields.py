"""From an objective to the field that an optimizer follows: `field(x, evaluation) -> (loss, gradient)`."""

from __future__ import annotations

import math
from collections.abc import Callable
from contextvars import Context
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

Objective: TypeAlias = Callable[[Tensor], Tensor]
"""A function of the last dimension: (..., 2) -> (...)."""

Field: TypeAlias = Callable[[Tensor, int], tuple[Tensor, Tensor]]
"""(x of shape (rows, 2), number of the evaluation) -> (loss of shape (rows,), gradient of shape (rows, 2))."""

Array: TypeAlias = NDArray[Any]

FieldOnArrays: TypeAlias = Callable[[Array, int, Array, Array], None]
"""The same of arrays: (x, number of the evaluation, loss, gradient), of which it fills the last two."""

QUIET = Context()  # copied and run in: np.errstate takes ten times as long
QUIET.run(np.seterr, all="ignore")  # a run that overflows has diverged: a result, not a warning

FEW_NUMBERS = 512  # up to which copying x and y apart costs more than it saves
MOST_CALLS = 8  # bound to arrays: one or two for each method of a comparison

Call: TypeAlias = Callable[[], None]

Slope: TypeAlias = Callable[[Array, Array], tuple[Array, Array, Array]]
"""A hand-written gradient on plain arrays: (x, y) -> (f, ∂f/∂x, ∂f/∂y)."""


@dataclass(frozen=True)
class FieldBothWays:
    """A field of tensors with its twin of arrays."""

    on_tensors: Field
    on_arrays: FieldOnArrays

    def __call__(self, x: Tensor, evaluation: int) -> tuple[Tensor, Tensor]:
        """As any field."""
        return self.on_tensors(x, evaluation)


def changed(field: Field, on_tensors: Field, change: Callable[[Array, int], None]) -> Field:
    """`on_tensors`, with a twin of arrays where `field` has one: `change(gradient, evaluation)` alters its gradient."""
    fill: FieldOnArrays | None = getattr(field, "on_arrays", None)
    if fill is None:
        return on_tensors

    def on_arrays(x: Array, evaluation: int, loss: Array, gradient: Array) -> None:
        fill(x, evaluation, loss, gradient)
        QUIET.copy().run(change, gradient, evaluation)

    return FieldBothWays(on_tensors, on_arrays)


def gradient_field(objective: Objective, slope: Slope | None = None) -> Field:
    """The noise-free field of an objective.

    Where the loss is finite but its gradient is not (a kink, such as the centre of Ackley's function), the gradient is
    0: a run that arrives there has converged. Where the loss is NaN the gradient is NaN, too,
    whatever autograd says (1/x for log x, on either side of 0): a run that gets there ends.

    Args:
        objective: the function, differentiable by autograd.
        slope: optionally the same function with its gradient written out, for tensors on the CPU. It must be smooth.
            At 48 rows it is about ten times faster than autograd, which there costs more than the arithmetic.
    """
    return _autograd_field(objective) if slope is None else _SlopeField(slope)


def _autograd_field(objective: Objective) -> Field:
    def field(x: Tensor, evaluation: int) -> tuple[Tensor, Tensor]:
        x = x.detach().requires_grad_()
        with torch.enable_grad():
            loss = objective(x)
            (gradient,) = torch.autograd.grad(loss.sum(), x)
        return loss.detach(), gradient_or_zero(loss, gradient)

    return field


class _SlopeField:
    """The field of a hand-written gradient."""

    def __init__(self, slope: Slope) -> None:
        self.slope = slope
        self.bound: Callable[..., Call] | None = getattr(slope, "bound", None)  # as `landscapes.slope.Program` has it
        self.calls: dict[tuple[int, int, int], tuple[Call, tuple[Array, ...]]] = {}

    def __call__(self, x: Tensor, evaluation: int) -> tuple[Tensor, Tensor]:
        points = x.detach().numpy()
        loss, gradient = np.empty(points.shape[:-1], points.dtype), np.empty_like(points)
        self._fill(points, loss, gradient)
        return torch.from_numpy(loss), torch.from_numpy(gradient)

    def __reduce__(self) -> tuple[type[_SlopeField], tuple[Slope]]:
        """A copy binds calls of its own: the arrays of these are known by where they lie."""
        return type(self), (self.slope,)

    def on_arrays(self, points: Array, evaluation: int, loss: Array, gradient: Array) -> None:
        """The same of arrays, into arrays: for few rows tensors would cost as much as the arithmetic."""
        key = id(points), id(loss), id(gradient)
        known = self.calls.get(key)
        if known is not None:
            QUIET.copy().run(known[0])
            return
        self._fill(points, loss, gradient)
        if self.bound is not None and points.size <= FEW_NUMBERS:  # a comparison comes with the same ones at every step
            if len(self.calls) >= MOST_CALLS:
                self.calls.clear()
            # the arrays are kept with the call, so that their ids stay theirs
            self.calls[key] = self.bound(*points.T, loss, *gradient.T), (points, loss, gradient)

    def _fill(self, points: Array, loss: Array, gradient: Array) -> None:
        columns = points.T if points.size <= FEW_NUMBERS else points.T.copy()  # few are read where they are
        loss[...], gradient[..., 0], gradient[..., 1] = QUIET.copy().run(self.slope, *columns)


def gradient_or_zero(loss: Tensor, gradient: Tensor) -> Tensor:
    """The gradient (rows, 2), 0 where it is undefined and the loss (rows,) is finite, and NaN where the loss is."""
    loss = loss.detach()
    if math.isfinite((gradient.sum() + loss.sum()).item()):  # one cheap pass: nearly every call ends here
        return gradient
    kink = loss.isfinite().unsqueeze(-1) & ~gradient.isfinite()
    return gradient.masked_fill(kink, 0.0).masked_fill(loss.isnan().unsqueeze(-1), math.nan)
