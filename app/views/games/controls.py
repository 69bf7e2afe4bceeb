"""The sidebar of the Games page."""

from __future__ import annotations

import streamlit as st

from app.player import Pick
from app.state import GAME_NOISES, LETTERS, MAX_STARTS, MAX_STEPS, GamesConfig
from app.state.presets import GAME_PRESETS
from app.views import session
from app.views.parts.cards import draw_cards
from app.views.parts.history import draw_history
from app.views.parts.problems import draw_problems
from app.views.surfaces.controls import NOISES
from landscapes.games import GAMES

PAGE = "games"


def sidebar(config: GamesConfig, problems: list[str]) -> None:
    """Draw the controls, and what was refused above them."""
    with st.sidebar:
        draw_problems(problems)
        ready_made = {name: preset.config for name, preset in GAME_PRESETS.items()}
        draw_history(PAGE, ready_made, GamesConfig(game=config.game))
        _scene(config)
        _noise(config)
        st.markdown("##### Optimizers")
        draw_cards(PAGE, config.cards)


def move_start(pick: Pick) -> None:
    """A click on the field: the start goes there, or one more is added. Only in a callback."""
    config: GamesConfig = st.session_state[f"{PAGE}.config"]
    place = (float(f"{pick.x:.5g}"), float(f"{pick.y:.5g}"))
    add = st.session_state.get(f"{PAGE}.add_start")
    starts = (*config.starts, place)[-MAX_STARTS:] if add else (place,)
    session.adopt(PAGE, config.model_copy(update={"starts": starts}))


def _scene(config: GamesConfig) -> None:
    st.selectbox(
        "Game", list(GAMES), format_func=lambda key: GAMES[key].name, key=f"{PAGE}.game", on_change=_follow_game
    )
    parameter = config.landscape.parameter
    if parameter is not None:
        low, high = parameter.range
        st.slider(f"{LETTERS[parameter.symbol]} of the game", low, high, step=0.01, key=f"{PAGE}.parameter")
    st.text_input(
        "Start points", key=f"{PAGE}.starts", help=f"x, y; x, y; … up to {MAX_STARTS}. Or click on the field."
    )
    st.toggle("A click adds a start", key=f"{PAGE}.add_start", help="Otherwise a click moves the start there")
    st.number_input("Base steps", 1, MAX_STEPS, step=10, key=f"{PAGE}.steps")
    st.toggle("Side by side", key=f"{PAGE}.panels", help="One plot for each optimizer, with one clock")


def _noise(config: GamesConfig) -> None:
    with st.expander(f"Noise: {NOISES[config.noise].split(',')[0]} · seed {config.seed}", key=f"{PAGE}.noise_box"):
        st.selectbox("Gradient noise", GAME_NOISES, format_func=NOISES.__getitem__, key=f"{PAGE}.noise")
        if config.noise != "none":
            st.number_input("Scale", min_value=0.0, step=0.1, format="%g", key=f"{PAGE}.noise_scale")
        if config.noise == "student":
            st.number_input("Degrees of freedom", step=0.5, format="%g", key=f"{PAGE}.noise_freedom")
        st.number_input("Seed", min_value=0, max_value=2**31 - 1, step=1, key=f"{PAGE}.seed")


def _follow_game() -> None:
    """Another game starts with its customary parameter, start, lr and noise; the optimizers' layers stay."""
    config: GamesConfig = st.session_state[f"{PAGE}.config"]
    fresh = GamesConfig(
        game=st.session_state[f"{PAGE}.game"], seed=config.seed, steps=config.steps, panels=config.panels
    )
    cards = tuple(card.model_copy(update={"lr": fresh.cards[0].lr, "tuned": False}) for card in config.cards)
    session.adopt(PAGE, fresh.model_copy(update={"cards": cards}))
