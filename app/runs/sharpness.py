"""Sharpness of the loss around trained weights, measured in a thread that can be stopped."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from torch import Tensor, nn

from app.jobs.store import TrainingResult
from app.runs.cache import recent
from app.runs.plane import keys_of
from app.runs.processor import count_processor_time, for_same_visitor, start_thread
from landscapes.sharpness import Loss, Sharpness, sharpness
from landscapes.tasks.classifier import ClassifierTask
from landscapes.weights import assign_weights

IMAGES = 512  # training images on which everything is measured, as for the plane
RADIUS, PROBES = 0.05, 16
FIRST_GUESS = 120.0  # passes of a point, of which half are the mini-batches of its images

AT_ONCE = 2  # points; more threads for the operations on one would wait for each other at each of them

_one_at_a_time = threading.Semaphore(1)  # measurements of several visitors take turns: each uses two cores


class StoppedError(Exception):
    """No visitor waits for the measurement."""


@dataclass(frozen=True, eq=False)
class Point:
    """Weights (P,) to measure: of which optimizer, of which kind, and the base step of their snapshot."""

    name: str
    kind: str
    step: int
    weights: np.ndarray[tuple[int, ...], np.dtype[np.floating]]


def points(names: Sequence[str], results: Sequence[TrainingResult], step: int) -> tuple[Point, ...]:
    """Fast, outermost slow and averaged weights of every run, from its last snapshot at or before base step `step`.

    Fast weights are those after the base step, before a synchronisation, where they would equal slow ones.
    """
    points_ = []
    for name, result in zip(names, results, strict=True):
        snapshots = result.snapshots
        row = int(np.searchsorted(snapshots.step, step, side="right")) - 1
        tracks = {"fast": snapshots.proposal}
        if snapshots.layers:
            tracks["slow"] = snapshots.outermost
        if "ema" in snapshots.tracks:
            tracks["averaged"] = snapshots.tracks["ema"]
        points_ += [Point(name, kind, int(snapshots.step[row]), np.array(rows[row])) for kind, rows in tracks.items()]
    return tuple(points_)


class SharpnessRun:
    """The measurements of `points`, two at a time; a stopped run continues where it was.

    rows: what is known so far, in the order of `points`      error: why there will be no more, or ""
    waiting: whether another measurement has its turn
    """

    def __init__(self, task: ClassifierTask, points: Sequence[Point]) -> None:
        self.points = tuple(points)
        self.rows: tuple[Sharpness, ...] = ()
        self.error, self.waiting = "", False
        self._passes = [0] * len(points)
        self._task, self._lock = task, threading.Lock()
        self._visitors: set[str] = set()
        self._stop = threading.Event()

    @property
    def complete(self) -> bool:
        """Whether every point is measured."""
        return len(self.rows) == len(self.points)

    @property
    def running(self) -> bool:
        """Whether the thread is measuring."""
        return bool(self._visitors) and not self.complete and not self.error

    @property
    def passes(self) -> int:
        """Over the images, for the points being measured."""
        return sum(self._passes[len(self.rows) :])

    @property
    def fraction(self) -> float:
        """How much is done, about: a point is taken to need as many passes as those before it did on average."""
        count = len(self.rows)
        passes_per_point = sum(self._passes[:count]) / max(1, count) or FIRST_GUESS
        begun = sum(min(0.95, passes / passes_per_point) for passes in self._passes[count:])
        return (count + begun) / len(self.points)

    def others(self, visitor: str, is_here: Callable[[str], bool]) -> int:
        """How many other visitors want it."""
        return sum(one != visitor and is_here(one) for one in self._visitors)

    def start(self, visitor: str) -> None:
        """Measure the missing points; a second visitor shares the same thread."""
        with self._lock:
            is_idle = not self.running
            self._visitors.add(visitor)
            if is_idle and not self.complete:
                self.error, self._stop = "", threading.Event()
                start_thread(self._work, self._stop, name="sharpness")

    def cancel(self, visitor: str, is_here: Callable[[str], bool] = lambda _: True) -> None:
        """Withdraw a visitor's wish, and those of who is gone; without any left the work stops within one pass."""
        with self._lock:
            self._visitors = {one for one in self._visitors if one != visitor and is_here(one)}
            if not self._visitors:
                self._stop.set()

    def _work(self, stop: threading.Event) -> None:
        try:
            self.waiting = True
            with _one_at_a_time:
                self.waiting = False
                self._measure_missing(stop)
        except StoppedError:
            return
        except (RuntimeError, ValueError, OSError) as error:
            self.error = f"{type(error).__name__}: {error}"

    def _measure_missing(self, stop: threading.Event) -> None:
        pool = ThreadPoolExecutor(AT_ONCE, "sharpness")
        try:
            measure = for_same_visitor(partial(self._measure, stop))
            for row in pool.map(measure, range(len(self.rows), len(self.points))):
                self.rows = (*self.rows, row)
        finally:
            pool.shutdown(cancel_futures=True)

    def _measure(self, stop: threading.Event, index: int) -> Sharpness:
        self._passes[index] = 0

        def should_stop() -> bool:
            self._passes[index] += 1
            count_processor_time()
            return stop.is_set()

        if stop.is_set():
            raise StoppedError
        return _measure(self._task, self.points[index], should_stop)


@recent(8, key=lambda task, names, results, step: (keys_of(results), names, step))
def sharpness_run(
    task: ClassifierTask, names: tuple[str, ...], results: Sequence[TrainingResult], step: int
) -> SharpnessRun:
    """The measurements at a base step, shared by all visitors."""
    return SharpnessRun(task, points(names, results, step))


def _measure(task: ClassifierTask, point: Point, should_stop: Callable[[], bool]) -> Sharpness:
    """All measures at one point."""
    images = min(IMAGES, len(task.data.train))
    losses = [_stoppable(loss, should_stop) for loss in task.losses(images, images)]
    batches = [_stoppable(loss, should_stop) for loss in task.losses(images, min(task.batch_size, images))]
    model = task.model(0)
    assign_weights(model, torch.from_numpy(point.weights.astype(np.float32)))
    task.refresh_statistics(model)
    return sharpness(model, losses, batches, radius=RADIUS, probes=PROBES)


def _stoppable(loss: Loss, should_stop: Callable[[], bool]) -> Loss:
    def stoppable_loss(model: nn.Module) -> Tensor:
        if should_stop():
            raise StoppedError
        return loss(model)

    return stoppable_loss
