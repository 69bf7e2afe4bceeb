"""The player as a Streamlit component, whose files the browser fetches once and keeps while its page is open."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import streamlit as st

from app.player.pack import PlayerView, QuantityNames, pack
from app.player.tracks import Track

if TYPE_CHECKING:
    from streamlit.components.v2.types import ComponentRenderer

MARKUP = "<div class='lookahead-player'></div>"


@cache
def _component() -> ComponentRenderer:
    """Registered when first shown: only a running Streamlit knows the folder of files that pyproject.toml names."""
    return st.components.v2.component("lookahead-lab.player", html=MARKUP, css="player.css", js="mount.js")


@dataclass(frozen=True)
class Pick:
    """A click on the surface: data coordinates, its panel, and its number since the page loaded."""

    x: float
    y: float
    panel: int = 0
    n: int = 0


@dataclass(frozen=True)
class PlayerResult:
    """What the visitor did in the player since the last run of the script."""

    pick: Pick | None = None


def player(
    tracks: Sequence[Track],
    *,
    key: str,
    chart_key: str,
    scene: object = "",
    linked: Sequence[str] = (),
    on_pick: Callable[[Pick], None] | None = None,
    autoplay: bool = True,
    pickable: bool = True,
    minima: Sequence[tuple[float, float]] = (),
    labels: tuple[str, str] = ("x", "y"),
    quantities: QuantityNames | None = None,
) -> PlayerResult:
    """Animate `tracks` over the plotly chart with the key `chart_key`, with the controls where this is called.

    A change of `tracks` keeps the step, the speed and what is switched off; playback goes on. Another `scene` starts
    as on the first load.

    Args:
        tracks: the runs; panel g is drawn on the figure's g-th axis pair (xaxis, xaxis2, ...).
        key: the component's key.
        chart_key: key of the st.plotly_chart below the tracks; without such a chart the player draws its own axes.
        scene: what is played (a surface and its starts, say), as anything whose repr tells it from another.
        linked: keys of charts whose x axes count gradient evaluations; each gets a cursor.
        on_pick: called with a Pick before the script runs again, so that it may set widgets' values.
        autoplay: play when a scene is first shown, unless the visitor's system asks for less motion.
        pickable: report clicks on the surface (each makes the script run).
        minima: points to mark, for charts that do not mark them already.
        labels: names of the coordinates.
        quantities: names of the other numbers.
    """
    view = PlayerView(
        key=key,
        chart=chart_key,
        scene=repr(scene),
        linked=tuple(linked),
        autoplay=autoplay,
        pickable=pickable,
        minima=tuple((float(x), float(y)) for x, y in minima),
        labels=labels,
        quantities=quantities or QuantityNames(),
    )

    def report() -> None:
        pick = _pick(st.session_state[key].get("pick"))
        if pick is not None and on_pick is not None:
            on_pick(pick)

    result = _component()(key=key, data=pack(tracks, view), on_pick_change=report)
    return PlayerResult(_pick(result.get("pick")))


def _pick(value: object) -> Pick | None:
    """The browser's message as a Pick; None when there is none or it is not one."""
    if not isinstance(value, dict) or not {"x", "y"} <= value.keys():
        return None
    try:
        return Pick(float(value["x"]), float(value["y"]), int(value.get("panel", 0)), int(value.get("n", 0)))
    except (TypeError, ValueError):
        return None
