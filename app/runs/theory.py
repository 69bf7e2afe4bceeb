"""Cached experiments of the Theory page: visitors with the same settings share one."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from app.runs.cache import recent
from app.runs.grid import Grid
from app.state.theory import TheoryConfig
from landscapes.surfaces import SURFACES
from optim_core.experiments import (
    AccuracyRun,
    RateRun,
    SimulatedMap,
    SmoothNonconvex,
    VarianceRun,
    convergence_rates,
    mean_path,
    measure_variances,
    order_of_accuracy,
    simulate_map,
)
from optim_core.layers import Layer
from optim_core.spec import OptimizerSpec
from optim_core.theory import (
    ModifiedLoss,
    ParameterGrid,
    Slope,
    batch_mean,
    gradient_flow,
    lr_for_effective,
    modified_loss,
    modified_values,
    random_shifts,
    shifted_batches,
    stability_map,
    trade_off,
    why_not,
)
from optim_core.theory.regularization import BatchLoss

Floats = NDArray[np.float64]
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class VarianceCurves:
    """Closed forms V_n at an equal and at an equal effective lr over one parameter; infinite where unstable."""

    parameter: str
    values: Floats
    equal: Floats
    effective: Floats


ClosedForms = tuple[VarianceCurves, VarianceCurves | None, VarianceCurves | None]
Trades = tuple[list[tuple[str, Floats, Floats, Floats]], list[tuple[float, float]]]

CONTOUR_POINTS = 81
FLOW_POINTS = 60  # of a flow, or more, so that every mean step has one
ACCURACY_LRS = 4  # each half of the one before
ACCURACY_ORDERS = 4_096
LAST_OCTAVES = 8  # slopes are fitted over T up to this factor below the last: there the transient is negligible
PICTURE_OVER_PLOT = 32  # the lr of the picture over the first of the log-log plot, where the fourth order is small


@recent(32, key=lambda config: (config.stability.jacobian, config.grid()))
def closed_form_map(config: TheoryConfig) -> tuple[Floats, ParameterGrid, Floats]:
    """Rates in the map's cells, and a finer grid with its rates for the boundary."""
    fine = config.grid(detail=6)
    rates, finer = (stability_map(config.stability.jacobian, one) for one in (config.grid(), fine))
    return rates, fine, finer


@recent(32, key=lambda config, on_progress=None: (config.stability.jacobian, config.grid()))
def simulated_map(config: TheoryConfig, on_progress: Progress | None = None) -> SimulatedMap:
    """The outcome of running every cell; 20 periods of the outermost layer where 5,000 steps allow them."""
    grid = config.grid()
    longest = int(np.max(np.prod(grid.k, axis=0))) if grid.k else 1
    steps = int(np.clip(20 * longest, 1_000, 5_000))
    return simulate_map(config.stability.jacobian, grid, steps, on_progress=on_progress)


def mode_names(config: TheoryConfig, modes: int) -> list[str]:
    """The names of the modes of the stability instrument."""
    curvature = None if config.stability.is_game else SURFACES[config.stability.scenario].curvature
    if curvature and modes == len(curvature):
        return [f"curvature {value:g}" for value in curvature]
    return [f"mode {number}" for number in range(1, modes + 1)]


def variance_specs(config: TheoryConfig, *, equal_effective: bool) -> tuple[OptimizerSpec, ...]:
    """The stack's depths from none to all of its layers."""
    lr = config.noise.lr
    return tuple(config.spec(depth, lr=lr, equal_effective=equal_effective) for depth in range(config.depth + 1))


