"""Convergence rate on a smooth nonconvex problem: mean squared gradient norm against the number of base steps T."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

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
        return 2 * torch.tensor(self.h, dtype=s.dtype) * s / (1 + s.square()).square()


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
        chosen = from_T <= self.T
        values = (self.slow if slow else self.fast)[optimizer, chosen]
        return log_log_slope(self.T[chosen], values, confidence=confidence)

    def slow_from(self, optimizer: int) -> int:
        """20 k_1…k_n of one optimizer."""
        return 20 * self.outer_periods[optimizer]


def convergence_rates(
    problem: SmoothNonconvex,
    specs: Sequence[OptimizerSpec],
    T: Sequence[int],
    *,
    c: float = 0.5,
    seeds: int = 192,
    seed: int = 0,
    start: float = 1.0,
    on_progress: Callable[[int, int], None] | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> RateRun:
    """Run every optimizer for every T with lr = (its own lr) · c/√T: the lr of a spec is a multiple, 1 for equal lr.

    Args:
        problem: the objective and its noise.
        specs: what to compare.
        T: numbers of base steps, each its own run.
        c: lr = c/√T.
        seeds: independent runs, at least 2.
        seed: of the noise; different T's get independent noise, all optimizers the same.
        start: every coordinate's first value.
        on_progress: called with (base steps done, all base steps).
        should_stop: when true, the T's done so far are returned.

    Raises:
        ValueError: no T, or fewer than 2 seeds.
    """
    if not T or seeds < 2:
        raise ValueError(f"at least one T and 2 seeds are needed, got T = {list(T)}, seeds = {seeds}")
    rows, done, total = [], 0, sum(T)
    for number, steps in enumerate(T):
        scaled = [replace(spec, lr=spec.lr * c / np.sqrt(steps)) for spec in specs]
        means = _Means(problem, scaled, seeds, steps, seed=seed + 1_000_003 * number)
        report = None if on_progress is None else _shifted(on_progress, done, total)
        run = record(
            means.field,
            scaled,
            np.full((seeds, len(problem.h)), start),
            steps,
            keep="last",
            on_progress=report,
            should_stop=should_stop,
        )
        if run.step[-1] < steps:
            break
        rows.append((means.fast / steps, means.slow / steps))
        done += steps
    return _collected(specs, np.array(T[: len(rows)], dtype=np.float64), c, rows, seeds)


def _shifted(on_progress: Callable[[int, int], None], done: int, total: int) -> Callable[[int, int], None]:
    return lambda steps, _: on_progress(done + steps, total)


def _collected(
    specs: Sequence[OptimizerSpec], T: Real, c: float, rows: list[tuple[torch.Tensor, torch.Tensor]], seeds: int
) -> RateRun:
    empty = torch.empty((0, len(specs), seeds), dtype=torch.float64)
    fast, slow = (
        torch.stack(parts).numpy() if parts else empty.numpy() for parts in ([r[0] for r in rows], [r[1] for r in rows])
    )
    return RateRun(
        names=tuple(spec.name for spec in specs),
        outer_periods=tuple(spec.outer_period for spec in specs),
        T=T,
        lr=c / np.sqrt(T),
        fast=fast.swapaxes(0, 1),
        slow=slow.swapaxes(0, 1),
    )


class _Means:
    """A field that also sums ‖∇f‖² over the base steps, for the fast weights and for the outermost slow ones.

    At a synchronisation of the outermost layer the fast weights equal its slow ones, so one gradient serves both.
    """

    def __init__(
        self, problem: SmoothNonconvex, specs: Sequence[OptimizerSpec], seeds: int, steps: int, *, seed: int
    ) -> None:
        self.problem, self.steps, self.periods = problem, steps, [spec.outer_period for spec in specs]
        self.generator = torch.Generator().manual_seed(seed)
        self.shape = (len(specs), seeds)
        self.fast, self.slow, self.held = (torch.zeros(self.shape, dtype=torch.float64) for _ in range(3))

    def field(self, x: torch.Tensor, evaluation: int) -> tuple[torch.Tensor, torch.Tensor]:
        gradient = self.problem.gradient(x)
        squared = gradient.square().sum(-1).view(self.shape)
        if evaluation < self.steps:
            due = [index for index, period in enumerate(self.periods) if evaluation % period == 0]
            self.held[due] = squared[due]
            self.fast += squared
            self.slow += self.held
        noise = torch.randn((self.shape[1], x.shape[-1]), generator=self.generator, dtype=x.dtype)
        noisy = gradient.view(-1, *noise.shape).add(noise, alpha=self.problem.sigma)
        return squared.view(-1), noisy.view_as(x)
