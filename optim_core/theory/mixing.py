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
        alpha, mu = np.array([layer.alpha]), np.array([layer.outer_momentum])
        D, E = self.matrices_of_cells(alpha, mu, inside, own, nesterov=layer.outer_nesterov)
        return D[0], E[0]

    def matrices_of_cells(
        self, alpha: Real, mu: Real, inside: Sequence[bool], own: bool, *, nesterov: bool
    ) -> tuple[Real, Real]:
        """`matrices` of layers whose α and outer momentum μ, both (cells,), differ: (cells, total, total) each."""
        total = self.size + self.positions * (sum(inside) + own)
        D, E = np.zeros((len(alpha), total, total)), np.zeros((len(alpha), total, total))
        moved = range(self.size if self.sync_momentum == "pullback" else self.positions)
        D[:, moved, moved], E[:, moved, moved] = 1 - alpha[:, None], alpha[:, None]
        velocity, buffers = range(len(moved), self.size), range(self.size, total)
        E[:, velocity, velocity] = 1.0 if self.sync_momentum == "keep" else 0.0
        E[:, buffers, buffers] = 1.0 if self.inner_buffers == "keep" else 0.0
        if own:
            self._add_momentum(D, E, alpha[:, None], mu[:, None], nesterov=nesterov)
        return D, E

    def _add_momentum(self, D: Real, E: Real, alpha: Real, mu: Real, *, nesterov: bool) -> None:
        """The rows of z and b, whose b is the last of the state; α and μ are (cells, 1)."""
        z = range(self.positions)
        b = range(D.shape[-1] - self.positions, D.shape[-1])
        gain = alpha * (1 + mu) if nesterov else alpha
        D[:, z, z], E[:, z, z] = 1 - gain, gain
        E[:, z, b] = -alpha * (mu**2 if nesterov else mu)
        D[:, b, z], E[:, b, z], E[:, b, b] = 1.0, -1.0, mu


def widen(matrix: Real, size: int) -> Real:
    """A matrix, or a stack of them, on a larger state of whose further parts nothing changes."""
    extra = size - matrix.shape[-1]
    wide = np.zeros((*matrix.shape[:-2], size, size), dtype=matrix.dtype)
    wide[..., : size - extra, : size - extra] = matrix
    wide[..., range(size - extra, size), range(size - extra, size)] = 1
    return wide
