from __future__ import annotations

import pytest

from app.jobs import LimitError, Limits
from app.jobs.queue import FairQueue


def queue_of(*arrivals: tuple[str, str], limits: Limits | None = None) -> FairQueue:
    queue = FairQueue(limits or Limits())
    for key, visitor in arrivals:
        queue.add(key, visitor)
    return queue


def test_one_visitors_many_runs_do_not_hold_up_anothers_single_one() -> None:
    queue = queue_of(("a1", "ann"), ("a2", "ann"), ("a3", "ann"), ("b1", "bob"))
    assert queue.order({}) == ["a1", "b1", "a2", "a3"]
    assert queue.order({"ann": 2}) == ["b1", "a1", "a2", "a3"]
    assert queue.order({"ann": 1, "bob": 2}) == ["a1", "a2", "b1", "a3"]


def test_equal_visitors_go_in_order_of_arrival() -> None:
    assert queue_of(("b1", "bob"), ("a1", "ann")).order({}) == ["b1", "a1"]


def test_a_run_put_back_goes_before_the_others_of_its_visitor() -> None:
    queue = queue_of(("a1", "ann"), ("a2", "ann"))
    queue.remove("a1")
    queue.put_back("a1", "ann")
    assert queue.order({}) == ["a1", "a2"]


def test_next_passes_over_visitors_at_their_limit_and_keys_still_busy() -> None:
    queue = queue_of(("a1", "ann"), ("b1", "bob"), limits=Limits(visitor_running=2))
    assert queue.next({}) == "a1"
    assert queue.next({"ann": 2, "bob": 3}) is None
    assert queue.next({"ann": 1, "bob": 2}) == "a1"
    assert queue.next({}, busy={"a1"}) == "b1"
    assert queue.next({}, busy={"a1", "b1"}) is None


def test_limits_hold_for_a_visitor_and_for_all() -> None:
    queue = queue_of(("a1", "ann"), ("a2", "ann"), ("b1", "bob"), limits=Limits(visitor_waiting=2, waiting=3))
    with pytest.raises(LimitError, match="you have 2 runs waiting, which is the limit"):
        queue.add("a3", "ann")
    with pytest.raises(LimitError, match="3 runs are waiting, which is the limit"):
        queue.add("c1", "cat")
    queue.put_back("b0", "bob")  # was admitted once already
    assert len(queue) == 4
    assert "b0" in queue


def test_limits_below_one_are_refused() -> None:
    with pytest.raises(ValueError, match="visitor_running must be at least 1, got 0"):
        Limits(visitor_running=0)
