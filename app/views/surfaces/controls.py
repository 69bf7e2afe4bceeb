"""The sidebar of the Surfaces page."""

from __future__ import annotations

import streamlit as st

from app.state import MAX_STARTS, MAX_STEPS, NOISE_KINDS, OWN, SurfacesConfig
from app.state.formula import OwnFormula
from app.views import session
from app.views.parts.cards import draw_cards
from app.views.parts.fields import Fields
from app.views.parts.history import draw_history
from app.views.parts.player import Pick
from app.views.parts.problems import draw_problems
from app.views.surfaces.formula import draw_formula
from app.views.surfaces.predict import prediction_switch
from landscapes.surfaces import SURFACES

PAGE, PLAYER = "surfaces", "surface-player"
NOISES = {
    "none": "none",
    "gaussian": "Gaussian, the same everywhere",
    "multiplicative": "multiplicative, grows with the gradient",
    "student": "heavy-tailed (Student t)",
    "minibatch": "mini-batches (shifted copies)",
}


def sidebar(config: SurfacesConfig, problems: list[str]) -> None:
    """Draw the controls, and what was refused above them."""
    fields = Fields.of(PAGE, config)
    with st.sidebar:
        draw_problems(problems)
        own = {name: getattr(config, name) for name in OwnFormula.model_fields}
        customary = SurfacesConfig(surface=config.surface, **own)
        draw_history(PAGE, customary)
        _scene(fields, config)
        _noise(fields, config)
        st.markdown("##### Optimizers")
        draw_cards(fields, config.cards)


def move_start(pick: Pick) -> None:
    """A click on the surface: the start goes there, or one more is added. Only in a callback."""
    config: SurfacesConfig = st.session_state[f"{PAGE}.config"]
    place = (float(f"{pick.x:.5g}"), float(f"{pick.y:.5g}"))
    add = st.session_state.get(f"{PAGE}.add_start")
    starts = (*config.starts, place)[-MAX_STARTS:] if add else (place,)
    session.adopt(PAGE, config.model_copy(update={"starts": starts}))


def _scene(fields: Fields, config: SurfacesConfig) -> None:
    titles = {key: surface.name for key, surface in SURFACES.items()} | {OWN: "Your own formula"}
    fields.choice("Surface", "surface", titles, on_change=_follow_surface)
    if config.surface == OWN:
        draw_formula(fields, config)
    fields.text("Start points", "starts", help=f"x, y; x, y; … up to {MAX_STARTS}. Or click on the surface.")
    st.toggle("A click adds a start", key=f"{PAGE}.add_start", help="Otherwise a click moves the start there")
    fields.number("Base steps", "steps", 1, MAX_STEPS, step=10)
    fields.switch("Side by side", "panels", help="One plot for each optimizer, with one clock")
    prediction_switch()


def _noise(fields: Fields, config: SurfacesConfig) -> None:
    with st.expander(f"Noise: {NOISES[config.noise].split(',')[0]} · seed {config.seed}", key=f"{PAGE}.noise_box"):
        fields.choice("Gradient noise", "noise", {kind: NOISES[kind] for kind in NOISE_KINDS})
        if config.noise != "none":
            fields.number("Scale", "noise_scale", 0.0, step=0.1, format="%g")
        if config.noise == "student":
            fields.number("Degrees of freedom", "noise_freedom", step=0.5, format="%g")
        if config.noise == "minibatch":
            fields.slider("Mini-batches", "noise_batches", 2, 100)
            fields.switch("Drawn with replacement", "noise_replacement")
        fields.seed()


def _follow_surface() -> None:
    """Another surface starts with its customary start, lr, steps and noise; the optimizers' layers stay."""
    config: SurfacesConfig = st.session_state[f"{PAGE}.config"]
    surface = st.session_state[f"{PAGE}.surface"]
    fresh = SurfacesConfig(surface=surface, seed=config.seed, panels=config.panels)
    cards = tuple(card.model_copy(update={"lr": fresh.cards[0].lr, "tuned": False}) for card in config.cards)
    session.adopt(PAGE, fresh.model_copy(update={"cards": cards}))
