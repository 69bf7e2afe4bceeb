"""The sidebar of the Atlas page: the objective, the optimizer, the two axes, seeds and steps."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any, Literal, get_args

import streamlit as st

from app.state import GAME_NOISES, LETTERS, MAX_LAYERS, MAX_STEPS, NOISE_KINDS, AtlasConfig
from app.state.atlas import LEAST_TRAINING, MAX_POINTS, MAX_SAMPLE
from app.state.axes import LIMITS, AxisName, title_of
from app.state.base import MAX_SEED
from app.state.cards import BASE_TITLES
from app.state.games import GameCard
from app.state.glossary import meaning
from app.state.links import config_from_settings
from app.state.objectives import STUDIED_TASKS, customary_axis, name_of_task, networks_of, own_base, settings_of_task
from app.views import session
from app.views.parts.cards import draw_layers, draw_momentum, draw_outer_momentum, draw_sync_momentum
from app.views.parts.device import device_choice
from app.views.parts.fields import Fields
from app.views.parts.history import draw_history
from app.views.parts.scene import draw_noise
from app.views.parts.sidebar import sidebar_of
from landscapes.games import GAMES
from landscapes.surfaces import SURFACES
from landscapes.tasks.models import MODELS
from optim_core.spec import WEIGHTED, WITH_MOMENTUM
from optim_core.study.axis import problem_for

PAGE = "atlas"
Side = Literal["across", "up"]
OBJECTIVES = (
    {key: surface.name for key, surface in SURFACES.items()}
    | {key: f"Game: {game.name}" for key, game in GAMES.items()}
    | {key: name_of_task(key) for key in STUDIED_TASKS}
)
SIDES: dict[Side, str] = {"across": "Horizontal axis", "up": "Vertical axis"}
SIDES_OF_SAMPLE: dict[Side, str] = {"across": "First axis", "up": "Second axis"}
AXIS = ("low", "high", "points", "log")
SEEDS = "Draws of the noise in each cell"
SEEDS_OF_TASK = "Seeds of first weights and batches, the same in each cell"
ALWAYS_KEPT = ("layers", "sync_momentum", "quantity", "across", "up")
KEPT = (
    "layers",
    "momentum",
    "sync_momentum",
    "seed",
    "seeds",
    "steps",
    "quantity",
    "across",
    "up",
    "base",
    "alternating",
)


@sidebar_of(PAGE)
def sidebar(fields: Fields, config: AtlasConfig) -> None:
    """Draw the controls."""
    draw_history(PAGE, AtlasConfig(objective=config.objective), kind="studies")
    _objective(fields, config)
    for side in SIDES:
        _axis(fields, config, side)
    _sample(fields, config)
    _runs(fields, is_task=config.task is not None)
    if config.task is None:
        draw_noise(fields, config, GAME_NOISES if config.is_game else NOISE_KINDS)
    _optimizer(fields, config)


def _objective(fields: Fields, config: AtlasConfig) -> None:
    fields.choice("Surface, game or network", "objective", OBJECTIVES, on_change=_follow_objective)
    if config.task is not None:
        _task(fields, config)
        return
    game = GAMES.get(config.objective)
    if game is not None and game.parameter is not None:
        low, high = game.parameter.range
        fields.slider(f"{LETTERS[game.parameter.symbol]} of the game", "parameter", low, high, step=0.01)
    x, y = config.landscape.start
    left, right = st.columns(2)
    places = replace(fields, below=st.container())
    with left:
        places.number_or_none("Start x", "at_x", placeholder=f"{x:g}", format="%g")
    with right:
        places.number_or_none("Start y", "at_y", placeholder=f"{y:g}", format="%g")


def _task(fields: Fields, config: AtlasConfig) -> None:
    """What a task leaves to choose; what an axis varies has no value of its own."""
    varied, networks = set(config.varied), networks_of(config.objective)
    if len(networks) > 1:
        fields.choice("Network", "network", {key: MODELS[key].name for key in networks})
    if config.batch_size is not None and "batch_size" not in varied:
        fields.number("Batch size", "batch_size", 1, step=1)
    if config.label_noise is not None and "label_noise" not in varied:
        fields.slider(
            "Wrong labels", "label_noise", 0.0, 1.0, step=0.05, format="percent",
            help="Share of the training labels replaced by another class",
        )  # fmt: skip


def _axis(fields: Fields, config: AtlasConfig, side: Side) -> None:
    """What varies on one side, over which values."""
    if fields.hides(side, *(f"{side}_{part}" for part in AXIS)):
        return
    title = SIDES_OF_SAMPLE[side] if config.sample else SIDES[side]
    st.markdown(f"## {title}")
    fields.choice(
        f"{title} varies", side, {name: title_of(name) for name in _choices(config, side)},
        on_change=partial(_follow_axis, side), label_visibility="collapsed",
    )  # fmt: skip
    left, middle, right = st.columns(3)
    numbers = replace(fields, below=st.container())
    look: dict[str, Any] = {"format": "%g", "step": (config.axis(side).high - config.axis(side).low) / 10}
    with left:
        numbers.number("From", f"{side}_low", **look)
    with middle:
        numbers.number("To", f"{side}_high", **look)
    if not config.sample:
        with right:
            numbers.number("Points", f"{side}_points", 2, MAX_POINTS, step=1)
    fields.switch("Logarithmic", f"{side}_log", help="The points are evenly spaced in the logarithm")


def _sample(fields: Fields, config: AtlasConfig) -> None:
    """Points anywhere in the ranges, of further axes too, in place of a grid."""
    fields.number(
        "Points of a sample", "sample", 0, MAX_SAMPLE, step=64,
        help="So many points, spread evenly over the ranges by Sobol's sequence, in place of all combinations of two "
        "settings. Then more than two may vary. 0: a grid",
    )  # fmt: skip
    if config.sample:
        fields.text(
            "Further axes", "further", placeholder="alpha_1:0.2:1, mu_1:0:0.9",
            help="Settings that vary beside the two, each as name:from:to or name:from:to:log, with commas between "
            "them. Names: lr, momentum, depth, noise_scale, batch_size, label_noise, k_1, alpha_1, mu_1 and so on",
        )  # fmt: skip


def _choices(config: AtlasConfig, side: Side) -> list[str]:
    """The settings that the optimizer and the noise have."""
    spec, present = config.spec(), getattr(config, side)
    task = config.task
    settings = None if task is None else settings_of_task(task)
    return [
        name for name in get_args(AxisName) if name == present or not problem_for(name, spec, config.noise, settings)
    ]


def _runs(fields: Fields, *, is_task: bool) -> None:
    left, right = st.columns(2)
    numbers = replace(fields, below=st.container())
    with left:
        numbers.number("Seeds a cell", "seeds", 1, LIMITS.study_seeds, step=1, help=SEEDS_OF_TASK if is_task else SEEDS)
    with right:
        numbers.number("Base steps", "steps", LEAST_TRAINING if is_task else 1, MAX_STEPS, step=100 if is_task else 10)
    if is_task:
        fields.number("First seed", "seed", 0, MAX_SEED, step=1)
        device_choice(PAGE)


def _optimizer(fields: Fields, config: AtlasConfig) -> None:
    """The optimizer around which two settings vary."""
    varied = set(config.varied)
    if any(name in ("base", "depth", "base_lr") or name[:1].isdigit() for name in fields.visible_names()):
        st.markdown("## Optimizer")
    fields.choice(
        "Base optimizer", "base", GameCard.titles if config.is_game else BASE_TITLES, help=meaning("base-optimizer")
    )
    if config.is_game and config.base in BASE_TITLES:
        fields.switch(
            "Players move in turn", "alternating",
            help="The second player answers what the first has just done; two gradient evaluations a step",
        )  # fmt: skip
    if "lr" not in varied:
        fields.number("lr", "base_lr", step=config.base_lr / 10, format="%g", help=meaning("lr"))
    if config.base in WEIGHTED and "momentum" not in varied:
        draw_momentum(fields)
    if config.layers and config.base in WITH_MOMENTUM:
        draw_sync_momentum(fields)
    fields.segments("Layers of slow weights", "depth", range(MAX_LAYERS + 1), width="stretch")
    draw_layers(fields, len(config.layers), varied)
    draw_outer_momentum(fields, config.layers, varied)


def _follow_objective() -> None:
    """Another objective starts with its customary start, lr and noise; layers and axes stay.

    So do seeds and steps, but between fields and tasks, where the work is another.
    """
    config: AtlasConfig = st.session_state[f"{PAGE}.config"]
    objective = st.session_state[f"{PAGE}.objective"]
    is_alike = (config.task is None) == (objective not in STUDIED_TASKS) and own_base(objective) == config.base
    settings: dict[str, Any] = {name: getattr(config, name) for name in (KEPT if is_alike else ALWAYS_KEPT)}
    settings["objective"] = objective
    session.adopt(PAGE, config_from_settings(settings, AtlasConfig)[0])


def _follow_axis(side: Side) -> None:
    """Another setting takes its customary values; the one of the other axis changes places with this one."""
    config: AtlasConfig = st.session_state[f"{PAGE}.config"]
    name, other = st.session_state[f"{PAGE}.{side}"], "up" if side == "across" else "across"
    if name == getattr(config, other):
        session.adopt(PAGE, config.swapped())
        return
    settings = {side: name} | {f"{side}_{part}": value for part, value in customary_axis(name, dict(config)).items()}
    session.adopt(PAGE, config_from_settings(settings, AtlasConfig, config)[0])
