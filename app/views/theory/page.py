"""The Theory page: closed forms beside measurements, four instruments on one stack of layers."""

from __future__ import annotations

import streamlit as st

from app.export.theory import theory_offer
from app.state.presets import description_of
from app.state.theory import INSTRUMENTS, TheoryConfig
from app.views import session
from app.views.parts.export_panel import export_panel
from app.views.parts.fields import Fields
from app.views.parts.page_name import page_name
from app.views.theory import noise, rates, regularization, stability
from app.views.theory.controls import PAGE, sidebar


def page() -> None:
    """Choose an instrument and draw it."""
    config, problems = session.current(PAGE, TheoryConfig)
    page_name("Theory")
    sidebar(config, problems)
    Fields.of(PAGE, config).segments("Instrument", "instrument", INSTRUMENTS, label_visibility="collapsed")
    if text := description_of(config):
        st.caption(text)
    {
        "stability": stability.draw,
        "noise": noise.draw,
        "regularization": regularization.draw,
        "rates": rates.draw,
    }[config.instrument](config)
    export_panel(theory_offer(config), config, page=PAGE)
