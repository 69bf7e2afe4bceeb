"""What a card shows: the live player of its page without the controls, or a chart."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import replace
from functools import partial

import streamlit as st

from app.figures.lessons import curve_beside, guess_marks, moving_picture, still_picture
from app.figures.scene import Scene
from app.player import Dial, LinkedCurve
from app.player.tracks import only_starts
from app.runs import games as game_runs
from app.runs import surfaces as surface_runs
from app.runs.family import dials_of
from app.runs.lessons import case_of
from app.state import GamesConfig, SurfacesConfig
from app.state.lessons import Place
from app.views.lessons.answers import OpenCard, Placed
from app.views.parts.charts import draw_linked, show_chart, show_ground, stage
from app.views.parts.dragging import offer_families
from app.views.parts.player import player
from app.views.parts.progress import progress

HEIGHT, HEIGHT_IN_CLASS = 400, 560  # of the picture, in pixels


def draw_stage(open_card: OpenCard, *, present: bool) -> None:
    """The player over the card's surface or field; a chart where nothing moves."""
    config = open_card.config
    if isinstance(config, SurfacesConfig | GamesConfig):
        # Shown to a class, the card as a whole is what goes to the whole screen: its text and its buttons, too.
        with nullcontext() if present else stage(f"lesson-{open_card.name}"):
            _moving(open_card, config, present=present)
        return
    with progress("Averaging over orders, following the flows") as on_progress:
        chart = still_picture(open_card.card, on_progress)
    if open_card.card.bars is not None:
        st.markdown(f"**{open_card.card.bars.title}**")
    if chart is not None:
        show_chart(chart, key=open_card.key("chart"), legend=open_card.card.bars is None, presented=present)
    if open_card.card.bars is not None:
        st.caption(f"{open_card.card.bars.table}. Measured once, over hours: docs/networks.md says how.")


def _moving(open_card: OpenCard, config: Placed, *, present: bool) -> None:
    marks = guess_marks(open_card.card, open_card.guess, show_end=open_card.revealed)
    scene = replace(moving_picture(config), height=HEIGHT_IN_CLASS if present else HEIGHT, marks=marks)
    ground = f"lesson-ground-{open_card.name}"
    show_ground(scene, ground, presented=present)
    key = f"lesson-player-{open_card.name}{'' if open_card.hidden else '-shown'}"
    dials = () if open_card.hidden else _dials(open_card, config)
    _player(open_card, config, scene, dials, ground, key, present=present)
    _families(key, dials, config)


def _player(
    open_card: OpenCard, config: Placed, scene: Scene, dials: Sequence[Dial], ground: str, key: str, *, present: bool
) -> None:
    """A revealed run opens a player of its own, which plays from the start."""
    hides_runs = open_card.hidden
    curve = None if hides_runs else curve_beside(open_card.card, config)
    charts = [] if curve is None else [f"lesson-curve-{open_card.name}"]
    aims = isinstance(open_card.card.question, Place) and not open_card.revealed
    player(
        only_starts(scene.tracks) if hides_runs else scene.tracks, key=key, chart_key=ground, scene=open_card.name,
        linked_charts=charts, curves=[_linked_curve(open_card, config)] if charts else [],
        pickable=aims, on_pick=open_card.pick if aims else None,
        on_release=open_card.take_turn, on_start=None if hides_runs else open_card.take_start,
        quantities=scene.quantities, dials=dials, presented=present,
    )  # fmt: skip
    if curve is not None:
        draw_linked(curve, charts, presented=present)


def _families(key: str, dials: tuple[Dial, ...], config: Placed) -> None:
    if isinstance(config, GamesConfig):
        offer_families(key, dials, partial(game_runs.game_family, config), config, game_runs.start_tracks)
    else:
        offer_families(key, dials, partial(surface_runs.surface_family, config), config, surface_runs.start_tracks)


def _dials(open_card: OpenCard, config: Placed) -> tuple[Dial, ...]:
    """The numbers that the card lets one drag."""
    handles = open_card.card.handles
    dials = dials_of(config, config.steps, len(config.starts))
    return tuple(dial for dial in dials if not handles or dial.field in handles)


def _linked_curve(open_card: OpenCard, config: Placed) -> LinkedCurve | None:
    """How the browser draws the card's chart anew while a number is dragged."""
    if open_card.card.chart == "distance":
        return LinkedCurve(places=tuple((float(x), float(y)) for x, y in case_of(config).places))
    if open_card.card.chart == "loss" and isinstance(config, SurfacesConfig):
        return LinkedCurve(floor=surface_runs.scenery(config).floor)
    return LinkedCurve(floor=0.0) if open_card.card.chart == "value" else None
