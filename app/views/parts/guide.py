"""What stands above a player for somebody new: a sentence on what is seen, until it is dismissed for good."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import streamlit as st

from app.figures.words import in_words
from app.player.bundle import served
from app.state import Comparison
from app.views import session

if TYPE_CHECKING:
    from streamlit.components.v2.types import ComponentRenderer

MARKUP = "<div class='lookahead-guide'></div>"


@cache
def _component() -> ComponentRenderer:
    return st.components.v2.component("lookahead-lab.guide", html=MARKUP, css="guide.css", js=served("guide.js"))


def guide(page: str, config: Comparison) -> None:
    """The sentence. Whether it is shown, the link says (`?words=1`, `?words=0`), or else what the browser remembers."""
    depth = max(len(card.layers) for card in config.active)
    data = {"sentence": in_words(page, depth), "words": session.visit_setting("words")}
    _component()(key=f"{page}-guide", data=data)
