"""The Surfaces page: optimizers move on a surface of two weights."""

from __future__ import annotations

from functools import partial

import streamlit as st

from app.export import scene_offer, surface_scene
from app.figures.caption import surface_caption
from app.figures.surfaces import surface_curves
from app.player import Dial, LinkedCurve
from app.runs import surfaces as surface_runs
from app.runs.family import dials_of
from app.state import SurfacesConfig
from app.state.presets import description_of
from app.tables.surfaces import summary
from app.views import session
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
from app.views.surfaces.closer import look_closer
from app.views.surfaces.controls import PAGE, PLAYER, PREDICTION, sidebar
from app.views.surfaces.formula import note_gaps
from app.views.surfaces.predict import outcome, place_prediction, prediction
from optim_core.trajectory import Trajectory

CHART = "surfaces-ground"
CURVES = ("surfaces-curves-1", "surfaces-curves-2", "surfaces-curves-3")
LETTER = 7  # px of a letter in a table, on average


def page() -> None:
    """Controls, the run, the player over the surface, linked charts, the table."""
    config, problems = session.current(PAGE, SurfacesConfig)
    page_name("Surfaces")
    sidebar(config, problems)
    st.markdown(f"## {config.landscape.name} &nbsp; ${config.landscape.formula}$")
    if not PREDICTION.hides:
        st.caption(description_of(config))  # hidden while predicting: it tells the answer
    if not config.active:
        st.info("Every optimizer is switched off. Switch one on in the sidebar to see it move.")
        return
    scenery = surface_runs.scenery(config)
    note_gaps(config, scenery)
    with progress("Running") as on_progress:
        run = surface_runs.surface_run(config, on_progress)
    guide(PAGE, config, PREDICTION.player_key(PLAYER))
    note_idle_layers(config)
    prediction(config)
    with stage(CHART):
        is_complete = _stage(config, run)
    if PREDICTION.hides or not is_complete:
        return
    outcome(run)
    if not session.hides("charts"):
        draw_linked_later(PAGE, config, lambda: surface_curves(config, run), CURVES)
    if not session.hides("table"):
        _table(config, run, scenery)
    if not session.hides("closer"):
        look_closer(config, scenery)
    families = packed_families(_dials(config), partial(surface_runs.surface_family, config), config)
    export_panel(
        scene_offer(lambda: surface_scene(config, run), surface_caption(config), families=families), config, page=PAGE
    )


def _dials(config: SurfacesConfig) -> tuple[Dial, ...]:
    return free_dials(PAGE, config, dials_of(config, config.steps, len(config.starts)))


def _stage(config: SurfacesConfig, run: Trajectory) -> bool:
    """The surface and the player over it; whether to draw what comes below."""
    picture = surface_scene(config, run, PREDICTION.marks(panels=config.panels))
    on_pick = place_prediction if PREDICTION.hides else partial(move_start, PAGE)
    scene = (config.surface, config.formula, config.domain, config.starts, preset_name(PAGE))
    hides, is_fixed = PREDICTION.hides, Fields.of(PAGE, config).fixes("starts")
    dials, key = () if hides else _dials(config), PREDICTION.player_key(PLAYER)
    draw_player = partial(
        player,
        PREDICTION.visible_tracks(picture.tracks), key=key, chart_key=CHART, scene=scene, linked_charts=CURVES,
        on_pick=on_pick, on_release=partial(adopt_turn, PAGE), pickable=hides or not is_fixed,
        on_start=None if hides or is_fixed else partial(adopt_start, PAGE),
        quantities=picture.quantities, dials=dials, controls=PAGE,
        curves=_curves(config), narration=() if PREDICTION.hides else picture.narration,
    )  # fmt: skip
    is_complete = draw_stage(picture, CHART, draw_player)
    offer_families(key, dials, partial(surface_runs.surface_family, config), config, surface_runs.start_tracks)
    return is_complete


def _curves(config: SurfacesConfig) -> list[LinkedCurve | None]:
    """The curves of the linked charts, as `surface_curves` draws them."""
    scenery = surface_runs.scenery(config)
    places = tuple((float(x), float(y)) for x, y in scenery.places)
    return [
        LinkedCurve(floor=scenery.floor),
        *([LinkedCurve(places=places)] if places else []),
        LinkedCurve(measured=True),
    ]


def _table(config: SurfacesConfig, run: Trajectory, scenery: surface_runs.Scenery) -> None:
    customary = scenery.floor + 0.01 * (float(run.loss[0].max()) - scenery.floor)
    target = config.target if config.target is not None else customary
    rows = summary(run, scenery.places, target)
    Fields.of(PAGE, config).number_or_none(
        "Loss to reach", "target", placeholder=f"{customary:.4g} (a hundredth of the way left)", format="%g", width=320
    )
    numbers = [name for name, value in rows[0].items() if isinstance(value, float)]
    short = st.column_config.NumberColumn(format="%.4g")  # else 1e-30 is written out in full
    names_column = st.column_config.TextColumn(pinned=True, width=24 + LETTER * max(len(name) for name in run.names))
    st.dataframe(rows, hide_index=True, column_config=dict.fromkeys(numbers, short) | {"optimizer": names_column})
