"""Is one better than the other? Paired differences with intervals, and many such questions at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from optim_core.sweep import standard_error
from optim_core.trajectory import Floats


@dataclass(frozen=True)
class Difference:
    """The mean paired difference, its interval, and the probability of one as large if there were none (t-test)."""

    mean: float
    low: float
    high: float
    p: float


def paired_difference(values: Floats, rival: Floats, confidence: float = 0.95) -> Difference:
    """Values less the rival's on the same seeds, both (seeds,), by Student's t.

    A seed on which exactly one of the two diverged, so that its value is infinite, leaves no interval: the difference
    is NaN, as is p. Where all differences are equal the interval is a point, and p is 1 for no difference, else 0.

    Raises:
        ValueError: other shapes, fewer than two seeds, or a confidence outside (0, 1).
    """
    from scipy.special import stdtr

    if values.shape != rival.shape or values.ndim != 1 or len(values) < 2:
        raise ValueError(
            f"values and rival must be (seeds,) with at least 2 seeds, got {values.shape} and {rival.shape}"
        )
    if not 0 < confidence < 1:
        raise ValueError(f"confidence must be in (0, 1), got {confidence}")
    with np.errstate(invalid="ignore"):
        gaps = values - rival
    mean, freedom = float(gaps.mean()), len(gaps) - 1
    if not np.isfinite(gaps).all():
        return Difference(np.nan, np.nan, np.nan, np.nan)
    error = float(standard_error(gaps))
    if error == 0:
        return Difference(mean, mean, mean, float(mean == 0))
    low, high = mean_interval(gaps, confidence)
    return Difference(mean, float(low), float(high), float(2 * stdtr(freedom, -abs(mean) / error)))


def mean_interval(values: Floats, confidence: float = 0.95) -> tuple[Floats, Floats]:
    """The interval of the mean over the last axis by Student's t: two arrays without it.

    Where there is one value, or one is infinite, both are the mean.
    """
    from scipy.special import stdtrit

    mean, error = values.mean(axis=-1), standard_error(values)
    reach = float(stdtrit(max(1, values.shape[-1] - 1), (1 + confidence) / 2)) * np.nan_to_num(error)
    return mean - reach, mean + reach


def holm(p: Sequence[float]) -> list[float]:
    """Adjusted for the number of questions: what is below a level stays wrong for any of them with that probability.

    Holm 1979, *A simple sequentially rejective multiple test procedure*, Scand. J. Stat. 6. NaN is no question.
    """
    order = sorted((index for index, one in enumerate(p) if not np.isnan(one)), key=lambda index: p[index])
    adjusted, highest = [float("nan")] * len(p), 0.0
    for rank, index in enumerate(order):
        highest = max(highest, min(1.0, (len(order) - rank) * p[index]))
        adjusted[index] = highest
    return adjusted
