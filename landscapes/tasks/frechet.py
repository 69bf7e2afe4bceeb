"""How close two sets of samples are: the Fréchet distance of the Gaussians fitted to them.

    d² = ‖μ₁ − μ₂‖² + tr(Σ₁ + Σ₂ − 2 (Σ₁ Σ₂)^½)      Dowson & Landau 1982; Heusel et al. 2017, arXiv 1706.08500

Here on raw coordinates or on principal components of the real images, never on a large network's features: the values
compare with each other, not with published ones.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Features:
    """A linear map to the space in which samples are compared: (x − mean) @ axes.T, shapes (D,) and (d, D)."""

    name: str
    mean: Array
    axes: Array

    def __call__(self, samples: NDArray[np.floating]) -> Array:
        """Features (rows, d) of samples (rows, ...)."""
        return (np.asarray(samples, np.float64).reshape(len(samples), -1) - self.mean) @ self.axes.T


def raw_features(size: int) -> Features:
    """The samples themselves."""
    return Features("raw", np.zeros(size), np.eye(size))


def principal_features(samples: NDArray[np.floating], count: int) -> Features:
    """The first `count` principal components of real samples (rows, ...)."""
    rows = np.asarray(samples, np.float64).reshape(len(samples), -1)
    mean = rows.mean(0)
    _, vectors = np.linalg.eigh(np.cov(rows.T))
    return Features(f"{count} PCA features", mean, vectors[:, -count:].T[::-1])


def frechet_distance(first: Array, second: Array) -> float:
    """d² between two sets of features (rows, d); NaN where one is not finite.

    Raises:
        ValueError: fewer than two rows in a set, or sets of different d.
    """
    if min(len(first), len(second)) < 2 or first.shape[1] != second.shape[1]:
        raise ValueError(f"two sets of at least 2 rows of equal width are needed, got {first.shape} and {second.shape}")
    if not (np.isfinite(first).all() and np.isfinite(second).all()):
        return float("nan")
    first_covariance, second_covariance = (np.atleast_2d(np.cov(each.T)) for each in (first, second))
    # Σ₁Σ₂ has the eigenvalues of the symmetric Σ₁^½ Σ₂ Σ₁^½, whose square roots sum to the trace sought.
    values, vectors = np.linalg.eigh(first_covariance)
    root = (vectors * np.sqrt(values.clip(0))) @ vectors.T
    cross = np.sqrt(np.linalg.eigvalsh(root @ second_covariance @ root).clip(0)).sum()
    shift = first.mean(0) - second.mean(0)
    return float(shift @ shift + np.trace(first_covariance) + np.trace(second_covariance) - 2 * cross)
