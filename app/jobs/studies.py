"""Chunks of all visitors' studies on the workers: a few at a time, after trainings, visitors in turn.

The thread of `Jobs` serves it. A killed worker's chunk is tried again by Dask; without a scheduler, chunks wait for it.
"""

from __future__ import annotations

import threading
import time
import uuid
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from app.jobs.chunk import ChunkOrder, Ends, run_chunk
from app.jobs.devices import ACCELERATOR
from app.jobs.errors import LimitError, asking_scheduler
from app.jobs.explain import explanation
from app.jobs.files import clear_errors
from app.jobs.workspace import Workspace
from optim_core.device import CPU

if TYPE_CHECKING:
    from distributed import Client, Future

    from app.jobs.store import RunStore

StudyState = Literal["running", "done", "cancelled"]

SPARE = 2  # chunks that wait at the workers, so that none is idle until this process has looked
PRIORITY = -10  # for Dask: trainings have 0
MOST_OF_VISITOR = 4  # studies that one visitor may have under way
MOST_ENDED = 100  # studies whose states are kept
FETCH_SECONDS = 10.0


@dataclass(frozen=True)
class StudyStatus:
    """How far a study is: trainings done of those that were missing when it began, seconds left once known.

    under_way: trainings that are with the workers.
    """

    state: StudyState
    done: int
    total: int
    eta: float | None = None
    message: str = ""
    under_way: int = 0


@dataclass
class _Job:
    key: str
    owner: str
    visitors: set[str]
    waiting: deque[ChunkOrder]
    on_end: Callable[[Ends], None]
    total: int
    done: int = 0
    state: StudyState = "running"
    running: dict[str, ChunkOrder] = field(default_factory=dict)  # by attempt
    begun: float | None = None
    turn: int = 0

    @property
    def eta(self) -> float | None:
        """Seconds left, at the pace so far."""
        if self.begun is None or not self.done:
            return None
        return (time.monotonic() - self.begun) / self.done * (self.total - self.done)


