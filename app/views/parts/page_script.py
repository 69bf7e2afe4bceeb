"""What runs in the browser on all pages: what fields of numbers take, one history entry a page, links to pages."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import streamlit as st

from app.player.bundle import module_file
from app.state.visit import VISIT

if TYPE_CHECKING:
    from streamlit.components.v2.types import ComponentRenderer


@cache
def _component() -> ComponentRenderer:
    return st.components.v2.component("lookahead-lab.page", html="<span></span>", js=module_file("page.js"))


def page_script() -> None:
    """Shows nothing."""
    with st.container(key="page-script-unseen"):
        _component()(key="page-script", data=list(VISIT))
