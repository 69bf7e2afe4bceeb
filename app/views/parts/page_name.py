"""The page's name as its heading of the first level, for screen readers: others see it in the row of pages."""

from __future__ import annotations

import streamlit as st


def page_name(name: str) -> None:
    """A heading that takes no room."""
    st.html(f'<h1 class="page-name">{name}</h1>')
