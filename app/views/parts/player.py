"""The player as a Streamlit component, whose files the browser caches while its page is open."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import streamlit as st

from app.player.bundle import module_file
from app.player.first_frame import FirstFrame
from app.player.pack import Dial, LinkedCurve, PlayerView, QuantityNames, pack
from app.player.tracks import Track
from app.views import session
from app.views.parts.turns import fragment

if TYPE_CHECKING:
    from streamlit.components.v2.types import ComponentRenderer

MARKUP = "<div class='lookahead-player'></div>"


@cache
def _component() -> ComponentRenderer:
    """Registered when first shown: only a running Streamlit knows the folder of files that pyproject.toml names."""
    return st.components.v2.component("lookahead-lab.player", html=MARKUP, css="player.css", js=module_file("mount.js"))


@cache
def _families_component() -> ComponentRenderer:
    return st.components.v2.component("lookahead-lab.families", html="<span></span>", js="families.js")


@dataclass(frozen=True)
class Pick:
    """A click on the surface: data coordinates, its panel, and its number since the page loaded."""

    x: float
    y: float
    panel: int = 0
    n: int = 0


@dataclass(frozen=True)
class Turn:
    """A number that the visitor grabbed, or released at `value`: a Dial's card, field and level."""

    card: int
    field: str
    level: int
    value: float


@dataclass(frozen=True)
class StartMove:
    """A start that the visitor drags, or released, at a place in data coordinates."""

    start: int
    x: float
    y: float


@dataclass(frozen=True)
class PlayerResult:
    """Events of the player since the last run of the script."""

    pick: Pick | None = None


def player(
    tracks: Sequence[Track],
    *,
    key: str,
    chart_key: str,
    scene: object = "",
    linked_charts: Sequence[str] = (),
    on_pick: Callable[[Pick], None] | None = None,
    on_release: Callable[[Turn], None] | None = None,
    on_start: Callable[[StartMove], None] | None = None,
    autoplay: bool = True,
    pickable: bool = True,
    minima: Sequence[tuple[float, float]] = (),
    labels: tuple[str, str] = ("x", "y"),
    quantities: QuantityNames | None = None,
    dials: Sequence[Dial] = (),
    controls: str = "",
    curves: Sequence[LinkedCurve | None] = (),
    narration: Sequence[tuple[int, str]] = (),
    reel: str = "",
    presented: bool = False,
    first: FirstFrame | None = None,
) -> PlayerResult:
    """Animate `tracks` over the plotly chart with the key `chart_key`, with the controls where this is called.

    A change of `tracks` keeps the step, the speed and what is switched off; playback goes on. Another `scene` starts
    as on the first load.

    Args:
        tracks: the runs; panel g is drawn on the figure's g-th axis pair (xaxis, xaxis2, ...).
        key: the component's key.
        chart_key: key of the st.plotly_chart below the tracks; without such a chart the player draws its own axes.
        scene: what is played (a surface and its starts, say), as anything whose repr tells it from another.
        linked_charts: keys of charts whose x axes count gradient evaluations; each gets a cursor.
        on_pick: called with a Pick before the script runs again, so that it may set widgets' values.
        on_release: called likewise with a Turn when one of the `dials` was released at another value.
        on_start: called likewise with a StartMove when a start was dragged; without it, starts stay where they are.
        autoplay: play when a scene is first shown, unless the visitor's system asks for less motion.
        pickable: report clicks on the surface (each makes the script run).
        minima: points to mark, for charts that do not mark them already.
        labels: names of the coordinates.
        quantities: names of the other numbers.
        dials: numbers to drag; the tracks follow meanwhile if `families` is on the page.
        controls: the page's name, with which the names of its controls begin; sliders of `dials` among them move the
            tracks, too.
        reel: key of a chart with a slider over base steps, which follows the player and moves it.
        curves: what each chart of `linked_charts` shows of a run, to draw it anew meanwhile.
        presented: for a projector: stronger colours, larger letters.
        narration: lines on what happens, each with the base step from which on it is shown.
        first: axes of its own at the chart's place, until the chart has come; once they are on the screen, the script
            runs again.
    """
    view = PlayerView(
        key=key, chart=chart_key, scene=repr(scene), linked=tuple(linked_charts), autoplay=autoplay, pickable=pickable,
        minima=tuple((float(x), float(y)) for x, y in minima), labels=labels,
        quantities=quantities or QuantityNames(), dials=tuple(dials), controls=controls, movable=on_start is not None,
        curves=tuple(curves), narration=tuple(narration), reel=reel, presented=presented, first=first,
    )  # fmt: skip

    def report_pick() -> None:
        pick = _pick(st.session_state[key].get("pick"))
        if pick is not None and on_pick is not None:
            on_pick(pick)

    def report_release() -> None:
        turn = _turn(st.session_state[key].get("release"))
        if turn is not None and on_release is not None:
            on_release(turn)

    def report_start() -> None:
        move = _move(st.session_state[key].get("start"))
        if move is not None and on_start is not None:
            on_start(move)

    result = _component()(
        key=key,
        data=pack(tracks, view),
        on_pick_change=report_pick,
        on_release_change=report_release,
        on_start_change=report_start,
        on_drawn_change=unreported,
    )
    return PlayerResult(_pick(result.get("pick")))


@fragment()
def families(
    *, key: str, player_key: str, family: Callable[[Turn], bytes], start_tracks: Callable[[StartMove], bytes]
) -> None:
    """Serves a player's requests when a number is grabbed or a start dragged, without a run of the whole script.

    Args:
        key: the component's key; it shows nothing.
        player_key: key of the player.
        family: the packed tracks of all values of a grabbed number; see `app.player.dials.pack_family`.
        start_tracks: the packed tracks of a start that is dragged; see `pack_start`.
    """
    state = st.session_state.get(key) or {}
    if state.get("grab") or state.get("start"):
        session.rerun_if_changed()
    turn = _turn(state.get("grab"))
    message = b"" if turn is None else family(turn)
    move = _move(state.get("start"))
    message = message if move is None else start_tracks(move)
    name = player_key.encode()
    data = len(name).to_bytes(4, "little") + name + message
    _families_component()(key=key, data=data, on_grab_change=unreported, on_start_change=unreported)


def unreported() -> None:
    """The callback of a trigger that is read where it is needed: without one a trigger is not reported."""


def _turn(value: object) -> Turn | None:
    """The browser's message as a Turn; None when there is none or it is not one."""
    if not isinstance(value, dict):
        return None
    try:
        return Turn(int(value["card"]), str(value["field"]), int(value["level"]), float(value["value"]))
    except (KeyError, TypeError, ValueError):
        return None


def _move(value: object) -> StartMove | None:
    """The browser's message as a StartMove; None when there is none or it is not one."""
    if not isinstance(value, dict):
        return None
    try:
        return StartMove(int(value["start"]), float(value["x"]), float(value["y"]))
    except (KeyError, TypeError, ValueError):
        return None


def _pick(value: object) -> Pick | None:
    """The browser's message as a Pick; None when there is none or it is not one."""
    if not isinstance(value, dict) or not {"x", "y"} <= value.keys():
        return None
    try:
        return Pick(float(value["x"]), float(value["y"]), int(value.get("panel", 0)), int(value.get("n", 0)))
    except (TypeError, ValueError):
        return None