@recent(16, key=lambda config: config)
def variance_curves(config: TheoryConfig) -> ClosedForms:
    """Closed forms over the number of layers, over k_1, and over α_1; a stack without layers has only the first."""
    depths = np.arange(config.depth + 1, dtype=np.float64)
    over_depth = VarianceCurves("layers", depths, *_pair(config, list(depths), lambda c, n: (c, int(n))))
    if not config.depth:
        return over_depth, None, None
    ks = np.unique(np.geomspace(1, max(50, config.stack[0].k), 40).astype(int))
    alphas = np.linspace(0.02, 1.0, 50)
    over_k = _pair(config, ks.tolist(), lambda c, k: (c.with_layer(1, k=int(k)), c.depth))
    over_alpha = _pair(config, alphas.tolist(), lambda c, a: (c.with_layer(1, alpha=a), c.depth))
    return over_depth, VarianceCurves("k₁", ks.astype(float), *over_k), VarianceCurves("α₁", alphas, *over_alpha)


def _pair(
    config: TheoryConfig, values: list[float], vary: Callable[[TheoryConfig, float], tuple[TheoryConfig, int]]
) -> tuple[Floats, Floats]:
    """Variance over a parameter at equal and at equal effective lr."""
    both = []
    for equal_effective in (False, True):
        pairs = [vary(config, value) for value in values]
        specs = [one.spec(depth, lr=config.noise.lr, equal_effective=equal_effective) for one, depth in pairs]
        both.append(np.array([config.noise.problem.variances(spec)[-1] for spec in specs]))
    return both[0], both[1]


def _variance_key(config: TheoryConfig, *, equal_effective: bool, on_progress: Progress | None = None) -> Hashable:
    specs = variance_specs(config, equal_effective=equal_effective)
    return config.noise.problem, specs, config.noise.seeds, config.seed


@recent(64, key=_variance_key)
def measured_variances(
    config: TheoryConfig, *, equal_effective: bool, on_progress: Progress | None = None
) -> VarianceRun:
    """The variances of `seeds` runs of every depth.

    Raises:
        ValueError: no depth is stable, or one needs too many steps to settle.
    """
    specs = variance_specs(config, equal_effective=equal_effective)
    return measure_variances(
        config.noise.problem, specs, seeds=config.noise.seeds, seed=config.seed, on_progress=on_progress
    )


@recent(16, key=lambda config: config)
def trade_offs(config: TheoryConfig) -> Trades:
    """For every depth: name, lrs, contraction, variance over lrs up to 2/h; and the two at the lr set."""
    lrs = np.geomspace(1e-3, 2.2, 120) / config.noise.h
    curves, current = [], []
    for spec in variance_specs(config, equal_effective=False):
        contraction, variance = trade_off(config.noise.problem, [spec.with_lr(float(lr)) for lr in lrs])
        useful = slice(int(contraction.argmin()) + 1)  # a larger lr is both slower and noisier
        curves.append((spec.name, lrs[useful], contraction[useful], variance[useful]))
        current.append((config.noise.problem.contraction(spec), config.noise.problem.variances(spec)[-1]))
    return curves, current


