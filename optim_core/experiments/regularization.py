"""The mean step over orders of mini-batches, run with the real optimizers, and its distance to the flow on C_n."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

from optim_core.layers import Layer
from optim_core.spec import OptimizerSpec
from optim_core.theory.factors import Real
from optim_core.theory.regularization import BatchLoss, ModifiedLoss, gradient_flow, modified_loss

MAX_ORDERS = 200_000


@dataclass(frozen=True)
class MeanStep:
    """Mean displacement of the outermost slow weights over the orders of one mean step.

    displacement: (dim,)     error: its standard error (dim,), zero when `exact`
    exact: all orders were enumerated     orders: how many were run
    """

    displacement: Real
    error: Real
    orders: int
    exact: bool


@dataclass(frozen=True)
class AccuracyRun:
    """How far the mean step is from the flow as the lr falls; arrays (lrs,).

    corrected: distance to the flow on C_n     uncorrected: distance to the flow on C     noise: standard error
    """

    lr: Real
    corrected: Real
    uncorrected: Real
    noise: Real
    orders: int
    exact: bool

    @property
    def slopes(self) -> tuple[float, float]:
        """Fitted log-log slopes with and without the correction: 3 and 2 where the theory holds."""
        with_it, without = (np.polyfit(np.log(self.lr), np.log(e), 1)[0] for e in (self.corrected, self.uncorrected))
        return float(with_it), float(without)


def mean_step(
    loss: BatchLoss,
    batches: int,
    layers: Sequence[Layer],
    lr: float,
    start: ArrayLike,
    *,
    orders: int = 2_048,
    seed: int = 0,
) -> MeanStep:
    """Mean displacement over all orders where there are at most `orders` of them, else over random antithetic pairs.

    Pairing every order with its reverse cancels the second-order part of the error: a sample then measures the third.

    Args:
        loss: mini-batch losses, see `theory.shifted_batches`.
        batches: m.
        layers: innermost first; the formulas must apply.
        lr: fast lr ε.
        start: (dim,).
        orders: at most this many runs, 2 to 200,000.
        seed: of the random orders.

    Raises:
        ValueError: orders out of range, or the formulas do not apply.
    """
    length = modified_loss(lr, batches, layers).base_steps
    sequence, exact = batch_orders(batches, length // batches, orders, seed)
    x, optimizer = _orders_optimizer(layers, lr, np.asarray(start, dtype=np.float64), len(sequence))
    _run(loss, sequence, x, optimizer)
    displacements = x.detach().numpy() - np.asarray(start)  # every layer has just synchronised: x is φ_n
    pairs = displacements if exact else displacements.reshape(2, -1, displacements.shape[-1]).mean(axis=0)
    error = np.zeros(pairs.shape[-1]) if exact else pairs.std(axis=0, ddof=1) / math.sqrt(len(pairs))
    return MeanStep(displacements.mean(axis=0), error, len(sequence), exact)


def batch_orders(batches: int, epochs: int, limit: int, seed: int) -> tuple[NDArray[np.int64], bool]:
    """Orders of mini-batches, (orders, epochs·m), and whether they are all there are.

    Beyond `limit`, the second half of the rows are the reverses of the first half, in the same sequence.
    """
    if not 4 <= limit <= MAX_ORDERS:
        raise ValueError(f"orders must be from 4 to {MAX_ORDERS}, got {limit}")
    if epochs * math.log(math.factorial(batches)) <= math.log(limit) + 1e-9:
        every = list(itertools.permutations(range(batches)))
        rows = [sum(epoch, ()) for epoch in itertools.product(every, repeat=epochs)]
        return np.array(rows, dtype=np.int64), True
    return antithetic_orders(batches, epochs, limit // 2, np.random.default_rng(seed)), False


def antithetic_orders(batches: int, epochs: int, pairs: int, generator: np.random.Generator) -> NDArray[np.int64]:
    """Random orders, (2 pairs, epochs·m): the second half of the rows are the reverses of the first."""
    rows = np.tile(np.arange(batches), (pairs * epochs, 1))
    orders = generator.permuted(rows, axis=1).reshape(pairs, -1)
    return np.concatenate([orders, orders[:, ::-1]])


def _orders_optimizer(
    layers: Sequence[Layer], lr: float, start: Real, orders: int
) -> tuple[torch.nn.Parameter, torch.optim.Optimizer]:
    """One parameter (orders, dim), of which every row will follow its own order, and its optimizer."""
    x = torch.nn.Parameter(torch.from_numpy(np.tile(start, (orders, 1))))
    return x, OptimizerSpec("orders", "sgd", lr, tuple(layers)).build([x], foreach=False)


def _run(loss: BatchLoss, orders: NDArray[np.int64], x: torch.nn.Parameter, optimizer: torch.optim.Optimizer) -> None:
    for batch in torch.from_numpy(np.ascontiguousarray(orders.T)):
        (x.grad,) = torch.autograd.grad(loss(x, batch).sum(), x)
        optimizer.step()


def mean_path(
    loss: BatchLoss,
    batches: int,
    layers: Sequence[Layer],
    lr: float,
    start: ArrayLike,
    steps: int,
    *,
    orders: int = 512,
    seed: int = 0,
    on_progress: Callable[[int, int], None] | None = None,
) -> Real:
    """Mean over random antithetic orders of the outermost slow weights after 0 … `steps` mean steps, (steps + 1, dim).

    A mean step is an epoch, or a step of layer n where that is longer. Runs go on from where they are, in new orders.
    `on_progress` is called with (mean steps done, steps); it may raise, to stop.
    """
    coefficients = modified_loss(lr, batches, layers)
    length = coefficients.base_steps
    generator = np.random.default_rng(seed)
    x, optimizer = _orders_optimizer(layers, lr, np.asarray(start, dtype=np.float64), 2 * (orders // 2))
    path = [x.detach()[0].numpy().copy()]
    for step in range(1, steps + 1):
        _run(loss, antithetic_orders(batches, length // batches, orders // 2, generator), x, optimizer)
        path.append(x.detach().mean(dim=0).numpy())  # fast and slow weights coincide here
        if on_progress is not None:
            on_progress(step, steps)
    return np.stack(path)


def order_of_accuracy(
    loss: BatchLoss,
    batches: int,
    layers: Sequence[Layer],
    start: ArrayLike,
    lrs: Sequence[float],
    *,
    orders: int = 2_048,
    seed: int = 0,
    on_progress: Callable[[int, int], None] | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> AccuracyRun:
    """Distance of the mean step to the flow on C_n and on C, over falling lrs. Slopes 3 and 2 prove the order.

    Args and errors as `mean_step`; `lrs` at least two fast lrs. A stop ends with the lrs done so far (two at least).
    """
    if len(set(lrs)) < 2:
        raise ValueError(f"lrs must hold at least 2 different values for a slope, got {list(lrs)}")
    rows: list[list[float]] = []
    for count, lr in enumerate(lrs):
        if should_stop is not None and count >= 2 and should_stop():
            break
        coefficients = modified_loss(lr, batches, layers)
        step = mean_step(loss, batches, layers, lr, start, orders=orders, seed=seed)
        errors = [_distance(loss, coefficients, start, step, corrected) for corrected in (True, False)]
        rows.append([lr, *errors, float(np.linalg.norm(step.error))])
        if on_progress is not None:
            on_progress(count + 1, len(lrs))
    lr_done, corrected, uncorrected, noise = np.array(rows).T
    return AccuracyRun(lr_done, corrected, uncorrected, noise, step.orders, step.exact)


def _distance(loss: BatchLoss, coefficients: ModifiedLoss, start: ArrayLike, step: MeanStep, corrected: bool) -> float:
    end = gradient_flow(loss, coefficients, start, corrected=corrected)[-1]
    return float(np.linalg.norm(np.asarray(start) + step.displacement - end))
