"""Steady-state variance of the slow weights, measured over many seeds at once with the real optimizers."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from optim_core.spec import OptimizerSpec
from optim_core.theory.factors import Real
from optim_core.theory.noise import NoisyQuadratic
from optim_core.trajectory import Field, record

MAX_SEEDS = 1_000_000
MAX_STEPS = 20_000
LEFT_OVER = 1e-5  # share of the steady state that the measured variance may still lack


@dataclass(frozen=True)
class VarianceRun:
    """Measured against predicted variance of φ_n at its synchronisations, arrays (optimizers,).

    measured lies within low … high with the given confidence when the prediction is right (chi-square, Gaussian noise);
    low and high are bounds for the true variance. An unstable optimizer has predicted = inf and measured = NaN.
    """

    names: tuple[str, ...]
    predicted: Real
    measured: Real
    low: Real
    high: Real
    confidence: float
    seeds: int
    steps: int

    @property
    def agrees(self) -> tuple[bool, ...]:
        """Whether each prediction lies inside its confidence interval."""
        inside = (self.low <= self.predicted) & (self.predicted <= self.high)
        return tuple(bool(one) for one in inside)


def noisy_quadratic_field(problem: NoisyQuadratic, starts: int, seed: int) -> Field:
    """½hx² in every coordinate with Gaussian gradient noise: one draw per start and evaluation, for all optimizers."""
    generator = np.random.Generator(np.random.SFC64(seed))  # its normal numbers take a tenth of the time of torch's
    h, sigma = problem.h, problem.sigma

    def field(x: torch.Tensor, evaluation: int) -> tuple[torch.Tensor, torch.Tensor]:
        noise = torch.from_numpy(generator.standard_normal((starts, x.shape[-1])))
        gradient = torch.add(sigma * noise, x.view(-1, *noise.shape), alpha=h)
        squares = x.square() if x.shape[-1] > 1 else x.squeeze(-1).square()
        return (squares.sum(-1) if x.shape[-1] > 1 else squares).mul_(0.5 * h), gradient.view_as(x)

    return field


def measure_variances(
    problem: NoisyQuadratic,
    specs: Sequence[OptimizerSpec],
    *,
    seeds: int = 10_000,
    seed: int = 0,
    confidence: float = 0.99,
    on_progress: Callable[[int, int], None] | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> VarianceRun:
    """Run every optimizer from the minimum on `seeds` noise seeds until its variance is steady, and take it there.

    Args:
        problem: curvature and noise.
        specs: sgd, momentum or nesterov bases with any layers.
        seeds: independent runs, 2 to 1,000,000.
        seed: of the generator.
        confidence: of the intervals.
        on_progress: called with (steps done, steps).
        should_stop: when true, the runs end early and the variance is the one reached by then.

    Raises:
        ValueError: seeds out of range, or no optimizer is stable.
    """
    if not 2 <= seeds <= MAX_SEEDS:
        raise ValueError(f"seeds must be from 2 to {MAX_SEEDS}, got {seeds}")
    theory = np.array([problem.variances(spec)[-1] for spec in specs])
    stable = [index for index, variance in enumerate(theory.tolist()) if math.isfinite(variance)]
    if not stable:
        raise ValueError("no optimizer is stable here, so there is no steady state to measure; lower the lr")
    stable_specs = [specs[index] for index in stable]
    run = record(
        noisy_quadratic_field(problem, seeds, seed),
        stable_specs,
        np.zeros((seeds, 1)),
        max(steps_to_settle(problem, spec) for spec in stable_specs),
        keep="last",
        on_progress=on_progress,
        should_stop=should_stop,
    )
    variances = np.full(len(specs), np.nan)
    variances[stable] = [np.mean(run.outermost(row)[-1] ** 2) for row in range(len(stable_specs))]
    low, high = chi_square_bounds(seeds, confidence)
    names, steps = tuple(spec.name for spec in specs), int(run.step[-1])
    return VarianceRun(names, theory, variances, variances * low, variances * high, confidence, seeds, steps)


def steps_to_settle(problem: NoisyQuadratic, spec: OptimizerSpec) -> int:
    """Base steps until all but 1e-5 of the steady variance is there, whole outer periods, at most about 20,000.

    Raises:
        ValueError: more steps are needed, because the optimizer hardly contracts.
    """
    contraction = problem.contraction(spec)
    steps = math.log(LEFT_OVER) / (2 * math.log(contraction)) if contraction > 0 else 0.0
    periods = math.ceil(steps / spec.outer_period) + 3
    if periods * spec.outer_period > max(MAX_STEPS, 4 * spec.outer_period):
        raise ValueError(
            f"{spec.name} needs {periods * spec.outer_period} base steps to reach its steady state "
            f"(rate {contraction:.6f} per step), the limit is {MAX_STEPS}; raise the lr or lower k"
        )
    return periods * spec.outer_period


def chi_square_bounds(samples: int, confidence: float) -> tuple[float, float]:
    """Factors on a mean of `samples` squared Gaussians that bound the true variance with this confidence."""
    from scipy.special import gammaincinv

    tail = (1 - confidence) / 2
    quantiles = 2 * gammaincinv(samples / 2, [1 - tail, tail])
    return float(samples / quantiles[0]), float(samples / quantiles[1])
