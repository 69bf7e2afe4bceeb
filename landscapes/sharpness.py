"""How sharp the loss is around given weights, measured in four ways.

- The largest eigenvalue of the Hessian H, by Lanczos iteration on Hessian-vector products (Pearlmutter 1994).
- Its trace, by Hutchinson's estimator: the mean of zᵀHz over random signs z.
- The worst loss within a ball of radius ρ: the first-order point w + ρ g/‖g‖ of sharpness-aware minimisation (Foret et
  al. 2021, arXiv 2010.01412), improved by taking the gradient there and starting over from w.
- The variance of the mini-batch gradients V = (1/m) Σ ‖g_a − g‖², which SGD implicitly regularises (Smith et al. 2021,
  arXiv 2101.12176).

A loss is a callable from the network to a scalar. Several stand for parts of equal size, whose mean is the objective.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from landscapes.weights import assign_weights, flat, flat_weights

Loss = Callable[[nn.Module], Tensor]


@dataclass(frozen=True)
class Sharpness:
    """All measures at one point; every one is NaN where the loss is not finite.

    Attributes:
        loss: the mean of the losses.
        gradient_norm: ‖g‖.
        eigenvalue: the largest (algebraic) eigenvalue of the Hessian.
        trace: of the Hessian, estimated.
        trace_error: the standard error of that estimate.
        worst_loss: the largest loss found within `radius`.
        radius: of that ball, in units of weight.
        gradient_variance: V, of the gradients of the mini-batches.
    """

    loss: float
    gradient_norm: float
    eigenvalue: float
    trace: float
    trace_error: float
    worst_loss: float
    radius: float
    gradient_variance: float


def sharpness(
    model: nn.Module,
    losses: Sequence[Loss],
    batches: Sequence[Loss],
    *,
    radius: float = 0.05,
    probes: int = 16,
    seed: int = 0,
) -> Sharpness:
    """Measure `model` at its present weights; it is left as it was.

    Args:
        model: the network, on any device; the losses must take it there.
        losses: the objective, as the mean of parts of equal size; few large parts are quicker.
        batches: the mini-batches whose gradients vary.
        radius: of the ball.
        probes: random vectors for the trace.
        seed: of everything random.

    Raises:
        ValueError: `radius` or `probes` out of range, or nothing to measure.
    """
    loss, gradient = value_and_gradient(model, losses)
    if not math.isfinite(loss) or not bool(gradient.isfinite().all()):
        nan = math.nan
        return Sharpness(nan, nan, nan, nan, nan, nan, radius, nan)
    trace, trace_error = hessian_trace(model, losses, probes=probes, seed=seed)
    return Sharpness(
        loss=loss,
        gradient_norm=gradient.norm().item(),
        eigenvalue=largest_eigenvalue(model, losses, seed=seed),
        trace=trace,
        trace_error=trace_error,
        worst_loss=worst_loss(model, losses, radius, seed=seed),
        radius=radius,
        gradient_variance=gradient_variance(model, batches),
    )


def value_and_gradient(model: nn.Module, losses: Sequence[Loss]) -> tuple[float, Tensor]:
    """The mean loss and its gradient, shape (P,)."""
    if not losses:
        raise ValueError("losses must hold at least one part")
    total, gradient = 0.0, torch.zeros_like(flat_weights(model))
    for part in losses:
        with _evaluation(model) as parameters:
            loss = part(model)
            gradient.add_(_gradient(loss, parameters), alpha=1 / len(losses))
        total += loss.item() / len(losses)
    return total, gradient


def hessian_product(model: nn.Module, losses: Sequence[Loss], vector: Tensor) -> Tensor:
    """H·vector, shape (P,), by differentiating g·vector."""
    product = torch.zeros_like(vector)
    for part in losses:
        with _evaluation(model) as parameters:
            slope = _gradient(part(model), parameters, create_graph=True) @ vector
            if slope.requires_grad:  # otherwise the loss is linear in the weights, and H = 0
                product.add_(_gradient(slope, parameters), alpha=1 / len(losses))
    return product


def largest_eigenvalue(model: nn.Module, losses: Sequence[Loss], *, tolerance: float = 1e-3, seed: int = 0) -> float:
    """The largest (algebraic) Hessian eigenvalue to a relative `tolerance`, by scipy's Lanczos iteration.

    Raises:
        scipy.sparse.linalg.ArpackNoConvergence: it was not reached in 10 P iterations.
    """
    from scipy.sparse.linalg import LinearOperator, eigsh

    like = flat_weights(model)

    def multiply(vector: NDArray[np.float64]) -> NDArray[np.float64]:
        product = hessian_product(model, losses, torch.from_numpy(vector.reshape(-1)).to(like.dtype).to(like.device))
        return np.asarray(product.cpu().double().numpy())

    start = np.random.default_rng((seed, 4)).standard_normal(len(like))
    operator = LinearOperator((len(like), len(like)), matvec=multiply, dtype=np.float64)
    return float(eigsh(operator, k=1, which="LA", tol=tolerance, v0=start, return_eigenvectors=False)[0])


def hessian_trace(model: nn.Module, losses: Sequence[Loss], *, probes: int = 16, seed: int = 0) -> tuple[float, float]:
    """Hutchinson's estimate of the Hessian's trace, and its standard error.

    Raises:
        ValueError: fewer than 2 probes, which give no standard error.
    """
    if probes < 2:
        raise ValueError(f"probes must be at least 2, got {probes}")
    random, like = torch.Generator().manual_seed(seed), flat_weights(model)
    values = []
    for _ in range(probes):
        signs = (2 * torch.randint(0, 2, like.shape, generator=random) - 1).to(like.dtype)
        product = hessian_product(model, losses, signs.to(like.device)).cpu()
        values.append((signs.double() @ product.double()).item())
    return float(np.mean(values)), float(np.std(values, ddof=1) / math.sqrt(probes))


def worst_loss(model: nn.Module, losses: Sequence[Loss], radius: float, *, steps: int = 5, seed: int = 0) -> float:
    """The largest loss met on δ ← ρ ∇f(w + δ)/‖∇f(w + δ)‖ from δ = 0.

    One step is the point of sharpness-aware minimisation; for a convex loss every further step climbs. Where the
    gradient vanishes, the direction is random.

    Raises:
        ValueError: `radius` is not a positive number.
    """
    if not 0 < radius < math.inf:
        raise ValueError(f"radius must be a positive number, got {radius}")
    start = flat_weights(model)
    random = torch.Generator().manual_seed(seed)
    worst, gradient = value_and_gradient(model, losses)
    try:
        for _ in range(steps):
            if gradient.norm() == 0:
                gradient = torch.randn(start.shape, generator=random, dtype=start.dtype).to(start.device)
            assign_weights(model, start + radius * gradient / gradient.norm())
            loss, gradient = value_and_gradient(model, losses)
            worst = max(worst, loss)
    finally:
        assign_weights(model, start)
    return worst


def gradient_variance(model: nn.Module, batches: Sequence[Loss]) -> float:
    """V = (1/m) Σ ‖g_a − g‖² over the m mini-batches, g their mean gradient.

    Raises:
        ValueError: no mini-batch.
    """
    if not batches:
        raise ValueError("batches must hold at least one mini-batch")
    squares, total = 0.0, torch.zeros(len(flat_weights(model)), dtype=torch.float64)
    for batch in batches:
        gradient = value_and_gradient(model, [batch])[1].cpu().double()
        squares += (gradient @ gradient).item()
        total += gradient
    mean = total / len(batches)
    return squares / len(batches) - (mean @ mean).item()


@contextmanager
def _evaluation(model: nn.Module) -> Iterator[list[nn.Parameter]]:
    """The parameters of `model`, in evaluation mode, all of them asking for gradients; then as it was."""
    training, parameters = model.training, list(model.parameters())
    flags = [parameter.requires_grad for parameter in parameters]
    model.eval().requires_grad_(True)
    try:
        with torch.enable_grad():
            yield parameters
    finally:
        model.train(training)
        for parameter, flag in zip(parameters, flags, strict=True):
            parameter.requires_grad_(flag)


def _gradient(value: Tensor, parameters: list[nn.Parameter], *, create_graph: bool = False) -> Tensor:
    """The flat gradient, shape (P,), zero for parameters that `value` does not depend on."""
    slopes = torch.autograd.grad(
        value, parameters, create_graph=create_graph, allow_unused=True, materialize_grads=True
    )
    return flat(slopes)
