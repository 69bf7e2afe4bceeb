"""A page that waits for its turn says why; fragments wait for turns of their own."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from app.runs.durations import Durations
from app.runs.processor import Usage
from app.runs.turns import Turns, Wait
from app.views.parts import turns as page_turns
from app.views.parts.turns import message_of

PAGE = """
import streamlit as st
from app.views.parts.progress import progress
from app.views.parts.turns import fragment, page_turn, turns

@fragment()
def part():
    st.button("again", key="again")
    st.write(f"{turns._holder.visitor} has the turn")

with page_turn("surfaces"):
    with progress("Running") as on_progress:
        on_progress(1, 2)
    part()
"""


@pytest.fixture
def queue(monkeypatch: pytest.MonkeyPatch) -> Turns:
    """A queue whose clock goes on by 4 seconds whenever a script that waits looks around."""
    now, show = [1_000.0], page_turns._Message.show

    def show_and_go_on(message: page_turns._Message, wait: Wait) -> None:
        show(message, wait)
        now[0] += 4.0

    usage = Usage(lambda: now[0])
    turns = Turns(usage, 30.0, clock=lambda: now[0])
    monkeypatch.setattr(page_turns, "usage", usage)
    monkeypatch.setattr(page_turns, "turns", turns)
    monkeypatch.setattr(page_turns, "seconds", Durations())
    monkeypatch.setattr(page_turns._Message, "show", show_and_go_on)
    return turns


def test_a_page_runs_and_counts_its_seconds_and_processor_time(queue):
    page = AppTest.from_string(PAGE).run()
    assert not page.exception
    assert "has the turn" in page.markdown[0].value
    assert sum(page_turns.seconds.by_kind()["surfaces"].counts) == 1
    assert sum(queue._usage.of(one) for one in queue._usage._entries) > 0
    assert not page.toast


def test_a_page_beyond_the_limit_says_why_it_waits_and_how_long(queue):
    page = AppTest.from_string(PAGE).run()
    (visitor,) = queue._usage._entries
    queue._usage.add(visitor, 31.0)
    with queue.turn("other", processor=lambda: 0.0):
        pass
    page.run()
    assert not page.exception
    assert [toast.value for toast in page.toast] == [message_of(Wait(0.2, 0, 60.0))]
    assert "has the turn" in page.markdown[0].value  # in the end it went on


def test_words_for_each_wait():
    assert message_of(Wait(4.0, 0, 0.0)) == "Your page waits its turn: the server is at work on another page."
    assert message_of(Wait(4.0, 7, 0.0)).endswith("on 7 other pages.")
    assert message_of(Wait(0.2, 0, 12.4)) == (
        "About 12 s to wait: your page used 30 s of processor time within a minute, so others go first."
    )
