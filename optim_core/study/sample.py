"""A study of more than two settings at once: points of Sobol's sequence in place of a grid.

Sobol 1967, in the scrambled form of Owen (1998) that torch.quasirandom has: every power of two of points fills the box
evenly in each axis and each pair of axes.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch

from optim_core.study.axis import WHOLE, Axis
from optim_core.study.study import Ints, Study, check_whole

MOST_AXES, MOST_POINTS = 8, 65_536


@dataclass(frozen=True)
class SampledStudy(Study):
    """So many points over the ranges of x, y and further axes, whose own numbers of points do not count.

    Cells are one row. A larger sample of the same seed begins with the smaller one.

    Args:
        further: axes beside x and y.
        points: how many cells.
        sample_seed: of the scrambling.

    Raises:
        ValueError: as for a study; more than eight axes, or no points.
    """

    further: tuple[Axis, ...] = ()
    points: int = 64
    sample_seed: int = 0

    def __post_init__(self) -> None:
        if len(self.axes) > MOST_AXES:
            raise ValueError(f"a sample has at most {MOST_AXES} axes, got {len(self.axes)}: leave some out")
        check_whole("points", self.points, MOST_POINTS)
        super().__post_init__()

    @property
    def axes(self) -> tuple[Axis, ...]:
        """What varies."""
        return (self.x, self.y, *self.further)

    @property
    def sides(self) -> tuple[str, ...]:
        """Names of the axes' places."""
        return ("x", "y", *(f"further axis {number}" for number in range(1, len(self.further) + 1)))

    @property
    def is_grid(self) -> bool:
        """Cells are points anywhere."""
        return False

    @property
    def shape(self) -> tuple[int, int]:
        """One row."""
        return 1, self.points

    @cached_property
    def settings(self) -> tuple[Mapping[str, float], ...]:
        """What varies, by the axes' names, in all cells."""
        engine = torch.quasirandom.SobolEngine(len(self.axes), scramble=True, seed=self.sample_seed)  # type: ignore[no-untyped-call]
        shares = engine.draw(self.points, dtype=torch.float64).tolist()
        return tuple(
            {axis.name: value_at(axis, share) for axis, share in zip(self.axes, row, strict=True)} for row in shares
        )

    def levels(self, coarsest: int = 1) -> list[Ints]:
        """Points in the order of the sequence, in parts that double: each fills the box evenly."""
        ends = [2**power for power in range(4, 17) if 2**power < self.points]
        return [np.arange(first, last) for first, last in zip([0, *ends], [*ends, self.points], strict=True)]


def value_at(axis: Axis, share: float) -> float:
    """The value at a share of the way along an axis, to six digits; whole numbers are equally likely."""
    low, high = (math.log(axis.low), math.log(axis.high)) if axis.log else (axis.low, axis.high)
    if axis.kind in WHOLE and not axis.log:
        return float(min(math.floor(low + share * (high - low + 1)), int(axis.high)))
    value = low + share * (high - low)
    value = math.exp(value) if axis.log else value
    return float(round(value)) if axis.kind in WHOLE else float(f"{value:.6g}")
