"""The cells of a study, run as families, coarse grid first: thousands of optimizers as rows of one loop.

All cells see the same draws of the noise, so that their differences are paired; a cell has the bits of its optimizer
run alone (`optim_core.rows`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from optim_core.study.result import StudyResult
from optim_core.study.study import Study
from optim_core.sweep import Measure
from optim_core.trajectory import Field, Floats, Ints, Trajectory, record

MOST_ROWS = 16_384  # runs of one loop: beyond, its tensors no longer fit the processor's cache
FAILURES = (ValueError, ArithmeticError, RuntimeError, MemoryError)  # of a cell, which then is marked

Outcome = tuple[Floats, Ints]
"""Of one cell: (seeds,) the measure, infinite where the run diverged, and the step at which it did, else −1."""


def slow_loss(run: Trajectory, optimizer: int) -> Floats:
    """The loss at the outermost slow weights after the last step, (starts,)."""
    loss: Floats = run.slow_loss[-1, optimizer]
    return loss


@dataclass(frozen=True)
class Problem:
    """What a study's `Objective` names.

    field: from the scale of the noise in each cell and the number of seeds, the field over the cells' runs: row r
    belongs to cell r // seeds and to draw r % seeds of the noise.
    escape: as for `record`.      measure: one number per start from a trajectory and an optimizer's index; smaller is
    better.
    """

    field: Callable[[Sequence[float], int], Field]
    escape: float = float("inf")
    measure: Measure = slow_loss


@dataclass(frozen=True, eq=False)
class Batch:
    """Outcomes of cells by `Study.keys`: keys (cells,), value (cells, seeds) and diverged (cells, seeds)."""

    keys: NDArray[np.str_]
    value: Floats
    diverged: Ints


def run_study(
    study: Study,
    problem: Problem,
    *,
    known: Mapping[str, Outcome] | None = None,
    on_batch: Callable[[Batch], None] | None = None,
    on_level: Callable[[StudyResult], None] | None = None,
    on_progress: Callable[[int, int], None] | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> StudyResult:
    """Compute every cell that is not known, coarse grid first.

    A cell that fails is marked with its reason, and the others go on.

    Args:
        study: which cells.
        problem: the field that they run on.
        known: outcomes by `Study.keys`, of at least as many seeds; cells without one are computed.
        on_batch: given what was computed, as soon as it is.
        on_level: given the result so far whenever a grid is complete, the coarsest first, the finest not.
        on_progress: called with (base steps done, base steps), summed over the cells that are computed.
        should_stop: asked as often; when true, cells not yet computed stay NaN.
    """
    runner = _Runner(study, problem, dict(known or {}), on_progress, should_stop or (lambda: False))
    levels = study.levels()
    for number, level in enumerate(levels, start=1):
        for batch in runner.run(level):
            if on_batch is not None:
                on_batch(batch)
        if runner.stopped:
            break
        if on_level is not None and number < len(levels):
            on_level(runner.result())
    return runner.result()


class _Runner:
    """Outcomes by key, which grow batch by batch."""

    def __init__(
        self,
        study: Study,
        problem: Problem,
        outcomes: dict[str, Outcome],
        on_progress: Callable[[int, int], None] | None,
        should_stop: Callable[[], bool],
    ) -> None:
        self.study, self.problem, self.on_progress, self.should_stop = study, problem, on_progress, should_stop
        usable = {key: (value, gone) for key, (value, gone) in outcomes.items() if len(value) >= study.seeds}
        self.outcomes: dict[str, Outcome] = {key: usable[key] for key in study.keys if key in usable}
        self.reasons: dict[str, str] = {}
        self.done, self.total = 0, len({*study.keys} - self.outcomes.keys()) * study.steps
        self.stopped = self.is_with_caller = False

    def run(self, cells: Ints) -> Iterator[Batch]:
        """Compute those of these cells that have no outcome, as many together as a loop takes."""
        keys = self.study.keys
        missing = {keys[cell]: cell for cell in cells.tolist()}  # cells of one key are computed once
        missing = {key: cell for key, cell in missing.items() if key not in self.outcomes and key not in self.reasons}
        for group in self._families(list(missing.values())):
            if self.stopped:
                return
            yield from self._attempt(group)

    def _families(self, cells: list[int]) -> Iterator[list[int]]:
        """Cells whose base steps are alike: a momentum of 0 makes plain gradient descent of the base."""
        size = max(1, MOST_ROWS // self.study.seeds)
        groups: dict[bool, list[int]] = {}
        for cell in cells:
            groups.setdefault(self.study.specs[cell].momentum == 0, []).append(cell)
        for group in groups.values():
            yield from (group[first : first + size] for first in range(0, len(group), size))

    def _attempt(self, cells: list[int]) -> Iterator[Batch]:
        """Cells together; where that fails, each half by itself, down to the cell that fails alone."""
        done = self.done
        try:
            batch = self._compute(cells)
        except FAILURES as error:
            if self.is_with_caller:  # its own error, not a cell's
                raise
            self.done = done
            if len(cells) == 1:
                self.reasons[self.study.keys[cells[0]]] = str(error) or type(error).__name__
                self.done += self.study.steps
                return
            half = len(cells) // 2
            yield from self._attempt(cells[:half])
            if not self.stopped:
                yield from self._attempt(cells[half:])
            return
        if batch is not None:
            yield batch

    def _compute(self, cells: list[int]) -> Batch | None:
        study, seeds = self.study, self.study.seeds
        specs = [study.specs[cell] for cell in cells]
        field = self.problem.field([study.noise_scales[cell] for cell in cells], seeds)
        starts = np.repeat([study.objective.start], seeds, axis=0)
        run = record(
            field, specs, starts, study.steps, keep="last", escape=self.problem.escape, engine="rows",
            on_progress=lambda step, steps: self._report(len(cells) * step), should_stop=self._asks_to_stop,
        )  # fmt: skip
        if run.step[-1] < study.steps:
            self.stopped = True
            return None
        self.done += len(cells) * study.steps
        values = np.stack([self.problem.measure(run, index) for index in range(len(cells))])
        values = np.where((run.diverged < 0) & np.isfinite(values), values, np.inf)
        keys = [study.keys[cell] for cell in cells]
        self.outcomes |= zip(keys, zip(values, run.diverged, strict=True), strict=True)
        return Batch(np.array(keys), values, run.diverged)

    def _report(self, steps: int) -> None:
        if self.on_progress is not None:
            self.is_with_caller = True
            self.on_progress(self.done + steps, self.total)
            self.is_with_caller = False

    def _asks_to_stop(self) -> bool:
        self.is_with_caller = True
        stop = self.should_stop()
        self.is_with_caller = False
        return stop

    def result(self) -> StudyResult:
        """What is known so far."""
        study, seeds = self.study, self.study.seeds
        value, diverged = np.full((study.cells, seeds), np.nan), np.full((study.cells, seeds), -1)
        for cell, key in enumerate(study.keys):
            if key in self.outcomes:
                value[cell], diverged[cell] = (part[:seeds] for part in self.outcomes[key])
        reasons = {study.place(cell): self.reasons[key] for cell, key in enumerate(study.keys) if key in self.reasons}
        return StudyResult(study, value.reshape(*study.shape, seeds), diverged.reshape(*study.shape, seeds), reasons)


def known_from(batches: Sequence[Batch]) -> dict[str, Outcome]:
    """The outcomes of batches by key."""
    return {
        key: (value, diverged)
        for batch in batches
        for key, value, diverged in zip(batch.keys.tolist(), batch.value, batch.diverged, strict=True)
    }


def merged(batches: Sequence[Batch]) -> Batch:
    """The same outcomes, which have one number of seeds, as one batch, each cell once."""
    known = known_from(batches)
    value, diverged = (np.stack(parts) for parts in zip(*known.values(), strict=True))
    return Batch(np.array([*known]), value, diverged)
