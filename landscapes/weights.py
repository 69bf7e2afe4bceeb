"""A network's weights as one flat vector, in the order of `model.parameters()`, and its loss as a function of it."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn


class Score(NamedTuple):
    """A loss and an accuracy in [0, 1]; NaN where nothing is classified."""

    loss: float
    accuracy: float


def flat(tensors: Iterable[Tensor]) -> Tensor:
    """The tensors as one vector, in order."""
    return torch.cat([tensor.reshape(-1) for tensor in tensors])


def flat_weights(model: nn.Module) -> Tensor:
    """A copy of all parameters, shape (P,)."""
    return flat(model.parameters()).detach()


def device_of(model: nn.Module) -> torch.device:
    """Where the model's parameters are."""
    return next(model.parameters()).device


@torch.no_grad()
def assign_weights(model: nn.Module, weights: Tensor) -> None:
    """Copy `weights`, shape (P,), into the parameters of `model`.

    Raises:
        ValueError: P is not the model's number of parameters.
    """
    parameters = list(model.parameters())
    sizes = [parameter.numel() for parameter in parameters]
    if weights.shape != (sum(sizes),):
        raise ValueError(f"weights must have shape ({sum(sizes)},) for this network, got {tuple(weights.shape)}")
    for parameter, values in zip(parameters, torch.split(weights, sizes), strict=True):
        parameter.copy_(values.view_as(parameter))


class WeightLoss:
    """The score of a network over fixed data as a function of its flat weights: what is drawn over a plane.

    Works on a copy of `model`. `score` takes the copy, in evaluation mode, and is called without gradients; `refresh`,
    where given, is called before it, to recompute BatchNorm statistics for each point.
    """

    def __init__(
        self,
        model: nn.Module,
        score: Callable[[nn.Module], Score],
        refresh: Callable[[nn.Module], None] | None = None,
    ) -> None:
        # Channels last is the layout of oneDNN's fast convolutions: the order of the flat vector is not affected.
        self.model = copy.deepcopy(model).eval().requires_grad_(False)
        self.model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._score = score
        self._refresh = refresh
        self._dtype = next(self.model.parameters()).dtype

    def another(self) -> WeightLoss:
        """The same with a network of its own, for another thread; both may read the same data."""
        return WeightLoss(self.model, self._score, self._refresh)

    @torch.inference_mode()
    def __call__(self, weights: Tensor | NDArray[np.floating]) -> Score:
        """Loss and accuracy at `weights`, shape (P,)."""
        assign_weights(self.model, torch.as_tensor(weights).to(self._dtype))
        if self._refresh is not None:
            self._refresh(self.model)
        return self._score(self.model)
