"""Multilayer Lookahead as the textbook writes it, nested loops on plain arrays: slow, and plain to see.

`MultilayerLookahead` must give the same numbers. The state of the base optimizer is an array `x` of whatever shape: the
weights alone, or weights and momentum stacked, for which `interpolate` then says what becomes of each.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from optim_core.layers import Layer

Array = NDArray[np.float64]
BaseStep = Callable[[Array], Array]
Interpolate = Callable[[Array, Array, float], Array]


def interpolate(slow: Array, fast: Array, alpha: float) -> Array:
    """φ + α (θ − φ)."""
    return slow + alpha * (fast - slow)


def fast_weights(
    base_step: BaseStep,
    start: ArrayLike,
    layers: Sequence[Layer],
    steps: int,
    *,
    interpolate: Interpolate = interpolate,
) -> Array:
    """The fast weights at the start and after each of `steps` base steps: (steps + 1, *start.shape).

    Args:
        base_step: one step of the base optimizer, from its state to its next state.
        start: the state before the first step.
        layers: innermost first; none gives the base optimizer alone.
        steps: base steps. The loops run on to the end of the outermost window, of which the rest is thrown away.
        interpolate: (φ, θ, α) → the new φ.
    """
    x = np.array(start, dtype=np.float64)
    path = [x]
    while len(path) <= steps:
        x = _step_of_layer(layers, x, base_step, interpolate, path)
    return np.array(path[: steps + 1])


def _step_of_layer(
    layers: Sequence[Layer], slow: Array, base_step: BaseStep, interpolate: Interpolate, path: list[Array]
) -> Array:
    """One step of the last of `layers`, from its slow weights to its next ones."""
    if not layers:
        path.append(base_step(slow))
        return path[-1]
    *inner, layer = layers
    fast = slow
    for _ in range(layer.k):
        fast = _step_of_layer(inner, fast, base_step, interpolate, path)
    path[-1] = interpolate(slow, fast, layer.alpha)  # where the inner layers restart is where this layer has moved to
    return path[-1]
