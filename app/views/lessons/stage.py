"""What a card shows: the live player of its page without the controls, or a chart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import streamlit as st

from app.figures.chart import Chart, Mark
from app.figures.games import game_curves, game_scene
from app.figures.lessons import bars_chart
from app.figures.scene import Scene
from app.figures.surfaces import surface_curves, surface_scene
from app.figures.theory.regularization import coefficients_chart, landscapes_chart
from app.player import Dial, LinkedCurve
from app.runs import games as game_runs
from app.runs import surfaces as surface_runs
from app.runs import theory as theory_runs
from app.runs.family import dials_of
from app.runs.lessons import end_of, shown
from app.state import GamesConfig, SurfacesConfig
from app.state.lessons import Place
from app.state.lessons.card import CHARTS
from app.state.theory import TheoryConfig
from app.views.lessons.answers import OpenCard, Placed
from app.views.parts.charts import draw_linked, show_chart, show_ground
from app.views.parts.dragging import offer_families
from app.views.parts.player import player
from app.views.parts.progress import progress
from app.views.parts.scene import only_starts

GROUND, CURVE = "lesson-ground", "lesson-curve"
HEIGHT, PRESENTED = 400, 560


def draw_stage(opened: OpenCard, *, present: bool) -> None:
    """The player over the card's surface or field; a chart where nothing moves."""
    config = opened.config
    if isinstance(config, SurfacesConfig | GamesConfig):
        _moving(opened, config, PRESENTED if present else HEIGHT)
    elif isinstance(config, TheoryConfig):
        _theory(opened, config)
    elif opened.card.bars is not None:
        show_chart(bars_chart(opened.card.bars), key=opened.key("bars"), legend=False)
        st.caption(f"Measured with the settings in docs/networks.md: {opened.card.bars.table}.")


def _moving(opened: OpenCard, config: SurfacesConfig | GamesConfig, height: int) -> None:
    hidden = opened.card.hidden and not opened.revealed
    scene = replace(_scene(config), height=height, marks=tuple((0, mark) for mark in _guess(opened, config)))
    ground = f"{GROUND}-{opened.lesson.key}-{opened.number}"
    show_ground(scene, ground)
    key = f"lesson-player-{opened.lesson.key}-{opened.number}{'' if hidden else '-shown'}"
    dials = () if hidden else _dials(opened, config)
    curve = _curve(opened, config) if opened.revealed or not opened.card.hidden else None
    asks_place = isinstance(opened.card.question, Place) and not opened.revealed
    player(
        only_starts(scene.tracks) if hidden else scene.tracks, key=key, chart_key=ground,
        scene=(opened.lesson.key, opened.number), linked=[CURVE] if curve else [],
        on_pick=opened.pick if asks_place else None, pickable=asks_place,
        on_release=opened.take_turn, on_start=None if hidden else opened.take_start,
        quantities=scene.quantities, dials=dials, curves=[_linked(opened, config)] if curve else [],
    )  # fmt: skip
    if curve is not None:
        draw_linked(curve, (CURVE,))
    family: Any = game_runs.game_family if isinstance(config, GamesConfig) else surface_runs.surface_family
    moved: Any = game_runs.moved_tracks if isinstance(config, GamesConfig) else surface_runs.moved_tracks
    offer_families(key, dials, partial(family, config), config, moved)


def _scene(config: SurfacesConfig | GamesConfig) -> Scene:
    run = shown(config).run
    return game_scene(config, run) if isinstance(config, GamesConfig) else surface_scene(config, run)


def _dials(opened: OpenCard, config: SurfacesConfig | GamesConfig) -> tuple[Dial, ...]:
    wanted = opened.card.handles
    dials = dials_of(config, config.steps, len(config.starts))
    return tuple(dial for dial in dials if not wanted or dial.field in wanted)


def _guess(opened: OpenCard, config: SurfacesConfig | GamesConfig) -> Sequence[Mark]:
    """Where the visitor thinks that it ends and, once revealed, where it does."""
    question = opened.card.question
    if not isinstance(question, Place) or opened.answer is None:
        return ()
    color = config.colors[question.optimizer - 1]
    x, y = (np.array([value]) for value in opened.answer)
    hover = "your guess\nx {x:.3g}, y {y:.3g}"
    guess = Mark("your guess", color, x, y, kind="dots", marker="plus", size=13.5, width=3.0, hover=hover)
    base = opened.card.config
    end = end_of(base, question.optimizer) if opened.revealed and isinstance(base, Placed) else None
    if end is None:
        return (guess,)
    x, y = (np.array([value]) for value in end)
    hover = "it ended here\nx {x:.3g}, y {y:.3g}"
    return (guess, Mark("end", color, x, y, kind="dots", size=12.0, hollow=True, width=2.0, hover=hover))


def _curve(opened: OpenCard, config: SurfacesConfig | GamesConfig) -> Chart | None:
    """The card's chart beneath the player; None where it has none, or a surface without minima has no distance."""
    if opened.card.chart is None:
        return None
    seen = shown(config)
    if isinstance(config, GamesConfig):
        optimizers = range(len(seen.run.names))
        measured = [game_runs.measured_rate(seen.run, index, seen.places) for index in optimizers]
        closed = [game_runs.closed_rate(config, spec) for spec in config.specs()]
        return game_curves(config, seen.run, measured, closed).of(CHARTS["games"].index(opened.card.chart))
    chart = surface_curves(config, seen.run)
    names = [name for name in CHARTS["surfaces"] if name != "distance" or len(seen.places)]
    return chart.of(names.index(opened.card.chart)) if opened.card.chart in names else None


def _linked(opened: OpenCard, config: SurfacesConfig | GamesConfig) -> LinkedCurve | None:
    """How the browser draws that chart anew while a number is dragged."""
    if opened.card.chart == "distance":
        return LinkedCurve(places=tuple((float(x), float(y)) for x, y in shown(config).places))
    if opened.card.chart == "loss":
        return LinkedCurve(floor=surface_runs.scenery(config).floor) if isinstance(config, SurfacesConfig) else None
    return LinkedCurve(floor=0.0) if opened.card.chart == "value" else None


def _theory(opened: OpenCard, config: TheoryConfig) -> None:
    if opened.card.chart == "landscapes":
        with progress("Averaging over orders, following the flows") as on_progress:
            seen = theory_runs.descent(config, on_progress)
        show_chart(landscapes_chart(seen, config.spec(lr=1.0).name), key=opened.key("landscapes"))
        return
    chart = coefficients_chart(*theory_runs.coefficients(config), theory_runs.amplifications(config))
    show_chart(chart.of(2) if opened.card.chart == "penalty" else chart.of(0, 1), key=opened.key("coefficients"))
