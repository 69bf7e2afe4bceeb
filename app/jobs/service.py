"""Long work for pages: submit, status, cancel, result. No call waits for training; one thread serves the scheduler."""

from __future__ import annotations

import logging
import threading
import uuid
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Literal

from app.jobs.cluster import Cluster, cluster_from_environment
from app.jobs.devices import ACCELERATOR, NO_ACCELERATOR, announced_accelerators
from app.jobs.errors import JobsError, SchedulerGoneError, asking_scheduler
from app.jobs.explain import explanation
from app.jobs.files import clear_errors
from app.jobs.queue import FairQueue, Limits
from app.jobs.store import RunStore, TrainingResult, store_from_environment
from app.jobs.studies import SPARE, Studies
from app.jobs.worker import CHECKPOINT_SECONDS, Order, Outcome, run_order
from app.jobs.workspace import Workspace
from app.state.limits import current_limits
from optim_core.device import CPU
from optim_core.players import spec_per_player

if TYPE_CHECKING:
    from distributed import Client, Future

    from app.jobs.request import TrainingRequest
    from optim_core.curves import Curves

State = Literal["queued", "running", "done", "cancelled", "failed", "interrupted", "unknown"]

POLL_SECONDS = 0.1
RECONNECT_SECONDS = 1.0
MOST_FINISHED = 1_000  # finished jobs whose states are kept

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Ticket:
    """One visitor's claim to one run, valid after a restart, too."""

    key: str
    visitor: str


@dataclass(frozen=True)
class Status:
    """The status of a run.

    queued: `queue_position` counts from 1. running: `fraction`, `eta` (seconds) and growing `curves`. done: the result
    can be fetched. failed: `message` says why. interrupted: a checkpoint is there; submit again to go on. unknown:
    never submitted, or no longer in the store. Curves of an earlier attempt are given wherever there are some.
    """

    state: State
    queue_position: int | None = None
    fraction: float = 0.0
    eta: float | None = None
    curves: Curves | None = None
    message: str = ""


@dataclass
class _Job:
    request: TrainingRequest
    owner: str
    visitors: set[str]
    state: State = "queued"
    message: str = ""
    attempts: list[str] = field(default_factory=list)

    @property
    def key(self) -> str:
        return self.request.key

    @property
    def on_accelerator(self) -> bool:
        return self.request.device != CPU


