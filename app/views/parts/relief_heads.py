"""A player's heads on a chart in three dimensions, whose camera stays where the visitor turned it."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import streamlit as st

from app.player.bundle import module_file

if TYPE_CHECKING:
    from streamlit.components.v2.types import ComponentRenderer


@cache
def _component() -> ComponentRenderer:
    return st.components.v2.component("lookahead-lab.relief", html="<div></div>", js=module_file("relief_heads.js"))


def relief_heads(*, key: str, chart_key: str, player_key: str) -> None:
    """Draw the heads of a player over the relief of a st.plotly_chart, and keep its camera across reruns.

    Everything happens in the browser: the heads follow the player at rest and in motion, without a run of the
    script.

    Args:
        key: the component's key.
        chart_key: key of the chart, which has a surface trace.
        player_key: key of the player.
    """
    _component()(key=key, data={"chart": chart_key, "player": player_key})
