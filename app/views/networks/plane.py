"""The weight-space part of the Networks page: a plane, the tracks on it, and the errors of the projection."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import streamlit as st

from app.figures.narration import training_narration
from app.figures.networks import QUANTITIES, network_scene
from app.figures.plane import frame_of, honesty
from app.figures.scene import Scene
from app.jobs.store import TrainingResult
from app.runs import plane as plane_runs
from app.runs.shipped import Picture, ShippedRuns
from app.state import PLANES, CloseUp, NetworksConfig
from app.views.parts.charts import draw_linked, show_ground, stage
from app.views.parts.fields import Fields
from app.views.parts.guide import guide
from app.views.parts.history import preset_name
from app.views.parts.player import player
from app.views.parts.turns import fragment
from landscapes.contours import PlaneLoss
from landscapes.planes import random_walk_shares

PAGE, CHART, PLAYER = "networks", "networks-ground", "networks-player"
HONESTY = ("networks-honesty-1", "networks-honesty-2")
PLANE = {"displaylogo": False, "modeBarButtonsToRemove": ["toImage"]}


def weight_space(
    config: NetworksConfig,
    names: Sequence[str],
    results: Sequence[TrainingResult],
    *,
    linked_charts: Sequence[str],
    shipped_runs: ShippedRuns | None = None,
) -> Callable[[], Scene] | None:
    """Choose a plane, draw the loss on it, play the tracks; `linked_charts` are keys of charts that get a cursor.

    `shipped_runs`: the comparison of the results, where it comes with the application. Gives what exports draw; None
    where the runs span no such plane.
    """
    st.markdown("## Weight space")
    _choose_plane(config, names)
    try:
        view = shipped_runs.view if shipped_runs else plane_runs.view_of(config, results)
    except ValueError as error:
        st.info(f"No such plane here: {error}.")
        return None
    backdrop = shipped_runs.backdrop if shipped_runs else plane_runs.network_backdrop(config, results)
    tracks = plane_runs.tracks(view, results, names, config.colors)

    def scene(picture: PlaneLoss | None) -> Scene:
        return network_scene(config, tracks, picture, frame_of(view))

    guide(PAGE, config)
    with stage(CHART):
        draw_plane(scene, backdrop, key=CHART, measure=config.measure)
        player(
            tracks,
            key=PLAYER,
            chart_key=CHART,
            scene=(config.dataset, config.network, _cycle_of_close_up(config), preset_name(PAGE)),
            linked_charts=(*HONESTY, *linked_charts),
            pickable=False,
            labels=("u", "v"),
            quantities=QUANTITIES,
            narration=training_narration(config.specs(), config.steps, [result.diverged for result in results]),
        )
    st.caption(_explanation(view, config, names, results))
    draw_honesty(view, backdrop, names, config.colors, keys=HONESTY)
    return lambda: scene(backdrop.wait_for_picture())


def _choose_plane(config: NetworksConfig, names: Sequence[str]) -> None:
    """Which plane, through what, and what is shown on it."""
    left, right = st.columns([3, 1])
    fields = Fields.of(PAGE, config)
    with left:
        fields.choice("Plane", "plane", PLANES)
    with right:
        fields.segments("Shown on it", "measure", ["loss", "accuracy"])
    if config.plane == "cycle":
        _choose_close_up(fields, config.close_up, {card: names[place] for card, place in config.close_ups.items()})
    elif config.plane == "ends":
        _choose_ends(
            fields,
            config.through,
            {card: names[place] if card else "the common start" for card, place in config.ends.items()},
        )


def _cycle_of_close_up(config: NetworksConfig) -> tuple[int, int] | None:
    """The card and the cycle of a close-up, which has a timeline of its own."""
    return (config.close_up.card, config.close_up.cycle) if config.plane == "cycle" else None


def _choose_close_up(fields: Fields, close_up: CloseUp, titles: dict[int, str]) -> None:
    """Which optimizer, by its card, and which cycle; where the chosen one does not exist, the nearest."""
    fields = fields.showing(focus=close_up.card, cycle=close_up.cycle)
    left, right = st.columns([3, 1])
    with left:
        fields.choice("Optimizer", "focus", titles)
    with right:
        fields.number(f"Cycle, of {close_up.cycles:,}", "cycle", 1, close_up.cycles)


def _choose_ends(fields: Fields, through: tuple[int, ...], titles: dict[int, str]) -> None:
    """Which three places the plane goes through; until all are chosen, the first three optimizers' ends."""
    if fields.hides("through"):
        return
    numbers = [number for number in through if number in titles]
    st.session_state[f"{PAGE}.through"] = numbers
    st.multiselect(
        "Through the ends of", list(titles), numbers, format_func=titles.__getitem__, max_selections=3,
        key=f"{PAGE}.through", disabled=fields.fixes("through"),
        placeholder="the first three optimizers; or choose three places …",
    )  # fmt: skip


