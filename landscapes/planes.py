"""Planes through the weight space of a network: origin + a·u + b·v.

Principal components of trajectories and filter-normalised random directions: Li et al. 2018, arXiv 1712.09913.
Principal components of a random walk: Antognini & Sohl-Dickstein 2018, arXiv 1806.08805.
"""

from __future__ import annotations

import math
import mmap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import nn

from landscapes.weights import flat_weights

Vector = NDArray[np.float64]
Snapshots = NDArray[np.floating]

BLOCK = 1 << 22  # numbers held at once while reading snapshots: bounds memory at 32 MB


@dataclass(frozen=True, eq=False)
class Projection:
    """Where points lie on a plane: coordinates (rows, 2) along u and v, and the distance (rows,) from the plane."""

    coordinates: Vector
    distance: Vector


@dataclass(frozen=True, eq=False)
class Plane:
    """The points origin + a·u + b·v, all of shape (P,).

    `explained`: for principal components, the shares of the snapshots' variance along u and v.

    Raises:
        ValueError: the three differ in shape, hold a number that is not finite, or u and v lie on one line.
    """

    origin: Vector
    u: Vector
    v: Vector
    explained: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        for name in ("origin", "u", "v"):
            vector = np.asarray(getattr(self, name), np.float64)
            object.__setattr__(self, name, vector)
            if vector.ndim != 1 or vector.shape != self.origin.shape:
                raise ValueError(f"{name} must have shape {self.origin.shape} like origin, got {vector.shape}")
            if not np.isfinite(vector).all():
                raise ValueError(f"{name} must be finite: weights that diverged span no plane")
        uu, uv, vv = self.u @ self.u, self.u @ self.v, self.v @ self.v
        if uu * vv - uv**2 <= 1e-12 * uu * vv:
            raise ValueError("u and v must span a plane, but they lie on one line: choose another point or direction")

    def point(self, a: float, b: float) -> Vector:
        """The weights at the coordinates (a, b), shape (P,)."""
        return self.origin + a * self.u + b * self.v

    def project(self, points: Snapshots) -> Projection:
        """The nearest points of the plane to `points`, shape (rows, P) or (P,)."""
        points = np.atleast_2d(points)
        axes = np.stack([self.u, self.v], 1)
        metric = np.linalg.inv(axes.T @ axes)
        coordinates, distance = np.empty((len(points), 2)), np.empty(len(points))
        for rows in _slices(len(points), max(1, BLOCK // points.shape[1])):
            offset = points[rows] - self.origin
            coordinates[rows] = offset @ axes @ metric
            distance[rows] = np.linalg.norm(offset - coordinates[rows] @ axes.T, axis=1)
            _release(points)
        return Projection(coordinates, distance)


def three_point_plane(a: ArrayLike, b: ArrayLike, c: ArrayLike) -> Plane:
    """The plane through three points: `a` at (0, 0), `b` on the first axis; orthonormal axes in units of weight.

    Raises:
        ValueError: the points lie on one line, as the fast weights and the slow weights before and after the same
            synchronisation do.
    """
    origin, second, third = (np.asarray(point, np.float64) for point in (a, b, c))
    first_offset, second_offset = second - origin, third - origin
    u = first_offset / max(np.linalg.norm(first_offset), np.finfo(float).tiny)
    across = second_offset - (second_offset @ u) * u
    across -= (across @ u) * u  # once more: the first subtraction leaves rounding of the size of `second_offset`
    if not first_offset.any() or not np.linalg.norm(across) > 1e-6 * np.linalg.norm(second_offset):
        raise ValueError("the three points lie on one line, which spans no plane: choose a third point off it")
    return Plane(origin, u, across / np.linalg.norm(across))


def random_plane(model: nn.Module, seed: int) -> Plane:
    """Two random directions through the weights of `model`, each filter as long as the model's own.

    A filter is a row of a weight tensor: all weights into one unit. Biases and the scales of normalisation layers are
    left where they are, as in the source's published figures.
    """
    random = torch.Generator().manual_seed(seed)
    u, v = (torch.cat([_filters_like(p, random) for p in model.parameters()]) for _ in range(2))
    return Plane(flat_weights(model).cpu().double().numpy(), u.numpy(), v.numpy())


def _filters_like(parameter: nn.Parameter, random: torch.Generator) -> torch.Tensor:
    weights = parameter.detach().cpu().double()
    if weights.ndim < 2:
        return torch.zeros(weights.numel(), dtype=torch.float64)
    filters = weights.reshape(len(weights), -1)
    direction = torch.randn(filters.shape, generator=random, dtype=torch.float64)
    scaled_direction: torch.Tensor = direction * (filters.norm(dim=1) / direction.norm(dim=1))[:, None]
    return scaled_direction.reshape(-1)


def pca_plane(tracks: Snapshots | Sequence[Snapshots], every: int = 1) -> Plane:
    """The two principal directions of snapshots (rows, P) of one or of several tracks; the origin is their mean.

    Uses the Gram matrix of the snapshots, rows x rows, read in blocks of columns: P may be large and the arrays
    memory-mapped. Axes are orthonormal and point towards where the first track ends.

    Args:
        tracks: one array or several with equal P.
        every: use every so many rows only.

    Raises:
        ValueError: fewer than three snapshots, or all on one line, or a number that is not finite.
    """
    mean, (u, v), shares = _principal_axes(_arrays(tracks, every), 2)
    return Plane(mean, u, v, (shares[0], shares[1]))


def players_plane(tracks: Snapshots | Sequence[Snapshots], first: int, every: int = 1) -> Plane:
    """The first principal direction of each of two players: rotation in a game shows as turning in this plane.

    Args:
        tracks: snapshots as for `pca_plane`.
        first: how many of the P weights are the first player's; the rest are the second's.
        every: use every so many rows only.

    Raises:
        ValueError: as `pca_plane`, for each player; or `first` leaves one without weights.
    """
    arrays = _arrays(tracks, every)
    size = arrays[0].shape[1]
    if not 0 < first < size:
        raise ValueError(f"first must be between 1 and {size - 1}, the weights of both players, got {first}")
    means, axes, shares = zip(
        *(_principal_axes([array[:, part] for array in arrays], 1) for part in (slice(first), slice(first, size))),
        strict=True,
    )
    u, v = np.zeros(size), np.zeros(size)
    u[:first], v[first:] = axes[0][0], axes[1][0]
    return Plane(np.concatenate(means), u, v, (shares[0][0], shares[1][0]))


def _arrays(tracks: Snapshots | Sequence[Snapshots], every: int) -> list[Snapshots]:
    arrays = [np.asarray(tracks)] if isinstance(tracks, np.ndarray) else list(tracks)
    return [array[::every] for array in arrays]


def _principal_axes(arrays: list[Snapshots], axes: int) -> tuple[Vector, Vector, list[float]]:
    """Mean (P,), principal axes (axes, P) and their shares of the variance."""
    count, size = sum(len(array) for array in arrays), arrays[0].shape[1]
    if count < 3:
        raise ValueError(f"principal components need at least 3 snapshots, got {count}")
    precision = np.result_type(np.float32, *arrays)  # single for what is stored in single or half: twice as fast
    mean, gram = np.empty(size), np.zeros((count, count))
    columns = list(_slices(size, max(1, BLOCK // count)))
    for block in columns:
        values = _columns(arrays, block, precision)
        mean[block] = values.mean(0, dtype=np.float64)
        if not np.isfinite(mean[block]).all():
            raise ValueError("snapshots must be finite: leave out what came after a divergence")
        values -= mean[block].astype(precision)
        gram += values @ values.T
    weights, shares = _principal(gram, axes)
    directions = np.empty((axes, size))
    for block in columns:
        directions[:, block] = weights @ (_columns(arrays, block, precision) - mean[block])
    towards_end = np.sign(directions @ (arrays[0][-1] - mean))
    directions *= np.where(towards_end == 0, 1.0, towards_end)[:, None]
    return mean, directions, shares


def _principal(gram: Vector, axes: int) -> tuple[Vector, list[float]]:
    """How to weight the snapshots (axes, rows) into unit axes, and each axis' share of the variance."""
    from scipy.sparse.linalg import eigsh

    total, start = np.trace(gram), np.random.default_rng(0).standard_normal(len(gram))
    # Lanczos iteration: a dense solver finds all the other vectors as well, and waits for threads on every core.
    values, vectors = eigsh(gram, k=axes, v0=start) if total > 0 else (np.zeros(axes), gram[:, :axes])
    order = np.argsort(values)[::-1]
    values, vectors = values[order], vectors[:, order]
    if values[-1] <= 1e-12 * values[0] or total <= 0:
        raise ValueError("the snapshots lie on one line, which spans no plane: choose another kind of plane")
    return (vectors / np.sqrt(values)).T, (values / total).tolist()


def random_walk_shares(points: int) -> tuple[float, float]:
    """Shares of variance along the first two principal directions of a random walk of so many points in a huge space.

    The eigenvalues of a centred walk's Gram matrix are 1 / (2 − 2 cos(πj/n)), j = 1 … n−1, with the sum (n² − 1) / 6;
    for large n the shares approach 6/π² and 6/(4π²): .61 and .15. A trajectory shows structure only beyond that.

    Raises:
        ValueError: fewer than 3 points.
    """
    if points < 3:
        raise ValueError(f"points must be at least 3, got {points}")
    first, second = (6 / (points**2 - 1) / (2 - 2 * math.cos(math.pi * j / points)) for j in (1, 2))
    return first, second


def _columns(arrays: Sequence[Snapshots], block: slice, precision: np.dtype[np.floating]) -> Snapshots:
    """A block of columns of all snapshots, stacked."""
    copies = []
    for array in arrays:
        copies.append(array[:, block].astype(precision))
        _release(array)
    return np.concatenate(copies)


def _release(array: Snapshots) -> None:
    """Release the pages of a read-only memory-mapped file, which otherwise count as this process' memory."""
    owner: object = array
    while isinstance(owner, np.ndarray):
        owner = owner.base
    if isinstance(owner, mmap.mmap) and not array.flags.writeable and hasattr(mmap, "MADV_DONTNEED"):
        owner.madvise(mmap.MADV_DONTNEED)


def _slices(length: int, size: int) -> Iterator[slice]:
    return (slice(start, start + size) for start in range(0, length, size))
