"""Convergence rates: the slope of a measure against T on log-log axes, with its confidence interval.

Pushkin & Barba 2021 (arXiv 2110.14254): for a smooth nonconvex objective with gradients of bounded variance and two
layers, the mean squared gradient norm after T base steps is O(1/√T) with lr ∝ 1/√T, a slope of −1/2.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike


@dataclass(frozen=True)
class Slope:
    """A fitted line log y = intercept + value · log x and the half width of the slope's confidence interval."""

    value: float
    half_width: float
    intercept: float
    points: int


def log_log_slope(x: ArrayLike, samples: ArrayLike, *, confidence: float = 0.95) -> Slope:
    """Least-squares slope of the mean's logarithm, its error propagated from the spread over the samples.

    Args:
        x: (points,), positive.
        samples: (points, samples), independent between points; the mean over samples must be positive.
        confidence: of the interval, normal approximation.

    Raises:
        ValueError: fewer than two points or samples, or a mean that is not positive.
    """
    values = np.asarray(samples, dtype=np.float64)
    if values.ndim != 2 or values.shape[0] < 2 or values.shape[1] < 2:
        raise ValueError(f"at least 2 points of at least 2 samples are needed for a slope, got shape {values.shape}")
    mean = values.mean(axis=1)
    if not (mean > 0).all():
        raise ValueError(f"means must be positive for a log-log fit, got {mean.min()}")
    relative_error = values.std(axis=1, ddof=1) / np.sqrt(values.shape[1]) / mean
    log_x = np.log(np.asarray(x, dtype=np.float64))
    offsets = log_x - log_x.mean()
    weights = offsets / (offsets**2).sum()
    value = float(weights @ np.log(mean))
    deviation = float(np.sqrt((weights**2) @ (relative_error**2)))
    quantile = NormalDist().inv_cdf(0.5 + confidence / 2)
    intercept = float(np.log(mean).mean() - value * log_x.mean())
    return Slope(value, quantile * deviation, intercept, len(mean))
