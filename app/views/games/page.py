"""The Games page: two players move in the field of a min-max objective."""

from __future__ import annotations

from functools import partial

import streamlit as st

from app.export import scene_offer
from app.figures.games import equilibrium_text, game_caption, game_curves, game_scene
from app.player import Dial, LinkedCurve
from app.runs import games as game_runs
from app.runs.family import dials_of
from app.state import GamesConfig
from app.state.presets import description_of
from app.tables.games import exit_text, game_table
from app.views import session
from app.views.games.controls import PAGE, PREDICTION, sidebar
from app.views.games.predict import outcome, place_prediction, prediction
from app.views.parts.charts import draw_stage, stage
from app.views.parts.dragging import adopt_start, adopt_turn, free_dials, offer_families, packed_families
from app.views.parts.export_panel import export_panel
from app.views.parts.fields import Fields
from app.views.parts.guide import guide
from app.views.parts.history import preset_name
from app.views.parts.later import draw_linked_later
from app.views.parts.page_name import page_name
from app.views.parts.player import player
from app.views.parts.progress import progress
from app.views.parts.scene import move_start, note_idle_layers
from optim_core.trajectory import Trajectory

CHART, PLAYER = "games-ground", "games-player"
FITTING = 3  # columns of the table beside the field; a wider table is below, over the whole width
CURVES = ("games-curves-1", "games-curves-2", "games-curves-3")


def page() -> None:
    """Controls, the run, the player over the field, linked charts, the table."""
    config, problems = session.current(PAGE, GamesConfig)
    page_name("Games")
    sidebar(config, problems)
    game = config.landscape
    st.markdown(rf"## {game.name} &nbsp; $\small\min_x \max_y\; {game.formula}$")
    hides = PREDICTION.hides
    sentences = [*([] if hides else [description_of(config)]), *map(equilibrium_text, game.equilibria)]
    if not config.active:
        st.caption("  \n".join(sentences))
        st.info("Every optimizer is switched off. Switch one on in the sidebar to see it move.")
        return
    with progress("Running") as on_progress:
        run = game_runs.game_run(config, on_progress)
    scenery = game_runs.game_scenery(config)
    st.caption("  \n".join([*sentences, *([] if hides else [exit_text(run, scenery)])]))
    guide(PAGE, config, PREDICTION.player_key(PLAYER))
    note_idle_layers(config)
    if hides:
        questions, field = (st.container(), st.container()) if config.panels else st.columns([4, 5], gap="medium")
        with questions:
            prediction(config)
        with field, stage(CHART):
            _field(config, run)
        return
    outcome(run, scenery)
    left, right = (st.container(), st.container()) if config.panels else st.columns([5, 4], gap="medium")
    with left, stage(CHART):
        if not _field(config, run):
            return
    with right:
        table = _measurements(config, run, scenery)
    is_wide = len(run.names) > FITTING and not config.panels
    if not session.hides("table"):
        (st.container() if is_wide else right).table(table)
    families = packed_families(_dials(config), partial(game_runs.game_family, config), config)
    export_panel(
        scene_offer(lambda: game_scene(config, run), game_caption(config), families=families), config, page=PAGE
    )


def _dials(config: GamesConfig) -> tuple[Dial, ...]:
    return free_dials(PAGE, config, dials_of(config, config.steps, len(config.starts)))


def _field(config: GamesConfig, run: Trajectory) -> bool:
    """The field and the player over it; whether to draw the rest of the page."""
    picture = game_scene(config, run, PREDICTION.marks(panels=config.panels))
    scene, hides = (config.game, config.starts, preset_name(PAGE)), PREDICTION.hides
    places = tuple((float(x), float(y)) for x, y in game_runs.game_scenery(config).places)
    dials, key = () if hides else _dials(config), PREDICTION.player_key(PLAYER)
    is_fixed = Fields.of(PAGE, config).fixes("starts")
    draw_player = partial(
        player,
        PREDICTION.visible_tracks(picture.tracks), key=key, chart_key=CHART, scene=scene, linked_charts=CURVES,
        on_pick=place_prediction if hides else partial(move_start, PAGE), pickable=hides or not is_fixed,
        on_release=partial(adopt_turn, PAGE), on_start=None if hides or is_fixed else partial(adopt_start, PAGE),
        quantities=picture.quantities, dials=dials, controls=PAGE, narration=() if hides else picture.narration,
        curves=(LinkedCurve(places=places), game_runs.rate_curve(places), LinkedCurve(floor=0.0)),
    )  # fmt: skip
    is_complete = draw_stage(picture, CHART, draw_player)
    offer_families(key, dials, partial(game_runs.game_family, config), config, game_runs.start_tracks)
    return is_complete


def _measurements(config: GamesConfig, run: Trajectory, scenery: game_runs.GameScenery) -> dict[str, dict[str, str]]:
    """Draw the charts; gives the table."""
    optimizers = range(len(run.names))
    rates = [game_runs.measured_rate(run, index, scenery.places) for index in optimizers]
    closed_forms = [game_runs.closed_rate(config, spec) for spec in config.specs()]
    if not session.hides("charts"):
        draw_linked_later(
            PAGE, config, lambda: game_curves(config, run, rates, closed_forms), CURVES, side_by_side=config.panels
        )
    return game_table(config, run, scenery, rates, closed_forms)
