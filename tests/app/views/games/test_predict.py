"""Predict, then reveal on Games: nothing of the runs is shown before the guess, which is then measured."""

import numpy as np
import pytest
import streamlit

from app.runs import games as game_runs
from app.state import GamesConfig
from app.views.games.predict import place_prediction
from app.views.parts.player import Pick
from app.views.parts.predict import Guess
from tests.app.views.predicting import open_predicting, words

MULTILAYER = "Multilayer Lookahead (5, .5)(5, .5)"


def config_of(at):
    return at.session_state["games.config"]


def test_until_the_reveal_neither_words_nor_numbers_nor_tracks_tell_the_end():
    at = open_predicting("games")
    assert not at.exception
    assert not at.dataframe
    assert not at.table
    assert len(at.get("plotly_chart")) == 1  # the field
    assert "205" not in words(at)
    assert "spirals" not in words(at)
    (field,) = [each for each in at.get("bidi_component") if str(each.key).endswith("-player")]
    assert len(field.proto.bytes) < 10_000  # of a start; a run of 1,000 steps has far more


def test_both_guesses_by_keys_then_who_was_nearest_and_how_far_off_the_place_was():
    at = open_predicting("games")
    assert not [button for button in at.button if button.key == "games.reveal"]
    at.radio(key="games.best").set_value(1).run()
    assert not [button for button in at.button if button.key == "games.reveal"]
    at.selectbox(key="games.subject").set_value(2).run()
    assert MULTILAYER in at.info[0].value
    at.text_input(key="games.typed_prediction").set_value("0.3, 0.4").run()
    at.button(key="games.reveal").click().run()
    assert not at.exception
    run = game_runs.game_run(config_of(at))
    ends = [np.linalg.norm(run.outermost(index)[-1, 0]) for index in range(3)]
    sentence = next(one.value for one in at.markdown if one.value.startswith("Nearest"))
    assert sentence == (
        f"Nearest to the equilibrium: **{MULTILAYER}**, {ends[2]:.3g} away. "
        f"You said **Lookahead (5, .5)**: {ends[1]:.3g} away."
    )
    table = at.dataframe[0].value
    assert table["off by"].iloc[2] == pytest.approx(0.5, abs=1e-3)  # a 3-4-5 triangle; the run ends near 0, 0
    assert np.isnan(table["off by"].iloc[:2].astype(float)).all()
    np.testing.assert_allclose(table["distance to the equilibrium"], ends)
    at.button(key="games.again").click().run()
    assert not at.dataframe
    assert at.session_state["games.guess"] is None


def test_a_click_is_the_end_of_the_optimizer_that_was_chosen(monkeypatch):
    config, state = GamesConfig(), {}
    state |= {"games.config": config, "games.subject": 1}
    monkeypatch.setattr(streamlit, "session_state", state)
    place_prediction(Pick(0.5, -0.5))
    state["games.subject"] = 2
    place_prediction(Pick(1, 1))
    place_prediction(Pick(2, 2))
    assert state["games.guess"].places == {1: (0.5, -0.5), 2: (2, 2)}


def test_a_guess_holds_for_its_own_run_only():
    at = open_predicting("games")
    at.session_state["games.guess"] = Guess(config_of(at), {0: (0.0, 0.0)}, best=2, revealed=True)
    at.run()
    assert at.dataframe
    at.number_input(key="games.steps").set_value(500).run()
    assert not at.dataframe
    assert at.radio(key="games.best").value is None
    at.number_input(key="games.steps").set_value(1000).run()
    assert at.dataframe  # the same run again: its guess holds


def test_a_place_outside_the_field_is_refused_and_a_diverged_run_has_no_end():
    at = open_predicting("games", v="1", steps="2000")
    at.text_input(key="games.typed_prediction").set_value("9, 9").run()
    assert at.error[0].value == "Not placed: start x must be in [-2, 2] in this game, got 9. Got '9, 9'"
    at.session_state["games.guess"] = Guess(config_of(at), {0: (1.0, 1.0)}, best=0, revealed=True)
    at.run()
    step = game_runs.game_run(config_of(at)).diverged[0, 0]
    assert f"You said **Descent-ascent**: diverged at step {step}." in words(at)
    assert at.dataframe[0].value["ended at"].iloc[0] == f"diverged at step {step}"


def test_one_optimizer_alone_is_asked_for_its_place_only():
    at = open_predicting("games", v="1", **{"1.lr": "0.1"})
    assert not at.radio
    at.text_input(key="games.typed_prediction").set_value("1, 1").run()
    at.button(key="games.reveal").click().run()
    assert not at.exception
    assert "You said" not in words(at)
