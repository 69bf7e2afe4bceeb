"""What stands above a player for somebody new: a sentence on what is seen, and the tour, until dismissed for good."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import streamlit as st

from app.figures.words import in_words
from app.player.bundle import module_file
from app.state import MAX_LAYERS, Comparison
from app.views import session
from app.views.parts.history import preset_name

if TYPE_CHECKING:
    from streamlit.components.v2.types import ComponentRenderer

MARKUP = "<div class='lookahead-guide' hidden></div>"


@cache
def _component() -> ComponentRenderer:
    return st.components.v2.component("lookahead-lab.guide", html=MARKUP, css="guide.css", js=module_file("guide.js"))


def guide(page: str, config: Comparison, player_key: str = "") -> None:
    """The sentence. Whether it is shown, the link says (`?words=1`, `?words=0`), or else what the browser remembers.

    With the key of a player, it offers a tour of that player and of the sidebar.
    """
    if session.hides("guide"):
        return
    data = guide_data(page, config, "" if session.exercise() else player_key)  # a tour turns everything
    _component()(key=f"{page}-guide", data=data | {"words": session.visit().get("words")})


def guide_data(page: str, config: Comparison, player_key: str = "") -> dict[str, Any]:
    """What the guide says, and what the tour looks at to know what the visitor has done."""
    stacks = [card.layers for card in config.cards]
    momentum = any(layer.outer_momentum for card in config.active for layer in card.layers)
    shallow = _shallowest([len(layers) for layers in stacks])
    return {
        "page": page,
        "sentence": in_words(page, max(len(card.layers) for card in config.active), momentum=momentum),
        "player": player_key,
        "alphas": [[layer.alpha for layer in layers] for layers in stacks],
        "ks": [[layer.k for layer in layers] for layers in stacks],
        "depth": sum(map(len, stacks)),
        "preset": preset_name(page),
        "depthKey": f"{page}.{shallow}.depth",
        "presetKey": f"{page}.preset",
    }


def _shallowest(depths: list[int]) -> int:
    """The card to add a layer to, from 1 on: slow weights around slow weights, where a card has some."""
    growing = [depth for depth in depths if depth < MAX_LAYERS]
    wanted = min([depth for depth in growing if depth] or growing or depths)
    return depths.index(wanted) + 1
