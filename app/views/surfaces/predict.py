"""Predict, then reveal: the visitor marks where each optimizer will end before anything moves."""

from __future__ import annotations

import streamlit as st

from app.state import SurfacesConfig
from app.tables.predictions import end_rows
from app.views.parts.player import Pick
from app.views.parts.predict import draw_ends
from app.views.surfaces.controls import PREDICTION
from optim_core.trajectory import Trajectory


def place_prediction(pick: Pick) -> None:
    """The next optimizer's end is predicted at the click; a further click starts over. Only in a callback."""
    guess = PREDICTION.guess
    places = {} if len(guess.places) >= len(guess.config.active) else guess.places
    PREDICTION.keep(places={**places, len(places): (pick.x, pick.y)})


def prediction(config: SurfacesConfig) -> None:
    """What to click next, then the reveal."""
    if not PREDICTION.on:
        return
    names, guess = [spec.name for spec in config.specs()], PREDICTION.guess
    number = len(guess.places)
    if guess.revealed:
        PREDICTION.again_button()
    elif number < len(names):
        st.info(f"Click on the surface where **{names[number]}** will end after {config.steps:,} base steps.")
        PREDICTION.ask_place(number, names[number], config.landscape.domain, "on this surface")
    else:
        PREDICTION.reveal_button()


def outcome(run: Trajectory) -> None:
    """After the reveal, how far off each guess was."""
    if PREDICTION.on:
        draw_ends(end_rows(run, PREDICTION.guess.places))
