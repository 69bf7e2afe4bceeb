"""Fields of numbers that take any dash and decimal commas, which browsers drop without a word."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import streamlit as st

if TYPE_CHECKING:
    from streamlit.components.v2.types import ComponentRenderer


@cache
def _component() -> ComponentRenderer:
    return st.components.v2.component("lookahead-lab.number-fields", html="<span></span>", js="number_fields.js")


def read_number_fields() -> None:
    """For all fields of the page; shows nothing."""
    with st.container(key="number-fields-unseen"):
        _component()(key="number-fields")
