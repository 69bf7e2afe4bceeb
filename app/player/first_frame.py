"""What a player draws by itself before the chart that it will lie over has come."""

from __future__ import annotations

import base64
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

MOST_POINTS = 64  # along an axis: shown until the chart comes, in 11 kB


@dataclass(frozen=True)
class PackedHeights:
    """Heights as 16-bit numbers in base64, row after row, the lowest y first."""

    columns: int
    rows: int
    values: str


@dataclass(frozen=True)
class FirstFrame:
    """Axes at the place of the coming chart.

    Attributes:
        extent: of the axes: left, right, bottom, top.      margin: pixels around the axes: left, right, top, bottom.
        heights: to shade and contour.
    """

    extent: tuple[float, float, float, float]
    margin: tuple[int, int, int, int]
    heights: PackedHeights | None = None


def pack_heights(heights: ArrayLike, most: int = MOST_POINTS) -> PackedHeights:
    """Heights (rows of y, lowest first, columns of x), thinned to `most` an axis; undefined ones are highest."""
    all_heights = np.asarray(heights, dtype=np.float64)
    picks = [np.linspace(0, count - 1, min(count, most)).round().astype(int) for count in all_heights.shape]
    values = _sixteen_bits(all_heights[np.ix_(*picks)])
    return PackedHeights(len(picks[1]), len(picks[0]), base64.b64encode(values.tobytes()).decode())


def _sixteen_bits(sample: NDArray[np.floating]) -> NDArray[np.uint16]:
    finite = sample[np.isfinite(sample)]
    low, high = (finite.min(), finite.max()) if finite.size else (0.0, 0.0)
    fractions = np.nan_to_num((sample - low) / (high - low or 1.0), nan=1.0, posinf=1.0, neginf=0.0)
    return np.round(65535 * np.clip(fractions, 0, 1)).astype("<u2")
