"""The gallery: pictures that open as live settings."""

from __future__ import annotations

import streamlit as st

from app.export.pages import page_of
from app.state.gallery import FOLDER, Exhibit, exhibits
from app.state.lessons import LessonsConfig
from app.views import session
from app.views.lessons.answers import PAGE


def draw_gallery() -> None:
    """All pictures by heading, each with a button that opens its run."""
    with st.container(horizontal=True, vertical_alignment="center", key="lesson-head"):
        st.button(
            "All lessons", icon=":material/arrow_back:", key=f"{PAGE}.back", on_click=turn_to_gallery, args=(False,)
        )
        st.title("Gallery", anchor=False, width="stretch")
    st.markdown("Every picture is a run with its settings. Press the button below it, change a number, and watch.")
    for heading, group in exhibits().items():
        st.header(heading, anchor=False)
        with st.container(key=f"gallery-list-{heading.lower().replace(' ', '-')}"):
            for exhibit in group:
                _draw(exhibit)


def turn_to_gallery(is_open: bool) -> None:
    """To the gallery, or back to the list of lessons. Only in a callback."""
    session.adopt(PAGE, LessonsConfig(gallery=is_open or None))


def _draw(exhibit: Exhibit) -> None:
    page = page_of(exhibit.config).key
    with st.container(border=True, gap="small", key=f"gallery-entry-{exhibit.key}"):
        if (picture := FOLDER / exhibit.file).exists():
            st.image(str(picture), width="stretch", alt=f"Tracks of {exhibit.name}")
        if st.button(
            exhibit.name, key=f"{PAGE}.exhibit.{exhibit.key}", icon=":material/play_arrow:", width="stretch", wrap=True,
            disabled=not session.allows(page, exhibit.config), help="Open this run",
        ):  # fmt: skip
            session.open_with(page, exhibit.config)
        st.caption(exhibit.description)
