"""What runs in the browser on all pages: the glossary, numbers that are typed, the history, links to pages."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import streamlit as st

from app.player.bundle import module_file
from app.state.glossary import ALL
from app.state.visit import VISIT

if TYPE_CHECKING:
    from streamlit.components.v2.types import ComponentRenderer


@cache
def _component() -> ComponentRenderer:
    return st.components.v2.component(
        "lookahead-lab.page", html="<span></span>", css="glossary.css", js=module_file("page.js")
    )


def page_script() -> None:
    """Shows nothing by itself; links to the glossary open it."""
    with st.container(key="page-script-unseen"):
        _component()(key="page-script", data={"ofVisit": list(VISIT)})


def glossary_link() -> None:
    """The way to the whole glossary, at the foot of a page."""
    st.markdown(f":material/menu_book: [What do these words mean?]({ALL})")
