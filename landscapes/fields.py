"""From an objective to the field that an optimizer follows: `field(x, evaluation) -> (loss, gradient)`."""

from __future__ import annotations

import math
from collections.abc import Callable
from contextvars import Context
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

_QUIET = Context()  # np.errstate takes ten times as long
_QUIET.run(np.seterr, all="ignore")  # a run that overflows has diverged: a result, not a warning

FEW_NUMBERS = 512  # up to which copying x and y apart costs more than it saves

Slope: TypeAlias = Callable[[Array, Array], tuple[Array, Array, Array]]
"""A hand-written gradient on plain arrays: (x, y) -> (f, ∂f/∂x, ∂f/∂y)."""


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

    def __call__(self, x: Tensor, evaluation: int) -> tuple[Tensor, Tensor]:
        points = x.detach().numpy()
        loss, gradient = np.empty(points.shape[:-1]), np.empty_like(points)
        self.on_arrays(points, evaluation, loss, gradient)
        return torch.from_numpy(loss), torch.from_numpy(gradient)

    def on_arrays(self, points: Array, evaluation: int, loss: Array, gradient: Array) -> None:
        """The same of arrays, into arrays: for few rows tensors would cost as much as the arithmetic."""
        columns = points.T if points.size <= FEW_NUMBERS else points.T.copy()  # few are read where they are
        loss[...], gradient[..., 0], gradient[..., 1] = _QUIET.copy().run(self.slope, *columns)


def gradient_or_zero(loss: Tensor, gradient: Tensor) -> Tensor:
    """The gradient (rows, 2), 0 where it is undefined and the loss (rows,) is finite, and NaN where the loss is."""
    loss = loss.detach()
    if math.isfinite((gradient.sum() + loss.sum()).item()):  # one cheap pass: nearly every call ends here
        return gradient
    kink = loss.isfinite().unsqueeze(-1) & ~gradient.isfinite()
    return gradient.masked_fill(kink, 0.0).masked_fill(loss.isnan().unsqueeze(-1), math.nan)
