"""Work of a worker for a study: a chunk of trainings that advance together. Plain values come in and go out."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.jobs.errors import JobsError
from app.jobs.request import FORMAT, spec_from_json, spec_to_json
from app.jobs.worker import CANCEL_SECONDS
from app.jobs.workspace import Workspace
from optim_core.device import CPU

if TYPE_CHECKING:
    from optim_core.ensemble import Member
    from optim_core.spec import OptimizerSpec
    from optim_core.study import Study
    from optim_core.study.trainings import Chunk

Ends = Mapping[str, tuple[float, float, int] | str]
"""By a training's key: the measure on validation and on test data and the step of divergence, or why it failed."""


@dataclass(frozen=True)
class ChunkOrder:
    """An order to a worker.

    keys: of the trainings.      members: of each the place of its task, its optimizer and its seed.
    tasks, optimizers: each once, as JSON-able values.
    device: where to train.
    folder, attempt: of a workspace whose flag stops the chunk; no folder, no flag.
    """

    keys: tuple[str, ...]
    members: tuple[tuple[int, int, int], ...]
    tasks: tuple[Mapping[str, Any], ...]
    optimizers: tuple[Mapping[str, Any], ...]
    steps: int
    device: str = CPU
    folder: str = ""
    attempt: str = ""
    format: int = FORMAT

    def in_workspace(self, folder: Path, attempt: str) -> ChunkOrder:
        """The same order, to be stopped by a flag there."""
        return replace(self, folder=str(folder), attempt=attempt)


def order_of(study: Study, chunk: Chunk, device: str = CPU) -> ChunkOrder:
    """The order that trains a chunk of a study."""
    tasks: dict[tuple[Any, ...], int] = {}
    optimizers: dict[OptimizerSpec, int] = {}
    places = {
        cell: (
            tasks.setdefault(tuple(study.task_parameters[cell].items()), len(tasks)),
            optimizers.setdefault(replace(study.specs[cell], name=""), len(optimizers)),
        )
        for cell in dict.fromkeys(run.cell for run in chunk)
    }
    return ChunkOrder(
        keys=tuple(run.key for run in chunk),
        members=tuple((*places[run.cell], run.seed) for run in chunk),
        tasks=tuple(dict(task) for task in tasks),
        optimizers=tuple(map(spec_to_json, optimizers)),
        steps=study.steps,
        device=device,
    )


def run_chunk(
    order: ChunkOrder, on_progress: Callable[[int, int], None] | None = None, threads: int | None = 1
) -> Ends | None:
    """Train a chunk; None where it was stopped. A training that fails gives its reason, the others go on.

    Raises:
        JobsError: this worker runs another version.
        ValueError, TypeError, KeyError: a bad order.
    """
    import torch

    from optim_core.study.trainings import Outcome, train_chunk

    if order.format != FORMAT:
        raise JobsError(f"this worker trains in format {FORMAT}, the server asks for {order.format}: update one")
    if threads is not None:
        torch.set_num_threads(threads)
    ends = train_chunk(_members(order), order.steps, on_progress, _Flag(order).is_set, order.device)
    if ends is None:
        return None
    return {
        key: (end.value, end.test, end.diverged) if isinstance(end, Outcome) else end
        for key, end in zip(order.keys, ends, strict=True)
    }


def _members(order: ChunkOrder) -> list[Member]:
    from landscapes.tasks import task_from
    from optim_core.ensemble import Member

    tasks = [task_from(task) for task in order.tasks]
    optimizers = [spec_from_json(spec) for spec in order.optimizers]
    return [Member(tasks[task], optimizers[optimizer], seed) for task, optimizer, seed in order.members]


class _Flag:
    """The flag that stops a chunk; the disk is looked at now and then."""

    def __init__(self, order: ChunkOrder) -> None:
        self._workspace = Workspace(Path(order.folder)) if order.folder else None
        self._attempt, self._next_look = order.attempt, 0.0

    def is_set(self) -> bool:
        if self._workspace is None or time.monotonic() < self._next_look:
            return False
        self._next_look = time.monotonic() + CANCEL_SECONDS
        return self._workspace.is_cancelled(self._attempt)
