"""A run as rules look at it: from its first start, where there are several."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from optim_core.layers import Layer
from optim_core.spec import OptimizerSpec
from optim_core.theory import base_steps
from optim_core.trajectory import Trajectory

Floats = NDArray[np.float64]
ARRIVED_SHARE = 0.01  # of the way that is left when a run counts as arrived
SHIFT = 1e-5  # of a place's own size, for differences of gradients


@dataclass(frozen=True, eq=False)
class Facts:
    """A comparison and what it moved over.

    run, specs: the comparison, every base step kept.      noisy: whether gradients are.
    gradient: the noise-free field, (n, 2) -> (n, 2).      places: minima or equilibria, (n, 2).
    excess: (rows, optimizers), how far the outermost slow weights are from where they should go: loss above the lowest
        known, or distance to an equilibrium.
    way, goal, height: what they cover, where to, and what `excess` is called.
    domain: ((x_lo, x_hi), (y_lo, y_hi)) shown.      jacobian: of a linear field.
    """

    run: Trajectory
    specs: tuple[OptimizerSpec, ...]
    gradient: Callable[[Floats], Floats]
    places: Floats
    excess: Floats
    domain: tuple[tuple[float, float], tuple[float, float]]
    noisy: bool = False
    way: str = "the way down"
    goal: str = "a minimum"
    height: str = "loss above the lowest"
    jacobian: Floats | None = None

    @property
    def steps(self) -> int:
        """Base steps of the run."""
        return int(self.run.step[-1])

    def diverged(self, index: int) -> int:
        """The step at which an optimizer diverged, or -1."""
        return int(self.run.diverged[index, 0])

    def lasting(self) -> list[int]:
        """The optimizers that did not diverge."""
        return [index for index in range(len(self.specs)) if self.diverged(index) < 0]

    def plain(self, index: int) -> bool:
        """Whether a base step subtracts lr times the gradient that `gradient` says, and no more."""
        spec = self.specs[index]
        constant = spec.schedule.kind == "constant" and spec.weight_decay == 0
        return spec.base == "sgd" and constant and not spec.alternating and not self.noisy

    def arrival(self, index: int) -> int | None:
        """The step from which on less than a hundredth of the way is left; None where it never is for good."""
        remainder = self.excess[:, index]
        if self.diverged(index) >= 0 or not remainder[0] > 0:
            return None
        above = np.flatnonzero(~(remainder <= ARRIVED_SHARE * remainder[0]))
        step = int(above[-1]) + 1
        return step if step < len(remainder) else None

    def curvature(self, places: Floats) -> tuple[Floats, Floats]:
        """Largest eigenvalue of the Hessian at places (n, 2), and its direction, (n,) and (n, 2)."""
        shift = SHIFT * (1 + np.abs(places).max(axis=-1))
        moves = [shift[:, None] * axis for axis in np.eye(2)]
        around = self.gradient(
            np.concatenate([places + moves[0], places - moves[0], places + moves[1], places - moves[1]])
        )
        right, left, up, down = np.split(around, 4)
        hessian = np.stack([right - left, up - down], axis=-1) / (2 * shift[:, None, None])
        finite = np.isfinite(hessian).all(axis=(1, 2))
        values, vectors = np.linalg.eigh(np.where(finite[:, None, None], (hessian + hessian.swapaxes(1, 2)) / 2, 0.0))
        return np.where(finite, values[:, -1], np.nan), vectors[:, :, -1]

    def steepness(self, index: int, row: int) -> float:
        """Lr times the largest curvature where an optimizer's fast weights are at a row."""
        return self.specs[index].lr * float(self.curvature(self.run.fast[row : row + 1, index, 0])[0][0])

    @cached_property
    def pulls(self) -> tuple[Pull, ...]:
        """The first two synchronisations of each optimizer's plain innermost layer that no other layer joined."""
        return tuple(pull for index in range(len(self.specs)) for pull in _pulls(self, index))


@dataclass(frozen=True, eq=False)
class Pull:
    """A synchronisation of layer 1: from `old` towards `target`, the fast weights, to `new`; each (2,)."""

    index: int
    step: int
    layer: Layer
    old: Floats
    target: Floats
    new: Floats


def _pulls(facts: Facts, index: int) -> list[Pull]:
    run, layers = facts.run, facts.specs[index].layers
    if not layers or layers[0].outer_momentum:
        return []  # with outer momentum, slow weights go further than the fraction α
    end = facts.diverged(index)
    rows = np.flatnonzero(run.synchronised[:, index] == 1)
    rows = rows[(rows > 0) & ((rows < end) | (end < 0))][:2]
    slow, proposal = run.slow[index][0][:, 0], run.proposal[:, index, 0]
    return [Pull(index, int(row), layers[0], slow[row - 1], proposal[row], slow[row]) for row in rows]


def half_way(alpha: float) -> str:
    """How far a fraction is, in words."""
    return "half-way" if alpha == 0.5 else f"{alpha:g} of the way"


def times(ratio: float) -> str:
    """A ratio with two digits: 1.4, 22, 130."""
    return f"{float(f'{ratio:.2g}'):g}"


def lasting_for(step: int, layers: tuple[Layer, ...], last: int) -> int:
    """Until when a synchronisation at a step is worth a line: its innermost layer's next one, at most six steps."""
    return min(last, step + max(1, min(6, layers[0].k) - 1))


def period_of(layers: tuple[Layer, ...], level: int) -> int:
    """Base steps between synchronisations of a layer, 1 being the innermost."""
    return base_steps(layers[:level])
