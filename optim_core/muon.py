"""Muon for the hidden weights of a network, with AdamW for the rest of its parameters.

Of a hidden weight, taken as a matrix of `outputs` rows (filters of a convolution are flattened), with gradient G:

    B ← μ B + (1 − μ) G;    U = (1 − μ) G + μ B;    W ← (1 − η λ) W − .2 √(max(rows, columns)) η O(U)

O(U) is near the orthogonal matrix nearest to U: with U = P S Qᵀ near P Qᵀ, by five steps of a Newton–Schulz iteration.
The factor .2 √… gives the step the size that AdamW's usually have, so that one lr serves both.

Vectors, and the output layer, go to AdamW, as is customary; torch.optim.Muon takes matrices alone and leaves the choice
to its caller. On a matrix both give the same bits.

Sources: Jordan et al. 2024, *Muon: An optimizer for hidden layers in neural networks*,
https://kellerjordan.github.io/posts/muon. The factor: Liu et al. 2025, *Muon is Scalable for LLM Training*, arXiv
2502.16982.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor

MUON_MOMENTUM = 0.95
COEFFICIENTS = (3.4445, -4.7750, 2.0315)  # Jordan's: steepest at 0, which takes five steps to about 1
EPS = 1e-7


class Muon(torch.optim.AdamW):
    """Muon on the groups that are marked `hidden`, AdamW on the others.

    Args:
        params: the parameters of a network in their order: hidden are those of two or more dimensions but the last of
            them, the output layer. Or param groups, each with `hidden` true or false.
        lr: η, of both.
        momentum: μ, in [0, 1); of hidden weights.
        weight_decay: λ, of both.
        betas: of AdamW.

    Raises:
        ValueError: momentum outside [0, 1), a group that does not say whether it is hidden, a hidden parameter of less
            than two dimensions, or none that is hidden. And as torch.optim.AdamW.
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-3,
        momentum: float = MUON_MOMENTUM,
        weight_decay: float = 0.0,
        betas: tuple[float, float] = (0.9, 0.999),
    ) -> None:
        if not 0 <= momentum < 1:
            raise ValueError(f"momentum must be in [0, 1), got {momentum}")
        groups = _groups(list(params))
        for group in groups:
            group.setdefault("momentum", momentum)
        super().__init__(groups, lr=lr, betas=betas, weight_decay=weight_decay)

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Take one step with the gradients as they are or, given a closure, as it leaves them; returns its loss."""
        loss = None if closure is None else torch.enable_grad()(closure)()
        all_groups = self.param_groups
        for group in all_groups:
            for parameter in group["params"] if group["hidden"] else ():
                if parameter.grad is not None:
                    self._move(parameter, parameter.grad, group)
        self.param_groups = [group for group in all_groups if not group["hidden"]]
        try:
            inspect.unwrap(torch.optim.AdamW.step)(self)  # without the hooks, which are those of this step
        finally:
            self.param_groups = all_groups
        return loss

    def _move(self, weight: Tensor, gradient: Tensor, group: dict[str, Any]) -> None:
        state, momentum, lr = self.state[weight], group["momentum"], group["lr"]
        if not state:
            state.update(step=torch.zeros(()), momentum_buffer=torch.zeros_like(weight))
        state["step"] += 1  # which AdamW expects of every parameter when it is copied or loaded
        buffer = state["momentum_buffer"].lerp_(gradient, 1 - momentum)
        update = gradient.lerp(buffer, momentum).flatten(1)
        weight.mul_(1 - lr * group["weight_decay"])
        size = 0.2 * math.sqrt(max(update.shape))
        weight.add_(orthogonal(update).view_as(weight), alpha=-(lr * size))


def orthogonal(matrix: Tensor, steps: int = 5) -> Tensor:
    """Near the orthogonal matrix nearest to a matrix, in bfloat16: its singular values lie from about .7 to 1.2."""
    a, b, c = COEFFICIENTS
    x = matrix.bfloat16()
    is_tall = x.size(0) > x.size(1)
    x = x.T if is_tall else x
    x = x / x.norm().clamp(min=EPS)
    for _ in range(steps):
        gram = x @ x.T
        x = torch.addmm(x, torch.addmm(gram, gram, gram, beta=b, alpha=c), x, beta=a)
    return x.T if is_tall else x


def _groups(params: list[Any]) -> list[dict[str, Any]]:
    """The groups, made from parameters where none are given."""
    if params and isinstance(params[0], dict):
        groups = [dict(group) for group in params]
    else:
        wide = [parameter for parameter in params if parameter.ndim >= 2]
        output = wide[-1] if wide else None
        hidden = [parameter for parameter in wide if parameter is not output]
        rest = [parameter for parameter in params if parameter.ndim < 2 or parameter is output]
        groups = [{"params": part, "hidden": part is hidden} for part in (hidden, rest) if part]
    if any("hidden" not in group for group in groups):
        raise ValueError("every param group must say whether its weights are hidden: add hidden=True or hidden=False")
    hidden_weights = [parameter for group in groups if group["hidden"] for parameter in group["params"]]
    for parameter in hidden_weights:
        if parameter.ndim < 2:
            raise ValueError(f"hidden weights must have at least 2 dimensions, got {tuple(parameter.shape)}")
    if not hidden_weights:
        raise ValueError(
            "params must hold a hidden weight, one of at least 2 dimensions before the output layer's, got none: use "
            "torch.optim.AdamW"
        )
    return groups
