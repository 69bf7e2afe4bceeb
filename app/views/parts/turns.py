"""The turns of this server's pages: one script at a time, the whole page's or a fragment's.

Streamlit runs a fragment without the page's script, so a fragment asks for a turn of its own.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from typing import ParamSpec

import streamlit as st

from app.runs.durations import Durations
from app.runs.processor import Usage, metering
from app.runs.turns import Turn, Turns, Wait
from app.state.limits import current_limits
from app.views import session
from app.views.parts.visitor import visitor

SILENT = 3.0  # seconds of waiting for others without a word
REPEAT = 5.0  # seconds between two messages of one wait
FRAGMENT = "fragment"

Arguments = ParamSpec("Arguments")

usage = Usage()
turns = Turns(usage, current_limits().visitor_seconds)
seconds = Durations()  # that scripts took once their turns had begun, by page; those of fragments together
_turn: ContextVar[Turn | None] = ContextVar("turn", default=None)


@contextmanager
def page_turn(page: str) -> Iterator[None]:
    """Wait for a turn of a page's script, and hold it inside the context."""
    with turns.turn(visitor(), _Message().show) as turn:
        token, start_time = _turn.set(turn), time.monotonic()
        try:
            yield
        finally:
            _turn.reset(token)
            seconds.add(page, time.monotonic() - start_time)


def give_way() -> None:
    """Let others' scripts go first where this one has had its time. A change of the controls ends the wait."""
    turn = _turn.get()
    if turn is not None:
        turn.renew()


@contextmanager
def outside_turns(of_visitor: str) -> Iterator[None]:
    """Processor time inside the context is a visitor's, without a turn."""
    with metering(usage, of_visitor):
        yield


def fragment(
    run_every: float | None = None,
) -> Callable[[Callable[Arguments, None]], Callable[Arguments, None]]:
    """Streamlit's fragment, whose runs without the page wait for a turn."""

    def decorate(draw: Callable[Arguments, None]) -> Callable[Arguments, None]:
        @wraps(draw)
        def draw_in_turn(*arguments: Arguments.args, **keywords: Arguments.kwargs) -> None:
            if _turn.get() is not None:
                return draw(*arguments, **keywords)
            with page_turn(FRAGMENT):
                return draw(*arguments, **keywords)

        return st.fragment(draw_in_turn, run_every=run_every)

    return decorate


class _Message:
    """Says on the page what its script waits for."""

    def __init__(self) -> None:
        self._next_message = 0.0

    def show(self, wait: Wait) -> None:
        """Called while the script waits."""
        session.first_run()  # reading any state, Streamlit ends a script whose visitor left or changed a control
        if time.monotonic() < self._next_message or not (wait.beyond or wait.seconds > SILENT):
            return
        self._next_message = time.monotonic() + REPEAT
        st.toast(message_of(wait), icon=":material/hourglass_top:", duration=round(REPEAT) + 1)


def message_of(wait: Wait) -> str:
    """What a script waits for, in words."""
    if wait.beyond:
        return (
            f"About {max(1, round(wait.beyond))} s to wait: your page used {current_limits().visitor_seconds} s of "
            "processor time within a minute, so others go first."
        )
    others = "1 other page" if wait.others == 1 else f"{wait.others} other pages" if wait.others else "another page"
    return f"Your page waits its turn: the server is at work on {others}."
