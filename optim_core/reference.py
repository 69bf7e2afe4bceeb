"""Multilayer Lookahead as a textbook writes it: nested loops on plain arrays, slow but easy to check.

`MultilayerLookahead` must give the same numbers. The state of the base optimizer is an array `x` of whatever shape: the
weights alone, or weights and momentum stacked, for which `interpolate` then says what becomes of each.

Outer momentum, on s = φ_i − φ_{i−1} at a synchronisation of layer i, b_i being zero at first:

    b_i ← μ_i b_i + s;    φ_i ← φ_i − α_i b_i,    or by Nesterov's rule    φ_i ← φ_i − α_i (s + μ_i b_i)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from optim_core.layers import Layer

Array = NDArray[np.float64]
BaseStep = Callable[[Array], Array]
Interpolate = Callable[[Array, Array, float], Array]
Move = Callable[[int, Array, Array], Array]


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
    inner_buffers: str = "keep",
) -> Array:
    """The fast weights at the start and after each of `steps` base steps: (steps + 1, *start.shape).

    Args:
        base_step: one step of the base optimizer, from its state to its next state.
        start: the state before the first step.
        layers: innermost first; none gives the base optimizer alone.
        steps: base steps. The loops run on to the end of the outermost window, the rest of which is discarded.
        interpolate: (φ, θ, α) → the new φ of a layer without outer momentum.
        inner_buffers: "reset" zeroes the b of all layers inside one that synchronises, "keep" leaves them.
    """
    x = np.array(start, dtype=np.float64)
    buffers = [np.zeros_like(x) for _ in layers]

    def move(level: int, slow: Array, fast: Array) -> Array:
        layer = layers[level]
        target = interpolate(slow, fast, layer.alpha)
        if layer.outer_momentum > 0:
            s = slow - fast
            buffers[level] = layer.outer_momentum * buffers[level] + s
            nesterov = s + layer.outer_momentum * buffers[level]
            target = slow - layer.alpha * (nesterov if layer.outer_nesterov else buffers[level])
        if inner_buffers == "reset":
            buffers[:level] = [np.zeros_like(x) for _ in range(level)]
        return target

    path = [x]
    while len(path) <= steps:
        x = _step_of_layer(layers, x, base_step, move, path)
    return np.array(path[: steps + 1])


def _step_of_layer(layers: Sequence[Layer], slow: Array, base_step: BaseStep, move: Move, path: list[Array]) -> Array:
    """One step of the last of `layers`, from its slow weights to its next ones."""
    if not layers:
        path.append(base_step(slow))
        return path[-1]
    *inner, layer = layers
    fast = slow
    for _ in range(layer.k):
        fast = _step_of_layer(inner, fast, base_step, move, path)
    path[-1] = move(len(inner), slow, fast)  # where the inner layers restart is where this layer has moved to
    return path[-1]
