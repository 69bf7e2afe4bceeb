"""Base methods for games that torch does not have: extragradient, optimistic gradient, players who move in turn.

With z the weights, g(z) the gradient and η the lr, one step is

    extragradient           z ← z − η g(z − η g(z))
    optimistic gradient     z ← z − η (2 g(z) − g(the z of the step before))
    alternating updates     for each player p in turn:  z_p ← the base's step on player p's part of g(z)

They are torch optimizers that step through closures, so `MultilayerLookahead` wraps them as it wraps any other. A
closure clears the gradients, computes the losses, calls backward and returns a loss; every call of it is one gradient
evaluation.

Sources: Korpelevich 1976, *The extragradient method for finding saddle points and other problems*, Matecon 12; in GANs
Gidel et al. 2019, arXiv 1802.10551. Popov 1980, *A modification of the Arrow-Hurwicz method for search of saddle
points*, Math. Notes 28; in GANs Daskalakis et al. 2018, arXiv 1711.00141. Simultaneous against alternating updates:
Gidel et al. 2019, arXiv 1807.04740.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer

Closure = Callable[[], Any]


class Extragradient(Optimizer):
    """A step with the gradient that a first, trial step leads to: two evaluations a step.

    Args:
        params: parameters or param groups.
        lr: η, of the look ahead and of the step.
        weight_decay: λ; λ z is added to the gradient wherever it is taken, as in torch.optim.SGD.

    Raises:
        ValueError: lr or weight_decay negative or not finite.
    """

    def __init__(self, params: Iterable[Any], lr: float = 1e-3, weight_decay: float = 0.0) -> None:
        super().__init__(params, _checked_defaults(lr, weight_decay))

    @torch.no_grad()
    def step(self, closure: Closure | None = None) -> Any:
        """Take one step; returns the loss at its beginning.

        Raises:
            TypeError: there is no closure.
        """
        closure = _with_autograd(closure, "extragradient takes the gradient twice a step")
        loss = closure()
        places = {parameter: parameter.clone() for parameter, _ in _moving(self)}
        for parameter, group in _moving(self):
            parameter.sub_(group["lr"] * _gradient(parameter, group))
        closure()
        moves = [(parameter, group["lr"] * _gradient(parameter, group)) for parameter, group in _moving(self)]
        for parameter, place in places.items():
            parameter.copy_(place)
        for parameter, move in moves:
            parameter.sub_(move)
        return loss


class OptimisticGradient(Optimizer):
    """A step with the gradient extrapolated from the last two: one evaluation a step. The first step is a plain one.

    Args and errors are those of `Extragradient`.
    """

    def __init__(self, params: Iterable[Any], lr: float = 1e-3, weight_decay: float = 0.0) -> None:
        super().__init__(params, _checked_defaults(lr, weight_decay))

    @torch.no_grad()
    def step(self, closure: Closure | None = None) -> Any:
        """Take one step with the gradients as they are or, given a closure, as it leaves them; returns its loss."""
        loss = None if closure is None else _with_autograd(closure)()
        for parameter, group in _moving(self):
            gradient, state = _gradient(parameter, group), self.state[parameter]
            if not state:
                state["previous_gradient"] = gradient.clone()
            previous = state["previous_gradient"]
            parameter.sub_(group["lr"] * (2 * gradient - previous))
            previous.copy_(gradient)
        return loss


class Alternating(Optimizer):
    """The players step one after the other, each on the weights that those before it have left: one evaluation each.

    Args:
        optimizer: any optimizer with one param group for each player; its groups and state are this one's.

    Raises:
        ValueError: fewer than two param groups.
    """

    def __init__(self, optimizer: Optimizer) -> None:
        if len(optimizer.param_groups) < 2:
            raise ValueError(
                "alternating updates need a param group for each of at least 2 players, "
                f"got {len(optimizer.param_groups)}"
            )
        self.base = optimizer
        # Optimizer.__init__ would make parameter groups of its own; __setstate__ sets up hooks and profiling only.
        self.__setstate__({"defaults": dict(optimizer.defaults)})

    def __getstate__(self) -> dict[str, Any]:
        return {"base": self.base, "defaults": self.defaults}

    @property
    def param_groups(self) -> list[dict[str, Any]]:
        """The base optimizer's own list."""
        return self.base.param_groups

    @param_groups.setter
    def param_groups(self, groups: list[dict[str, Any]]) -> None:
        self.base.param_groups = groups

    @property
    def state(self) -> Any:
        """The base optimizer's own state."""
        return self.base.state

    @state.setter
    def state(self, state: Any) -> None:
        self.base.state = state

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Continue from a checkpoint of this class or of the base."""
        self.base.load_state_dict(state_dict)

    def step(self, closure: Closure | None = None) -> Any:
        """Take one step of every player in turn; returns the loss at its beginning.

        Raises:
            TypeError: there is no closure.
        """
        closure = _with_autograd(closure, "every player moves on a gradient of its own")
        losses = []
        for player in self.param_groups:
            losses.append(closure())
            with _gradients_hidden(group for group in self.param_groups if group is not player):
                self.base.step()
        return losses[0]


@contextmanager
def _gradients_hidden(groups: Iterable[dict[str, Any]]) -> Iterator[None]:
    """A context in which these groups' parameters have no gradient: no torch optimizer moves such a parameter."""
    gradients = [(parameter, parameter.grad) for group in groups for parameter in group["params"]]
    for parameter, _ in gradients:
        parameter.grad = None
    try:
        yield
    finally:
        for parameter, gradient in gradients:
            parameter.grad = gradient


def _moving(optimizer: Optimizer) -> list[tuple[Tensor, dict[str, Any]]]:
    """(parameter, its group) of every parameter with a gradient."""
    pairs = ((parameter, group) for group in optimizer.param_groups for parameter in group["params"])
    return [(parameter, group) for parameter, group in pairs if parameter.grad is not None]


def _gradient(parameter: Tensor, group: dict[str, Any]) -> Tensor:
    """The gradient with weight decay; the gradient itself where there is none."""
    decay: float = group["weight_decay"]
    return parameter.grad.add(parameter, alpha=decay) if decay else parameter.grad  # type: ignore[union-attr,return-value]


def _with_autograd(closure: Closure | None, reason: str = "") -> Closure:
    """The closure, made to run with autograd on."""
    if closure is None:
        raise TypeError(f"a closure is required, since {reason}: step(closure)")
    return torch.enable_grad()(closure)


def _checked_defaults(lr: float, weight_decay: float) -> dict[str, float]:
    for name, value in (("lr", lr), ("weight_decay", weight_decay)):
        if not (math.isfinite(value) and value >= 0):
            raise ValueError(f"{name} must be at least 0 and finite, got {value}")
    return {"lr": lr, "weight_decay": weight_decay}
