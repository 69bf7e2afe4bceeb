"""Work of a worker process: train one request, report, save checkpoints, store the result."""

from __future__ import annotations

import errno
import logging
import os
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from app.jobs.errors import JobsError, StoreError
from app.jobs.files import DATA_VARIABLE, clear_errors
from app.jobs.request import FORMAT, TrainingRequest, request_from
from app.jobs.store import RunStore, TrainingResult
from app.jobs.workspace import Progress, Workspace

if TYPE_CHECKING:
    from optim_core.training import Training

PROGRESS_SECONDS = 0.25
CHECKPOINT_SECONDS = 2.0
CANCEL_SECONDS = 0.05
OVERHEAD = 0.04  # share of a worker's time that writing progress, or checkpoints, may take
STORE_ERRORS = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)

logger = logging.getLogger(__name__)

Outcome = Literal["done", "cancelled"]


@dataclass(frozen=True)
class Order:
    """An order to a worker, of plain values only."""

    root: str
    store: str
    limit: int
    attempt: str
    request: Mapping[str, Any]
    checkpoint_seconds: float = CHECKPOINT_SECONDS
    format: int = FORMAT


def compute_here(
    store: RunStore, request: TrainingRequest, on_progress: Callable[[int, int], None] | None = None
) -> TrainingResult:
    """The run from the store; computed in this process where the store has none, from its checkpoint if there is one.

    `on_progress` is called with (steps done, steps) after each step.

    Raises:
        JobsError, ValueError: as `run_order`.
    """
    run_order(Order(str(store.root), store.identity, store.limit, uuid.uuid4().hex, request.to_json()), on_progress)
    result = store.find(request.key)
    if result is None:
        raise StoreError(
            f"the run store {store.root} did not keep the run: is its limit of {store.limit:,} bytes enough?"
        )
    return result


def run_order(order: Order, on_progress: Callable[[int, int], None] | None = None) -> Outcome:
    """Compute the ordered run, unless it is there already; wait while another process computes it.

    Raises:
        JobsError: the store is not reachable, full or not writable; or this worker runs another version.
        ValueError: a bad request.
    """
    import torch

    torch.set_num_threads(1)
    store = _store_of(order)
    request = request_from(order.request)
    work = Workspace(store.root / "work" / request.key)
    while not work.is_cancelled(order.attempt):
        with store.lock(request.key) as has_lock:
            if has_lock:
                if store.find(request.key) is not None:
                    return "done"
                return _compute(store, work, request, order, on_progress)
        time.sleep(CANCEL_SECONDS)
    return "cancelled"


def _compute(
    store: RunStore,
    work: Workspace,
    request: TrainingRequest,
    order: Order,
    on_progress: Callable[[int, int], None] | None,
) -> Outcome:
    try:
        work.make()
        work.set_message("preparing")
        training, earlier_seconds = _begin(store, work, request)
        reporter = _Reporter(training, work, order, earlier_seconds, on_progress)
        training.run(reporter, reporter.is_cancelled)
        reporter.report()
        if not training.ended:
            reporter.save()
            return "cancelled"
        _finish(store, work, request, reporter)
    except OSError as error:
        if error.errno not in STORE_ERRORS:
            raise
        with clear_errors(store.root):
            raise
    return "done"


def _begin(store: RunStore, work: Workspace, request: TrainingRequest) -> tuple[Training, float]:
    """The training, resumed from its checkpoint, and its earlier seconds; an unusable checkpoint counts as none."""
    checkpoint = work.checkpoint()
    if checkpoint is not None:
        training = _prepare(store, work, request)
        try:
            training.begin(checkpoint["training"])
            return training, float(checkpoint["seconds"])
        except (ValueError, KeyError, TypeError, RuntimeError):
            logger.warning("the checkpoint of run %s is of no use: starting anew", request.key)
    training = _prepare(store, work, request)
    training.begin()
    return training, 0.0


