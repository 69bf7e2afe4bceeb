"""Predict, then reveal: where an optimizer will end, and which of them nearest to the equilibrium."""

from __future__ import annotations

import math

import streamlit as st

from app.runs.games import GameScenery
from app.runs.grid import distance
from app.state import Comparison, GamesConfig
from app.tables.predictions import end_rows, leaders, verdict
from app.views.games.controls import PAGE, PREDICTION
from app.views.parts.player import Pick
from app.views.parts.predict import draw_ends
from optim_core.trajectory import Trajectory

SUBJECT = f"{PAGE}.subject"


def place_prediction(pick: Pick) -> None:
    """The end of the chosen optimizer is predicted at the click. Only in a callback."""
    guess = PREDICTION.guess
    PREDICTION.keep(places={**guess.places, _subject(guess.config): (pick.x, pick.y)})


def prediction(config: GamesConfig) -> None:
    """The two questions, then the button that reveals."""
    names, guess = [spec.name for spec in config.specs()], PREDICTION.guess
    if len(names) > 1:
        PREDICTION.ask_best("Which will end nearest to the equilibrium?", names)
    subject = _subject(config)
    st.session_state[SUBJECT] = subject
    st.selectbox("Whose end you predict", range(len(names)), subject, format_func=names.__getitem__, key=SUBJECT)
    st.info(f"Click in the field where **{names[subject]}** will end after {config.steps:,} base steps.")
    PREDICTION.ask_place(subject, names[subject], config.landscape.domain, "in this game")
    if guess.places and (guess.best is not None or len(names) == 1):
        PREDICTION.reveal_button()


def outcome(run: Trajectory, scenery: GameScenery) -> None:
    """After the reveal, who ended nearest to the equilibrium, and how far off each guess was; of the first start."""
    if not PREDICTION.on:
        return
    PREDICTION.again_button()
    diverged = run.diverged[:, 0].tolist()
    ends = [float(distance(run.outermost(index)[-1, 0], scenery.places)) for index in range(len(run.names))]
    gaps = [math.nan if step >= 0 else end for end, step in zip(ends, diverged, strict=True)]
    words = [
        f"diverged at step {step}" if step >= 0 else f"{gap:.3g} away" for gap, step in zip(gaps, diverged, strict=True)
    ]
    first = leaders([-gap for gap in gaps])
    st.markdown(verdict("Nearest to the equilibrium", run.names, words, first, PREDICTION.guess.best))
    rows = end_rows(run, PREDICTION.guess.places)
    draw_ends([row | {"distance to the equilibrium": gap} for row, gap in zip(rows, gaps, strict=True)])


def _subject(config: Comparison) -> int:
    """The optimizer whose end is predicted now; the first where the chosen one is no longer there."""
    index = st.session_state.get(SUBJECT)
    return index if index is not None and index < len(config.active) else 0
