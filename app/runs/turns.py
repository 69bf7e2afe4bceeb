"""A fair queue of page scripts: one at a time, next the visitor with the least processor time in the last minute.

Visitors who differ by less than a tenth of the limit are equals, who come in the order in which they asked: told apart
to the millisecond, one of a busy class waits ten seconds because of a change more than the others.

Threads that compute at once take the interpreter's lock from one another thousands of times a second, which made a
change cost twice its processor time with sixty visitors (docs/deploy.md has the figures).

A turn lasts half a second. A script that reports progress ends its turn when it has had that long and waits for
another (`Turn.renew`), so a long computation alternates with the short ones of others. One that does not goes on
beside the next.

Visitors beyond the limit wait while anybody below it has asked for a turn within the last seconds: a class with a
change every eight seconds leaves gaps, and what is started in a gap lasts longer than the gap. Where nobody below the
limit is active they are served at once, since an idle server helps no one.

Whoever waits for a minute without threads at work has used nothing in it and is next: nobody waits for ever.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from app.runs.durations import Durations
from app.runs.processor import Clock, Meter, Usage, metering

LONGEST = 0.5  # seconds of a turn, after which the next begins
ACTIVE = 10.0  # seconds since a visitor's last turn in which it is preferred to visitors beyond the limit
PATIENCE = 0.2  # seconds between two reports of a script that waits
CLASSES = 10  # of visitors by their processor time, up to the limit


@dataclass(frozen=True)
class Wait:
    """What a script waits for.

    seconds: how long so far.      others: scripts in the queue beside it.
    beyond: seconds until its visitor is below the limit; 0 where it is, or where nobody is put before it for that
    """

    seconds: float
    others: int
    beyond: float


class Turn:
    """A script's place in the queue, and then its turn."""

    def __init__(self, turns: Turns, meter: Meter, on_wait: Callable[[Wait], None]) -> None:
        self.visitor, self.start = meter.visitor, threading.Event()
        self._turns, self._meter, self._on_wait = turns, meter, on_wait

    def take(self) -> None:
        """Wait for the turn.

        Raises:
            Whatever `on_wait` raises, after leaving the queue.
        """
        start_time = self._turns.clock()
        self.start.clear()
        self._turns.join(self)
        try:
            while not self.start.wait(self._turns.pause()):
                self._turns.advance()
                if not self.start.is_set():
                    self._on_wait(self._turns.reason(self, self._turns.clock() - start_time))
        except BaseException:
            self._turns.leave(self)
            raise
        self._turns.seconds.add("turn", self._turns.clock() - start_time)

    def renew(self) -> None:
        """Where the turn has lasted long enough, end it and wait for another."""
        if self._turns.is_over(self):
            self._meter.count()
            self._turns.leave(self)
            self.take()


class Turns:
    """The queue of all scripts.

    Args:
        usage: processor time by visitor.
        limit: processor seconds a minute beyond which a visitor waits for others.
        longest: seconds of a turn.
        clock: seconds from some moment on.

    seconds: that scripts waited
    """

    def __init__(self, usage: Usage, limit: float, longest: float = LONGEST, clock: Clock = time.monotonic) -> None:
        self.seconds = Durations()
        self._usage, self._limit, self._longest, self.clock = usage, limit, longest, clock
        self._lock = threading.Lock()
        self._waiting: list[Turn] = []  # in order of arrival
        self._holder: Turn | None = None
        self._ends = 0.0
        self._active: dict[str, float] = {}  # when visitors were last in the queue or had a turn

    @property
    def waiting(self) -> int:
        """How many are in the queue."""
        return len(self._waiting)

    @contextmanager
    def turn(
        self,
        visitor: str,
        on_wait: Callable[[Wait], None] = lambda wait: None,
        processor: Clock = time.thread_time,
    ) -> Iterator[Turn]:
        """Wait for a turn, and hold it inside the context; `on_wait` is called now and then while waiting."""
        with metering(self._usage, visitor, processor) as meter:
            turn = Turn(self, meter, on_wait)
            turn.take()
            try:
                yield turn
            finally:
                meter.count()
                self.leave(turn)

    def join(self, turn: Turn) -> None:
        """Enter the queue."""
        with self._lock:
            self._waiting.append(turn)
            self._note(turn.visitor)
            self._begin_next()

    def leave(self, turn: Turn) -> None:
        """Leave the queue, or end the turn."""
        with self._lock:
            if turn in self._waiting:
                self._waiting.remove(turn)
            if self._holder is turn:
                self._holder = None
            self._note(turn.visitor)
            self._begin_next()

    def advance(self) -> None:
        """Begin the next turn if the time for it has come."""
        with self._lock:
            self._begin_next()

    def is_over(self, turn: Turn) -> bool:
        """Whether a turn has lasted its time."""
        with self._lock:
            return self._holder is not turn or self.clock() >= self._ends

    def pause(self) -> float:
        """Seconds until those who wait have to look again."""
        left = self._ends - self.clock()
        return left if self._holder is not None and 0 < left < PATIENCE else PATIENCE

    def reason(self, turn: Turn, seconds: float) -> Wait:
        """What a script waits for that has waited so long."""
        with self._lock:
            waits = not self._may_begin(turn.visitor)
            beyond = self._usage.until_below(turn.visitor, self._limit) if waits else 0.0
            return Wait(seconds, len(self._waiting) - 1, beyond)

    def _note(self, visitor: str) -> None:
        now = self.clock()
        self._active = {one: moment for one, moment in self._active.items() if now - moment < ACTIVE} | {visitor: now}

    def _begin_next(self) -> None:
        now = self.clock()
        if self._holder is not None and now < self._ends:
            return
        candidates = [turn for turn in self._waiting if self._may_begin(turn.visitor)]
        if not candidates:
            return
        turn = min(candidates, key=lambda one: self._class_of(one.visitor))  # the first of the least
        self._waiting.remove(turn)
        self._holder, self._ends = turn, now + self._longest
        turn.start.set()

    def _class_of(self, visitor: str) -> int:
        """How many tenths of the limit a visitor has used."""
        return int(CLASSES * self._usage.of(visitor) / self._limit)

    def _may_begin(self, visitor: str) -> bool:
        """Whether a visitor is below the limit, or nobody is who was active of late."""
        now = self.clock()
        return self._usage.of(visitor) < self._limit or not any(
            one != visitor and now - moment < ACTIVE and self._usage.of(one) < self._limit
            for one, moment in self._active.items()
        )
