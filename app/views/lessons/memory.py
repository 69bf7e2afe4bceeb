"""Answers outlive a visit in the visitor's own browser; the server keeps none."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING, Any

import streamlit as st

from app.player.bundle import module_file
from app.runs.lessons import answers
from app.state.lessons import Choose, LessonCard, Number, Place, library
from app.views.lessons.answers import PAGE, OpenCard, open_cards

if TYPE_CHECKING:
    from streamlit.components.v2.types import ComponentRenderer

KEY, RECALLED = f"{PAGE}.memory", f"{PAGE}.recalled"


@cache
def _component() -> ComponentRenderer:
    return st.components.v2.component("lookahead-lab.answers", html="<span></span>", js=module_file("answers.js"))


def remember() -> None:
    """Store this visit's answers in the browser, and once take over those of an earlier visit. Shows nothing."""
    revealed = {one.name: stored_answer(one) for one in _all_cards() if one.revealed}
    with st.container(key="lesson-answers-unseen"):
        data = {"recalled": st.session_state.get(RECALLED, False), "answers": revealed}
        _component()(key=KEY, data=data, on_recalled_change=_recall)


def forget() -> None:
    """Ask every card again. Only in a callback."""
    for open_card in _all_cards():
        open_card.again()
    st.session_state[RECALLED] = True


def stored_answer(open_card: OpenCard) -> Any:
    """What the browser keeps of an answer: a place among the options, a number, a point; None for a setting."""
    answer = open_card.answer
    return answer if isinstance(answer, int | float | tuple) else None


def recalled_answer(card: LessonCard, answer: Any) -> int | float | tuple[float, float] | None:
    """The answer that a browser kept, if this card can be answered so."""
    question = card.question
    if isinstance(question, Choose):
        return answer if type(answer) is int and 0 <= answer < len(answers(card, question)) else None
    if isinstance(question, Number):
        return float(answer) if _is_number(answer) else None
    if isinstance(question, Place) and isinstance(answer, list) and len(answer) == 2 and all(map(_is_number, answer)):
        return float(answer[0]), float(answer[1])
    return None


def _is_number(value: Any) -> bool:
    return type(value) in (int, float) and math.isfinite(value)


def _recall() -> None:
    st.session_state[RECALLED] = True
    stored = st.session_state[KEY].get("recalled")
    for open_card in _all_cards():
        if isinstance(stored, dict) and open_card.name in stored and not open_card.revealed:
            open_card.reply(recalled_answer(open_card.card, stored[open_card.name]))


def _all_cards() -> Iterator[OpenCard]:
    for lesson in library().lessons.values():
        yield from open_cards(lesson)
