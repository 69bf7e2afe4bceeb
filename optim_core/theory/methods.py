"""Rates of the base methods for games, under any number of layers. Derived here.

On a linear field z → Jz a step of extragradient is a polynomial of J, and one of optimistic gradient is linear in
(z, v) with v the gradient of the step before, so that layers act on it as on a momentum that they keep.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from optim_core.spec import METHODS, OptimizerSpec
from optim_core.theory.factors import Real, base_steps, layer_matrices, linear_rate, spectral_radius, square_matrix


def game_rate(jacobian: ArrayLike, spec: OptimizerSpec) -> float:
    """Rate per base step |ρ_n|^(1/(k_1…k_n)) of the slowest mode on the field z → Jz. Derived here.

    Args:
        jacobian: (d, d), of a game's field: [[ε, 1], [−1, ε]] for ½εx² + xy − ½εy².
        spec: any optimizer with a linear base; its schedule is not looked at.

    Raises:
        ValueError: the base is not linear (Adam and its like).
    """
    if spec.base not in METHODS:
        return linear_rate(jacobian, spec)
    matrix = method_matrix(jacobian, spec)
    levels = layer_matrices(
        matrix, spec.layers, has_momentum=spec.base == "optimistic", inner_buffers=spec.inner_buffers
    )
    return float(spectral_radius(levels[-1]) ** (1 / base_steps(spec.layers)))


def method_matrix(jacobian: ArrayLike, spec: OptimizerSpec) -> Real:
    """Matrix of one step: (d, d) of extragradient, (2d, 2d) on (z, v) of optimistic gradient.

    Extragradient: I − ηJ + η²J². Optimistic: z ← (I − 2ηJ) z + ηv, v ← Jz.
    """
    J = square_matrix(jacobian)
    one = np.eye(len(J))
    J = J + spec.weight_decay * one
    if spec.base == "extragradient":
        return np.asarray(one - spec.lr * J @ (one - spec.lr * J))
    return np.block([[one - 2 * spec.lr * J, spec.lr * one], [J, np.zeros_like(J)]])
