"""The top of every sidebar: ready-made settings, undo, reset."""

from __future__ import annotations

import streamlit as st

from app.state.base import PageConfig
from app.state.presets import PRESETS, name_of
from app.views import session


def draw_history(page: str, customary: PageConfig | None = None, *, what: str = "comparisons") -> None:
    """Offer ready-made configs, the way back and, where there is one, the way to the customary config."""
    st.session_state[f"{page}.preset"] = name_of(st.session_state[f"{page}.config"], page)
    st.selectbox(
        "Ready-made", list(PRESETS[page]), index=None, placeholder=f"Ready-made {what} …", key=f"{page}.preset",
        on_change=_take, args=(page,), label_visibility="collapsed",
    )  # fmt: skip
    with st.container(horizontal=True):
        st.button(
            "Undo", icon=":material/undo:", key=f"{page}.undo", on_click=session.undo, args=(page,),
            disabled=not session.can_undo(page),
        )  # fmt: skip
        if customary is not None:
            st.button(
                "Reset", icon=":material/restart_alt:", key=f"{page}.reset", on_click=session.adopt,
                args=(page, customary),
            )  # fmt: skip


def chosen(page: str) -> str | None:
    """Name of the ready-made config that was chosen last; the visitor may have changed it since."""
    return st.session_state.get(f"{page}.chosen")


def _take(page: str) -> None:
    name = st.session_state[f"{page}.preset"]
    if name:
        st.session_state[f"{page}.chosen"] = name
        session.adopt(page, PRESETS[page][name].config)
