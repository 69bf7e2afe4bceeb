"""The pages in a row, for screens on which Streamlit keeps them in its sidebar."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st
from streamlit.navigation.page import Page

from app.views import session


def page_links(pages: Mapping[str, Page]) -> None:
    """A link to each; a wide screen has them at its top already and does not show these."""
    if session.hides("pages"):
        return
    with st.container(horizontal=True, key="pages", gap="small"):
        for page in pages.values():
            st.page_link(page, width="content")
