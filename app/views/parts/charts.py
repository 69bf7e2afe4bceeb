"""Charts on a page: one by one, or in a row that becomes a column on a narrow screen."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from app.draw.plotly import chart_spec, clicked_target
from app.draw.plotly_projector import projector_chart, projector_spec
from app.draw.plotly_room import LETTERS, room_for
from app.draw.plotly_scene import ground_margin, ground_spec
from app.draw.plotly_spec import Spec, SpecFigure, axes_of
from app.figures.chart import Chart, Panel
from app.figures.look import on_dark
from app.figures.scene import Scene
from app.player.first_frame import FirstFrame, pack_heights
from app.views import session
from app.views.parts.turns import fragment

CHART = {"displayModeBar": False}
PATIENCE = 5.0  # seconds in which a player shows its first frame
GROUND = {"displaylogo": False, "scrollZoom": True, "modeBarButtonsToRemove": ["toImage", "select2d", "lasso2d"]}


def inks(colors: Sequence[str]) -> tuple[str, ...]:
    """Colours, "#rrggbb", as the player draws its tracks on this visitor's page: lighter on a dark one."""
    return tuple(map(on_dark, colors)) if dark() else tuple(colors)


def dark() -> bool:
    """Whether this visitor's page is dark."""
    return bool(st.context.theme.type == "dark")


def show_chart(
    chart: Chart, key: str, *, legend: bool = True, pick: bool = False, presented: bool = False
) -> tuple[int, int] | None:
    """The chart, `presented` for a projector.

    With `pick`, gives the target that was clicked: which of the targets' marks, and which point.
    """
    spec = _spec(chart, legend=legend, presented=presented)
    if not pick:
        st.plotly_chart(SpecFigure(spec), key=key, config=CHART, alt=chart.words)
        return None
    event: Any = st.plotly_chart(
        SpecFigure(spec), key=key, config=CHART, on_select="rerun", selection_mode="points", alt=chart.words
    )
    return clicked_target(spec, event.selection.points)


def show_ground(scene: Scene, key: str, config: Mapping[str, Any] = GROUND, *, presented: bool = False) -> None:
    """The background of the player, which finds it by its key; `presented`: for a projector."""
    spec = ground_spec(scene, dark=dark())
    figure = SpecFigure(projector_spec(spec) if presented else spec)
    st.plotly_chart(figure, key=key, config=dict(config), theme="streamlit", alt=scene.words)


def _spec(chart: Chart, *, legend: bool, titles: bool = True, presented: bool) -> Spec:
    if presented:
        return projector_spec(
            chart_spec(projector_chart(chart, dark=dark()), dark=dark(), legend=legend, titles=titles)
        )
    return chart_spec(chart, dark=dark(), legend=legend, titles=titles)


def stage(key: str) -> DeltaGenerator:
    """What holds a chart and the player over it; the player shows it on the whole screen."""
    return st.container(key=f"{key}-stage")


def draw_stage(scene: Scene, key: str, draw_player: Callable[..., object]) -> bool:
    """A player, and the ground below it that has this key. Returns whether to draw the rest of the page.

    Plotly keeps a browser busy for seconds when it first comes. On a visit's first run the player is alone and draws
    axes of its own at the chart's place; all else comes with the next run, which the player asks for.
    """
    place = st.container(key=f"{key}-place")
    if session.first_run() and session.has_browser() and len(scene.panels) == 1:
        draw_player(first=_first_frame(scene))
        _go_on_without_player()
        return False
    draw_player()
    with place:
        show_ground(scene, key)
    return True


@fragment(run_every=PATIENCE)
def _go_on_without_player() -> None:
    """Draw the rest where the player does not ask for it."""
    if not session.first_run():
        st.rerun()


def _first_frame(scene: Scene) -> FirstFrame:
    margin = ground_margin(scene)
    (left, right), (bottom, top) = scene.extent
    heights = None if scene.grid is None or scene.flow is not None else pack_heights(scene.grid.shade(scene.log_view))
    return FirstFrame((left, right, bottom, top), (margin["l"], margin["r"], margin["t"], margin["b"]), heights)


def draw_linked(chart: Chart, keys: Sequence[str], *, presented: bool = False) -> None:
    """The panels of a chart side by side, each as a chart under its title; the player finds each by its key."""
    columns = st.columns(len(chart.panels))
    for place, (column, panel, key) in enumerate(zip(columns, chart.filled_panels, keys, strict=False)):
        with column:
            st.caption(f"**{panel.title}**")
            single = chart.of(place)
            spec = _spec(single, legend=False, titles=False, presented=presented)
            _fix_layout(spec["layout"], panel)
            st.plotly_chart(SpecFigure(spec), key=key, config=CHART, alt=single.words)


def _fix_layout(layout: dict[str, Any], panel: Panel) -> None:
    """Spare plotly to measure every label for margins that it could widen: three quarters of drawing a chart anew."""
    room = room_for(panel, layout["yaxis"].get("tickfont", {}).get("size", LETTERS))
    layout["margin"] = layout["margin"] | {"autoexpand": False, "l": max(layout["margin"]["l"], room)}
    for axis in axes_of(layout).values():
        axis |= {"automargin": False, "ticklabeloverflow": "allow"}
