"""The Lessons page without a browser: it asks before it explains, and says what cannot be shown."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from app.runs.lessons import measurement
from app.state.gallery import FOLDER, exhibits
from app.state.lessons import LessonsConfig, Quantity, library
from app.views.parts.player import Turn

SCRIPT = """
import streamlit as st

from app.views import session
from app.views.lessons import page as lessons

lessons.page()
"""
GOOD = (Path(__file__).parents[2] / "state" / "test_lessons.py").read_text(encoding="utf-8").split('"""')[3]


def open_page(**params: str) -> AppTest:
    at = AppTest.from_string(SCRIPT, default_timeout=60)
    for key, value in params.items():
        at.query_params[key] = value
    return at.run()


def texts(at: AppTest) -> str:
    """What is written on the page, without the glossary's links."""
    return re.sub(r"\[([^\]]*)\]\(#term-[^)]*\)", r"\1", "\n".join(each.value for each in at.markdown))


def press(at: AppTest, label: str) -> AppTest:
    return next(button for button in at.button if button.label == label).click().run()


def players(at: AppTest) -> list[Any]:
    return [each for each in at.get("bidi_component") if not str(each.key).endswith(("families", "memory"))]


def test_the_list_names_all_lessons_and_opens_one() -> None:
    at = open_page()
    assert not at.exception
    assert at.title[0].value == "Lessons"
    labels = [button.label for button in at.button if button.label != "Gallery"]
    assert labels == [f"{number}. {lesson.title}" for number, lesson in enumerate(library().lessons.values(), start=1)]
    at = press(at, labels[6])
    assert at.title[0].value == "Games: why descent-ascent spirals out"
    assert at.query_params["lesson"] == "games"


def test_a_right_and_a_wrong_answer_are_told_apart_and_only_then_explained() -> None:
    at = open_page(lesson="odd-and-even")
    card = library().lessons["odd-and-even"].cards[0]
    assert card.text in texts(at)
    assert card.reveal not in texts(at)
    at = press(at, "It glides down the ravine to the star")
    assert "Not quite" in texts(at)
    assert "**It jumps across ever farther and leaves.**" in texts(at)
    assert card.reveal in texts(at)
    assert card.text not in texts(at)
    assert card.text in [each.value for each in at.caption], "the question stays readable"
    at = press(at, "Ask me again")
    at = press(at, "It jumps across ever farther and leaves")
    assert "**Right.**" in texts(at)


def test_hidden_tracks_are_not_sent_before_the_answer() -> None:
    at = open_page(lesson="odd-and-even")
    (before,) = players(at)
    at = press(at, "Show me")
    (after,) = players(at)
    assert str(before.key) != str(after.key), "the revealed player must begin anew"
    assert len(after.proto.SerializeToString()) > len(before.proto.SerializeToString()) + 500


def test_a_number_is_compared_with_the_run() -> None:
    at = open_page(lesson="odd-and-even", card="2")
    at.number_input[0].set_value(-0.1)
    at = press(at, "Answer")
    value = measurement(library().lessons["odd-and-even"].cards[1].config, Quantity(measure="x"))
    assert f"The run says **−{abs(value):.3g}**." in texts(at)
    assert "**Right.**" in texts(at)
    at = press(at, "Ask me again")
    at.number_input[0].set_value(0.5)
    assert "Not quite" in texts(press(at, "Answer"))


def test_a_place_can_be_typed_and_its_error_is_said() -> None:
    at = open_page(lesson="two-sets-of-weights", card="2")
    assert "Reveal" not in [button.label for button in at.button]
    at.number_input[0].set_value(-6.0)
    at.number_input[1].set_value(5.0)
    at = press(press(at, "Mark it"), "Reveal")
    assert "**Right.** You were 0.2 off." in texts(at)
    assert "(−6.18, 5.09)" in texts(at)


