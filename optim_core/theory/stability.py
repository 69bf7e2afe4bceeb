"""Stability maps: the rate per base step in closed form over any two of k_1, α_1, μ_1, k_2, …, lr. Derived here."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from optim_core.layers import Layer
from optim_core.spec import OptimizerSpec
from optim_core.theory.factors import (
    Real,
    factors_of_cells,
    is_polynomial,
    spec_matrix,
    velocity_weight,
)
from optim_core.theory.mixing import Synchronisation, widen

MAX_CELLS = 65_536


@dataclass(frozen=True)
class Axis:
    """One parameter of a map: `name` is "lr", or "k_i", "alpha_i" or "mu_i" of layer i (1 is the innermost).

    mu_i is the outer momentum.

    Raises:
        ValueError: unknown name, no values, or a value out of its range (lr positive, k whole and at least 1,
            alpha in [0, 1], mu in [0, 1)).
    """

    name: str
    values: tuple[float, ...]

    def __post_init__(self) -> None:
        kind, _, layer = self.name.partition("_")
        if self.name != "lr" and (kind not in ("k", "alpha", "mu") or not layer.isdigit() or int(layer) < 1):
            raise ValueError(f"an axis is lr, k_1, alpha_1, mu_1, k_2, …, got {self.name!r}")
        if not self.values:
            raise ValueError(f"{self.name} needs at least one value")
        for value in self.values:
            _check_value(kind, value)

    @property
    def layer(self) -> int:
        """Number of the layer it belongs to; 0 for lr."""
        return 0 if self.name == "lr" else int(self.name.partition("_")[2])


def _check_value(kind: str, value: float) -> None:
    if kind == "lr" and not (np.isfinite(value) and value > 0):
        raise ValueError(f"lr must be positive and finite, got {value}")
    if kind == "k":
        Layer(int(value) if value == int(value) else value, 1.0)  # type: ignore[arg-type]
    if kind == "alpha":
        Layer(1, value)
    if kind == "mu":
        Layer(1, 1.0, value)


@dataclass(frozen=True)
class ParameterGrid:
    """Every combination of two varying parameters of one optimizer; cells are flattened, y first.

    Raises:
        ValueError: both axes vary the same parameter, an axis names a layer that `spec` does not have, the base is not
            linear, or there are more than 65,536 cells.
    """

    spec: OptimizerSpec
    x: Axis
    y: Axis

    def __post_init__(self) -> None:
        velocity_weight(self.spec)
        if self.x.name == self.y.name:
            raise ValueError(f"the two axes must differ, got {self.x.name} twice")
        for axis in (self.x, self.y):
            if axis.layer > self.spec.depth:
                raise ValueError(f"{axis.name} needs {axis.layer} layers, the optimizer has {self.spec.depth}")
        cells = len(self.x.values) * len(self.y.values)
        if cells > MAX_CELLS:
            raise ValueError(f"a map has at most {MAX_CELLS} cells, got {cells}: use fewer values on an axis")

    @property
    def shape(self) -> tuple[int, int]:
        """Rows (y) and columns (x)."""
        return len(self.y.values), len(self.x.values)

    def column(self, name: str, constant: float) -> Real:
        """Value of one parameter in every cell, (cells,)."""
        columns, rows = np.meshgrid(self.x.values, self.y.values)
        varying = {self.x.name: columns, self.y.name: rows}
        return np.asarray(varying.get(name, np.full(self.shape, constant)), dtype=np.float64).reshape(-1)

    @property
    def lr(self) -> Real:
        """(cells,)."""
        return self.column("lr", self.spec.lr)

    @property
    def k(self) -> list[NDArray[np.int64]]:
        """Per layer, innermost first: (cells,)."""
        layers = enumerate(self.spec.layers, start=1)
        return [self.column(f"k_{i}", layer.k).astype(np.int64) for i, layer in layers]

    @property
    def alpha(self) -> list[Real]:
        """Per layer, innermost first: (cells,)."""
        return [self.column(f"alpha_{i}", layer.alpha) for i, layer in enumerate(self.spec.layers, start=1)]

    @property
    def outer_momentum(self) -> list[Real]:
        """Per layer, innermost first: (cells,)."""
        return [self.column(f"mu_{i}", layer.outer_momentum) for i, layer in enumerate(self.spec.layers, start=1)]

    def stacks(self) -> list[tuple[Layer, ...]]:
        """The layers of all cells."""
        make = cache(Layer)  # thousands of cells share few layers
        columns = zip(
            *([one.tolist() for one in levels] for levels in (self.k, self.alpha, self.outer_momentum)),
            self.spec.layers,
            strict=True,
        )
        levels = [
            [make(*row, layer.outer_nesterov, layer.allow_overshoot) for row in zip(*numbers, strict=True)]
            for *numbers, layer in columns
        ]
        return list(zip(*levels, strict=True)) or [()] * len(self.lr)

    def specs(self) -> list[OptimizerSpec]:
        """The optimizers of all cells, to run them for real."""
        layers = self.stacks()
        return [replace(self.spec, lr=lr, layers=one) for lr, one in zip(self.lr.tolist(), layers, strict=True)]

    def spec_at(self, row: int, column: int) -> OptimizerSpec:
        """The optimizer of one cell."""
        return self.specs()[row * len(self.x.values) + column]


def stability_map(jacobian: ArrayLike, grid: ParameterGrid) -> Real:
    """Rate per base step in every cell on the linear field z → Jz; 1 is the boundary of stability. Derived here.

    Args:
        jacobian: (d, d); [[h]] for the quadratic ½hx², [[ε, 1], [−1, ε]] for the quadratic game.
        grid: what varies.

    Returns:
        (rows, columns): |ρ_n|^(1/(k_1…k_n)) of the slowest mode; with momentum kept or reset, or outer momentum, the
        spectral radius of M_n in its place.
    """
    spec = grid.spec
    bases = _base_matrices(jacobian, grid)
    if is_polynomial(spec) and not any(mu.any() for mu in grid.outer_momentum):
        modes = np.linalg.eigvals(bases).T  # (modes, cells)
        radius = np.abs(factors_of_cells(modes, grid.k, grid.alpha)[-1]).max(axis=0)
    else:
        radius = _radii(_layer_matrices_of_cells(bases, grid))
    total = np.prod(grid.k, axis=0) if grid.k else 1
    return np.asarray(radius ** (1 / total)).reshape(grid.shape)


def _base_matrices(jacobian: ArrayLike, grid: ParameterGrid) -> Real:
    unique, where = np.unique(grid.lr, return_inverse=True)
    return np.stack([spec_matrix(jacobian, grid.spec.with_lr(float(lr))) for lr in unique])[where]


def _layer_matrices_of_cells(bases: Real, grid: ParameterGrid) -> Real:
    """M_n of every cell. A layer that has outer momentum in one cell has a b in all."""
    spec, matrices = grid.spec, bases
    synchronisation = Synchronisation(
        bases.shape[-1], velocity_weight(spec) > 0, spec.sync_momentum, spec.inner_buffers
    )
    with_momentum = [bool(mu.any()) for mu in grid.outer_momentum]
    for level, (k, alpha, mu) in enumerate(zip(grid.k, grid.alpha, grid.outer_momentum, strict=True)):
        D, E = synchronisation.matrices_of_cells(
            alpha, mu, with_momentum[:level], with_momentum[level], nesterov=spec.layers[level].outer_nesterov
        )
        inner, powers = widen(matrices, D.shape[-1]), np.empty_like(D)
        for value in np.unique(k):
            cells = k == value
            with np.errstate(over="ignore", invalid="ignore"):
                powers[cells] = np.linalg.matrix_power(inner[cells], int(value))
        with np.errstate(over="ignore", invalid="ignore"):
            matrices = D + E @ powers
    return matrices


def _radii(matrices: Real) -> Real:
    finite = np.isfinite(matrices).all(axis=(1, 2))
    radii = np.full(len(matrices), np.inf)
    radii[finite] = np.abs(np.linalg.eigvals(matrices[finite])).max(axis=-1)
    return radii
