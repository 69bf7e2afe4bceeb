"""Steady-state variance and contraction of layers on a noisy linear base step.

x ← c x + noise of variance q_0. One step of layer i adds noise of variance

    q_i = α_i² q_{i−1} Σ_{j<k_i} |ρ_{i−1}|^{2j}      and      V_i = q_i / (1 − |ρ_i|²)

is the variance of φ_i at its synchronisations. Derived here at any depth; one layer with a real c reproduces the closed
form of Zhang et al. 2019 (arXiv 1907.08610). With momentum, the base's or outer momentum, the same holds for covariance
matrices: Q_i = E_i (Σ_{j<k_i} M_{i−1}ʲ Q_{i−1} M_{i−1}ʲᵀ) E_iᵀ and P_i = M_i P_i M_iᵀ + Q_i.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from optim_core.layers import InnerBuffers, Layer
from optim_core.spec import OptimizerSpec, SyncMomentum
from optim_core.theory.factors import (
    Real,
    factors,
    has_outer_momentum,
    linear_rate,
    mode_matrix,
    spec_matrix,
    spectral_radius,
    square_matrix,
    velocity_weight,
)
from optim_core.theory.mixing import Synchronisation, widen


def steady_variances(c: complex, q0: float, layers: Sequence[Layer]) -> tuple[float, ...]:
    """Steady-state variances V_0 … V_n, of layer i as the outermost one, at its synchronisations. Derived here.

    Args:
        c: factor of one base step; for a complex c the variance is E|x|², per complex dimension.
        q0: variance of the noise that one base step adds; η²σ² for gradient noise of deviation σ.
        layers: innermost first.

    Returns:
        n + 1 numbers; infinite where |ρ_i| ≥ 1.

    Raises:
        ValueError: q0 is negative.
    """
    if q0 < 0:
        raise ValueError(f"q0 is a variance and must not be negative, got {q0}")
    if has_outer_momentum(layers):
        matrix = mode_matrix(complex(c))
        d = len(matrix)
        covariances = steady_covariances(matrix, q0 / d * np.eye(d), layers, has_momentum=False)
        return tuple(math.inf if P is None else float(np.trace(P[:d, :d])) for P in covariances)
    sizes = np.abs(factors(c, layers))
    noises = [q0]
    for layer, size in zip(layers, sizes, strict=False):
        with np.errstate(over="ignore"):
            window = float(np.sum(size ** (2.0 * np.arange(layer.k))))
        noises.append(layer.alpha**2 * noises[-1] * window)
    return tuple(q / (1 - size**2) if size < 1 else math.inf for q, size in zip(noises, sizes.tolist(), strict=True))


def steady_covariances(
    base: ArrayLike,
    added: ArrayLike,
    layers: Sequence[Layer],
    *,
    sync_momentum: SyncMomentum = "keep",
    has_momentum: bool = True,
    inner_buffers: InnerBuffers = "keep",
) -> tuple[Real | None, ...]:
    """Steady-state covariances P_0 … P_n of the state, solving P_i = M_i P_i M_iᵀ + Q_i exactly. Derived here.

    Args:
        base: M_0, (s, s).
        added: Q_0, covariance that one base step adds, (s, s).
        layers: innermost first.
        sync_momentum: what a synchronisation does to the velocity.
        has_momentum: whether the second half of the base's state is a velocity.
        inner_buffers: what a synchronisation does to the outer momentum of the layers inside.

    Returns:
        n + 1 arrays (s, s), None where the spectral radius of M_i reaches 1; with outer momentum they are of the sizes
        that `layer_matrices` gives.
    """
    synchronisation = Synchronisation(len(np.atleast_2d(base)), has_momentum, sync_momentum, inner_buffers)
    steps = _noisy_steps(base, added, layers, synchronisation)
    return tuple(_fixed_point(matrix, Q) for matrix, Q in steps)


def covariance_after(
    base: ArrayLike,
    added: ArrayLike,
    layers: Sequence[Layer],
    synchronisations: int,
    *,
    sync_momentum: SyncMomentum = "keep",
    has_momentum: bool = True,
    inner_buffers: InnerBuffers = "keep",
) -> Real:
    """Covariance of the state so many synchronisations of the outermost layer after a known start: Σ M_nʲ Q_n M_nʲᵀ.

    Without layers a base step counts as one. Finite where `steady_covariances` is not. Derived here. Args as there.
    """
    synchronisation = Synchronisation(len(np.atleast_2d(base)), has_momentum, sync_momentum, inner_buffers)
    *_, (matrix, Q) = _noisy_steps(base, added, layers, synchronisation)
    return _accumulated_covariance(matrix, Q, synchronisations)


def _noisy_steps(
    base: ArrayLike, noise: ArrayLike, layers: Sequence[Layer], synchronisation: Synchronisation
) -> list[tuple[Real, Real]]:
    """M_i and Q_i of one step of every layer, the base step first."""
    matrix, Q = square_matrix(base), square_matrix(noise)
    steps = [(matrix, Q)]
    for level, layer in enumerate(layers):
        D, E = synchronisation.matrices(layer, [one.has_momentum for one in layers[:level]], layer.has_momentum)
        inner = widen(matrix, len(D))
        wide = np.zeros_like(D)
        wide[: len(Q), : len(Q)] = Q
        Q = E @ _accumulated_covariance(inner, wide, layer.k) @ E.T
        with np.errstate(over="ignore", invalid="ignore"):
            matrix = D + E @ np.linalg.matrix_power(inner, layer.k)
        steps.append((matrix, Q))
    return steps


def _accumulated_covariance(matrix: Real, noise: Real, steps: int) -> Real:
    """Covariance after `steps` steps from a known state: Σ_{j<steps} Mʲ Q Mʲᵀ."""
    total = np.zeros_like(noise)
    with np.errstate(over="ignore", invalid="ignore"):
        for _ in range(steps):
            total = matrix @ total @ matrix.T + noise
    return total


def _fixed_point(matrix: Real, noise: Real) -> Real | None:
    if spectral_radius(matrix) >= 1 or not np.isfinite(noise).all():
        return None
    size = len(matrix)
    covariance = np.linalg.solve(np.eye(size**2) - np.kron(matrix, matrix), noise.reshape(-1))
    return np.asarray(covariance.reshape(size, size))


@dataclass(frozen=True)
class NoisyQuadratic:
    """½hx² with gradient noise of deviation σ; in the model of Zhang et al. σ is h times the deviation of the minimum.

    Raises:
        ValueError: h is not positive, or sigma is negative.
    """

    h: float = 1.0
    sigma: float = 1.0

    def __post_init__(self) -> None:
        if not self.h > 0:
            raise ValueError(f"h must be positive, got {self.h}")
        if not self.sigma >= 0:
            raise ValueError(f"sigma must not be negative, got {self.sigma}")

    def variances(self, spec: OptimizerSpec) -> tuple[float, ...]:
        """V_0 … V_n of x at the synchronisations of each layer; infinite where unstable.

        Raises:
            ValueError: the base of `spec` is not linear (adam or lion, say).
        """
        momentum = velocity_weight(spec)
        if not momentum and not has_outer_momentum(spec.layers):
            return steady_variances(
                1 - spec.lr * (self.h + spec.weight_decay), (spec.lr * self.sigma) ** 2, spec.layers
            )
        base, noise = self._state(spec)
        covariances = steady_covariances(
            base, noise, spec.layers, sync_momentum=spec.sync_momentum, has_momentum=len(base) > 1,
            inner_buffers=spec.inner_buffers,
        )  # fmt: skip
        return tuple(math.inf if P is None else float(P[0, 0]) for P in covariances)

    def variance_after(self, spec: OptimizerSpec, synchronisations: int) -> float:
        """Variance of x at the outermost slow weights, so many synchronisations after a known start at rest.

        Without layers a base step counts as one.

        Raises:
            ValueError: the base of `spec` is not linear (adam or lion, say).
        """
        base, noise = self._state(spec)
        covariance = covariance_after(
            base, noise, spec.layers, synchronisations, sync_momentum=spec.sync_momentum, has_momentum=len(base) > 1,
            inner_buffers=spec.inner_buffers,
        )  # fmt: skip
        return float(covariance[0, 0])

    def _state(self, spec: OptimizerSpec) -> tuple[Real, Real]:
        """Matrix of one base step on x, or with momentum on (x, v), and the covariance that its noise adds."""
        momentum = velocity_weight(spec)
        push = self.sigma * np.array([-spec.lr * (1 + momentum if spec.base == "nesterov" else 1.0), 1.0])
        push = push if momentum else push[:1]
        return spec_matrix([[self.h]], spec), np.outer(push, push)

    def contraction(self, spec: OptimizerSpec) -> float:
        """Rate per base step at which the mean nears the minimum: |ρ_n|^(1/(k_1…k_n)), or its matrix counterpart."""
        return linear_rate([[self.h]], spec)


def trade_off(problem: NoisyQuadratic, specs: Sequence[OptimizerSpec]) -> tuple[Real, Real]:
    """Contraction per base step and steady-state variance V_n of each optimizer: two arrays (len(specs),)."""
    contraction = np.array([problem.contraction(spec) for spec in specs])
    variance = np.array([problem.variances(spec)[-1] for spec in specs])
    return contraction, variance


def effective_lr(lr: float, layers: Sequence[Layer]) -> float:
    """ᾱη with ᾱ = Π α_i / (1 − μ_i): the speed of the slow weights when gradients do not change.

    With outer momentum it is the speed that is arrived at, where the layers inside keep theirs.
    """
    return lr * math.prod(layer.effective_alpha for layer in layers)


def lr_for_effective(effective: float, layers: Sequence[Layer]) -> float:
    """The fast lr whose effective lr is `effective`.

    Raises:
        ValueError: a layer has α = 0, so that no lr moves the slow weights.
    """
    shrink = effective_lr(1.0, layers)
    if shrink == 0:
        raise ValueError("alpha = 0 never moves the slow weights: no lr has this effective lr; use alpha > 0")
    return effective / shrink