class Studies:
    """The studies of one server. Safe to call from any thread; `collect`, `dispatch` and `lose` are the server's own.

    Args:
        store: its folder holds the flags that stop chunks.
        wake: set when there is something to do.
    """

    def __init__(self, store: RunStore, wake: threading.Event) -> None:
        self._store, self._wake, self._lock = store, wake, threading.RLock()
        self._jobs: dict[str, _Job] = {}
        self._running: dict[str, tuple[_Job, Future[Ends | None]]] = {}  # by attempt
        self._turn = 0
        self._notice = ""

    def begin(self, key: str, orders: Sequence[ChunkOrder], visitor: str, on_end: Callable[[Ends], None]) -> None:
        """Begin a study, or join it where it is under way.

        Args:
            key: of the study.
            orders: its chunks, in the order of their start.
            visitor: who wants it.
            on_end: given how the trainings of each chunk ended, in the thread that serves the workers.

        Raises:
            LimitError: this visitor has too many studies under way.
        """
        with self._lock:
            job = self._jobs.get(key)
            if job is not None and job.state == "running":
                job.visitors.add(visitor)
                return
            count = sum(one.owner == visitor and one.state == "running" for one in self._jobs.values())
            if count >= MOST_OF_VISITOR:
                raise LimitError(
                    f"you have {count} studies under way, which is the limit: let one finish or cancel it first"
                )
            total = sum(len(order.keys) for order in orders)
            self._remember(_Job(key, visitor, {visitor}, deque(orders), on_end, total, state="running"))
        self._wake.set()

    def status(self, key: str) -> StudyStatus | None:
        """How far a study is; None where this server does not know it."""
        with self._lock:
            job = self._jobs.get(key)
            if job is None:
                return None
            message = self._notice if job.state == "running" else ""
            under_way = sum(len(order.keys) for order in job.running.values())
            return StudyStatus(job.state, job.done, job.total, job.eta, message, under_way)

    def claims(self, key: str) -> frozenset[str]:
        """The visitors who want a study that is under way."""
        with self._lock:
            job = self._jobs.get(key)
            return frozenset(job.visitors) if job is not None and job.state == "running" else frozenset()

    def cancel(self, key: str, visitor: str, is_here: Callable[[str], bool] = lambda _: True) -> None:
        """Withdraw a claim, and those of visitors who are gone; the study stops when nobody wants it."""
        with self._lock:
            job = self._jobs.get(key)
            if job is None or job.state != "running":
                return
            job.visitors = {one for one in job.visitors if one != visitor and is_here(one)}
            if job.visitors:
                return
            job.state = "cancelled"
            job.waiting.clear()
            attempts = list(job.running)
        with clear_errors(self._store.root):
            for attempt in attempts:
                Workspace(self._folder(key)).cancel(attempt)
        self._wake.set()

    @property
    def busy(self) -> bool:
        """Whether a chunk runs or waits."""
        with self._lock:
            return bool(self._running) or any(job.state == "running" for job in self._jobs.values())

    @property
    def running(self) -> int:
        """How many chunks are with the workers."""
        with self._lock:
            return len(self._running)

    @property
    def waiting(self) -> int:
        """How many chunks wait to be given to the workers."""
        with self._lock:
            return sum(len(job.waiting) for job in self._jobs.values())

    def collect(self) -> None:
        """Take what workers have finished."""
        with self._lock:
            ended = [(attempt, *pair) for attempt, pair in self._running.items() if pair[1].status != "pending"]
        for attempt, job, future in ended:
            ends = _ends_of(job.running[attempt], future)
            with self._lock:
                del self._running[attempt]
                order = job.running.pop(attempt)
                if ends is None and job.state == "running":
                    job.waiting.appendleft(order)
            try:
                if ends is not None:
                    job.on_end(ends)
            finally:  # a store that cannot be used does not leave the study running for ever
                with self._lock:
                    job.done += len(ends or ())
                    self._end(job)

    def dispatch(self, client: Client, room: int, notice: str = "") -> None:
        """Give the workers so many more chunks, those of the visitor with the fewest first."""
        with self._lock:
            self._notice = notice
            for _ in range(room):
                job = self._next()
                if job is None:
                    return
                self._start(job, client)

    def lose(self, notice: str) -> None:
        """Put all chunks back after the connection was lost."""
        with self._lock:
            self._notice = notice
            for job, _ in self._running.values():
                if job.state == "running":
                    job.waiting.extendleft(job.running.values())
                job.running.clear()
                self._end(job)
            self._running.clear()

    def _next(self) -> _Job | None:
        chunks = Counter(job.owner for job, _ in self._running.values())
        jobs = [job for job in self._jobs.values() if job.waiting]
        return min(jobs, key=lambda job: (chunks[job.owner], job.turn), default=None)

    def _start(self, job: _Job, client: Client) -> None:
        attempt = uuid.uuid4().hex
        order = job.waiting.popleft().in_workspace(self._folder(job.key), attempt)
        resources = None if order.device == CPU else {ACCELERATOR: 1}  # Dask waits for a worker that has one
        future = client.submit(
            run_chunk, order, key=f"study-{attempt}", pure=False, priority=PRIORITY, resources=resources
        )
        future.add_done_callback(lambda _: self._wake.set())
        self._running[attempt] = (job, future)
        job.running[attempt] = order
        self._turn += 1
        job.turn, job.begun = self._turn, job.begun or time.monotonic()

    def _end(self, job: _Job) -> None:
        """What is left to do once nothing of a study waits or runs."""
        if job.running or job.waiting:
            return
        if job.state == "running":
            job.state = "done"
        if self._jobs.get(job.key) is job:  # begun again, it has flags there of its own
            self._store.discard(self._folder(job.key))

    def _remember(self, job: _Job) -> None:
        self._jobs.pop(job.key, None)
        self._jobs[job.key] = job
        if not job.waiting:
            job.state = "done"
        ended = [key for key, one in self._jobs.items() if one.state != "running" and not one.running]
        for key in ended[: max(0, len(ended) - MOST_ENDED)]:
            del self._jobs[key]

    def _folder(self, key: str) -> Path:
        return self._store.root / "work" / f"study-{key}"


def _ends_of(order: ChunkOrder, future: Future[Ends | None]) -> Ends | None:
    """How a chunk's trainings ended; None where it is to be tried again, or was stopped.

    Raises:
        SchedulerGoneError: its result does not arrive.
    """
    if future.status == "error":
        reason = explanation(future.exception())
        return dict.fromkeys(order.keys, reason)
    if future.status != "finished":  # cancelled or lost by the scheduler
        return None
    with asking_scheduler("studies wait for it"):
        return future.result(timeout=FETCH_SECONDS)