class Jobs:
    """The runs of all visitors of one server. Safe to call from any thread.

    Identical requests compute once; the run is cancelled only when all its visitors have cancelled. A killed
    worker's run is retried from its checkpoint; without a scheduler, runs wait for it and continue likewise.
    """

    def __init__(
        self,
        store: RunStore,
        cluster: Cluster,
        limits: Limits | None = None,
        checkpoint_seconds: float = CHECKPOINT_SECONDS,
    ) -> None:
        self.store, self.cluster, self.checkpoint_seconds = store, cluster, checkpoint_seconds
        self._queue = FairQueue(limits or Limits())
        self._jobs: dict[str, _Job] = {}
        self._running: dict[str, tuple[_Job, Future[Outcome]]] = {}  # by attempt
        self._notice = self._accelerator_notice = ""
        self._lock = threading.RLock()
        self._wake, self._closing = threading.Event(), threading.Event()
        self._warming = False
        self.studies = Studies(store, self._wake)
        self._thread = threading.Thread(target=self._serve, name="jobs", daemon=True)
        self._thread.start()

    def submit(self, request: TrainingRequest, visitor: str) -> Ticket:
        """Submit a run; it is done at once when the store has it.

        Raises:
            ValueError, TypeError: the task or an optimizer is refused.
            LimitError: too many runs are waiting.
        """
        ticket = Ticket(request.key, visitor)
        _check(request)
        in_store = self.store.find(ticket.key) is not None
        with self._lock:
            job = self._jobs.get(ticket.key)
            if job is not None and job.state in ("queued", "running"):
                job.visitors.add(visitor)
                return ticket
            if not in_store:
                self._queue.add(ticket.key, visitor)
            self._remember(_Job(request, visitor, {visitor}, "done" if in_store else "queued"))
        self._wake.set()
        return ticket

    def status(self, ticket: Ticket) -> Status:
        """The run's status; reads memory and small files only."""
        with self._lock:
            job = self._jobs.get(ticket.key)
            state: State = job.state if job is not None else "unknown"
            message = self._reason_to_wait(job) if state == "queued" else job.message if job is not None else ""
            position = self._position(ticket.key)
        if state in ("running", "done", "unknown") and self.store.has(ticket.key):
            return self._status_of_finished(ticket)
        if state in ("done", "unknown"):
            state = "interrupted" if self._workspace(ticket.key).has_checkpoint else "unknown"
        progress, eta = self._workspace(ticket.key).progress(), None
        if state == "running" and job is not None:
            if progress is not None and progress.attempt == job.attempts[-1]:
                eta = progress.eta
                message = f"continued from step {progress.resumed_at}" if progress.resumed_at else ""
            else:
                message = self._workspace(ticket.key).message() or "preparing"
        if progress is None:
            return Status(state, position, message=message)
        return Status(state, position, progress.step / progress.steps, eta, progress.curves, message)

    def claims(self, ticket: Ticket) -> frozenset[str]:
        """The visitors who want a run that waits or is under way."""
        with self._lock:
            job = self._jobs.get(ticket.key)
            return frozenset(job.visitors) if job is not None and job.state in ("queued", "running") else frozenset()

    def cancel(self, ticket: Ticket, is_here: Callable[[str], bool] = lambda _: True) -> None:
        """Withdraw a claim, and those of visitors who are gone; the run stops, within a step, when nobody wants it."""
        with self._lock:
            job = self._jobs.get(ticket.key)
            if job is None or job.state not in ("queued", "running"):
                return
            job.visitors = {one for one in job.visitors if one != ticket.visitor and is_here(one)}
            if job.visitors:
                return
            job.state, job.message = "cancelled", ""
            self._queue.remove(ticket.key)
        with clear_errors(self.store.root):
            for attempt in job.attempts:
                self._workspace(ticket.key).cancel(attempt)
        self._wake.set()

    def result(self, ticket: Ticket) -> TrainingResult:
        """The finished run, its weights memory-mapped.

        Raises:
            JobsError: it is not finished, failed, or is no longer in the store.
        """
        result = self.store.find(ticket.key)
        if result is None:
            status = self.status(ticket)
            raise JobsError(f"the run has no result: it is {status.state}. {status.message}".rstrip())
        return result

    def warm_up(self) -> None:
        """Start the workers before anything is submitted."""
        self._warming = True
        self._wake.set()

    def close(self) -> None:
        """End the local cluster, if there is one; unfinished runs can go on from their checkpoints."""
        self._closing.set()
        self._wake.set()
        self._thread.join(timeout=30)

    @property
    def busy(self) -> bool:
        """Whether anything runs or waits, including cancelled attempts that have not ended."""
        with self._lock:
            return bool(self._running) or len(self._queue) > 0 or self.studies.busy

    @property
    def waiting(self) -> int:
        """How many runs wait for a worker."""
        with self._lock:
            return len(self._queue)

    @property
    def running(self) -> int:
        """How many attempts are under way, including cancelled ones that have not ended."""
        with self._lock:
            return len(self._running)

    def _serve(self) -> None:
        while not self._closing.is_set():
            self._wake.wait(POLL_SECONDS if self.busy else None)
            self._wake.clear()
            try:
                self._tick()
            except (SchedulerGoneError, OSError, RuntimeError) as error:
                self._lose_running(str(error))
                self._closing.wait(RECONNECT_SECONDS)
                self._wake.set()
        self.cluster.close()

    def _tick(self) -> None:
        if not (self.busy or self._warming) or self._closing.is_set():
            return
        if not self.cluster.connected:
            self._lose_running(
                "the workers are gone: starting again" if self._running else self._notice or "starting the workers"
            )
        client = self.cluster.client()
        self._warming = False
        self._collect()
        self.studies.collect()
        self._dispatch(client)

    def _collect(self) -> None:
        """Take the outcomes of finished attempts."""
        with self._lock:
            attempts = [attempt for attempt, (_, future) in self._running.items() if future.status != "pending"]
            for attempt in attempts:
                job, future = self._running.pop(attempt)
                if job.state == "running":
                    self._settle(job, future)

    def _settle(self, job: _Job, future: Future[Outcome]) -> None:
        if future.status == "finished":
            job.state = "done"  # an attempt returns otherwise only when it was cancelled here
        elif future.status == "error":
            job.state, job.message = "failed", explanation(future.exception())
        else:  # cancelled or lost by the scheduler
            self._wait_again(job)

    def _dispatch(self, client: Client) -> None:
        if not self._queue and not self.studies.busy:
            return
        slots = _slots(client)
        wants_accelerator = any(job.on_accelerator and job.state == "queued" for job in list(self._jobs.values()))
        accelerators = announced_accelerators(client) if wants_accelerator else 0
        with self._lock:
            self._notice = "" if slots else "the scheduler has no workers yet"
            self._accelerator_notice = "" if accelerators else NO_ACCELERATOR
            while len(self._running) < slots and (job := self._next(accelerators)) is not None:
                self._start(job, client)
            room = slots - len(self._running) + (0 if self._queue else SPARE)  # what trainings leave
        self.studies.dispatch(client, room - self.studies.running if slots else 0, self._notice)

    def _next(self, accelerators: int) -> _Job | None:
        """The next job; one for an accelerator only where one of so many is free."""
        busy_keys = {job.key for job, _ in self._running.values()}  # a cancelled attempt may not have ended
        if sum(job.on_accelerator for job, _ in self._running.values()) >= accelerators:
            busy_keys |= {key for key, job in self._jobs.items() if job.on_accelerator}
        key = self._queue.next(self._running_by_visitor(), busy_keys)
        return None if key is None else self._jobs[key]

    def _position(self, key: str) -> int | None:
        return self._queue.order(self._running_by_visitor()).index(key) + 1 if key in self._queue else None

    def _running_by_visitor(self) -> Counter[str]:
        return Counter(job.owner for job, _ in self._running.values())

    def _start(self, job: _Job, client: Client) -> None:
        attempt = uuid.uuid4().hex
        order = Order(
            root=str(self.store.root),
            store=self.store.identity,
            limit=self.store.limit,
            attempt=attempt,
            request=job.request.to_json(),
            checkpoint_seconds=self.checkpoint_seconds,
        )
        resources = {ACCELERATOR: 1} if job.on_accelerator else None
        future = client.submit(run_order, order, key=f"train-{job.key}-{attempt}", pure=False, resources=resources)
        self._queue.remove(job.key)
        self._running[attempt] = (job, future)
        job.attempts.append(attempt)
        job.state, job.message = "running", ""

    def _reason_to_wait(self, job: _Job | None) -> str:
        return self._notice or (self._accelerator_notice if job is not None and job.on_accelerator else "")

    def _lose_running(self, notice: str) -> None:
        """Put all running jobs back into the queue after the connection was lost."""
        self.studies.lose(notice)
        with self._lock:
            self._notice = notice
            for job, _ in self._running.values():
                if job.state == "running":
                    self._wait_again(job)
            self._running.clear()

    def _wait_again(self, job: _Job) -> None:
        job.state = "queued"
        self._queue.put_back(job.key, job.owner)

    def _remember(self, job: _Job) -> None:
        self._jobs.pop(job.key, None)
        self._jobs[job.key] = job
        finished_keys = [key for key, one in self._jobs.items() if one.state not in ("queued", "running")]
        for key in finished_keys[: max(0, len(finished_keys) - MOST_FINISHED)]:
            del self._jobs[key]

    def _status_of_finished(self, ticket: Ticket) -> Status:
        result = self.store.find(ticket.key)
        if result is None:
            return Status("unknown", message="the stored run was damaged and set aside: submit it again")
        notes = result.notes if result.diverged is None else (f"Diverged at step {result.diverged}.", *result.notes)
        return Status("done", fraction=1.0, curves=result.curves, message=" ".join(notes))

    def _workspace(self, key: str) -> Workspace:
        return Workspace(self.store.root / "work" / key)


@cache
def default_jobs() -> Jobs:
    """The jobs of this process, set up from LOOKAHEAD_DATA, LOOKAHEAD_SCHEDULER and LOOKAHEAD_WORKERS.

    Raises:
        StoreError: the store cannot be used.
    """
    limits = current_limits()
    waiting = Limits(visitor_waiting=limits.visitor_waiting, waiting=limits.waiting)
    return Jobs(store_from_environment(), cluster_from_environment(), waiting)


def _check(request: TrainingRequest) -> None:
    """Raise here the errors that every worker would raise."""
    from landscapes.tasks import task_from

    spec_per_player(task_from(request.task).players, request.specs())


def _slots(client: Client) -> int:
    with asking_scheduler():
        return sum(client.nthreads().values())
