"""One layer with outer momentum on one mode: its factor, where it diverges, and the least factor. Derived here.

If k steps of the level below multiply a mode by r, a synchronisation multiplies (φ, b) by

    Nesterov     [[1 − α (1 + μ)(1 − r),  −α μ²],  [1 − r,  μ]]      trace 1 + μ − α (1 + μ) q,  determinant μ (1 − α q)
    heavy ball   [[1 − α (1 − r),         −α μ ],  [1 − r,  μ]]      trace 1 + μ − α q,          determinant μ

with q = 1 − r. For a real r both eigenvalues lie inside the unit circle (Jury's conditions) where r < 1 and

    α q < 2 (plain),    α q < 2 (1 + μ) (heavy ball),    α q < 2 (1 + μ) / (1 + 2 μ) (Nesterov).

The least factor over α ≤ 1 and μ: r for plain layers where 0 ≤ r < 1, at α = 1, and 1 − √q with outer momentum, at
α = 1 and μ = (1 − √q)² (heavy ball) or (1 − √q) / (1 + √q) (Nesterov), where both eigenvalues meet. For r < 0 a plain
layer with α = 1 / (1 − r) needs no momentum: its factor is 0.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from optim_core.layers import Layer

Real = NDArray[np.float64]


def outer_factor(r: ArrayLike, layer: Layer) -> Real:
    """Largest |eigenvalue| of a synchronisation on modes that the k steps before it multiply by r, real or complex.

    For a layer without outer momentum it is |1 − α + α r|.

    Returns:
        An array of the shape of `r`.
    """
    q = 1 - np.asarray(r, dtype=np.complex128)
    alpha, mu = layer.alpha, layer.outer_momentum
    if mu == 0:
        return np.asarray(np.abs(1 - alpha * q))
    trace = 1 + mu - alpha * q * (1 + mu if layer.outer_nesterov else 1)
    determinant = mu * (1 - alpha * q) if layer.outer_nesterov else mu + 0 * q
    root = np.sqrt(trace**2 / 4 - determinant)
    return np.asarray(np.maximum(np.abs(trace / 2 + root), np.abs(trace / 2 - root)))


def least_stable(layer: Layer) -> float:
    """The r above which, up to 1, a synchronisation contracts; −∞ for α = 0, which never moves."""
    mu = layer.outer_momentum
    limit = 2 * (1 + mu) / (1 + 2 * mu if layer.outer_nesterov else 1)
    return 1 - limit / layer.alpha if layer.alpha else -math.inf


def best_factors(r: ArrayLike) -> tuple[Real, Real]:
    """Least factors over α ≤ 1, without outer momentum and over μ as well, at real r ≤ 1: two arrays like `r`.

    Heavy ball and Nesterov's rule have the same.

    Raises:
        ValueError: an r above 1, which no layer makes contract.
    """
    modes = np.asarray(r, dtype=np.float64)
    if (modes > 1).any():
        raise ValueError(f"r must be at most 1, got {modes.max()}")
    plain = np.maximum(modes, 0.0)
    return plain, np.where(modes > 0, 1 - np.sqrt(1 - modes), 0.0)


def best_momentum(r: float, *, nesterov: bool) -> float:
    """The μ of that least factor at α = 1, for 0 ≤ r < 1; 0 for a negative r."""
    root = math.sqrt(1 - max(r, 0.0))
    return (1 - root) / (1 + root) if nesterov else (1 - root) ** 2
