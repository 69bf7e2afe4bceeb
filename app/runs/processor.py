"""Processor time by visitor: of a page's script, and of the threads that work for its visitor.

Counted is the time of Python's own threads; torch has no others here.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import ParamSpec, TypeVar

WINDOW = 60.0  # seconds

Clock = Callable[[], float]
Arguments = ParamSpec("Arguments")
Value = TypeVar("Value")


class Usage:
    """Processor seconds of each visitor in the last minute. Safe to call from any thread."""

    def __init__(self, clock: Clock = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._entries: OrderedDict[str, deque[tuple[float, float]]] = OrderedDict()  # the latest visitor last

    def add(self, visitor: str, seconds: float) -> None:
        """Count what was used until now."""
        with self._lock:
            now = self._clock()
            self._entries.setdefault(visitor, deque()).append((now, seconds))
            self._entries.move_to_end(visitor)
            while now - next(iter(self._entries.values()))[-1][0] >= WINDOW:
                self._entries.popitem(last=False)

    def of(self, visitor: str) -> float:
        """Seconds used in the last minute."""
        with self._lock:
            return sum(seconds for _, seconds in self._recent(visitor))

    def until_below(self, visitor: str, limit: float) -> float:
        """Seconds until `of` is below a limit if nothing is added; 0 where it is."""
        with self._lock:
            recent, wait = self._recent(visitor), 0.0
            left = sum(seconds for _, seconds in recent)
            for moment, seconds in recent:
                if left < limit:
                    break
                left, wait = left - seconds, moment + WINDOW - self._clock()
            return wait

    def _recent(self, visitor: str) -> deque[tuple[float, float]]:
        entries = self._entries.get(visitor, deque())
        while entries and self._clock() - entries[0][0] >= WINDOW:
            entries.popleft()
        if not entries:
            self._entries.pop(visitor, None)
        return entries


class Meter:
    """Counts the processor time of the thread that made it as its visitor's."""

    def __init__(self, usage: Usage, visitor: str, processor: Clock = time.thread_time) -> None:
        self.usage, self.visitor, self.processor = usage, visitor, processor
        self._last_reading = processor()

    def count(self) -> None:
        """Count what the thread has used since the last call."""
        now = self.processor()
        self.usage.add(self.visitor, now - self._last_reading)
        self._last_reading = now


_meter: ContextVar[Meter | None] = ContextVar("meter", default=None)


@contextmanager
def metering(usage: Usage, visitor: str, processor: Clock = time.thread_time) -> Iterator[Meter]:
    """What this thread does inside the context is its visitor's."""
    meter = Meter(usage, visitor, processor)
    token = _meter.set(meter)
    try:
        yield meter
    finally:
        meter.count()
        _meter.reset(token)


def count_processor_time() -> None:
    """Count what this thread has used so far, where it works for a visitor."""
    meter = _meter.get()
    if meter is not None:
        meter.count()


def for_same_visitor(work: Callable[Arguments, Value]) -> Callable[Arguments, Value]:
    """`work`, whose processor time is of the visitor for whom this thread works, in whichever thread it runs."""
    meter = _meter.get()

    def work_for_visitor(*arguments: Arguments.args, **keywords: Arguments.kwargs) -> Value:
        if meter is None:
            return work(*arguments, **keywords)
        with metering(meter.usage, meter.visitor, meter.processor):
            return work(*arguments, **keywords)

    return work_for_visitor


def start_thread(work: Callable[..., None], *arguments: object, name: str) -> None:
    """Start a thread that ends with the process; its processor time is of the visitor for whom it is started."""
    threading.Thread(target=for_same_visitor(work), args=arguments, name=name, daemon=True).start()
