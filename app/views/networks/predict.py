"""Predict, then reveal: which optimizer will have the best test accuracy, and by how much."""

from __future__ import annotations

import numpy as np
import streamlit as st

from app.state import NetworksConfig
from app.tables.predictions import leaders, verdict
from app.tables.surfaces import final_accuracies
from app.views.networks.controls import PREDICTION
from app.views.parts.training import ResultsByOptimizer


def hides(config: NetworksConfig) -> bool:
    """Whether nothing of the runs may be shown yet; one optimizer alone leaves nothing to predict."""
    return PREDICTION.hides and len(config.active) > 1


def prediction(config: NetworksConfig) -> None:
    """The questions; they can be answered while the training runs."""
    if not PREDICTION.on:
        return
    if len(config.active) < 2:
        st.info("Switch on a second optimizer to predict which will be better.")
    elif PREDICTION.guess.revealed:
        PREDICTION.again_button()
    else:
        PREDICTION.ask_best(
            "Which will have the best test accuracy at the end, at its outermost weights?",
            [spec.name for spec in config.specs()],
        )
        PREDICTION.ask_lead("By how many percentage points?", 100.0)


def reveal() -> None:
    """The button, once there is a guess."""
    if PREDICTION.guess.best is None:
        st.info("The runs are finished. Choose an optimizer to reveal them.")
    else:
        PREDICTION.reveal_button()


def outcome(config: NetworksConfig, results: ResultsByOptimizer) -> None:
    """After the reveal, which is best and by how much; means over the seeds that lasted."""
    if not PREDICTION.on or len(config.active) < 2:
        return
    names = [spec.name for spec in config.specs()]
    scores = final_accuracies(results)
    first = leaders(scores)
    ends = ["diverged" if np.isnan(score) else f"{score:.2f} %" for score in scores]
    other_scores = [score for index, score in enumerate(scores) if index not in first and not np.isnan(score)]
    if len(first) == 1 and other_scores:
        ends[first[0]] += f", {scores[first[0]] - max(other_scores):.2f} percentage points above the next"
    guess = PREDICTION.guess
    lead = "" if guess.lead is None else f" You expected a lead of {guess.lead:g}."
    st.markdown(verdict("Best test accuracy", names, ends, first, guess.best) + lead)
