"""The top of every sidebar: ready-made settings, undo, reset."""

from __future__ import annotations

import streamlit as st

from app.state.base import PageConfig
from app.state.presets import PRESETS, name_of
from app.views import session


def draw_history(page: str, customary: PageConfig | None = None, *, kind: str = "comparisons") -> None:
    """Draw the choice of presets, undo and, where there is a customary config, reset.

    An exercise is reset to its link.
    """
    _draw_presets(page, kind)
    with st.container(horizontal=True):
        st.button(
            "Undo", icon=":material/undo:", key=f"{page}.undo", on_click=session.undo, args=(page,),
            disabled=not session.can_undo(page),
        )  # fmt: skip
        if session.exercise():
            customary = st.session_state[f"{page}.origin"]
        if customary is not None:
            st.button(
                "Reset", icon=":material/restart_alt:", key=f"{page}.reset", on_click=session.adopt,
                args=(page, customary),
            )  # fmt: skip


def _draw_presets(page: str, kind: str) -> None:
    """Those that leave as it is what the visit's link fixes, where there are any but the present one."""
    names = [*PRESETS[page]]
    if session.exercise():
        names = [name for name in names if session.allows(page, PRESETS[page][name].config)]
    present_name = name_of(st.session_state[f"{page}.config"], page)
    if session.hides("presets") or not {*names} - {present_name}:
        return
    st.session_state[f"{page}.preset"] = present_name
    st.selectbox(
        "Ready-made", names, index=None, placeholder=f"Ready-made {kind} …", key=f"{page}.preset",
        on_change=_adopt_preset, args=(page,), label_visibility="collapsed",
    )  # fmt: skip


def preset_name(page: str) -> str | None:
    """Name of the preset chosen last; the visitor may have changed its settings since."""
    return st.session_state.get(f"{page}.chosen")


def _adopt_preset(page: str) -> None:
    name = st.session_state[f"{page}.preset"]
    if name:
        st.session_state[f"{page}.chosen"] = name
        session.adopt(page, PRESETS[page][name].config)
