"""Which cells of a parameter grid converge, found by running the algorithm step by step in every cell at once.

k, α and lr differ from cell to cell, which one optimizer object cannot do; this is the textbook procedure on arrays: a
base step, then a synchronisation of every layer whose period divides the step, innermost first. No factor, eigenvalue
or matrix power is used. The tests hold it against MultilayerLookahead.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from optim_core.theory.factors import Real, square_matrix, velocity_weight
from optim_core.theory.stability import ParameterGrid

MAX_WORK = 500_000_000  # cells times steps
FAR, NEAR = 1e100, 1e-100  # beyond these the outcome is decided and the cell rests


@dataclass(frozen=True)
class SimulatedMap:
    """What happened in every cell, arrays (rows, columns).

    rate: growth of the outermost slow weights' distance per base step over the second half of the run (over all of it,
    where the outcome was clear sooner); NaN where they never synchronised
    converged, diverged: whether that distance shrank or grew
    """

    rate: Real
    steps: int

    @property
    def converged(self) -> NDArray[np.bool_]:
        """Where the distance to the equilibrium shrank."""
        return np.asarray(self.rate < 1)

    @property
    def diverged(self) -> NDArray[np.bool_]:
        """Where it grew."""
        return np.asarray(self.rate >= 1)


def simulate_map(
    jacobian: ArrayLike,
    grid: ParameterGrid,
    steps: int = 2_000,
    *,
    on_progress: Callable[[int, int], None] | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> SimulatedMap:
    """Run every cell of `grid` on the linear field z → Jz from (1, …, 1) for `steps` base steps.

    Raises:
        ValueError: cells times steps above 500,000,000, or steps < 1.
    """
    size = len(grid.lr)
    if steps < 1 or size * steps > MAX_WORK:
        raise ValueError(f"steps must be from 1 to {MAX_WORK // size} for {size} cells, got {steps}")
    runs = _Cells(square_matrix(jacobian), grid, steps // 2)
    pulse = max(1, steps // 50)
    for step in range(1, steps + 1):
        runs.base_step()
        runs.synchronise(step)
        if step % pulse == 0 or step == steps:
            runs.rest_decided(step)
            if on_progress is not None:
                on_progress(step, steps)
            if runs.all_decided() or (should_stop is not None and should_stop()):
                break
    return SimulatedMap(runs.rate().reshape(grid.shape), step)


class _Cells:
    """State of all cells: fast[0] the positions, fast[1] the velocities, (2, cells, dim); one such copy per layer."""

    def __init__(self, jacobian: Real, grid: ParameterGrid, half: int) -> None:
        size, dim = len(grid.lr), len(jacobian)
        self.J, self.spec = jacobian + grid.spec.weight_decay * np.eye(dim), grid.spec
        self.blocks = [slice(i, i + 1) for i in range(dim)] if grid.spec.alternating else [slice(0, dim)]
        self.momentum = velocity_weight(grid.spec)
        self.lr = grid.lr[:, None]
        self.alpha = [alpha[:, None] for alpha in grid.alpha]
        self.period = list(np.cumprod(grid.k, axis=0)) if grid.k else []
        self.fast = np.stack([np.ones((size, dim)), np.zeros((size, dim))])
        self.slow = [self.fast.copy() for _ in self.alpha]
        self.active = np.ones(size, dtype=bool)
        self.half = half
        self.first_distance, self.last_distance = np.full(size, np.sqrt(dim)), np.full(size, np.nan)
        self.first_step, self.last_step = np.zeros(size), np.zeros(size)

    def base_step(self) -> None:
        position, velocity = self.fast
        for block in self.blocks:
            gradient = position @ self.J[block].T
            velocity[:, block] = self.momentum * velocity[:, block] + gradient
            push = gradient + self.momentum * velocity[:, block] if self.spec.base == "nesterov" else velocity[:, block]
            position[:, block] -= np.where(self.active[:, None], self.lr * push, 0.0)

    def synchronise(self, step: int) -> None:
        outermost = self.active
        for layer, (period, alpha) in enumerate(zip(self.period, self.alpha, strict=True)):
            due = (step % period == 0) & self.active
            outermost = due if layer == len(self.period) - 1 else outermost
            if due.any():
                self._synchronise_layer(layer, due, alpha)
        if outermost.any():
            self.last_distance[outermost] = np.linalg.norm(self.fast[0, outermost], axis=-1)
            self.last_step[outermost] = step
            if step <= self.half:  # the first half lets the fading modes fade
                self.first_distance[outermost] = self.last_distance[outermost]
                self.first_step[outermost] = step

    def _synchronise_layer(self, layer: int, due: NDArray[np.bool_], alpha: Real) -> None:
        slow = self.slow[layer]
        slow[:, due] += alpha[due] * (self.fast[:, due] - slow[:, due])
        restarted = slow[:, due]
        if self.spec.sync_momentum == "keep":
            restarted[1] = self.fast[1, due]
        elif self.spec.sync_momentum == "reset":
            restarted[1] = 0.0
        for inner in (self.fast, *self.slow[:layer]):
            inner[:, due] = restarted

    def rest_decided(self, step: int) -> None:
        outermost = self.slow[-1] if self.slow else self.fast
        far = self.active & ~(np.linalg.norm(self.fast[0], axis=-1) < FAR)
        near = self.active & (np.linalg.norm(outermost[0], axis=-1) < NEAR)
        self.first_step[far], self.last_step[far], self.last_distance[far] = 0, step, FAR
        self.first_distance[far] = np.sqrt(self.fast.shape[-1])
        self.active &= ~(far | near)
        self.fast[1, ~self.active] = 0.0

    def all_decided(self) -> bool:
        return not self.active.any()

    def rate(self) -> Real:
        """Growth per base step between two synchronisations of the outermost layer (base steps without layers)."""
        early = self.first_step == self.last_step  # decided, or synchronised only in the first half
        first_distance = np.where(early, np.sqrt(self.fast.shape[-1]), self.first_distance)
        steps = self.last_step - np.where(early, 0, self.first_step)
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray((self.last_distance / first_distance) ** (1 / steps))
