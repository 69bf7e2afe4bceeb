"""The Lessons page: the list of lessons, or one card beside its player."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import streamlit as st

from app.state.lessons import Lesson, LessonsConfig, library
from app.views import session
from app.views.lessons.answers import PAGE, OpenCard, count_answers
from app.views.lessons.card import draw_card
from app.views.lessons.gallery import draw_gallery, turn_to_gallery
from app.views.lessons.memory import forget, remember
from app.views.lessons.share import share
from app.views.parts.problems import draw_problems
from app.views.parts.turns import fragment


def page() -> None:
    """Everything is a fragment: an answer runs no more than its card again."""
    st.html(Path(__file__).with_name("style.css"))
    _page()


@fragment()
def _page() -> None:
    config, problems = session.current(PAGE, LessonsConfig)
    draw_problems(problems)
    remember()
    lesson = library().lessons.get(config.lesson or "")
    if lesson is None and config.gallery:
        draw_gallery()
    elif lesson is None:
        _overview()
    else:
        with st.container(key="lesson-presented-stage" if config.present else "lesson"):
            _lesson(lesson, min(config.card or 1, len(lesson.cards)), present=bool(config.present))


def _overview() -> None:
    with st.container(horizontal=True, vertical_alignment="center", key="lesson-head"):
        st.title("Lessons", anchor=False, width="stretch")
        st.button(
            "Gallery", icon=":material/photo_library:", key=f"{PAGE}.gallery", on_click=turn_to_gallery, args=(True,)
        )
    st.markdown(
        "Each takes about five minutes: look, guess, see why. Behind nearly every answer is a run that you can drag."
    )
    draw_problems(map(str, library().unreadable))
    with st.container(key="lesson-list"):
        for number, lesson in enumerate(library().lessons.values(), start=1):
            _entry(number, lesson)
    if any(count_answers(lesson) for lesson in library().lessons.values()):
        st.button(
            "Forget my answers", icon=":material/delete:", type="tertiary", key=f"{PAGE}.forget", on_click=forget,
            help="They are kept in this browser, for the next visit",
        )  # fmt: skip


def _entry(number: int, lesson: Lesson) -> None:
    count, cards = count_answers(lesson), len(lesson.cards)
    state = "" if not count else " · done" if count == cards else f" · {count} answered"
    with st.container(border=True, gap="small", key=f"lesson-entry-{lesson.key}"):
        st.button(
            f"{number}. {lesson.title}", key=f"{PAGE}.open.{lesson.key}", type="tertiary",
            on_click=_go, args=(lesson.key, 1),
        )  # fmt: skip
        st.markdown(lesson.about)
        st.caption(f"{cards} {'card' if cards == 1 else 'cards'}{state}")


def _lesson(lesson: Lesson, number: int, *, present: bool) -> None:
    open_card = OpenCard(lesson, number)
    with st.container(horizontal=True, vertical_alignment="center", key="lesson-head"):
        if not present:
            st.button("All lessons", icon=":material/arrow_back:", key=f"{PAGE}.back", on_click=_go, args=(None, None))
        st.title(lesson.title, anchor=False, width="stretch")
    draw_card(open_card, partial(_steps, open_card, present=present), present=present)
    share(open_card, present=present)


def _steps(open_card: OpenCard, *, present: bool) -> None:
    """To the card before and the next; keys, too: those of a presenter's remote control where one presents."""
    key, number, last = open_card.lesson.key, open_card.number, len(open_card.lesson.cards)
    with st.container(horizontal=True, vertical_alignment="center", key="lesson-steps"):
        st.button(
            "Back", icon=":material/chevron_left:", key=f"{PAGE}.previous", disabled=number == 1, on_click=_go,
            args=(key, number - 1), shortcut="PageUp" if present else "P",
        )  # fmt: skip
        st.markdown(f"Card {number} of {last}", width="content")
        following = _following(open_card.lesson)
        if number < last:
            st.button(
                "Next", icon=":material/chevron_right:", icon_position="right", key=f"{PAGE}.next", on_click=_go,
                args=(key, number + 1), type="primary" if open_card.revealed else "secondary",
                shortcut="PageDown" if present else "N",
            )  # fmt: skip
        elif following is not None:
            st.button(
                f"Next lesson: {following.title}", icon=":material/chevron_right:", icon_position="right",
                key=f"{PAGE}.following", on_click=_go, args=(following.key, 1),
                type="primary" if open_card.revealed else "secondary", shortcut="PageDown" if present else "N",
            )  # fmt: skip


def _following(lesson: Lesson) -> Lesson | None:
    lessons = list(library().lessons.values())
    place = [one.key for one in lessons].index(lesson.key) + 1
    return lessons[place] if place < len(lessons) else None


def _go(lesson: str | None, card: int | None) -> None:
    """To another card. Only in a callback."""
    config: LessonsConfig = st.session_state[f"{PAGE}.config"]
    session.adopt(PAGE, config.model_copy(update={"lesson": lesson, "card": card, "gallery": None}))
