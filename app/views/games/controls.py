"""The sidebar of the Games page."""

from __future__ import annotations

import streamlit as st

from app.state import GAME_NOISES, LETTERS, GamesConfig
from app.views import session
from app.views.parts.cards import draw_cards, draw_title
from app.views.parts.fields import Fields
from app.views.parts.history import draw_history
from app.views.parts.predict import Prediction
from app.views.parts.scene import draw_noise, draw_starts
from app.views.parts.sidebar import sidebar_of
from landscapes.games import GAMES

PAGE = "games"
PREDICTION = Prediction(PAGE)


@sidebar_of(PAGE)
def sidebar(fields: Fields, config: GamesConfig) -> None:
    """Draw the controls."""
    draw_history(PAGE, GamesConfig(game=config.game))
    _scene(fields, config)
    draw_noise(fields, config, GAME_NOISES)
    draw_title(fields)
    draw_cards(fields, config.cards)


def _scene(fields: Fields, config: GamesConfig) -> None:
    fields.choice("Game", "game", {key: game.name for key, game in GAMES.items()}, on_change=_follow_game)
    parameter = config.landscape.parameter
    if parameter is not None:
        low, high = parameter.range
        fields.slider(f"{LETTERS[parameter.symbol]} of the game", "parameter", low, high, step=0.01)
    draw_starts(fields, "field")
    PREDICTION.switch("Hide the tracks, say which will end nearest to the equilibrium, click where, then reveal them")


def _follow_game() -> None:
    """Another game starts with its customary parameter, start, lr and noise; the optimizers' layers stay."""
    config: GamesConfig = st.session_state[f"{PAGE}.config"]
    new_config = GamesConfig(
        game=st.session_state[f"{PAGE}.game"], seed=config.seed, steps=config.steps, panels=config.panels
    )
    cards = tuple(card.model_copy(update={"lr": new_config.cards[0].lr, "tuned": False}) for card in config.cards)
    session.adopt(PAGE, new_config.model_copy(update={"cards": cards}))
