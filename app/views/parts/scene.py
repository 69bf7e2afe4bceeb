"""Controls of where optimizers move in the plane, shared by Surfaces and Games: starts, steps, panels, noise."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from app.state import MAX_STARTS, MAX_STEPS, AtlasConfig, GamesConfig, SurfacesConfig
from app.state.cards import idle_layers
from app.views import session
from app.views.parts.fields import Fields
from app.views.parts.player import Pick

NOISE = ("noise", "noise_scale", "noise_freedom", "noise_batches", "noise_replacement", "seed")
NOISES = {
    "none": "none",
    "gaussian": "Gaussian, the same everywhere",
    "multiplicative": "multiplicative, grows with the gradient",
    "student": "heavy-tailed (Student t)",
    "minibatch": "mini-batches (shifted copies)",
}


def aimed_place(x: float, y: float) -> tuple[float, float]:
    """A place from the pointer, rounded to five digits, the precision of a hand."""
    return float(f"{x:.5g}"), float(f"{y:.5g}")


def move_start(page: str, pick: Pick) -> None:
    """After a click, move the start there, or add one. Only in a callback."""
    config: SurfacesConfig | GamesConfig = st.session_state[f"{page}.config"]
    place = aimed_place(pick.x, pick.y)
    add = st.session_state.get(f"{page}.add_start")
    starts = (*config.starts, place)[-MAX_STARTS:] if add else (place,)
    session.adopt(page, config.model_copy(update={"starts": starts}))


def note_idle_layers(config: SurfacesConfig | GamesConfig) -> None:
    """Say which slow weights stay where they start, since the run ends before they move."""
    for sentence in idle_layers(config, config.steps):
        st.warning(sentence, icon=":material/hourglass_top:")


def draw_starts(fields: Fields, landscape: str) -> None:
    """Start points, base steps and panels; `landscape` is the target of clicks."""
    fields.text("Start points", "starts", help=f"x, y; x, y; … up to {MAX_STARTS}. Or click on the {landscape}.")
    if not fields.fixes("starts"):
        st.toggle("A click adds a start", key=fields.key("add_start"), help="Otherwise a click moves the start there")
    fields.number("Base steps", "steps", 1, MAX_STEPS, step=10)
    fields.switch("Side by side", "panels", help="One plot for each optimizer, with one clock")


def draw_noise(fields: Fields, config: SurfacesConfig | GamesConfig | AtlasConfig, kinds: Sequence[str]) -> None:
    """The noise of the gradient, one of these kinds, and the seed."""
    if fields.hides(*NOISE):
        return
    with st.expander(f"Noise: {NOISES[config.noise].split(',')[0]} · seed {config.seed}", key=fields.key("noise_box")):
        fields.choice("Gradient noise", "noise", {kind: NOISES[kind] for kind in kinds})
        if config.noise != "none":
            fields.number("Scale", "noise_scale", 0.0, step=0.1, format="%g")
        if config.noise == "student":
            fields.number("Degrees of freedom", "noise_freedom", step=0.5, format="%g")
        if config.noise == "minibatch":
            fields.slider("Mini-batches", "noise_batches", 2, 100)
            fields.switch("Drawn with replacement", "noise_replacement")
        fields.seed()
