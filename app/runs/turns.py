"""A queue of page runs: one after the other, in the order of their requests.

Threads that compute at once take the interpreter's lock from one another thousands of times a second, which made a
change cost twice its processor time with sixty visitors (docs/deploy.md has the figures).
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

LONGEST = 0.5  # seconds, after which a script continues in parallel with the next


class Turns:
    """A queue in which each script waits until the one before ends, or has had its time."""

    def __init__(self, longest: float = LONGEST) -> None:
        self._longest = longest
        self._change = threading.Condition()
        self._waiting: deque[object] = deque()
        self._holder: object | None = None
        self._ends = 0.0

    @property
    def waiting(self) -> int:
        """How many are in the queue."""
        return len(self._waiting)

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Wait for a turn, and hold it inside the context."""
        ticket = object()
        with self._change:
            self._waiting.append(ticket)
            while self._waiting[0] is not ticket or (seconds := self._remaining_seconds()) > 0:
                self._change.wait(seconds if self._waiting[0] is ticket else None)
            self._waiting.popleft()
            self._holder, self._ends = ticket, time.monotonic() + self._longest
            self._change.notify_all()  # the first in the queue now waits for the end of this turn
        try:
            yield
        finally:
            with self._change:
                if self._holder is ticket:
                    self._holder = None
                    self._change.notify_all()

    def _remaining_seconds(self) -> float:
        """Seconds until the present turn is over at the latest."""
        return 0.0 if self._holder is None else self._ends - time.monotonic()
