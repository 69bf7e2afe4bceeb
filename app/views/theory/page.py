"""The Theory page: closed forms beside measurements, four instruments on one stack of layers."""

from __future__ import annotations

import streamlit as st

from app.export.theory import theory_offer
from app.state.theory import TheoryConfig
from app.state.theory_views import INSTRUMENTS, VIEWS
from app.views import session
from app.views.parts.export_panel import export_panel
from app.views.theory import noise, rates, regularization, stability
from app.views.theory.controls import PAGE, sidebar


def page() -> None:
    """Choose an instrument, and see it."""
    config, problems = session.current(PAGE, TheoryConfig)
    sidebar(config, problems)
    st.segmented_control(
        "Instrument", list(INSTRUMENTS), format_func=INSTRUMENTS.__getitem__, key=f"{PAGE}.instrument", required=True,
        label_visibility="collapsed",
    )  # fmt: skip
    shown = next((says for says, view in VIEWS.values() if view == config), "")
    if shown:
        st.caption(shown)
    {
        "stability": stability.draw,
        "noise": noise.draw,
        "regularization": regularization.draw,
        "rate": rates.draw,
    }[config.instrument](config)
    export_panel(theory_offer(config), config, page=PAGE)
