"""Turns: one at a time, the visitor with the least processor time first, and nobody waits for ever."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest

from app.runs.processor import WINDOW, Meter, Usage
from app.runs.turns import ACTIVE, CLASSES, Turn, Turns, Wait

NEVER = 600.0
LIMIT = 30.0


class Clock:
    """A clock that the test sets."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


class Server:
    """A queue without threads: scripts enter it, and it is asked whose turn has begun."""

    def __init__(self, longest: float = 0.5) -> None:
        self.clock = Clock()
        self.usage = Usage(self.clock)
        self.turns = Turns(self.usage, LIMIT, longest, self.clock)

    def ask(self, visitor: str) -> Turn:
        turn = Turn(self.turns, Meter(self.usage, visitor, lambda: 0.0), lambda wait: None)
        self.turns.join(turn)
        return turn

    def work(self, turn: Turn, seconds: float) -> None:
        """The script computes for so long, then ends."""
        assert turn.start.is_set()
        self.clock.now += seconds
        self.usage.add(turn.visitor, seconds)
        self.turns.leave(turn)

    def wait(self, seconds: float) -> None:
        self.clock.now += seconds
        self.turns.advance()


def thread_of(work: Callable[[], None]) -> threading.Thread:
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.001)


def turns_of(longest: float) -> Turns:
    return Turns(Usage(), LIMIT, longest)


def test_equals_come_in_the_order_in_which_they_asked_and_one_at_a_time():
    turns, order, inside = turns_of(NEVER), [], []

    def visit(number: int) -> None:
        with turns.turn(str(number), processor=lambda: 0.0):
            inside.append(number)
            assert len(inside) == 1
            order.append(number)
            inside.remove(number)

    threads = []
    with turns.turn("first"):
        for number in range(20):
            threads.append(thread_of(lambda number=number: visit(number)))
            until(lambda number=number: turns.waiting == number + 1)
        assert order == []
    for thread in threads:
        thread.join(30)
    assert order == list(range(20))


def test_what_takes_too_long_goes_on_beside_the_next():
    turns, release = turns_of(0.02), threading.Event()

    def dawdle() -> None:
        with turns.turn("slow"):
            release.wait(30)

    slow = thread_of(dawdle)
    until(lambda: turns._holder is not None)
    with turns.turn("next"):
        assert slow.is_alive()
        release.set()
        slow.join(30)
        assert turns._holder is not None  # the one that ended late takes nobody's turn away


@pytest.mark.parametrize("error", [ValueError, SystemExit])
def test_an_error_ends_the_turn(error):
    turns = turns_of(NEVER)
    with pytest.raises(error), turns.turn("a"):
        raise error
    with turns.turn("a"):
        assert turns.waiting == 0


def test_who_leaves_while_waiting_leaves_the_queue():
    turns = turns_of(NEVER)

    class LeftError(Exception):
        pass

    def leave(wait: Wait) -> None:
        assert wait.others == wait.beyond == 0
        raise LeftError

    with turns.turn("a"):
        with pytest.raises(LeftError), turns.turn("b", leave):
            pass
        assert turns.waiting == 0
    with turns.turn("c"):
        pass


def test_the_visitor_with_the_least_processor_time_is_next():
    server = Server()
    for visitor, seconds in (("much", 9.0), ("some", 4.0), ("little", 1.0)):
        server.usage.add(visitor, seconds)
    waiting = [server.ask(visitor) for visitor in ("someone", "much", "some", "little", "little")]
    order = []
    while waiting:
        (turn,) = (one for one in waiting if one.start.is_set())
        waiting.remove(turn)
        order.append(turn.visitor)
        server.work(turn, 0.1)
    assert order == ["someone", "little", "little", "some", "much"]


def test_visitors_who_differ_by_less_than_a_tenth_of_the_limit_come_in_the_order_in_which_they_asked():
    server = Server()
    server.usage.add("first", LIMIT / CLASSES - 0.5)
    running = server.ask("someone")
    waiting = [server.ask("first"), server.ask("second")]
    server.work(running, 0.1)
    assert [turn.start.is_set() for turn in waiting] == [True, False]


