"""The cells of a study of a network: one training per cell and seed, those of equal shape together, coarse grid first.

A training is addressed by its content (task, optimizer, steps, seed), so a wider or finer grid and more seeds compute
only what is new. Seeds are those of weights and batches, the same in every cell.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from optim_core.device import CPU
from optim_core.ensemble import Member, MemberRun, train_together
from optim_core.study.axis import OF_TASKS
from optim_core.study.result import StudyResult
from optim_core.study.run import FAILURES
from optim_core.study.study import Study, content_of
from optim_core.task import Task
from optim_core.trajectory import Floats, Ints

COARSEST = 2  # points along an axis of the first, coarse grid, at least: a cell takes seconds
MOST_MEMBERS = 64  # trainings of one chunk
CHUNK_STEPS = 20_000  # base steps of all trainings of a chunk, so that others need not wait long for a worker
PARTS, LEAST = 4, 8  # chunks into which small studies are cut, so that all workers have some; members of such a chunk

Settings = Mapping[str, Any]
TaskOf = Callable[[Settings], Task]
"""From the settings of a task, as its `describe()` has them, the task."""


@dataclass(frozen=True, slots=True)
class CellRun:
    """One training: its key, the cell (a flat index), the seed of weights and batches."""

    key: str
    cell: int
    seed: int


Chunk = tuple[CellRun, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """Of one training: the measure on validation and on test data, infinite where it diverged, and at which step."""

    value: float
    test: float
    diverged: int = -1


End = Outcome | str
"""Of one training: its outcome, or why it failed."""


@dataclass(frozen=True, eq=False)
class Trained:
    """Outcomes of trainings by `CellRun.key`, each of shape (trainings,)."""

    keys: NDArray[np.str_]
    value: Floats
    test: Floats
    diverged: Ints

    def outcomes(self) -> dict[str, Outcome]:
        """By key."""
        columns = (self.value.tolist(), self.test.tolist(), self.diverged.tolist())
        return {key: Outcome(*rest) for key, *rest in zip(self.keys.tolist(), *columns, strict=True)}


def trained_from(outcomes: Mapping[str, Outcome]) -> Trained:
    """The inverse of `Trained.outcomes`."""
    value, test = (np.array([getattr(one, name) for one in outcomes.values()]) for name in ("value", "test"))
    diverged = np.array([one.diverged for one in outcomes.values()], dtype=np.int64)
    return Trained(np.array([*outcomes], dtype=np.str_), value, test, diverged)


def merged_trained(parts: Sequence[Trained]) -> Trained:
    """The same outcomes as one value, each training once."""
    return trained_from({key: one for part in parts for key, one in part.outcomes().items()})


def scene_of(study: Study) -> str:
    """What all trainings of a study share, as text: the task but for what an axis may vary, and the base steps."""
    fixed = [(name, value) for name, value in study.objective.parameters if name not in OF_TASKS]
    return f"{study.objective.kind} {fixed!r} {study.steps}"


def measured(metrics: Mapping[str, float]) -> tuple[float, float]:
    """What a task is measured by, on validation and on test data; smaller is better.

    The share of wrong answers where there is an accuracy, else the Fréchet distance or the loss.
    """
    if "val_accuracy" in metrics:
        return 1 - metrics["val_accuracy"], 1 - metrics["test_accuracy"]
    name = "frechet" if "val_frechet" in metrics else "loss"
    return metrics[f"val_{name}"], metrics[f"test_{name}"]


class Trainings:
    """All trainings of a study: outcomes of some, reasons why others failed; the rest is missing.

    Results may be read in one thread while another adds outcomes.
    """

    def __init__(self, study: Study) -> None:
        self.study = study
        self.runs = _runs_of(study)
        self._ends: dict[str, End] = {}
        self.keys = frozenset(run.key for run in self.runs)

    @property
    def total(self) -> int:
        """How many different trainings there are."""
        return len(self.keys)

    @property
    def done(self) -> int:
        """How many of them have ended, those that failed among them."""
        return len(self._ends)

    def add(self, outcomes: Mapping[str, Outcome]) -> None:
        """Take outcomes; those of no training of this study are left out."""
        self._ends.update({key: one for key, one in outcomes.items() if key in self.keys})

    def fail(self, reasons: Mapping[str, str]) -> None:
        """Take why trainings failed, by key; those that have an outcome keep it."""
        self._ends.update({key: reason for key, reason in reasons.items() if not self._has_outcome(key)})

    def take(self, ends: Mapping[str, End]) -> Trained | None:
        """Take how trainings ended; what is worth keeping of it, None where all failed."""
        outcomes = {key: end for key, end in ends.items() if isinstance(end, Outcome)}
        self.add(outcomes)
        self.fail({key: end for key, end in ends.items() if isinstance(end, str)})
        return trained_from(outcomes) if outcomes else None

    def _has_outcome(self, key: str) -> bool:
        return isinstance(self._ends.get(key), Outcome)

    def chunks(self, most_steps: int = CHUNK_STEPS) -> list[Chunk]:
        """What is missing, coarse grid first, cut into chunks that can train together: of one batch size.

        `most_steps` are base steps of all trainings of a chunk.
        """
        study, missing = self.study, [run for run in self.runs if not self._has_outcome(run.key)]
        by_cell: dict[int, list[CellRun]] = {}
        for run in {run.key: run for run in reversed(missing)}.values():  # each key once, at its first cell
            by_cell.setdefault(run.cell, []).append(run)
        even = max(LEAST, math.ceil(len(by_cell) * study.seeds / PARTS))
        size = max(1, min(MOST_MEMBERS, most_steps // study.steps, even))
        chunks: list[Chunk] = []
        for level in study.levels(COARSEST):
            shapes: dict[Any, list[CellRun]] = {}
            for cell in level.tolist():
                shape = study.task_parameters[cell].get("batch_size")
                shapes.setdefault(shape, []).extend(sorted(by_cell.get(cell, ()), key=lambda run: run.seed))
            chunks += [tuple(runs[at : at + size]) for runs in shapes.values() for at in range(0, len(runs), size)]
        return chunks

    def result(self) -> StudyResult:
        """What is known so far; NaN in cells of which a training is missing or failed."""
        study = self.study
        shape = (*study.shape, study.seeds)
        nothing = Outcome(math.nan, math.nan)
        ends = [self._ends.get(run.key, nothing) for run in self.runs]  # each once: others may add to them meanwhile
        outcomes = [nothing if isinstance(end, str) else end for end in ends]
        reasons = {study.place(run.cell): end for run, end in zip(self.runs, ends, strict=True) if isinstance(end, str)}
        return StudyResult(
            study,
            np.array([one.value for one in outcomes]).reshape(shape),
            np.array([one.diverged for one in outcomes], dtype=np.int64).reshape(shape),
            reasons,
            np.array([one.test for one in outcomes]).reshape(shape),
        )


def run_trainings(
    study: Study,
    task_of: TaskOf,
    *,
    trainings: Trainings | None = None,
    chunk_steps: int = CHUNK_STEPS,
    device: str = CPU,
    on_trained: Callable[[Trained], None] | None = None,
    on_progress: Callable[[int, int], None] | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> StudyResult:
    """Train everything that is not known, in this process, chunk by chunk, and again what failed.

    A training that fails is marked with its reason, and the others go on.

    Args:
        study: which cells.
        task_of: makes tasks.
        trainings: those of this study with what is known from before; they take what is new.
        chunk_steps: base steps of all trainings of a chunk.
        device: one of `optim_core.device.DEVICES`.
        on_trained: given what was trained, after every chunk.
        on_progress: called with (base steps done, base steps) of the trainings that are not known.
        should_stop: asked often; when true, what is missing stays NaN.
    """
    trainings = Trainings(study) if trainings is None else trainings
    chunks, done = trainings.chunks(chunk_steps), 0
    missing = sum(map(len, chunks)) * study.steps
    for chunk in chunks:

        def report(step: int, steps: int, before: int = done, members: int = len(chunk)) -> None:
            if on_progress is not None:
                on_progress(before + step * members, missing)

        ends = train_chunk(members_of(study, chunk, task_of), study.steps, report, should_stop, device)
        if ends is None:
            break
        done += len(chunk) * study.steps
        trained = trainings.take(dict(zip((run.key for run in chunk), ends, strict=True)))
        if on_trained is not None and trained is not None:
            on_trained(trained)
    return trainings.result()


def members_of(study: Study, chunk: Chunk, task_of: TaskOf) -> list[Member]:
    """The members that a chunk's trainings are; all players of a task have the same optimizer."""
    return [Member(task_of(study.task_parameters[run.cell]), study.specs[run.cell], run.seed) for run in chunk]


