"""The Surfaces page: optimizers move on a surface of two weights."""

from __future__ import annotations

import streamlit as st

from app.export import scene_offer, surface_scene
from app.figures.caption import surface_caption
from app.figures.surfaces import surface_curves
from app.runs import surfaces as surface_runs
from app.state import SurfacesConfig
from app.state.presets import shown_by
from app.tables.surfaces import summary
from app.views import session
from app.views.parts.charts import draw_linked, show_ground
from app.views.parts.export_panel import export_panel
from app.views.parts.fields import Fields
from app.views.parts.history import chosen
from app.views.parts.player import player
from app.views.parts.progress import progress
from app.views.surfaces.closer import look_closer
from app.views.surfaces.controls import PAGE, PLAYER, move_start, sidebar
from app.views.surfaces.formula import note_gaps
from app.views.surfaces.predict import (
    hidden,
    outcome,
    place_prediction,
    player_key,
    predicting,
    prediction,
    prediction_marks,
)

CHART = "surface"
CURVES = ("surface-curves-1", "surface-curves-2", "surface-curves-3")
LETTER = 7  # px of a letter in a table, on average


def page() -> None:
    """Controls, the run, the player over the surface, linked charts, the table."""
    config, problems = session.current(PAGE, SurfacesConfig)
    sidebar(config, problems)
    st.markdown(f"#### {config.landscape.name} &nbsp; ${config.landscape.formula}$")
    if not predicting():
        st.caption(shown_by(config))  # which gives the answer away
    if not config.active:
        st.info("Every optimizer is switched off. Switch one on in the sidebar to see it move.")
        return
    scenery = surface_runs.scenery(config)
    note_gaps(config, scenery)
    with progress("Running") as on_progress:
        run = surface_runs.surface_run(config, on_progress)
    prediction(config)
    _stage(config, run)
    if predicting():
        return
    outcome(run)
    draw_linked(surface_curves(config, run), CURVES)
    _table(config, run, scenery)
    look_closer(config, scenery)
    export_panel(scene_offer(lambda: surface_scene(config, run), surface_caption(config)), config, page=PAGE)


def _stage(config: SurfacesConfig, run: surface_runs.Trajectory) -> None:
    """The surface and the player over it."""
    shown = surface_scene(config, run, prediction_marks(config))
    show_ground(shown, CHART)
    on_pick = place_prediction if predicting() else move_start
    scene = (config.surface, config.formula, config.domain, config.starts, chosen(PAGE))
    player(
        hidden(shown.tracks), key=player_key(PLAYER), chart_key=CHART, scene=scene, linked=CURVES, on_pick=on_pick,
        quantities=shown.quantities,
    )  # fmt: skip


def _table(config: SurfacesConfig, run: surface_runs.Trajectory, scenery: surface_runs.Scenery) -> None:
    customary = scenery.floor + 0.01 * (float(run.loss[0].max()) - scenery.floor)
    target = config.target if config.target is not None else customary
    rows = summary(run, scenery.places, target)
    numbers = [name for name, value in rows[0].items() if isinstance(value, float)]
    short = st.column_config.NumberColumn(format="%.4g")  # else 1e-30 is written out, and pushes the rest away
    whole = st.column_config.TextColumn(pinned=True, width=24 + LETTER * max(len(name) for name in run.names))
    st.dataframe(rows, hide_index=True, column_config=dict.fromkeys(numbers, short) | {"optimizer": whole})
    Fields.of(PAGE, config).number_or_none(
        "Loss to reach", "target", placeholder=f"{customary:.4g} (a hundredth of the way left)", format="%g", width=320
    )
