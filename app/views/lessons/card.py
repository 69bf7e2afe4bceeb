"""A card: what it asks and what it explains, beside its stage."""

from __future__ import annotations

import math
from collections.abc import Callable

import streamlit as st

from app.export.lessons import readable, right_answer
from app.runs.lessons import answers, end_of, measured, right_options
from app.state.lessons import Choose, Number, Place, Reach
from app.views.lessons.answers import OpenCard, Placed
from app.views.lessons.stage import draw_stage

RIGHT, WRONG = ":material/check_circle: **Right.**", ":material/cancel: **Not quite.**"


def draw_card(opened: OpenCard, steps: Callable[[], None], *, present: bool) -> None:
    """The text and the `steps` to other cards at the left, the stage at the right or, on a narrow screen, below."""
    left, right = st.columns([4, 5], gap="medium")
    with left, st.container(key="lesson-text"):
        st.subheader(opened.card.title, anchor=False)
        if opened.revealed:
            _explanation(opened)
        else:
            st.markdown(opened.card.text)
            _question(opened)
        steps()
    with right:
        draw_stage(opened, present=present)


def _question(opened: OpenCard) -> None:
    question = opened.card.question
    if isinstance(question, Choose):
        for place, says in enumerate(answers(opened.card, question)):
            key = opened.key(f"option.{place}")
            st.button(says, key=key, width="stretch", on_click=opened.reply, args=(place,), wrap=True)
    elif isinstance(question, Number):
        _number(opened, question)
    elif isinstance(question, Place):
        _place(opened)
    elif opened.changed:
        st.info("Not there yet: drag on.", icon=":material/drag_indicator:")
    st.button(
        "Show me", key=opened.key("show"), type="tertiary", icon=":material/visibility:", on_click=opened.reveal,
        help="Reveal without an answer",
    )  # fmt: skip


def _number(opened: OpenCard, question: Number) -> None:
    with st.form(opened.key("form"), border=False):
        key = opened.key("number")
        st.number_input(question.label, value=None, key=key, format="%g", placeholder="a number", step=None)
        st.form_submit_button("Answer", type="primary", on_click=_take_number, args=(opened,))


def _take_number(opened: OpenCard) -> None:
    value = st.session_state.get(opened.key("number"))
    if value is not None:
        opened.reply(float(value))


def _place(opened: OpenCard) -> None:
    if opened.answer is None:
        st.info("Click on the picture.", icon=":material/touch_app:")
    else:
        st.button(
            "Reveal", type="primary", icon=":material/visibility:", key=opened.key("reveal"), on_click=opened.reveal
        )
    with st.popover("Type the place instead", type="tertiary"), st.form(opened.key("typed"), border=False):
        x = st.number_input("x", value=None, key=opened.key("x"), format="%g", step=None)
        y = st.number_input("y", value=None, key=opened.key("y"), format="%g", step=None)
        st.form_submit_button("Mark it", on_click=_take_place, args=(opened,))
        del x, y


def _take_place(opened: OpenCard) -> None:
    x, y = (st.session_state.get(opened.key(axis)) for axis in "xy")
    if x is not None and y is not None:
        opened.mark(float(x), float(y))


def _explanation(opened: OpenCard) -> None:
    if verdict := _verdict(opened):
        st.markdown(verdict)
    st.markdown(opened.card.reveal)
    if opened.number == len(opened.lesson.cards):
        with st.container(key="lesson-remember", border=True):
            st.markdown(f"**To remember.** {opened.lesson.remember}")
    with st.container(horizontal=True):
        st.button(
            "Ask me again", key=opened.key("again"), type="tertiary", icon=":material/restart_alt:",
            on_click=opened.again,
        )  # fmt: skip
        if opened.changed:
            st.button(
                "Put it back", key=opened.key("back"), type="tertiary", icon=":material/undo:",
                on_click=opened.put_back, help="The settings that the card began with",
            )  # fmt: skip


def _verdict(opened: OpenCard) -> str:
    """How the answer compares with the run; the answer alone where none was given."""
    question = opened.card.question
    if isinstance(question, Choose):
        return _chosen(opened, question)
    if isinstance(question, Number):
        return _guessed(opened, question)
    if isinstance(question, Place):
        return _aimed(opened, question)
    return RIGHT if isinstance(question, Reach) and opened.answer is not None else ""


def _chosen(opened: OpenCard, question: Choose) -> str:
    says, right = answers(opened.card, question), right_options(opened.card, question)
    correct = right_answer(opened.card)
    if opened.answer is None:
        return f"**{correct}.**"
    if opened.answer in right:
        return f"{RIGHT} {correct}."
    return f"{WRONG} You said: {says[opened.answer]}. It is: **{correct}.**"


def _guessed(opened: OpenCard, question: Number) -> str:
    value = measured(opened.card.config, question.of)
    answer = f"The run says **{readable(value)}**."
    if opened.answer is None:
        return answer
    verdict = RIGHT if abs(opened.answer - value) <= question.within else WRONG
    return f"{verdict} You said {readable(opened.answer)}. {answer}"


def _aimed(opened: OpenCard, question: Place) -> str:
    config = opened.card.config
    end = end_of(config, question.optimizer) if isinstance(config, Placed) else None
    if end is None:
        return "It diverged: it ended nowhere."
    answer = f"It ended at {right_answer(opened.card)}, in the ring."
    if opened.answer is None:
        return answer
    off = math.dist(end, opened.answer)
    return f"{RIGHT if off <= question.within else WRONG} You were {off:.2g} off. {answer}"
