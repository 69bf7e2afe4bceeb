"""A card: what it asks and what it explains, beside its stage."""

from __future__ import annotations

import math
from collections.abc import Callable

import streamlit as st

from app.export.lessons import readable, right_answer
from app.runs.lessons import answers, end_of, measurement, right_options
from app.state.glossary import linked
from app.state.lessons import Choose, Number, Place, Reach
from app.views.lessons.answers import OpenCard, Placed
from app.views.lessons.stage import draw_stage

RIGHT, WRONG = ":material/check_circle: **Right.**", ":material/cancel: **Not quite.**"


def draw_card(open_card: OpenCard, steps: Callable[[], None], *, present: bool) -> None:
    """The text and the `steps` to other cards at the left, the stage at the right or, on a narrow screen, below."""
    left, right = st.columns([4, 5], gap="medium")
    with left, st.container(key="lesson-text"):
        st.header(open_card.card.title, anchor=False)
        if open_card.revealed:
            _explanation(open_card)
        else:
            st.markdown(linked(open_card.card.text))
            _question(open_card)
        steps()
    with right:
        draw_stage(open_card, present=present)


def _question(open_card: OpenCard) -> None:
    question = open_card.card.question
    if isinstance(question, Choose):
        for place, says in enumerate(answers(open_card.card, question)):
            key = open_card.key(f"option.{place}")
            st.button(says, key=key, width="stretch", on_click=open_card.reply, args=(place,), wrap=True)
    elif isinstance(question, Number):
        _number(open_card, question)
    elif isinstance(question, Place):
        _place(open_card)
    elif open_card.changed:
        st.info("Not there yet: drag on.", icon=":material/drag_indicator:")
    st.button(
        "Show me", key=open_card.key("show"), type="tertiary", icon=":material/visibility:", on_click=open_card.reveal,
        help="Reveal without an answer",
    )  # fmt: skip


def _number(open_card: OpenCard, question: Number) -> None:
    with st.form(open_card.key("form"), border=False):
        key = open_card.key("number")
        st.number_input(question.label, value=None, key=key, format="%g", placeholder="a number", step=None)
        st.form_submit_button("Answer", type="primary", on_click=_take_number, args=(open_card,))


def _take_number(open_card: OpenCard) -> None:
    value = st.session_state.get(open_card.key("number"))
    if value is not None:
        open_card.reply(float(value))


def _place(open_card: OpenCard) -> None:
    if open_card.answer is None:
        st.info("Click on the picture.", icon=":material/touch_app:")
    else:
        st.button(
            "Reveal",
            type="primary",
            icon=":material/visibility:",
            key=open_card.key("reveal"),
            on_click=open_card.reveal,
        )
    with st.popover("Type the place instead", type="tertiary"), st.form(open_card.key("typed"), border=False):
        x = st.number_input("x", value=None, key=open_card.key("x"), format="%g", step=None)
        y = st.number_input("y", value=None, key=open_card.key("y"), format="%g", step=None)
        st.form_submit_button("Mark it", on_click=_take_place, args=(open_card,))
        del x, y


def _take_place(open_card: OpenCard) -> None:
    x, y = (st.session_state.get(open_card.key(axis)) for axis in "xy")
    if x is not None and y is not None:
        open_card.mark(float(x), float(y))


def _explanation(open_card: OpenCard) -> None:
    st.caption(open_card.card.text)
    if verdict := _verdict(open_card):
        st.markdown(verdict)
    st.markdown(linked(open_card.card.reveal))
    if open_card.number == len(open_card.lesson.cards):
        with st.container(key="lesson-remember", border=True):
            st.markdown(f"**To remember.** {open_card.lesson.remember}")
    with st.container(horizontal=True):
        st.button(
            "Ask me again", key=open_card.key("again"), type="tertiary", icon=":material/restart_alt:",
            on_click=open_card.again,
        )  # fmt: skip
        if open_card.changed:
            st.button(
                "Put it back", key=open_card.key("back"), type="tertiary", icon=":material/undo:",
                on_click=open_card.put_back, help="The settings that the card began with",
            )  # fmt: skip


def _verdict(open_card: OpenCard) -> str:
    """How the answer compares with the run; the answer alone where none was given."""
    question = open_card.card.question
    if isinstance(question, Choose):
        return _on_choice(open_card, question)
    if isinstance(question, Number):
        return _on_number(open_card, question)
    if isinstance(question, Place):
        return _on_place(open_card, question)
    return RIGHT if isinstance(question, Reach) and open_card.answer is not None else ""


def _on_choice(open_card: OpenCard, question: Choose) -> str:
    says, right_places = answers(open_card.card, question), right_options(open_card.card, question)
    correct = right_answer(open_card.card)
    if open_card.answer is None:
        return f"**{correct}.**"
    if open_card.answer in right_places:
        return f"{RIGHT} {correct}."
    return f"{WRONG} You said: {says[open_card.answer]}. It is: **{correct}.**"


def _on_number(open_card: OpenCard, question: Number) -> str:
    value = measurement(open_card.card.config, question.of)
    answer = f"The run says **{readable(value)}**."
    if open_card.answer is None:
        return answer
    verdict = RIGHT if abs(open_card.answer - value) <= question.within else WRONG
    return f"{verdict} You said {readable(open_card.answer)}. {answer}"


def _on_place(open_card: OpenCard, question: Place) -> str:
    config = open_card.card.config
    end = end_of(config, question.optimizer) if isinstance(config, Placed) else None
    if end is None:
        return "It diverged: it ended nowhere."
    answer = f"It ended at {right_answer(open_card.card)}, in the ring."
    if open_card.answer is None:
        return answer
    off = math.dist(end, open_card.answer)
    return f"{RIGHT if off <= question.within else WRONG} You were {off:.2g} off. {answer}"
