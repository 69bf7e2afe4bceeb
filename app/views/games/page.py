"""The Games page: two players move in the field of a min-max objective."""

from __future__ import annotations

from functools import partial

import numpy as np
import streamlit as st

from app.export import game_scene, scene_offer
from app.export.games import game_caption
from app.figures.games import equilibrium_text, field_figure, game_charts
from app.figures.quantities import game_quantities
from app.player import player
from app.runs import games as game_runs
from app.runs.family import dials_of
from app.runs.surfaces import surface_tracks
from app.state import GamesConfig
from app.state.presets import shown_by_game
from app.tables.games import game_table, gone_text
from app.views import session
from app.views.games.controls import PAGE, move_start, sidebar
from app.views.parts.charts import draw_linked, inks
from app.views.parts.dragging import adopt_turn, offer_families
from app.views.parts.export_panel import export_panel
from app.views.parts.history import chosen
from app.views.parts.progress import progress
from app.views.surfaces.page import CONFIG

CHART, PLAYER = "game", "game-player"
FITTING = 3  # columns of the table beside the field; more go below, over the whole width
CURVES = ("game-curves-1", "game-curves-2", "game-curves-3")


def page() -> None:
    """Controls, the run, the player over the field, linked charts, the table."""
    config, problems = session.current(PAGE, GamesConfig)
    sidebar(config, problems)
    game = config.landscape
    st.markdown(rf"#### {game.name} &nbsp; $\small\min_x \max_y\; {game.formula}$")
    says = [shown_by_game(config), *map(equilibrium_text, game.equilibria)]
    if not config.active:
        st.caption("  \n".join(says))
        st.info("Every optimizer is switched off. Switch one on in the sidebar to see it move.")
        return
    with progress("Running") as on_progress:
        run = game_runs.game_run(config, on_progress)
    scenery = game_runs.game_scenery(config)
    st.caption("  \n".join([*says, gone_text(run, scenery)]))
    left, right = (st.container(), st.container()) if config.panels else st.columns([5, 4], gap="medium")
    with left:
        _field(config, run, scenery)
    with right:
        table = _measurements(config, run, scenery)
    wide = len(run.names) > FITTING and not config.panels
    (st.container() if wide else right).table(table)
    export_panel(scene_offer(lambda: game_scene(config, run), game_caption(config)), config, page=PAGE)


def _field(config: GamesConfig, run: game_runs.Trajectory, scenery: game_runs.GameScenery) -> None:
    titles = [spec.name for spec in config.specs()] if config.panels else [""]
    figure = field_figure(scenery.lines, scenery.speed, scenery.value, scenery.game.equilibria, titles)
    st.plotly_chart(figure, key=CHART, config=CONFIG, theme="streamlit")
    scene = (config.game, config.starts, chosen(PAGE))
    dials = dials_of(config, config.steps, len(config.starts))
    player(
        surface_tracks(config, run), key=PLAYER, chart_key=CHART, scene=scene, linked=CURVES, on_pick=move_start,
        on_release=partial(adopt_turn, PAGE), quantities=game_quantities(config), dials=dials,
    )  # fmt: skip
    offer_families(PLAYER, dials, partial(game_runs.game_family, config), config, config.panels)


def _measurements(
    config: GamesConfig, run: game_runs.Trajectory, scenery: game_runs.GameScenery
) -> dict[str, dict[str, str]]:
    """Draw the charts; gives the table."""
    optimizers = range(len(run.names))
    measured = [game_runs.measured_rate(run, index, scenery.places) for index in optimizers]
    closed = [game_runs.closed_rate(config, spec) for spec in config.specs()]
    left = np.array([game_runs.left_view(run, index, scenery.game.domain) for index in optimizers])
    rates = [(one.evaluations, one.rate) for one in measured]
    charts = game_charts(run, rates, closed, scenery.places, scenery.value, left, inks(config.colors))
    if config.panels:
        draw_linked(charts, CURVES)
    else:
        for (title, chart), key in zip(charts.items(), CURVES, strict=True):
            draw_linked({title: chart}, (key,))
    return game_table(config, run, scenery, measured, closed)
