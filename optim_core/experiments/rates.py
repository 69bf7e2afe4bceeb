"""Convergence rate on a smooth nonconvex problem: mean squared gradient norm against the number of base steps T."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch

from optim_core.spec import OptimizerSpec
from optim_core.theory.factors import Real
from optim_core.theory.rates import Slope, log_log_slope
from optim_core.trajectory import record


@dataclass(frozen=True)
class SmoothNonconvex:
    """f(s) = Σ_j h_j s_j²/(1 + s_j²), with Gaussian gradient noise of deviation σ in every coordinate.

    Nonconvex beyond |s_j| = 1/√3, where the curvature turns negative; L-smooth with L = 2 max h_j; bounded by Σ h_j.

    Raises:
        ValueError: no h, an h that is not positive, or a negative sigma.
    """

    h: tuple[float, ...] = tuple(np.linspace(0.5, 2.0, 10).tolist())
    sigma: float = 1.0

    def __post_init__(self) -> None:
        if not self.h or not all(value > 0 for value in self.h):
            raise ValueError(f"h needs at least one value and all positive, got {self.h}")
        if not self.sigma >= 0:
            raise ValueError(f"sigma must not be negative, got {self.sigma}")

    @property
    def smoothness(self) -> float:
        """L, the largest curvature, found at s = 0."""
        return 2 * max(self.h)

    def gradient(self, s: torch.Tensor) -> torch.Tensor:
        """∇f without noise, (..., d) -> (..., d)."""
        return self.doubled_h.to(s.dtype) * s / (1 + s.square()).square()

    @cached_property
    def doubled_h(self) -> torch.Tensor:
        """2 h as a tensor, (d,)."""
        return 2 * torch.tensor(self.h, dtype=torch.float64)


@dataclass(frozen=True)
class RateRun:
    """Mean over a run of ‖∇f‖² at the fast and at the outermost slow weights, arrays (optimizers, T's, seeds).

    Both are means over the base steps 0 … T − 1; the slow weights hold their value between synchronisations.
    """

    names: tuple[str, ...]
    outer_periods: tuple[int, ...]
    T: Real
    lr: Real
    fast: Real
    slow: Real

    def slope(self, optimizer: int, *, slow: bool = False, from_T: float = 0, confidence: float = 0.95) -> Slope:
        """Fitted log-log slope over T ≥ from_T, with its confidence interval; −1/2 is the theory's bound.

        Slow averages are biased while T < 20 k_1…k_n: `slow_from` gives the first T to trust.
        """
        in_range = from_T <= self.T
        values = (self.slow if slow else self.fast)[optimizer, in_range]
        return log_log_slope(self.T[in_range], values, confidence=confidence)

    def slow_from(self, optimizer: int) -> int:
        """20 k_1…k_n of one optimizer."""
        return 20 * self.outer_periods[optimizer]


def convergence_rates(
    problem: SmoothNonconvex,
    specs: Sequence[OptimizerSpec],
    T: Sequence[int],
    *,
    c: float = 0.5,
    seeds: int = 32,
    seed: int = 0,
    start: float = 1.0,
    on_progress: Callable[[int, int], None] | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> RateRun:
    """Run every optimizer for every T with lr = (its own lr) · c/√T: the lr of a spec is a multiple, 1 for equal lr.

    All T advance in one batch of runs. c/√T enters as a factor on the gradient, which for these bases is the same as in
    the lr.

    Args:
        problem: the objective and its noise.
        specs: what to compare; sgd, momentum or nesterov without weight decay, schedule and alternation.
        T: numbers of base steps.
        c: lr = c/√T.
        seeds: independent runs per T, at least 2; all optimizers get the same noise.
        seed: of the noise.
        start: every coordinate's first value.
        on_progress: called with (base steps done, the largest T).
        should_stop: when true, the T's done so far are returned.

    Raises:
        ValueError: no T, fewer than 2 seeds, or an optimizer for which the factor is not the same as the lr.
    """
    lengths = _checked_lengths(specs, T, seeds)
    means = _Means(problem, specs, lengths, c, seeds, seed)
    starts = np.full((len(lengths) * seeds, len(problem.h)), start)
    run = record(
        means.field, specs, starts, int(lengths[-1]), keep="last", on_progress=on_progress, should_stop=should_stop
    )
    return means.result(specs, until=int(run.step[-1]))


def _checked_lengths(specs: Sequence[OptimizerSpec], T: Sequence[int], seeds: int) -> Real:
    """The T's, ascending."""
    if not T or min(T) < 1 or seeds < 2:
        raise ValueError(f"at least one T of 1 or more and 2 seeds are needed, got T = {list(T)}, seeds = {seeds}")
    for spec in specs:
        linear = spec.base in ("sgd", "momentum", "nesterov")
        if not linear or spec.weight_decay or spec.schedule.kind != "constant" or spec.alternating:
            raise ValueError(
                f"{spec.name}: only sgd, momentum or nesterov at a constant lr, no weight decay, no alternation"
            )
    return np.array(sorted(set(T)), dtype=np.float64)


class _Means:
    """A field that also averages ‖∇f‖² over the base steps 0 … T − 1, arrays (optimizers, T's, seeds).

    At a synchronisation of the outermost layer the fast weights equal its slow ones, so one gradient serves both.
    A run whose T is over gets neither noise nor gradient any more: its mean is there.
    """

    def __init__(
        self, problem: SmoothNonconvex, specs: Sequence[OptimizerSpec], T: Real, c: float, seeds: int, seed: int
    ) -> None:
        self.problem, self.c, self.periods = problem, c, [spec.outer_period for spec in specs]
        self.T = torch.from_numpy(T)[:, None]
        self.ends = T.tolist()
        self.lr, self.share = (c / self.T.sqrt())[..., None], 1 / self.T
        self.generator = np.random.Generator(np.random.SFC64(seed))  # as in `optim_core.experiments.variance`
        self.shape, dim = (len(specs), len(T), seeds), len(problem.h)
        self.fast, self.slow, self.slow_norm, self.squared_norm = (
            torch.zeros(self.shape, dtype=torch.float64) for _ in range(4)
        )
        self.noisy = torch.zeros((*self.shape, dim), dtype=torch.float64)
        self.over = 0  # so many T's, the first ones

    def field(self, x: torch.Tensor, evaluation: int) -> tuple[torch.Tensor, torch.Tensor]:
        while self.over < len(self.ends) and evaluation >= self.ends[self.over]:
            self.noisy[:, self.over] = 0
            self.over += 1
        going = slice(self.over, None)
        gradient = self.problem.gradient(x.view(*self.shape, -1)[:, going])
        squared_norm = self.squared_norm[:, going] = gradient.square().sum(-1)
        for index, period in enumerate(self.periods):
            if evaluation % period == 0:
                self.slow_norm[index, going] = squared_norm[index]
        self.fast[:, going].addcmul_(squared_norm, self.share[going])
        self.slow[:, going].addcmul_(self.slow_norm[:, going], self.share[going])
        noise = torch.from_numpy(self.generator.standard_normal(gradient.shape[1:]))
        self.noisy[:, going] = gradient.add_(noise, alpha=self.problem.sigma).mul_(self.lr[going])
        return self.squared_norm.view(-1), self.noisy.view_as(x)

    def result(self, specs: Sequence[OptimizerSpec], until: int) -> RateRun:
        """The means of those T that are over by base step `until`."""
        T = self.T[:, 0].numpy()
        is_over = until >= T
        return RateRun(
            names=tuple(spec.name for spec in specs),
            outer_periods=tuple(self.periods),
            T=T[is_over],
            lr=self.c / np.sqrt(T[is_over]),
            fast=self.fast.numpy()[:, is_over],
            slow=self.slow.numpy()[:, is_over],
        )