def test_beyond_the_limit_a_visitor_waits_while_another_is_active_and_the_wait_is_known():
    server = Server()
    server.usage.add("greedy", LIMIT)
    server.work(server.ask("other"), 0.1)
    greedy = server.ask("greedy")
    assert not greedy.start.is_set()
    assert server.turns.reason(greedy, 0.0) == Wait(0.0, 0, pytest.approx(WINDOW - 0.1))
    for _ in range(7):  # 56 s in which the other changes a control every 8 s, each time at once
        server.wait(8 - 0.1)
        server.work(server.ask("other"), 0.1)
        assert not greedy.start.is_set()
    server.wait(WINDOW - 56.1)
    assert greedy.start.is_set()


def test_a_visitor_beyond_the_limit_is_served_when_others_rest():
    server = Server()
    server.usage.add("greedy", LIMIT)
    server.work(server.ask("other"), 0.1)
    greedy = server.ask("greedy")
    server.wait(ACTIVE - 0.1)
    assert not greedy.start.is_set()
    server.wait(0.1)
    assert greedy.start.is_set()


def test_alone_nobody_waits_whatever_was_used():
    server = Server()
    for _ in range(100):
        server.work(server.ask("alone"), 5.0)
    assert server.usage.of("alone") > LIMIT


def test_two_beyond_the_limit_do_not_wait_for_one_another():
    server = Server()
    server.usage.add("more", 2 * LIMIT)
    server.usage.add("less", LIMIT)
    holder = server.ask("less")
    more, less = server.ask("more"), server.ask("less")
    server.work(holder, 0.1)
    assert less.start.is_set()
    server.work(less, 0.1)
    assert more.start.is_set()


def test_no_minute_has_more_of_a_visitor_than_the_limit_and_one_turn_while_others_are_active():
    server = Server()
    greedy, next_change, most = server.ask("greedy"), server.clock.now, 0.0
    while server.clock.now < 1_600:
        if server.clock.now >= next_change:
            other, next_change = server.ask("other"), next_change + 8
            if greedy.start.is_set():
                server.work(greedy, 0.5)
                greedy = server.ask("greedy")
            server.work(other, 0.1)
        elif greedy.start.is_set():
            server.work(greedy, 0.5)
            greedy = server.ask("greedy")
        else:
            server.wait(0.1)
        most = max(most, server.usage.of("greedy"))
    assert LIMIT <= most <= LIMIT + 0.5


def test_on_a_server_that_is_never_idle_the_greediest_is_served_within_a_minute_and_a_turn():
    server = Server()
    server.usage.add("greedy", 10 * LIMIT)
    crowd = [server.ask(f"visitor {number}") for number in range(60)]
    greedy, start_time = server.ask("greedy"), server.clock.now
    while not greedy.start.is_set():
        (place,) = (place for place, turn in enumerate(crowd) if turn.start.is_set())
        crowd[place], turn = server.ask(crowd[place].visitor), crowd[place]
        server.work(turn, 0.13)
        assert server.clock.now - start_time <= WINDOW + 0.5


def test_a_script_that_reports_progress_gives_way_once_its_turn_is_over():
    server = Server()
    used = [0.0]
    meter = Meter(server.usage, "long", lambda: used[0])
    long = Turn(server.turns, meter, lambda wait: None)
    server.turns.join(long)
    server.clock.now, used[0] = server.clock.now + 0.4, 0.4
    other = server.ask("short")
    long.renew()
    assert not other.start.is_set()
    server.clock.now, used[0] = server.clock.now + 0.2, 0.6

    def on_wait(wait: Wait) -> None:
        assert other.start.is_set()
        server.work(other, 0.1)

    long._on_wait = on_wait
    long.renew()
    assert long.start.is_set()
    assert server.usage.of("long") == 0.6
