"""Processor time is counted by visitor, for a minute, whichever thread works."""

from __future__ import annotations

import itertools
import threading

from app.runs.processor import WINDOW, Usage, count_processor_time, metering, start_thread


class Clock:
    """A clock that the test sets."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_what_was_used_counts_for_a_minute_and_is_then_forgotten_with_its_visitor():
    clock = Clock()
    usage = Usage(clock)
    usage.add("a", 2.0)
    clock.now = 10.0
    usage.add("a", 3.0)
    usage.add("b", 1.0)
    assert (usage.of("a"), usage.of("b"), usage.of("c")) == (5.0, 1.0, 0.0)
    clock.now = WINDOW
    assert usage.of("a") == 3.0
    clock.now = WINDOW + 10.0
    usage.add("c", 1.0)
    assert list(usage._entries) == ["c"]


def test_the_time_until_a_visitor_is_below_a_limit_is_that_of_the_entries_that_have_to_go():
    clock = Clock()
    usage = Usage(clock)
    for moment in (0.0, 10.0, 20.0):
        clock.now = moment
        usage.add("a", 4.0)
    assert usage.until_below("a", 13.0) == 0.0
    assert usage.until_below("a", 12.0) == WINDOW - 20.0  # the first goes at 60, and 8 are left
    assert usage.until_below("a", 5.0) == WINDOW + 10.0 - 20.0
    assert usage.until_below("a", 1.0) == WINDOW


def test_a_thread_works_for_the_visitor_for_whom_it_was_started():
    usage, ticks, done = Usage(), itertools.count(), threading.Event()

    def work() -> None:
        count_processor_time()
        count_processor_time()

    def work_and_tell() -> None:
        work()
        done.set()

    with metering(usage, "a", lambda: float(next(ticks))):  # a second passes between two readings
        start_thread(work_and_tell, name="test")
        assert done.wait(30)
        thread = next((one for one in threading.enumerate() if one.name == "test"), None)
        if thread is not None:
            thread.join(30)
        # The thread reads at its start, twice in `work`, and at its end: three seconds.
        assert usage.of("a") == 3.0
    work()  # for nobody
    assert usage.of("a") > 3.0
