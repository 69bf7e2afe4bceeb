"""What is drawn at once, and what waits until the script rests; the browser's part is in tests/e2e/test_surfaces.py."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from app.views import session

PAGE = """
import streamlit as st
from app.views import session
from app.views.parts import later
from app.views.parts.turns import page_turn

with page_turn("test"):
    settings = st.number_input("settings", value=1)
    if st.toggle("shown", value=True):
        draw = lambda value: st.markdown(f"value {value}")
        later.draw_later("part", settings, lambda: 10 * settings, draw, st.session_state.height)
    session.count_run()
"""


def open_page(height: int) -> AppTest:
    at = AppTest.from_string(PAGE)
    at.session_state["height"] = height
    return at.run()


def seen(at: AppTest) -> list[str]:
    assert not at.exception
    return [each.value for each in at.markdown]


def waits(at: AppTest) -> bool:
    return len(at.get("bidi_component")) == 1


@pytest.fixture(autouse=True)
def _with_browser(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "has_browser", lambda: True)


def test_other_settings_wait_while_the_part_is_on_the_screen() -> None:
    at = open_page(height=0)
    assert (seen(at), waits(at)) == (["value 10"], False)
    at.number_input[0].set_value(2).run()
    assert (seen(at), waits(at)) == (["value 10"], True)
    at.number_input[0].set_value(3).run()
    assert (seen(at), waits(at)) == (["value 10"], True)
    at.number_input[0].set_value(1).run()
    assert (seen(at), waits(at)) == (["value 10"], False)


def test_a_part_that_was_hidden_meanwhile_shows_nothing_old() -> None:
    at = open_page(height=0)
    at.toggle[0].set_value(False).run()
    assert seen(at) == []
    at.number_input[0].set_value(2)
    at.toggle[0].set_value(True).run()
    assert (seen(at), waits(at)) == (["value 20"], False)


def test_below_the_first_screen_the_place_stays_empty_at_first() -> None:
    at = open_page(height=300)
    assert (seen(at), waits(at)) == ([], True)


def test_without_a_browser_nothing_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "has_browser", lambda: False)
    at = open_page(height=300)
    assert (seen(at), waits(at)) == (["value 10"], False)
    at.number_input[0].set_value(2).run()
    assert (seen(at), waits(at)) == (["value 20"], False)