def train_chunk(
    members: Sequence[Member],
    steps: int,
    on_progress: Callable[[int, int], None] | None = None,
    should_stop: Callable[[], bool] | None = None,
    device: str = CPU,
) -> list[End] | None:
    """How each member ended, None where it was stopped.

    Where members fail together, each half trains by itself, down to the member that fails alone. A member alone trains
    beside a copy of itself: products of one matrix round otherwise than those of several, and a cell's bits should not
    depend on what is trained with it.
    """
    beside = members[:1] if len(members) == 1 else []
    try:
        runs = train_together(
            [*members, *beside],
            steps,
            evaluate_every=steps,
            device=device,
            on_progress=on_progress,
            should_stop=should_stop,
        )
    except FAILURES as error:
        if len(members) == 1:
            return [str(error) or type(error).__name__]
        half = len(members) // 2
        first = train_chunk(members[:half], steps, None, should_stop, device)
        second = None if first is None else train_chunk(members[half:], steps, None, should_stop, device)
        return None if first is None or second is None else [*first, *second]
    return None if runs is None else [_outcome(run) for run in runs[: len(members)]]


def _outcome(run: MemberRun) -> Outcome:
    if run.diverged is not None:
        return Outcome(math.inf, math.inf, run.diverged)
    value, test = measured({name: float(values[-1]) for name, values in run.curves.outermost.items()})
    return Outcome(value if math.isfinite(value) else math.inf, test if math.isfinite(test) else math.inf)


def _runs_of(study: Study) -> tuple[CellRun, ...]:
    """All trainings, cell by cell and seed by seed."""
    first = study.objective.seed
    scene = hashlib.blake2b(scene_of(study).encode(), digest_size=16)
    keys = (_cell_key(study, cell, scene.copy()) for cell in range(study.cells))
    return tuple(
        CellRun(f"{key}-{seed}", cell, seed)
        for cell, key in enumerate(keys)
        for seed in range(first, first + study.seeds)
    )


def _cell_key(study: Study, cell: int, digest: hashlib.blake2b) -> str:
    """A digest of all that a cell's trainings depend on but their seeds, given one of what all cells share."""
    varied = [(name, study.task_parameters[cell].get(name)) for name in OF_TASKS]
    digest.update(f" {varied!r} {content_of(study.specs[cell])}".encode())
    return digest.hexdigest()
