"""Parts of a page that come once the player has drawn what changed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any

import streamlit as st

from app.figures.chart import Chart
from app.player.bundle import module_file
from app.views import session
from app.views.parts.charts import draw_linked
from app.views.parts.player import unreported
from app.views.parts.turns import fragment

if TYPE_CHECKING:
    from streamlit.components.v2.types import ComponentRenderer


@dataclass(frozen=True, eq=False)
class Drawn:
    """What a part of a page shows, the settings that it was made for, and the number of the run that drew it last."""

    settings: object
    value: Any
    run: int


def draw_linked_later(
    page: str, settings: object, make: Callable[[], Chart], keys: Sequence[str], *, side_by_side: bool = True
) -> None:
    """The panels of a chart, each under its title; the player finds each by its key."""

    def draw(chart: Chart) -> None:
        if side_by_side:
            draw_linked(chart, keys)
        else:
            for place, key in enumerate(keys):
                draw_linked(chart.of(place), (key,))

    draw_later(f"{page}-charts", settings, make, draw)


@fragment()
def draw_later(
    name: str, settings: object, make: Callable[[], Any], draw: Callable[[Any], None], height: int = 0
) -> None:
    """Draw what `make` gives for these settings, or put it off.

    Plotly keeps a browser busy for longer than all else on a page. Where a part is on the screen and other settings are
    shown by the player, it stays as it is until the script rests, and this alone runs again. A part below the first
    screen, `height` pixels high, waits when a visitor turns to the page, too: its place stays empty until then.
    """
    asked = bool((st.session_state.get(f"{name}-rest") or {}).get("rest"))
    if asked:
        session.rerun_if_changed()
    drawn: Drawn | None = st.session_state.get(name)
    if drawn and drawn.run < session.runs():
        drawn = None  # the last run drew another page, or this one without this part
    is_late = session.has_browser() and not asked and (drawn.settings != settings if drawn else height > 0)
    if not is_late and (drawn is None or drawn.settings != settings):
        drawn = Drawn(settings, make(), 0)
    st.session_state[name] = drawn and replace(drawn, run=session.runs() + (not asked))
    if drawn is None:
        st.container(height=height, border=False)
    else:
        draw(drawn.value)
    if is_late:
        _ask_at_rest(name)


def _ask_at_rest(name: str) -> None:
    """Have the browser ask for a part as soon as the script rests; each time with another number, or it would not."""
    number = st.session_state[f"{name}-delays"] = st.session_state.get(f"{name}-delays", 0) + 1
    with st.container(key=f"{name}-unseen"):
        _component()(key=f"{name}-rest", data=number, on_rest_change=unreported)


@cache
def _component() -> ComponentRenderer:
    return st.components.v2.component("lookahead-lab.rest", html="<span></span>", js=module_file("rest.js"))