def draw_plane(
    scene: Callable[[PlaneLoss | None], Scene],
    backdrop: plane_runs.Backdrop | Picture,
    *,
    key: str,
    measure: str = "loss",
) -> None:
    """The landscape below the player, redrawn by itself until the picture is complete; `scene` is given one."""

    @fragment(run_every=None if backdrop.complete else 0.6)
    def draw() -> None:
        picture = backdrop.picture
        show_ground(scene(picture), key, config=PLANE)
        st.caption(_values(picture, measure))

    draw()


def _values(picture: PlaneLoss | None, measure: str) -> str:
    """The caption of the shading."""
    if picture is None:
        return f"The {measure} on the plane is being computed …"
    values = picture.loss if measure == "loss" else picture.accuracy
    low, high = np.nanmin(values), np.nanmax(values)
    span = f"{low:.1%} to {high:.1%}" if measure == "accuracy" else f"{low:.3g} to {high:.3g}".replace("-", "−")
    progress_note = (
        "" if picture.complete else f" Refining: {picture.points / picture.total:.0%} of its points are there."
    )
    return f"The bluer the {'lower' if measure == 'loss' else 'higher'}: {measure} on the plane, {span}.{progress_note}"


def _explanation(
    view: plane_runs.View, config: NetworksConfig, names: Sequence[str], results: Sequence[TrainingResult]
) -> str:
    if view.plane.explained is None:
        through = _through(view, config, names, results)
        return f"{through} The tracks are projected onto the plane; the chart below says how far off it they are."
    first, second = view.plane.explained
    walk = random_walk_shares(max(3, *(len(run.snapshots.step) for run in view.runs)))
    return (
        f"The plane's two axes explain {first:.0%} and {second:.0%} of the tracks' variance; each axis has a "
        f"scale of its own. One track that is a pure random walk would have {walk[0]:.0%} and {walk[1]:.0%} there, "
        "several independent ones less: a high share alone is no sign of structure."
    )


def _through(
    view: plane_runs.View, config: NetworksConfig, names: Sequence[str], results: Sequence[TrainingResult]
) -> str:
    """Which weights span the plane."""
    lasting = [names[index] for index in plane_runs.converging(results)]
    if config.plane == "cycle":
        snapshots = view.frame_runs[0].snapshots
        between = "the end of its first inner block" if len(snapshots.layers) > 1 else "a place halfway"
        return (
            f"Base steps {snapshots.step[0]} to {snapshots.step[-1]}: the plane holds the slow weights that the cycle "
            f"starts from, {between}, and where its last base step arrives."
        )
    if config.plane == "ends":
        ends = [
            names[place] if number else "the common start"
            for number, place in config.ends.items()
            if number in config.through
        ]
        return f"The plane holds the last outermost weights of {', '.join(ends if len(ends) == 3 else lasting[:3])}."
    return (
        f"Two random directions, in each filter as long as its weights, from the last weights of {lasting[0]}. In so "
        "many dimensions a random direction hardly sees where training went: look at the valley, not at the tracks."
    )


def draw_honesty(
    view: plane_runs.View,
    backdrop: plane_runs.Backdrop | Picture,
    names: Sequence[str],
    colors: Sequence[str],
    *,
    keys: Sequence[str],
    logarithmic: bool = True,
) -> None:
    """Distances of the tracks from the plane, and true loss against loss on the plane."""
    live = not backdrop.complete
    off = [(run.snapshots.step, run.proposal.distance, run.outermost.distance) for run in view.runs]

    @fragment(run_every=1.5 if live else None)
    def draw() -> None:
        draw_linked(honesty(names, colors, off, backdrop.checks, logarithmic=logarithmic), keys)
        if live and backdrop.complete:
            st.rerun()  # once, after the last check

    draw()