def halving(contraction: Floats) -> Floats:
    """Base steps in which a rate halves the distance; NaN where it does not contract."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where((contraction > 0) & (contraction < 1), np.log(0.5) / np.log(contraction), np.nan)


def coincidences(trades: Trades, within: float = 0.05) -> list[tuple[str, float]]:
    """From which speed on SGD at a smaller lr is as fast as a stack and has its variance, up to a share `within`.

    Returns:
        Name and evaluations to halve the distance, of every stack that comes so near.
    """
    (plain_steps, variance), *stacks = [_log_trade(contraction, variance) for _, _, contraction, variance in trades[0]]
    points = []
    for (name, *_), (at, stack_variance) in zip(trades[0][1:], stacks, strict=True):
        beside = at[(at >= plain_steps[0]) & (at <= plain_steps[-1])] if len(plain_steps) else at[:0]
        if not len(beside):
            continue
        gaps = np.abs(np.interp(beside, at, stack_variance) - np.interp(beside, plain_steps, variance))
        first = len(gaps) - int((gaps[::-1] <= np.log1p(within)).cumprod().sum())
        if first < len(gaps):
            points.append((name, float(np.exp(beside[first]))))
    return points


def _log_trade(contraction: Floats, variance: Floats) -> tuple[Floats, Floats]:
    """Logarithms of the steps that halve the distance, in order, and of the variance then."""
    steps = halving(contraction)
    finite = np.isfinite(steps) & np.isfinite(variance) & (variance > 0)
    order = np.argsort(steps[finite])
    return np.log(steps[finite][order]), np.log(variance[finite][order])


@dataclass(frozen=True)
class Descent:
    """C and C_n on a grid, the mean path over orders, and the flows (None where one is not finite)."""

    modified: ModifiedLoss
    plain_grid: Grid
    modified_grid: Grid
    path: Floats
    flow: Floats | None
    plain_flow: Floats | None

    def gaps(self, flow: Floats) -> Floats:
        """Distance of the mean from a flow after each mean step, (steps + 1,)."""
        return np.asarray(np.linalg.norm(self.path - flow[:: (len(flow) - 1) // (len(self.path) - 1)], axis=-1))


def batch_loss(config: TheoryConfig) -> BatchLoss:
    """The losses of m mini-batches, each a shifted copy of the surface."""
    return shifted_batches(
        SURFACES[config.regularization.surface].function,
        random_shifts(config.regularization.batches, config.regularization.spread, config.seed),
    )


def _batch_key(config: TheoryConfig, on_progress: Progress | None = None) -> Hashable:
    """The key of results that depend on the batches and the lr."""
    return (
        config.regularization.surface,
        config.regularization.batches,
        config.regularization.spread,
        config.seed,
        config.regularization.start,
        config.stack,
        config.regularization.lr,
    )


@recent(
    32,
    key=lambda config, on_progress=None: (
        _batch_key(config),
        config.regularization.epochs,
        config.regularization.orders,
    ),
)
def descent(config: TheoryConfig, on_progress: Progress | None = None) -> Descent:
    """The numbers of the picture of C beside C_n.

    Raises:
        ValueError: the formulas do not apply.
    """
    coefficients = modified_loss(config.regularization.lr, config.regularization.batches, config.stack)
    loss, steps = batch_loss(config), mean_steps(config, coefficients)
    (x_low, x_high), (y_low, y_high) = SURFACES[config.regularization.surface].domain
    x, y = np.linspace(x_low, x_high, CONTOUR_POINTS), np.linspace(y_low, y_high, CONTOUR_POINTS)
    points = torch.from_numpy(np.stack(np.meshgrid(x, y), axis=-1))
    plain_heights = batch_mean(loss, config.regularization.batches, points).detach().numpy()
    modified_heights = modified_values(loss, config.regularization.batches, points, coefficients).detach().numpy()
    path = mean_path(
        loss,
        config.regularization.batches,
        config.stack,
        config.regularization.lr,
        config.regularization.start,
        steps,
        orders=config.regularization.orders,
        seed=config.seed,
        on_progress=on_progress,
    )
    flows = [_flow(config, loss, coefficients, steps, on_progress, corrected=corrected) for corrected in (True, False)]
    return Descent(coefficients, Grid(x, y, plain_heights), Grid(x, y, modified_heights), path, *flows)


def _flow(
    config: TheoryConfig,
    loss: BatchLoss,
    coefficients: ModifiedLoss,
    steps: int,
    on_progress: Progress | None,
    *,
    corrected: bool,
) -> Floats | None:
    try:
        return gradient_flow(
            loss, coefficients, config.regularization.start,
            corrected=corrected, steps=steps, points=1 + steps * -(-FLOW_POINTS // steps), on_progress=on_progress,
        )  # fmt: skip
    except FloatingPointError:
        return None


def mean_steps(config: TheoryConfig, coefficients: ModifiedLoss) -> int:
    """Mean steps in the chosen number of epochs, at least one."""
    return max(1, config.regularization.epochs * config.regularization.batches // coefficients.base_steps)


def coefficients(config: TheoryConfig) -> tuple[list[ModifiedLoss | None], list[ModifiedLoss | None]]:
    """Modified losses of every depth at the equal fast lr, and at the equal effective lr; None where none applies."""
    stacks = [config.stack[:depth] for depth in range(config.depth + 1)]
    equal = [_modified_loss(config.regularization.lr, config.regularization.batches, stack) for stack in stacks]
    effective = [
        None
        if why_not(config.regularization.batches, stack)
        else _modified_loss(lr_for_effective(config.regularization.lr, stack), config.regularization.batches, stack)
        for stack in stacks
    ]
    return equal, effective


def _modified_loss(lr: float, batches: int, layers: tuple[Layer, ...]) -> ModifiedLoss | None:
    return None if why_not(batches, layers) else modified_loss(lr, batches, layers)


def amplifications(config: TheoryConfig) -> list[tuple[str, Floats, Floats]]:
    """For every depth the growth of the V penalty at an equal effective lr over α_1."""
    alphas, curves = np.linspace(0.05, 1.0, 60), []
    for depth in range(config.depth + 1):
        losses = [
            _modified_loss(
                1.0,
                config.regularization.batches,
                (config.with_layer(1, alpha=float(alpha)) if depth else config).stack[:depth],
            )
            for alpha in alphas
        ]
        values = np.array([np.nan if loss is None else loss.amplification for loss in losses])
        curves.append((config.spec(depth, lr=1.0).name, alphas, values))
    return curves


@recent(32, key=_batch_key)
def accuracy(config: TheoryConfig, on_progress: Progress | None = None) -> AccuracyRun:
    """Order of accuracy at lrs that go down from a fraction of the chosen one.

    Raises:
        ValueError: the formulas do not apply.
    """
    lrs = tuple(config.regularization.lr / PICTURE_OVER_PLOT / 2**i for i in range(ACCURACY_LRS))
    return order_of_accuracy(
        batch_loss(config), config.regularization.batches, config.stack, config.regularization.start, lrs,
        orders=ACCURACY_ORDERS, seed=config.seed, on_progress=on_progress,
    )  # fmt: skip


def _rate_specs(config: TheoryConfig) -> tuple[OptimizerSpec, ...]:
    sgd = config.model_copy(update={"base": "sgd"})
    return tuple(
        sgd.spec(depth, lr=1.0, equal_effective=config.rates.equal_effective) for depth in range(config.depth + 1)
    )


def _rate_key(config: TheoryConfig, power: int, on_progress: Progress | None = None) -> Hashable:
    return rate_problem(config), _rate_specs(config), power, config.rates.c, config.rates.seeds, config.seed


@recent(16, key=_rate_key)
def rates(config: TheoryConfig, power: int, on_progress: Progress | None = None) -> RateRun:
    """Convergence rates of every depth for T = 2^7 … 2^power."""
    return convergence_rates(
        rate_problem(config), _rate_specs(config), [2**n for n in range(7, power + 1)],
        c=config.rates.c, seeds=config.rates.seeds, seed=config.seed, on_progress=on_progress,
    )  # fmt: skip


def slopes(run: RateRun) -> dict[tuple[int, bool], Slope | None]:
    """By (optimizer, at slow weights) the slope over the last three octaves of T; None where too few T are left.

    At slow weights only T where their average is not biased count.
    """
    return {(index, slow): _slope(run, index, slow=slow) for index in range(len(run.names)) for slow in (False, True)}


def _slope(run: RateRun, index: int, *, slow: bool) -> Slope | None:
    first = max(run.T[-1] / LAST_OCTAVES, run.slow_from(index) if slow and run.outer_periods[index] > 1 else 0)
    return run.slope(index, slow=slow, from_T=first) if len(run.T[first <= run.T]) >= 2 else None


def rate_problem(config: TheoryConfig) -> SmoothNonconvex:
    """The objective of the rate experiment."""
    return SmoothNonconvex(sigma=config.rates.sigma)
