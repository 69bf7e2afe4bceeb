"""The sidebar of the Surfaces page."""

from __future__ import annotations

import streamlit as st

from app.state import NOISE_KINDS, OWN, SurfacesConfig
from app.state.formula import OwnFormula
from app.views import session
from app.views.parts.cards import draw_cards, draw_title
from app.views.parts.fields import Fields
from app.views.parts.history import draw_history
from app.views.parts.predict import Prediction
from app.views.parts.scene import draw_noise, draw_starts
from app.views.parts.sidebar import sidebar_of
from app.views.surfaces.formula import draw_formula
from landscapes.surfaces import SURFACES

PAGE, PLAYER = "surfaces", "surfaces-player"
PREDICTION = Prediction(PAGE)


@sidebar_of(PAGE)
def sidebar(fields: Fields, config: SurfacesConfig) -> None:
    """Draw the controls."""
    own_settings = {name: getattr(config, name) for name in OwnFormula.model_fields}
    customary = SurfacesConfig(surface=config.surface, **own_settings)
    draw_history(PAGE, customary)
    _scene(fields, config)
    draw_noise(fields, config, NOISE_KINDS)
    draw_title(fields)
    draw_cards(fields, config.cards)


def _scene(fields: Fields, config: SurfacesConfig) -> None:
    titles = {key: surface.name for key, surface in SURFACES.items()} | {OWN: "Your own formula"}
    fields.choice("Surface", "surface", titles, on_change=_follow_surface)
    if config.surface == OWN:
        draw_formula(fields, config)
    draw_starts(fields, "surface")
    PREDICTION.switch("Hide the tracks, click where you think each optimizer's slow weights will end, then reveal them")


def _follow_surface() -> None:
    """Another surface starts with its customary start, lr, steps and noise; the optimizers' layers stay."""
    config: SurfacesConfig = st.session_state[f"{PAGE}.config"]
    surface = st.session_state[f"{PAGE}.surface"]
    new_config = SurfacesConfig(surface=surface, seed=config.seed, panels=config.panels)
    cards = tuple(card.model_copy(update={"lr": new_config.cards[0].lr, "tuned": False}) for card in config.cards)
    session.adopt(PAGE, new_config.model_copy(update={"cards": cards}))
