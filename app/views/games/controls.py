"""The sidebar of the Games page."""

from __future__ import annotations

import streamlit as st

from app.state import GAME_NOISES, LETTERS, MAX_STARTS, MAX_STEPS, GamesConfig
from app.views import session
from app.views.parts.cards import draw_cards
from app.views.parts.fields import Fields
from app.views.parts.history import draw_history
from app.views.parts.player import Pick
from app.views.parts.problems import draw_problems
from app.views.surfaces.controls import NOISES
from landscapes.games import GAMES

PAGE = "games"


def sidebar(config: GamesConfig, problems: list[str]) -> None:
    """Draw the controls, and what was refused above them."""
    fields = Fields.of(PAGE, config)
    with st.sidebar:
        draw_problems(problems)
        draw_history(PAGE, GamesConfig(game=config.game))
        _scene(fields, config)
        _noise(fields, config)
        st.markdown("##### Optimizers")
        draw_cards(fields, config.cards)


def move_start(pick: Pick) -> None:
    """A click on the field: the start goes there, or one more is added. Only in a callback."""
    config: GamesConfig = st.session_state[f"{PAGE}.config"]
    place = (float(f"{pick.x:.5g}"), float(f"{pick.y:.5g}"))
    add = st.session_state.get(f"{PAGE}.add_start")
    starts = (*config.starts, place)[-MAX_STARTS:] if add else (place,)
    session.adopt(PAGE, config.model_copy(update={"starts": starts}))


def _scene(fields: Fields, config: GamesConfig) -> None:
    fields.choice("Game", "game", {key: game.name for key, game in GAMES.items()}, on_change=_follow_game)
    parameter = config.landscape.parameter
    if parameter is not None:
        low, high = parameter.range
        fields.slider(f"{LETTERS[parameter.symbol]} of the game", "parameter", low, high, step=0.01)
    fields.text("Start points", "starts", help=f"x, y; x, y; … up to {MAX_STARTS}. Or click on the field.")
    st.toggle("A click adds a start", key=f"{PAGE}.add_start", help="Otherwise a click moves the start there")
    fields.number("Base steps", "steps", 1, MAX_STEPS, step=10)
    fields.switch("Side by side", "panels", help="One plot for each optimizer, with one clock")


def _noise(fields: Fields, config: GamesConfig) -> None:
    with st.expander(f"Noise: {NOISES[config.noise].split(',')[0]} · seed {config.seed}", key=f"{PAGE}.noise_box"):
        fields.choice("Gradient noise", "noise", {kind: NOISES[kind] for kind in GAME_NOISES})
        if config.noise != "none":
            fields.number("Scale", "noise_scale", 0.0, step=0.1, format="%g")
        if config.noise == "student":
            fields.number("Degrees of freedom", "noise_freedom", step=0.5, format="%g")
        fields.seed()


def _follow_game() -> None:
    """Another game starts with its customary parameter, start, lr and noise; the optimizers' layers stay."""
    config: GamesConfig = st.session_state[f"{PAGE}.config"]
    fresh = GamesConfig(
        game=st.session_state[f"{PAGE}.game"], seed=config.seed, steps=config.steps, panels=config.panels
    )
    cards = tuple(card.model_copy(update={"lr": fresh.cards[0].lr, "tuned": False}) for card in config.cards)
    session.adopt(PAGE, fresh.model_copy(update={"cards": cards}))
