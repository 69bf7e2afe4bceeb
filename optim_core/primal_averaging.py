"""SGD beside an average of its weights, where the average is the result and the gradient may be taken between the two.

With z the weights that take the steps, x the average, g the gradient and γ the lr, one step with one gradient is

    y = μ_y x + (1 − μ_y) z;    z ← z − γ g(y);    x ← (1 − c) x + c z

    Schedule-Free SGD   c = 1/t at step t = 1, 2, …: x is the mean of all z but the start; μ_y is the paper's β
    GPA                 c = 1 − μ_x: x is an exponential average of the z
    GPA with μ_y = 0    plain SGD, and a weight average with decay μ_x beside it

Closed cases: Schedule-Free with μ_y = 0 is Polyak's average of SGD. GPA with μ_x = 0 is SGD; with μ_y = 1 its x is SGD
with momentum μ_x at the lr (1 − μ_x) γ; with μ_y = μ_x its y is that with Nesterov momentum.

Sources: Defazio et al. 2024, *The Road Less Scheduled*, arXiv 2405.15682; the start has no part in the mean, as in its
authors' code. Defazio et al. 2025, *Smoothing DiLoCo with Primal Averaging for Faster Training of LLMs*, arXiv
2512.17131, here with d(y) = −g(y). Polyak & Juditsky 1992, SIAM J. Control Optim. 30.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer


class PrimalAveraging(Optimizer, ABC):
    """What both have in common. Between steps the parameters are z; the state of each has its x.

    A step needs a closure, which it calls once, at y: the closure clears the gradients, computes the loss, calls
    backward and returns the loss.
    """

    def __init__(self, params: Iterable[Any], **defaults: float) -> None:
        for name in ("lr", "weight_decay"):
            if not (math.isfinite(defaults[name]) and defaults[name] >= 0):
                raise ValueError(f"{name} must be at least 0 and finite, got {defaults[name]}")
        if not 0 <= defaults["mu_y"] <= 1:
            raise ValueError(f"mu_y must be in [0, 1], got {defaults['mu_y']}")
        super().__init__(params, defaults)

    @abstractmethod
    def share(self, group: dict[str, Any], step: int) -> float:
        """The c of step number `step`, from 1."""

    def capture(self) -> None:
        """Start the average of every parameter that has none at its present value; a step does so, too."""
        for parameter in self._parameters():
            if "x" not in self.state[parameter]:
                self.state[parameter].update(step=0, x=parameter.detach().clone())

    def averages(self) -> list[Tensor]:
        """The live x of every parameter."""
        self.capture()
        return [self.state[parameter]["x"] for parameter in self._parameters()]

    @torch.no_grad()
    def gradient_places(self) -> list[Tensor]:
        """The y of every parameter: where the next step calls its closure."""
        averages = zip(self._parameters(), self._groups(), self.averages(), strict=True)
        return [torch.lerp(z, x, group["mu_y"]) for z, group, x in averages]

    @contextmanager
    def use_average(self) -> Iterator[None]:
        """A context in which the parameters are the average; z is put back when it ends."""
        with self._elsewhere(self.averages()):
            yield

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Take one step; returns the loss at y.

        Raises:
            TypeError: there is no closure.
        """
        if closure is None:
            raise TypeError("a closure is required, since the gradient is taken between z and x: step(closure)")
        places = self.gradient_places()
        with self._elsewhere(places):
            loss = torch.enable_grad()(closure)()
        for parameter, group, y in zip(self._parameters(), self._groups(), places, strict=True):
            if parameter.grad is not None:
                self._move(parameter, y, group)
        return loss

    def _move(self, z: Tensor, y: Tensor, group: dict[str, Any]) -> None:
        state, decay = self.state[z], group["weight_decay"]
        state["step"] += 1
        gradient: Tensor = z.grad  # type: ignore[assignment]
        z.add_(gradient.add(y, alpha=decay) if decay else gradient, alpha=-group["lr"])
        state["x"].lerp_(z, self.share(group, state["step"]))

    def _parameters(self) -> list[Tensor]:
        return [parameter for group in self.param_groups for parameter in group["params"]]

    def _groups(self) -> list[dict[str, Any]]:
        """The group of each of these."""
        return [group for group in self.param_groups for _ in group["params"]]

    @contextmanager
    def _elsewhere(self, places: list[Tensor]) -> Iterator[None]:
        parameters = self._parameters()
        z = [parameter.detach().clone() for parameter in parameters]
        _assign(parameters, places)
        try:
            yield
        finally:
            _assign(parameters, z)


class ScheduleFreeSGD(PrimalAveraging):
    """Schedule-Free SGD without warm-up: x is the mean of all z.

    Args:
        params: parameters or param groups.
        lr: γ.
        mu_y: how far y lies from z towards x, in [0, 1]; β in the paper.
        weight_decay: λ; λ y is added to the gradient.

    Raises:
        ValueError: lr or weight_decay negative or not finite, or mu_y outside [0, 1].
    """

    def __init__(self, params: Iterable[Any], lr: float, mu_y: float = 0.9, weight_decay: float = 0.0) -> None:
        super().__init__(params, lr=lr, mu_y=mu_y, weight_decay=weight_decay)

    def share(self, group: dict[str, Any], step: int) -> float:
        """Of the mean of so many."""
        return 1 / step


class GPA(PrimalAveraging):
    """Generalized Primal Averaging of SGD: x is an exponential average of the z.

    Args:
        params, lr, mu_y, weight_decay: as in `ScheduleFreeSGD`.
        mu_x: decay of the average, in [0, 1).

    Raises:
        ValueError: as `ScheduleFreeSGD`, or mu_x outside [0, 1).
    """

    def __init__(
        self, params: Iterable[Any], lr: float, mu_x: float = 0.95, mu_y: float = 0.9, weight_decay: float = 0.0
    ) -> None:
        if not 0 <= mu_x < 1:
            raise ValueError(f"mu_x must be in [0, 1), got {mu_x}")
        super().__init__(params, lr=lr, mu_x=mu_x, mu_y=mu_y, weight_decay=weight_decay)

    def share(self, group: dict[str, Any], step: int) -> float:
        """The same at every step."""
        return float(1 - group["mu_x"])


@torch.no_grad()
def _assign(parameters: list[Tensor], places: list[Tensor]) -> None:
    for parameter, place in zip(parameters, places, strict=True):
        parameter.copy_(place)
