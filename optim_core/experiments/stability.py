"""Which cells of a parameter grid converge, found by running the optimizer of every cell step by step, all at once.

Each cell is a row of `optim_core.rows`. No factor, eigenvalue or matrix power is used.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

from optim_core.rows import Rows
from optim_core.theory.factors import Real, square_matrix
from optim_core.theory.stability import ParameterGrid

MAX_WORK = 500_000_000  # cells times steps
FARTHEST, NEAREST = 1e100, 1e-100  # beyond these the outcome is decided and the cell stops


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
    J = torch.from_numpy(square_matrix(jacobian))
    start = torch.ones((1, len(J)), dtype=torch.float64)
    runs = Rows(lambda z, _: (z[:, 0], z @ J.T), grid.specs(), start, escape=FARTHEST)
    distances = _Distances(runs, steps // 2)
    pulse = max(1, steps // 50)
    for step in range(1, steps + 1):
        runs.evaluate(step - 1)
        runs.advance(step - 1, steps)
        distances.note(step)
        if step % pulse == 0 or step == steps:
            if on_progress is not None:
                on_progress(step, steps)
            if not distances.active.any() or (should_stop is not None and should_stop()):
                break
    return SimulatedMap(distances.rate().reshape(grid.shape), step)


class _Distances:
    """Distance of the outermost slow weights from the equilibrium, at half-time and at last, and when: (cells,)."""

    def __init__(self, runs: Rows, half: int) -> None:
        self.runs, self.half = runs, half
        size, dim = len(runs.specs), runs.x.shape[-1]
        self.is_near = np.zeros(size, dtype=np.bool_)
        self.start = np.sqrt(dim)
        self.first_distance, self.last_distance = np.full(size, self.start), np.full(size, np.nan)
        self.first_step, self.last_step = np.zeros(size), np.zeros(size)

    def note(self, step: int) -> None:
        """Take the distances of the cells whose outermost layer synchronised at base step `step`."""
        for mask in self.runs.outermost.at(step):
            due = self.active if mask is None else self.active & mask[:, 0]
            distance = np.linalg.norm(self.runs.x.numpy()[due, 0], axis=-1)
            self.last_distance[due], self.last_step[due] = distance, step
            if step <= self.half:  # the first half lets the faster modes decay
                self.first_distance[due], self.first_step[due] = distance, step
            if (distance < NEAREST).any():
                self.is_near[due] = distance < NEAREST
                self.runs.freeze(torch.from_numpy(self.is_near)[:, None], step)

    @property
    def active(self) -> NDArray[np.bool_]:
        """Cells whose outcome is open."""
        return np.asarray(self.runs.diverged.numpy()[:, 0] < 0)

    def rate(self) -> Real:
        """Growth per base step between two synchronisations of the outermost layer (base steps without layers)."""
        is_far = ~self.active & ~self.is_near
        from_start = is_far | (self.first_step == self.last_step)  # decided, or synchronised only in the first half
        last_step = np.where(is_far, self.runs.diverged.numpy()[:, 0], self.last_step)
        growth = np.where(is_far, FARTHEST, self.last_distance) / np.where(from_start, self.start, self.first_distance)
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(growth ** (1 / (last_step - np.where(from_start, 0, self.first_step))))
