"""The GANs page: two networks train against each other, each with an optimizer, and synchronise together."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

from app.draw.plotly_spec import SpecFigure
from app.draw.reel import reel_spec
from app.export import gan_offer
from app.figures.gans import gan_caption, gan_chart, gan_scene, logarithmic, samples_reel
from app.figures.narration import training_narration
from app.figures.plane import frame_of
from app.figures.scene import Scene
from app.jobs.store import TrainingResult
from app.runs import gans as gan_runs
from app.runs import networks as network_runs
from app.runs import plane as plane_runs
from app.runs.shipped import ShippedRuns
from app.state import GansConfig
from app.state.presets import description_of
from app.tables.gans import gan_table
from app.views import session
from app.views.gans.controls import LOSS_NAMES, PAGE, WORLD_NAMES, sidebar
from app.views.gans.slow_motion import slow_motion_part
from app.views.networks.plane import draw_honesty, draw_plane
from app.views.parts.charts import dark, draw_linked, stage
from app.views.parts.device import chosen_device
from app.views.parts.export_panel import export_panel
from app.views.parts.fields import Fields
from app.views.parts.guide import guide
from app.views.parts.history import preset_name
from app.views.parts.later import draw_later
from app.views.parts.page_name import page_name
from app.views.parts.player import player
from app.views.parts.training import (
    CurvesByOptimizer,
    curves_key,
    results_or_progress,
    training_notes,
)
from app.views.parts.visitor import visitor
from landscapes.contours import PlaneLoss
from landscapes.planes import random_walk_shares

CURVES = tuple(f"gans-curves-{number}" for number in range(1, 5))
CHART, PLAYER, SAMPLES = "gans-ground", "gans-player", "gans-samples"
HONESTY = ("gans-honesty-1", "gans-honesty-2")


def page() -> None:
    """Controls; training, live; then curves, table, samples and the players' plane."""
    config, problems = session.current(PAGE, GansConfig)
    page_name("GANs")
    sidebar(config, problems)
    st.markdown(f"## {WORLD_NAMES[config.dataset]} · {LOSS_NAMES[config.objective]}")
    st.caption(f"{description_of(config)} {_about(config)}".strip())
    if not config.active:
        st.info("Every optimizer is switched off. Switch one on in the sidebar.")
        return
    comparison = network_runs.trainings(config, visitor(), chosen_device(PAGE))
    results, shipped_runs = results_or_progress(
        PAGE, config, comparison, lambda curves: _curves(config, comparison.names, curves)
    )
    if results is None:
        return
    if not session.hides("charts"):
        _curves(config, comparison.names, [[result.curves for result in row] for row in results])
    if not session.hides("table"):
        st.dataframe(gan_table(comparison.names, results), hide_index=True)
    training_notes(config, comparison.names, results)
    first = [row[0] for row in results]
    samples = shipped_runs.samples if shipped_runs else gan_runs.recent_samples(config.task(), first)
    _samples(config, comparison.names, samples)
    slow_motion_part(config, comparison.names, first)
    scene = _plane(config, comparison.names, first, shipped_runs)
    if shipped_runs is None:
        export_panel(gan_offer(config, results, scene), config, page=PAGE)


def _about(config: GansConfig) -> str:
    return (
        f"{config.steps:,} base steps of both players on batches of {config.batch_size}; in each the discriminator "
        "moves first, then both synchronise together. Every optimizer starts from the same weights and sees the same "
        "samples and latent vectors."
    )


def _curves(config: GansConfig, names: tuple[str, ...], curves: CurvesByOptimizer) -> None:
    draw_linked(gan_chart(config, curves), CURVES)
    curves_key(names, config)


def _samples(config: GansConfig, names: Sequence[str], samples: Sequence[gan_runs.Samples]) -> None:
    st.markdown("## What the generators make")
    task = config.task()
    reel = samples_reel(gan_caption(config), names, config.colors, samples, gan_runs.real_samples(task))

    def make() -> SpecFigure:
        return SpecFigure(reel_spec(reel, samples[0].step.tolist(), dark=dark()))

    def draw(figure: SpecFigure) -> None:
        words = f"Samples of the generators of {', '.join(names)}, and real ones, at the player's step"
        st.plotly_chart(figure, key=SAMPLES, config={"displayModeBar": False}, alt=words)

    draw_later(SAMPLES, (config, chosen_device(PAGE), dark()), make, draw, reel[-1].height)
    real_note = "; real samples are grey" if config.dataset == "ring" else ""
    st.caption(
        f"The same latent vectors at every step, of the first seed; the player below and this slider move "
        f"together{real_note}."
    )


def _plane(
    config: GansConfig, names: Sequence[str], results: Sequence[TrainingResult], shipped_runs: ShippedRuns | None
) -> Callable[[], Scene] | None:
    """The two players against each other, each along its own first principal direction; gives what exports draw."""
    st.markdown("## The plane of the two players")
    players = {"discriminator": "discriminator's", "generator": "generator's"}
    Fields.of(PAGE, config).segments("Loss drawn on it", "drawn", players)
    try:
        view = shipped_runs.view if shipped_runs else plane_runs.players_view(results)
    except ValueError as error:
        st.info(f"No such plane here: {error}.")
        return None
    backdrop = shipped_runs.backdrop if shipped_runs else plane_runs.gan_backdrop(config, results)
    tracks = plane_runs.tracks(view, results, names, config.colors)

    def scene_with(picture: PlaneLoss | None) -> Scene:
        return gan_scene(config, tracks, picture, frame_of(view))

    guide(PAGE, config)
    scene, linked_charts = (config.dataset, config.objective, preset_name(PAGE)), (*HONESTY, *CURVES)
    with stage(CHART):
        draw_plane(scene_with, backdrop, key=CHART)
        player(
            tracks,
            key=PLAYER,
            chart_key=CHART,
            scene=scene,
            linked_charts=linked_charts,
            reel=SAMPLES,
            pickable=False,
            labels=("d", "g"),
            narration=training_narration(config.specs(), config.steps, [result.diverged for result in results]),
        )
    st.caption(_explanation(config, view))
    draw_honesty(view, backdrop, names, config.colors, keys=HONESTY, logarithmic=logarithmic(config))
    return lambda: scene_with(backdrop.wait_for_picture())


def _explanation(config: GansConfig, view: plane_runs.View) -> str:
    shares = view.plane.explained or (0.0, 0.0)
    walk = random_walk_shares(max(3, *(len(run.snapshots.step) for run in view.runs)))[0]
    return (
        f"Across, the discriminator's weights; upwards, the generator's, so that turning here is turning of the game. "
        f"The directions hold {shares[0]:.0%} and {shares[1]:.0%} of each player's variance; one track that is a pure "
        f"random walk would have {walk:.0%} there, several independent ones less. The {config.drawn}'s loss is that of "
        "one fixed batch, with the rest of both networks' weights at their mean over the tracks. The player shows the "
        "discriminator's loss."
    )
