"""Lion, which torch does not have: every weight moves by lr, in the direction of a sign.

    u = sign(β₁ m + (1 − β₁) g);    θ ← (1 − η λ) θ − η u;    m ← β₂ m + (1 − β₂) g

with g the gradient, η the lr, λ the weight decay and m zero at first.

Source: Chen et al. 2023, *Symbolic Discovery of Optimization Algorithms*, arXiv 2302.06675, Algorithm 2.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch.optim import Optimizer

LION_BETAS = (0.9, 0.99)
"""The paper's; Adam's second is larger."""


class Lion(Optimizer):
    """Momentum whose sign alone is followed; m is called `exp_avg` in the state, as Adam's is.

    Args:
        params: parameters or param groups.
        lr: η, by which every weight moves at each step: customary is a third to a tenth of Adam's.
        betas: β₁ and β₂, in [0, 1).
        weight_decay: λ.

    Raises:
        ValueError: lr or weight_decay negative or not finite, or a beta outside [0, 1).
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-4,
        betas: tuple[float, float] = LION_BETAS,
        weight_decay: float = 0.0,
    ) -> None:
        for name, value in (("lr", lr), ("weight_decay", weight_decay)):
            if not (math.isfinite(value) and value >= 0):
                raise ValueError(f"{name} must be at least 0 and finite, got {value}")
        for number, beta in enumerate(betas, start=1):
            if not 0 <= beta < 1:
                raise ValueError(f"beta{number} must be in [0, 1), got {beta}")
        super().__init__(params, {"lr": lr, "betas": betas, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Take one step with the gradients as they are or, given a closure, as it leaves them; returns its loss."""
        loss = None if closure is None else torch.enable_grad()(closure)()
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is not None:
                    self._move(parameter, parameter.grad, group)
        return loss

    def _move(self, parameter: torch.Tensor, gradient: torch.Tensor, group: dict[str, Any]) -> None:
        beta1, beta2 = group["betas"]
        state = self.state[parameter]
        if not state:
            state["exp_avg"] = torch.zeros_like(parameter)
        if group["weight_decay"]:
            parameter.mul_(1 - group["lr"] * group["weight_decay"])
        parameter.add_(state["exp_avg"].lerp(gradient, 1 - beta1).sign_(), alpha=-group["lr"])
        state["exp_avg"].lerp_(gradient, 1 - beta2)