def _prepare(store: RunStore, work: Workspace, request: TrainingRequest) -> Training:
    from landscapes.tasks import DATASETS, task_from
    from landscapes.tasks.data import ensure
    from optim_core.snapshots import FolderSink
    from optim_core.training import Training

    if (dataset := request.task.get("dataset", "")) in DATASETS:
        with store.waiting_lock(f"data-{dataset}"):  # one download serves all workers
            ensure(dataset, work.set_message)
    sink = FolderSink(work.weights, request.snapshot_dtype)
    training = Training(task_from(request.task), request.specs(), request.plan(), sink)
    store.check_room(_bytes_needed(training, request))
    return training


def _finish(store: RunStore, work: Workspace, request: TrainingRequest, reporter: _Reporter) -> None:
    run = reporter.training.result()
    resume_notes = (f"Continued from the checkpoint at step {reporter.resumed_at}.",) if reporter.resumed_at else ()
    meta = {
        "request": request.to_json(),
        "players": run.players,
        "sizes": run.sizes,
        "layers": [layer.numbers for layer in run.layers],
        "tracks": list(run.snapshots.tracks),
        "diverged": run.diverged,
        "notes": [*store.damage_notes(request.key), *resume_notes],
        "seconds": reporter.seconds,
    }
    store.put(request.key, work.weights, meta, run.curves)
    store.discard(work.folder)


class _Reporter:
    """Writes progress and checkpoints at intervals, longer ones where writing takes long."""

    def __init__(
        self,
        training: Training,
        work: Workspace,
        order: Order,
        earlier_seconds: float,
        on_progress: Callable[[int, int], None] | None,
    ) -> None:
        self.training, self.work, self.order, self.on_progress = training, work, order, on_progress
        self.start_time, self.earlier_seconds = time.monotonic(), earlier_seconds
        self.resumed_at = training.step
        self.next_report = self.next_look = 0.0
        self.next_save = time.monotonic() + order.checkpoint_seconds
        self._stop = False
        self.report()

    @property
    def seconds(self) -> float:
        """Time spent on this run, earlier attempts included up to their last checkpoint."""
        return self.earlier_seconds + time.monotonic() - self.start_time

    def __call__(self, _: Training) -> None:
        now = time.monotonic()
        if now >= self.next_report:
            self.report()
            self.next_report = _later(now, PROGRESS_SECONDS)
        if now >= self.next_save:
            self.save()
            self.next_save = _later(now, self.order.checkpoint_seconds)
        if self.on_progress is not None:
            self.on_progress(self.training.step, self.training.plan.steps)

    def is_cancelled(self) -> bool:
        now = time.monotonic()
        if now >= self.next_look:
            self._stop = self.work.is_cancelled(self.order.attempt)
            self.next_look = now + CANCEL_SECONDS
        return self._stop

    def report(self) -> None:
        training, steps = self.training, self.training.plan.steps
        steps_done = training.step - self.resumed_at
        rate = (time.monotonic() - self.start_time) / steps_done if steps_done else None
        eta = None if rate is None else rate * (steps - training.step)
        about = Progress(self.order.attempt, training.step, steps, eta, self.resumed_at, training.curves())
        self.work.write_progress(about)

    def save(self) -> None:
        self.work.save_checkpoint({"training": self.training.state(), "seconds": self.seconds})


def _later(start: float, interval: float) -> float:
    now = time.monotonic()
    return now + max(interval, (now - start) / OVERHEAD)


def _bytes_needed(training: Training, request: TrainingRequest) -> int:
    if request.snapshot_every is None:
        return 0
    size = {"float16": 2, "float32": 4, "float64": 8}[request.snapshot_dtype]
    rows = request.steps // request.snapshot_every + 2
    return rows * len(training.tracks) * training.start.numel() * size


def _store_of(order: Order) -> RunStore:
    """The store that the order means; on another machine it may be mounted where LOOKAHEAD_DATA says there."""
    if order.format != FORMAT:
        raise JobsError(f"this worker stores runs in format {FORMAT}, the server asks for {order.format}: update one")
    for root in (order.root, os.environ.get(DATA_VARIABLE, "")):
        if root and (Path(root) / "store.json").exists():
            store = RunStore(Path(root), order.limit)
            if store.identity == order.store:
                return store
    advice = f"mount the same folder there and name it in {DATA_VARIABLE}"
    raise StoreError(f"this worker does not see the run store {order.root}: {advice}")
