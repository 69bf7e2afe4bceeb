"""The sidebar of the Surfaces page: what is asked for, validated into a config."""

from __future__ import annotations

from typing import Any

import streamlit as st
from pydantic import ValidationError

from app import session
from app.links import explain
from app.presets import PRESETS
from app.state import MAX_STARTS, MAX_STEPS, NOISE_KINDS, SurfacesConfig
from app.views.cards import draw_cards
from landscapes.surfaces import SURFACES

PAGE = "surfaces"
NOISES = {
    "none": "none",
    "gaussian": "Gaussian, the same everywhere",
    "multiplicative": "multiplicative, grows with the gradient",
    "student": "heavy-tailed (Student t)",
    "minibatch": "mini-batches (shifted copies)",
}


def sidebar(config: SurfacesConfig) -> SurfacesConfig:
    """Draw the controls; returns the config they describe, or the one before where a value is refused."""
    with st.sidebar:
        _history_row(config)
        values = _scene() | _noise(config)
        st.markdown("##### Optimizers")
        values["cards"] = draw_cards(PAGE, config.cards)
        try:
            return SurfacesConfig.model_validate(values)
        except ValidationError as error:
            for item in error.errors():
                st.error(f"**{_field(item['loc'])}**: {explain(item)}. The picture still shows the last valid setting.")
            return config


def move_start(x: float, y: float, *, add: bool) -> None:
    """A click on the surface: the start goes there, or one more is added. Only in a callback."""
    config = st.session_state[f"{PAGE}.config"]
    place = (float(f"{x:.5g}"), float(f"{y:.5g}"))
    starts = (*config.starts, place)[-MAX_STARTS:] if add else (place,)
    session.adopt(PAGE, config.model_copy(update={"starts": starts}))


def _history_row(config: SurfacesConfig) -> None:
    st.selectbox(
        "Ready-made", list(PRESETS), index=None, placeholder="Ready-made comparisons …", key=f"{PAGE}.preset",
        on_change=_take_preset, label_visibility="collapsed",
    )  # fmt: skip
    with st.container(horizontal=True):
        st.button(
            "Undo",
            icon=":material/undo:",
            key=f"{PAGE}.undo",
            on_click=session.undo,
            args=(PAGE,),
            disabled=not session.can_undo(PAGE),
        )
        st.button(
            "Reset",
            icon=":material/restart_alt:",
            key=f"{PAGE}.reset",
            on_click=_reset,
            help="Back to this surface's customary run",
        )


def _scene() -> dict[str, Any]:
    key = st.selectbox(
        "Surface",
        list(SURFACES),
        format_func=lambda key: SURFACES[key].name,
        key=f"{PAGE}.surface",
        on_change=_follow_surface,
    )
    starts = st.text_input(
        "Start points", key=f"{PAGE}.starts", help=f"x, y; x, y; … up to {MAX_STARTS}. Or click on the surface."
    )
    st.toggle("A click adds a start", key=f"{PAGE}.add_start", help="Otherwise a click moves the start there")
    steps = st.slider("Base steps", 10, MAX_STEPS, step=10, key=f"{PAGE}.steps")
    panels = st.toggle("Side by side", key=f"{PAGE}.panels", help="One plot for each optimizer, with one clock")
    return {
        "surface": key,
        "starts": starts,
        "steps": steps,
        "panels": panels,
        "target": st.session_state[f"{PAGE}.target"],
    }


def _noise(config: SurfacesConfig) -> dict[str, Any]:
    with st.expander(f"Noise: {NOISES[config.noise].split(',')[0]} · seed {config.seed}", key=f"{PAGE}.noise_box"):
        kind = st.selectbox("Gradient noise", NOISE_KINDS, format_func=NOISES.__getitem__, key=f"{PAGE}.noise")
        values: dict[str, Any] = {"noise": kind}
        if kind != "none":
            values["noise_scale"] = st.number_input(
                "Scale", min_value=0.0, step=0.1, format="%g", key=f"{PAGE}.noise_scale"
            )
        if kind == "student":
            values["noise_freedom"] = st.slider("Degrees of freedom", 0.5, 10.0, step=0.5, key=f"{PAGE}.noise_freedom")
        if kind == "minibatch":
            values["noise_batches"] = st.slider("Mini-batches", 2, 100, key=f"{PAGE}.noise_batches")
            values["noise_replacement"] = st.toggle("Drawn with replacement", key=f"{PAGE}.noise_replacement")
        values["seed"] = st.number_input("Seed", min_value=0, max_value=2**31 - 1, step=1, key=f"{PAGE}.seed")
    asked = {"noise_scale", "noise_freedom", "noise_batches", "noise_replacement"}
    return {name: getattr(config, name) for name in asked} | values


def _field(loc: tuple[int | str, ...]) -> str:
    if loc[:1] == ("cards",) and len(loc) >= 3:
        return f"optimizer {int(loc[1]) + 1}, {loc[2]}"
    return str(loc[0]).replace("_", " ") if loc else "settings"


def _follow_surface() -> None:
    """Another surface starts with its customary start, lr and noise; the optimizers' layers stay."""
    key = st.session_state[f"{PAGE}.surface"]
    config: SurfacesConfig = st.session_state[f"{PAGE}.config"]
    fresh = SurfacesConfig(surface=key, steps=config.steps, seed=config.seed, panels=config.panels)
    cards = tuple(card.model_copy(update={"lr": fresh.cards[0].lr, "tuned": False}) for card in config.cards)
    session.adopt(PAGE, fresh.model_copy(update={"cards": cards}))


def _reset() -> None:
    session.adopt(PAGE, SurfacesConfig(surface=st.session_state[f"{PAGE}.config"].surface))


def _take_preset() -> None:
    name = st.session_state[f"{PAGE}.preset"]
    if name:
        session.adopt(PAGE, PRESETS[name].config)
