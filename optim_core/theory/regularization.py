"""Implicit regularization: the modified loss whose gradient flow the mean step of shuffled mini-batches follows.

m mini-batches with losses C_a, mean C, gradients g_a, mean g, variance V = (1/m) Σ ‖g_a − g‖²; every epoch visits them
in a random order without replacement; lr ε. Smith et al. 2021 (arXiv 2101.12176): the mean of SGD after an epoch
follows gradient flow on C + (ε/4)(V + ‖g‖²). With layers the two coefficients change; ᾱ = Π α_i.

(a) Layers inside one epoch: K_i = k_1…k_i, K_n divides m, ρ_i = (K_i − 1)/(m − 1). The mean displacement of φ_n over an
epoch is that of gradient flow, for time ᾱmε, on

    C_n = C + (ᾱε/4) { Λ V + [1 − (m − 1)(Λ − 1)] ‖g‖² },    Λ = 1 + Σ_i ρ_i (1 − α_i) / (α_i α_{i+1} … α_n)

(b) Layers beyond the epoch: k_1 a whole multiple of m. With T_1 = k_1 ε, T_{i+1} = k_{i+1} α_i T_i, the mean step of
layer n is that of gradient flow, for time α_n T_n, on

    C_n = C + (ε/4)(V + ‖g‖²) − Σ_i (T_i/4)(1 − α_i) ‖g‖²

Both derived here and checked to third order by enumerating all orders. They hold for sampling without replacement only.
How they map to the theorem of Pushkin & Barba 2021 (arXiv 2110.14254) is inference.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

from optim_core.layers import Layer, periods

Regime = Literal["sgd", "within", "beyond"]
MAX_EVALUATIONS = 4_000  # of a flow's gradient: those that can be followed need some hundreds
BatchLoss = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


@dataclass(frozen=True)
class ModifiedLoss:
    """C_n = C + variance · V + gradient · ‖g‖² and the time for which its flow is followed.

    regime: "sgd" (no layers), "within" the epoch (a) or "beyond" it (b)
    base_steps: base steps of the mean step that the flow describes (one epoch, or one step of layer n)
    amplification: variance coefficient over that of SGD at the same effective lr ᾱε, that is over ᾱε/4
    """

    regime: Regime
    batches: int
    lr: float
    effective_lr: float
    variance: float
    gradient: float
    time: float
    base_steps: int

    @property
    def amplification(self) -> float:
        """How much larger the penalty on V is than that of SGD at an equal effective lr: Λ in (a), 1/ᾱ in (b)."""
        return self.variance / (self.effective_lr / 4)


def why_not(batches: int, layers: Sequence[Layer]) -> str | None:
    """Why section (a) and (b) do not apply to these layers and m mini-batches; None where one of them does."""
    if batches < 2:
        return f"at least 2 mini-batches are needed for an order to matter, got m = {batches}"
    if any(layer.alpha == 0 for layer in layers):
        return "a layer with alpha = 0 never moves: there is no mean step to describe"
    if any(layer.has_momentum for layer in layers):
        return "a layer with outer momentum carries its steps over to later ones: the formulas are for layers without"
    if not layers or batches % periods(layers)[-1] == 0 or layers[0].k % batches == 0:
        return None
    total = "·".join(str(layer.k) for layer in layers)
    return (
        f"the formulas need all layers inside one epoch (k_1…k_n = {total} dividing m = {batches}) "
        f"or all beyond it (k_1 a whole multiple of {batches}); here they straddle it"
    )


def modified_loss(lr: float, batches: int, layers: Sequence[Layer]) -> ModifiedLoss:
    """Coefficients of C_n at the fast lr ε. Derived here; without layers Smith et al. 2021.

    Args:
        lr: ε, positive; for an equal effective lr pass `lr_for_effective(ε', layers)`.
        batches: m, number of mini-batches, sampled without replacement.
        layers: innermost first.

    Raises:
        ValueError: lr is not positive, or the formulas do not apply (`why_not` gives the reason).
    """
    if not lr > 0:
        raise ValueError(f"lr must be positive, got {lr}")
    reason = why_not(batches, layers)
    if reason:
        raise ValueError(reason)
    if layers and layers[0].k % batches == 0:
        return _beyond(lr, batches, layers)
    return _within(lr, batches, layers)


def _within(lr: float, m: int, layers: Sequence[Layer]) -> ModifiedLoss:
    effective = lr * math.prod(layer.alpha for layer in layers)
    amplification = 1.0
    for i, (layer, K) in enumerate(zip(layers, periods(layers), strict=True)):
        outer = math.prod(later.alpha for later in layers[i:])
        amplification += (K - 1) / (m - 1) * (1 - layer.alpha) / outer
    return ModifiedLoss(
        regime="within" if layers else "sgd",
        batches=m,
        lr=lr,
        effective_lr=effective,
        variance=effective / 4 * amplification,
        gradient=effective / 4 * (1 - (m - 1) * (amplification - 1)),
        time=effective * m,
        base_steps=m,
    )


def _beyond(lr: float, m: int, layers: Sequence[Layer]) -> ModifiedLoss:
    gradient, duration = lr / 4, lr
    for layer in layers:
        duration *= layer.k
        gradient -= duration / 4 * (1 - layer.alpha)
        duration *= layer.alpha
    return ModifiedLoss(
        regime="beyond",
        batches=m,
        lr=lr,
        effective_lr=lr * math.prod(layer.alpha for layer in layers),
        variance=lr / 4,
        gradient=gradient,
        time=duration,
        base_steps=periods(layers)[-1],
    )


def shifted_batches(objective: Callable[[torch.Tensor], torch.Tensor], shifts: ArrayLike) -> BatchLoss:
    """Mini-batches that see the same objective at displaced places: C_a(x) = f(x − s_a).

    Args:
        objective: (..., dim) -> (...).
        shifts: (m, dim), finite.

    Returns:
        `loss(x, batch)` for x of shape (..., dim) and whole numbers `batch` in [0, m) of shape (...).
    """
    places = torch.as_tensor(np.array(shifts, dtype=np.float64))
    if places.ndim != 2 or not torch.isfinite(places).all():
        raise ValueError(f"shifts must be finite numbers of shape (m, dim), got shape {tuple(places.shape)}")
    return lambda x, batch: objective(x - places[batch])


def random_shifts(batches: int, spread: float, seed: int, dim: int = 2) -> NDArray[np.float64]:
    """Displacements of m mini-batches: normal with deviation `spread`, their mean taken off. (m, dim)."""
    shifts = np.random.default_rng(seed).normal(scale=spread, size=(batches, dim))
    return np.asarray(shifts - shifts.mean(axis=0))


def batch_mean(loss: BatchLoss, batches: int, x: torch.Tensor) -> torch.Tensor:
    """C, the mean of the m mini-batch losses. x: (..., dim) -> (...)."""
    every = torch.arange(batches).expand(*x.shape[:-1], batches)
    copies = x.unsqueeze(-2).expand(*x.shape[:-1], batches, x.shape[-1])
    return loss(copies, every).mean(-1)


def penalties(loss: BatchLoss, batches: int, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """C, V and ‖g‖² at x of shape (..., dim), each (...); differentiable in x."""
    every = torch.arange(batches).expand(*x.shape[:-1], batches)
    with torch.enable_grad():
        copies = x.unsqueeze(-2).expand(*x.shape[:-1], batches, x.shape[-1])
        copies = copies if copies.requires_grad else copies.detach().requires_grad_()
        losses = loss(copies, every)
        (gradients,) = torch.autograd.grad(losses.sum(), copies, create_graph=True)
    mean = gradients.mean(-2)
    variance = (gradients - mean.unsqueeze(-2)).square().sum(-1).mean(-1)
    return losses.mean(-1), variance, mean.square().sum(-1)


def modified_values(loss: BatchLoss, batches: int, x: torch.Tensor, modified: ModifiedLoss) -> torch.Tensor:
    """C_n at x of shape (..., dim): (...)."""
    mean, variance, squared_norm = penalties(loss, batches, x)
    return mean + modified.variance * variance + modified.gradient * squared_norm


def gradient_flow(
    loss: BatchLoss,
    modified: ModifiedLoss,
    start: ArrayLike,
    *,
    corrected: bool = True,
    steps: int = 1,
    points: int = 2,
    on_progress: Callable[[int, int], None] | None = None,
) -> NDArray[np.float64]:
    """Gradient flow from `start` on C_n (or on C alone), solved by scipy to 1e-12.

    Args:
        loss: the mini-batch losses.
        modified: coefficients and time.
        start: (dim,).
        corrected: with the V and ‖g‖² terms, or on C alone.
        steps: how many mean steps long (epochs, or steps of layer n).
        points: how many equally spaced moments to return, the start and the end included.
        on_progress: called with (evaluations of the gradient, the most there may be); may raise, to stop.

    Returns:
        (points, dim).

    Raises:
        FloatingPointError: the flow leaves the finite numbers, as it can where the penalty on ‖g‖² is negative, or
            turns so sharply that 4,000 evaluations of its gradient do not suffice.
    """
    from scipy.integrate import solve_ivp

    moments = np.linspace(0.0, modified.time * steps, points)
    evaluations = itertools.count(1)

    def downhill(_: float, place: NDArray[np.float64]) -> NDArray[np.float64]:
        count = next(evaluations)
        if count > MAX_EVALUATIONS:
            raise FloatingPointError(
                f"the flow on C_n does not stay finite for time {moments[-1]:g}, or turns too sharply to be followed: "
                f"{MAX_EVALUATIONS:,} evaluations of its gradient did not suffice"
            )
        if on_progress is not None:
            on_progress(count, MAX_EVALUATIONS)
        return _downhill(loss, modified, place, corrected)

    with np.errstate(all="ignore"):
        solution = solve_ivp(
            downhill, (0.0, moments[-1]), np.asarray(start, dtype=np.float64), "DOP853", moments, rtol=1e-12, atol=1e-14
        )
    if not solution.success or not np.isfinite(solution.y).all():
        raise FloatingPointError(f"the flow on C_n does not stay finite for time {moments[-1]:g}: {solution.message}")
    return np.asarray(solution.y.T)


def _downhill(
    loss: BatchLoss, modified: ModifiedLoss, place: NDArray[np.float64], corrected: bool
) -> NDArray[np.float64]:
    x = torch.tensor(place, requires_grad=True)
    batches = modified.batches
    value = modified_values(loss, batches, x, modified) if corrected else batch_mean(loss, batches, x)
    return np.asarray(-torch.autograd.grad(value, x)[0].numpy())
