"""Turns: one after the other, in order, and nobody waits for what takes too long."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest

from app.runs.turns import Turns

NEVER = 600.0


def thread_of(work: Callable[[], None]) -> threading.Thread:
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.001)


def test_turns_come_in_the_order_in_which_they_were_asked_for_and_one_at_a_time():
    turns, order, inside = Turns(NEVER), [], []

    def visit(number: int) -> None:
        with turns.turn():
            inside.append(number)
            assert len(inside) == 1
            order.append(number)
            inside.remove(number)

    threads = []
    with turns.turn():
        for number in range(20):
            threads.append(thread_of(lambda number=number: visit(number)))
            until(lambda number=number: turns.waiting == number + 1)
        assert order == []
    for thread in threads:
        thread.join(30)
    assert order == list(range(20))


def test_what_takes_too_long_goes_on_beside_the_next():
    turns, release = Turns(0.02), threading.Event()

    def dawdle() -> None:
        with turns.turn():
            release.wait(30)

    slow = thread_of(dawdle)
    until(lambda: turns._holder is not None)
    with turns.turn():
        assert slow.is_alive()
        release.set()
        slow.join(30)
        assert turns._holder is not None  # the one that ended late takes nobody's turn away


@pytest.mark.parametrize("error", [ValueError, SystemExit])
def test_an_error_ends_the_turn(error):
    turns = Turns(NEVER)
    with pytest.raises(error), turns.turn():
        raise error
    with turns.turn():
        assert turns.waiting == 0
