"""Seconds that work took, counted where it happens as the buckets of a histogram; `app/cli/metrics.py` serves them.

And seconds in words.
"""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass

BOUNDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)


def in_words(seconds: float) -> str:
    """A time left: seconds up to a minute and a half, minutes up to an hour and a half, then hours."""
    if round(seconds) < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if round(seconds / 60) < 90 else f"{seconds / 3600:.1f} h"


@dataclass(frozen=True)
class Histogram:
    """counts: of durations up to each of BOUNDS, and of longer ones, each counted once.      total: their sum."""

    counts: tuple[int, ...] = (0,) * (len(BOUNDS) + 1)
    total: float = 0.0

    def plus(self, seconds: float) -> Histogram:
        """With one more."""
        place = bisect_left(BOUNDS, seconds)
        counts = (*self.counts[:place], self.counts[place] + 1, *self.counts[place + 1 :])
        return Histogram(counts, self.total + seconds)


class Durations:
    """A histogram for each kind of work. Safe to call from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kinds: dict[str, Histogram] = {}

    def add(self, kind: str, seconds: float) -> None:
        """Count one piece of work."""
        with self._lock:
            self._kinds[kind] = self._kinds.get(kind, Histogram()).plus(seconds)

    def by_kind(self) -> Mapping[str, Histogram]:
        """What was counted so far."""
        with self._lock:
            return dict(self._kinds)