def test_dragging_to_the_goal_reveals_and_short_of_it_does_not() -> None:
    script = (
        SCRIPT
        + """
from app.state.gallery import FOLDER, exhibits
from app.state.lessons import library
from app.views.lessons.answers import OpenCard
from app.views.parts.player import Turn

card = OpenCard(library().lessons["two-sets-of-weights"], 4)
for value in (0.7, 0.0):
    st.button(f"drag to {value}", on_click=card.take_turn, args=(Turn(0, "alpha", 1, value),))
"""
    )
    at = AppTest.from_string(script, default_timeout=60)
    at.query_params["lesson"], at.query_params["card"] = "two-sets-of-weights", "4"
    at.run()
    card = library().lessons["two-sets-of-weights"].cards[3]
    at = press(at, "drag to 0.7")
    assert card.reveal not in texts(at)
    assert "Not there yet" in at.info[0].value
    at = press(at, "drag to 0.0")
    assert card.reveal in texts(at)
    assert "To remember" in texts(at), "the last card ends in the sentence to remember"
    at = press(at, "Put it back")
    assert "Put it back" not in [button.label for button in at.button]


def test_a_turn_of_another_card_changes_nothing() -> None:
    from app.views.lessons.answers import OpenCard

    opened_card = OpenCard(library().lessons["two-sets-of-weights"], 4)
    opened_card.take_turn(Turn(3, "alpha", 1, 0.0))
    assert not opened_card.changed


def test_next_goes_on_to_the_next_lesson_and_the_list_counts_what_is_answered() -> None:
    at = open_page(lesson="two-sets-of-weights", card="3")
    at = press(press(at, "Show me"), "Next")
    at = press(at, "Next lesson: α and k by dragging")
    assert at.query_params["lesson"] == "alpha-and-k"
    at = press(at, "All lessons")
    assert at.caption[0].value == "4 cards · 1 answered"


def test_an_unknown_lesson_and_card_say_so() -> None:
    at = open_page(lesson="knitting")
    assert "no such lesson" in at.error[0].value
    assert at.title[0].value == "Lessons"
    at = open_page(lesson="games", card="77")
    assert "card" in at.error[0].value
    assert at.title[0].value.startswith("Games")


def test_a_broken_lesson_is_named_and_hides_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mine.md").write_text(GOOD)
    (tmp_path / "bad.md").write_text(GOOD.replace("kind: choose", "kind: dance"))
    monkeypatch.setenv("LOOKAHEAD_LESSONS", str(tmp_path))
    at = open_page()
    assert [error.value for error in at.error] == [
        "bad.md, line 10: question kind should be one of 'choose', 'number', 'place', 'reach'"
    ]
    assert [button.label for button in at.button][-1] == "11. A title"
    at = press(at, "11. A title")
    assert not at.exception
    assert at.title[0].value == "A title"


@pytest.mark.parametrize(
    ("lesson", "card"),
    [(lesson.key, number) for lesson in library().lessons.values() for number in range(1, len(lesson.cards) + 1)],
)
def test_every_card_is_shown_asks_and_explains(lesson: str, card: int) -> None:
    at = open_page(lesson=lesson, card=str(card), present="1")
    assert not at.exception
    assert not at.error
    assert at.get("plotly_chart"), "a card without a picture"
    at = press(at, "Show me")
    assert not at.exception
    assert library().lessons[lesson].cards[card - 1].reveal in texts(at)


def test_presenting_is_in_the_address() -> None:
    at = press(open_page(lesson="games"), "Present")
    assert at.query_params["present"] == "1"
    at = press(at, "Stop presenting")
    assert "present" not in at.query_params
    assert at.session_state["lessons.config"] == LessonsConfig(lesson="games")


def test_the_gallery_shows_every_picture_with_a_button_that_opens_its_run() -> None:
    at = press(open_page(), "Gallery")
    assert at.query_params["gallery"]
    shown = [exhibit for group in exhibits().values() for exhibit in group]
    assert not [exhibit.file for exhibit in shown if not (FOLDER / exhibit.file).exists()], "run `make gallery`"
    assert len(at.image) == len(shown)
    assert [button.label for button in at.button] == ["All lessons", *(exhibit.name for exhibit in shown)]
