"""Linked charts that come once the player has drawn what changed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import streamlit as st

from app.figures.chart import Chart
from app.player.bundle import module_file
from app.views import session
from app.views.parts.charts import draw_linked
from app.views.parts.turns import fragment

if TYPE_CHECKING:
    from streamlit.components.v2.types import ComponentRenderer


@dataclass(frozen=True, eq=False)
class Drawn:
    """What the charts of a page show: the settings that they were made for, and how often they were put off by now."""

    settings: object
    chart: Chart
    delays: int = 0


@fragment()
def draw_linked_later(
    page: str, settings: object, make: Callable[[], Chart], keys: Sequence[str], *, side_by_side: bool = True
) -> None:
    """The panels of a chart, each under its title; the player finds each by its key.

    Plotly keeps a browser busy for longer than all else on a page. While they are on the screen and other `settings`
    are shown by the player, they stay as they are until the script rests, and this alone runs again.
    """
    name = f"{page}-charts"
    asked = bool((st.session_state.get(f"{name}-rest") or {}).get("rest"))
    drawn: Drawn | None = st.session_state.get(name)
    waits = drawn is not None and drawn.settings != settings and not asked and session.is_on_screen(page)
    if drawn is None or not (waits or drawn.settings == settings):
        drawn = Drawn(settings, make())
    st.session_state[name] = drawn = Drawn(drawn.settings, drawn.chart, drawn.delays + waits)
    if side_by_side:
        draw_linked(drawn.chart, keys)
    else:
        for place, key in enumerate(keys):
            draw_linked(drawn.chart.of(place), (key,))
    if waits:
        with st.container(key=f"{name}-unseen"):
            _component()(key=f"{name}-rest", data=drawn.delays, on_rest_change=_nothing)


@cache
def _component() -> ComponentRenderer:
    return st.components.v2.component("lookahead-lab.rest", html="<span></span>", js=module_file("rest.js"))


def _nothing() -> None:
    """A trigger without a callback is not reported."""
