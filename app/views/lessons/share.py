"""What a teacher takes away: the link of a card, its QR code, presenter mode, a sheet to print, the page itself."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from app.draw.qr import qr_svg
from app.export.lessons import lesson_pdf, lesson_sheet
from app.state.lessons import Lesson, LessonsConfig
from app.views import session
from app.views.lessons.answers import PAGE, OpenCard

TITLES = {"surfaces": "Surfaces", "games": "Games", "networks": "Networks", "gans": "GANs", "theory": "Theory"}


def share(open_card: OpenCard, *, present: bool) -> None:
    """One row of small things beneath the card."""
    page = open_card.card.page
    with st.container(horizontal=True, key="lesson-share"):
        if st.button(
            f"Open on {TITLES[page]}", icon=":material/open_in_new:", type="tertiary", key=open_card.key("page"),
            help="The same setting with all controls", disabled=not session.allows(page, open_card.config),
        ):  # fmt: skip
            session.open_with(page, open_card.config)
        st.button(
            "Stop presenting" if present else "Present", icon=":material/co_present:", type="tertiary",
            key=f"{PAGE}.presenting", on_click=_present, args=(not present,),
            help="Larger type and stronger colours; Page Down and Page Up turn the cards, as remote controls do; f "
            "shows the card on the whole screen",
        )  # fmt: skip
        with st.popover("Link and QR code", icon=":material/qr_code_2:", type="tertiary"):
            link = card_link(open_card)
            st.code(link, language=None, wrap_lines=True)
            st.image(qr_svg(link), width=260, alt="QR code of the link")
        with st.popover("Sheet to print", icon=":material/print:", type="tertiary"):
            st.caption("Pictures and questions; answers on a page of their own.")
            _sheet(open_card.lesson, "PDF", lesson_pdf, "application/pdf")
            _sheet(open_card.lesson, "HTML", lesson_sheet, "text/html")


def _sheet(lesson: Lesson, name: str, write: Callable[[Lesson], bytes], mime: str) -> None:
    st.download_button(
        name, data=lambda: write(lesson), file_name=f"{lesson.key}.{name.lower()}", mime=mime,
        key=f"{PAGE}.sheet.{name}", on_click="ignore", width="stretch",
    )  # fmt: skip


def card_link(open_card: OpenCard) -> str:
    """The address that opens this card for whoever follows it."""
    return session.share_link(LessonsConfig(lesson=open_card.lesson.key, card=open_card.number))


def _present(present: bool) -> None:
    """Only in a callback."""
    config: LessonsConfig = st.session_state[f"{PAGE}.config"]
    session.adopt(PAGE, config.model_copy(update={"present": present or None}))
