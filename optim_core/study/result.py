"""What came out of a study: the measure in every cell for every seed, its summaries, the best cell and its ties."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from optim_core.study.axis import Axis
from optim_core.study.study import Study
from optim_core.sweep import standard_error, ties_of
from optim_core.trajectory import Floats, Ints

Place = tuple[int, int]
"""Row and column of a cell."""


@dataclass(frozen=True, eq=False)
class StudyResult:
    """Outcomes of a study's cells.

    value: (rows, columns, seeds) the measure after the last step; infinite where the run diverged, NaN in a cell that
    failed or was not computed
    diverged: (rows, columns, seeds) the step at which the run diverged, else −1
    reasons: why cells failed, by their place
    test: (rows, columns, seeds) of a task the same measure on test data, by which nothing is chosen;
    (0, 0, 0) of a field
    """

    study: Study
    value: Floats
    diverged: Ints
    reasons: Mapping[Place, str]
    test: Floats = field(default_factory=lambda: np.empty((0, 0, 0)))

    @cached_property
    def mean(self) -> Floats:
        """Over the seeds, (rows, columns); infinite where any run diverged."""
        return np.asarray(self.value.mean(axis=-1))

    @cached_property
    def median(self) -> Floats:
        """Over the seeds, (rows, columns), a diverged run counting as infinite."""
        ordered = np.sort(self.value, axis=-1)
        seeds = ordered.shape[-1]
        return np.asarray((ordered[..., (seeds - 1) // 2] + ordered[..., seeds // 2]) / 2)

    @cached_property
    def spread(self) -> Floats:
        """Standard deviation over the seeds, (rows, columns); NaN where a run diverged, or where there is one seed."""
        if self.value.shape[-1] < 2:
            return np.full(self.study.shape, np.nan)
        with np.errstate(invalid="ignore"):
            return np.asarray(self.value.std(axis=-1, ddof=1))

    @cached_property
    def error(self) -> Floats:
        """Standard error of the mean, (rows, columns); 0 for one seed, NaN where a run diverged."""
        return standard_error(self.value)

    @cached_property
    def share_diverged(self) -> Floats:
        """Share of the seeds whose run diverged, (rows, columns); NaN in cells without an outcome."""
        return np.where(self.has_outcome, (self.diverged >= 0).mean(axis=-1), np.nan)

    @property
    def has_outcome(self) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
        """Whether cells were computed, (rows, columns)."""
        return np.asarray(~np.isnan(self.value).any(axis=-1))

    @cached_property
    def best(self) -> Place | None:
        """The cell of the least mean, the first of several equal ones; None where in every cell some run diverged."""
        mean = np.where(np.isfinite(self.mean), self.mean, np.inf)
        if not np.isfinite(mean).any():
            return None
        return self.study.place(int(mean.argmin()))

    @cached_property
    def ties(self) -> tuple[Place, ...]:
        """Cells whose mean differs from the best by at most two standard errors of the paired difference."""
        if self.best is None:
            return ()
        cells = self.value.reshape(-1, self.value.shape[-1])
        best = self.study.cell(self.best)
        return tuple(self.study.place(cell) for cell in ties_of(cells, best))

    @property
    def edges(self) -> tuple[str, ...]:
        """Names of the axes at an end of which the best cell lies, where the setting goes on: more might do better."""
        if self.best is None or not self.study.is_grid:
            return ()
        axes = zip((self.study.y, self.study.x), self.best, self.study.shape, strict=True)
        return tuple(axis.name for axis, place, count in axes if _is_open_end(axis, place, count))

    def best_along(self, name: str) -> tuple[Place | None, ...]:
        """For every value of the other axis, the cell of the least mean along `name`; None where no mean is finite.

        Raises:
            ValueError: neither axis has this name.
        """
        if name not in (self.study.x.name, self.study.y.name):
            raise ValueError(f"an axis of this study is {self.study.x.name} or {self.study.y.name}, got {name!r}")
        across = name == self.study.x.name
        mean = np.where(np.isfinite(self.mean), self.mean, np.inf)
        lines = mean if across else mean.T
        places = [int(line.argmin()) if np.isfinite(line).any() else None for line in lines]
        return tuple(
            None if place is None else ((index, place) if across else (place, index))
            for index, place in enumerate(places)
        )


def _is_open_end(axis: Axis, place: int, count: int) -> bool:
    return (place == 0 and axis.has_beyond(above=False)) or (place == count - 1 and axis.has_beyond(above=True))
