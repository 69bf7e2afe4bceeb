"""What a synchronisation does to a linear state, as two matrices: state ← D · state at the last one + E · state now.

The state is (z, v, b_1, …): positions, the base's velocity where it has one, and the outer momentum of each layer that
has some, innermost first. With s = φ_i − φ_{i−1} a layer with outer momentum does b ← μ b + s and then

    heavy ball   φ ← φ − α b             = (1 − α) φ + α φ_{i−1} − α μ b
    Nesterov     φ ← φ − α (s + μ b)     = (1 − α (1 + μ)) φ + α (1 + μ) φ_{i−1} − α μ² b

with the old b on the right. Derived here, checked by simulation.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from optim_core.layers import InnerBuffers, Layer, checked_inner_buffers
from optim_core.spec import SyncMomentum

Real = NDArray[np.float64]


@dataclass(frozen=True)
class Synchronisation:
    """What synchronisations do to the parts of a state.

    size: of the base's state (z, v).      has_momentum: whether its second half is a velocity.
    sync_momentum: what becomes of the velocity.      inner_buffers: what becomes of the b of the layers inside.

    Raises:
        ValueError: unknown sync_momentum or inner_buffers.
    """

    size: int
    has_momentum: bool = True
    sync_momentum: SyncMomentum = "keep"
    inner_buffers: InnerBuffers = "keep"

    def __post_init__(self) -> None:
        checked_inner_buffers(self.inner_buffers)
        if self.sync_momentum not in get_args(SyncMomentum):
            raise ValueError(f"sync_momentum must be one of {get_args(SyncMomentum)}, got {self.sync_momentum!r}")

    @property
    def positions(self) -> int:
        """How many of the state's numbers are positions."""
        return self.size // 2 if self.has_momentum else self.size

    def matrices(self, layer: Layer, inside: Sequence[bool], own: bool) -> tuple[Real, Real]:
        """(D, E) of a layer, on the base's state, the b of the layers `inside` it that have one, and its `own`."""
        total = self.size + self.positions * (sum(inside) + own)
        D, E = np.zeros((total, total)), np.zeros((total, total))
        D[: self.size, : self.size], E[: self.size, : self.size] = self._of_the_base(layer.alpha)
        if self.inner_buffers == "keep":
            E[self.size :, self.size :] = np.eye(total - self.size)
        if own:
            self._add_momentum(D, E, layer)
        return D, E

    def _of_the_base(self, alpha: float) -> tuple[Real, Real]:
        positions = self.size if self.sync_momentum == "pullback" else self.positions
        velocity_share = 1.0 if self.sync_momentum == "keep" else 0.0
        is_position = np.arange(self.size) < positions
        return np.diag(np.where(is_position, 1 - alpha, 0.0)), np.diag(np.where(is_position, alpha, velocity_share))

    def _add_momentum(self, D: Real, E: Real, layer: Layer) -> None:
        """The rows of z and b, whose b is the last of the state."""
        mu, d, one = layer.outer_momentum, self.positions, np.eye(self.positions)
        gain = layer.alpha * (1 + mu) if layer.outer_nesterov else layer.alpha
        D[:d, :d], E[:d, :d] = (1 - gain) * one, gain * one
        E[:d, -d:] = -layer.alpha * (mu**2 if layer.outer_nesterov else mu) * one
        D[-d:, :d], E[-d:, :d], E[-d:, -d:] = one, -one, mu * one


def widen(matrix: Real, size: int) -> Real:
    """A matrix, or a stack of them, on a larger state of whose further parts nothing changes."""
    extra = size - matrix.shape[-1]
    wide = np.zeros((*matrix.shape[:-2], size, size), dtype=matrix.dtype)
    wide[..., : size - extra, : size - extra] = matrix
    wide[..., range(size - extra, size), range(size - extra, size)] = 1
    return wide
