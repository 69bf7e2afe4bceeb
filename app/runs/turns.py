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

from app.runs.durations import Durations

LONGEST = 0.5  # seconds, after which a script continues in parallel with the next


class Turns:
    """A queue in which each script waits until the one before ends, or has had its time.

    seconds: that scripts waited for their turns
    """

    def __init__(self, longest: float = LONGEST) -> None:
        self._longest = longest
        self.seconds = Durations()
        self._changed = threading.Condition()
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
        ticket, began = object(), time.monotonic()
        with self._changed:
            self._waiting.append(ticket)
            while self._waiting[0] is not ticket or (left := self._left()) > 0:
                self._changed.wait(left if self._waiting[0] is ticket else None)
            self._waiting.popleft()
            now = time.monotonic()
            self._holder, self._ends = ticket, now + self._longest
            self._changed.notify_all()  # the first in the queue now waits for the end of this turn
        self.seconds.add("turn", now - began)
        try:
            yield
        finally:
            with self._changed:
                if self._holder is ticket:
                    self._holder = None
                    self._changed.notify_all()

    def _left(self) -> float:
        """Seconds until the present turn is over at the latest."""
        return 0.0 if self._holder is None else self._ends - time.monotonic()
