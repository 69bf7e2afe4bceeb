"""Published relatives of Lookahead: one layer of slow weights whose step has Nesterov momentum.

    s = φ − θ;    b ← μ b + s;    φ ← φ − α (s + μ b);    θ ← φ    after every k base steps

Lookahead is the case μ = 0. The two differ in the number of workers: SNOO has one, DiLoCo averages s over M,
and with M = 1 they are one algorithm.

Sources: SNOO: Kallusky, Rao, Nandavanam, Shi 2025, arXiv 2510.15830. DiLoCo: Douillard et al. 2023, arXiv 2311.08105.
"""

from __future__ import annotations

import torch
from torch.optim import Optimizer

from optim_core.lookahead import Lookahead
from optim_core.momentum import Momentum


class SNOO(Lookahead):
    """Step-K Nesterov outer optimizer, arXiv 2510.15830.

    k has no default, since a good one depends on the run; α and μ are those of `DiLoCo`, of which it is the case of one
    worker.

    Args:
        optimizer: the inner optimizer.
        k: inner steps to an outer one.
        alpha: outer lr; above 1 it needs `allow_overshoot`.
        outer_momentum: μ.
        allow_overshoot, momentum, slow_dtype, foreach: as in `MultilayerLookahead`.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        k: int,
        alpha: float = 0.7,
        outer_momentum: float = 0.9,
        *,
        allow_overshoot: bool = False,
        momentum: Momentum = "keep",
        slow_dtype: torch.dtype | None = None,
        foreach: bool | None = None,
    ) -> None:
        super().__init__(
            optimizer, k, alpha, outer_momentum=outer_momentum, outer_nesterov=True, allow_overshoot=allow_overshoot,
            momentum=momentum, slow_dtype=slow_dtype, foreach=foreach,
        )  # fmt: skip


class DiLoCo(SNOO):
    """DiLoCo with one worker (M = 1), arXiv 2311.08105: an outer step after 500 inner ones, outer lr .7, momentum .9.

    For M workers override `outer` so that it averages s over them; docs/optimizer.md has it in six lines.

    Args are those of `SNOO`.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        k: int = 500,
        alpha: float = 0.7,
        outer_momentum: float = 0.9,
        *,
        allow_overshoot: bool = False,
        momentum: Momentum = "keep",
        slow_dtype: torch.dtype | None = None,
        foreach: bool | None = None,
    ) -> None:
        super().__init__(
            optimizer, k, alpha, outer_momentum, allow_overshoot=allow_overshoot, momentum=momentum,
            slow_dtype=slow_dtype, foreach=foreach,
        )  # fmt: skip
