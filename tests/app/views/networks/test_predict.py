"""Predict, then reveal on Networks: a finished run stays hidden until the guess, which is then measured."""

import pytest

from app.jobs.errors import StoreError
from app.runs.shipped import find_shipped
from app.state import NetworksConfig
from app.views.parts import training
from tests.app.views.predicting import open_page, open_predicting, words


@pytest.fixture(autouse=True)
def shipped_runs_only(monkeypatch):
    def no_store():
        raise StoreError("no store in this test")

    monkeypatch.setattr(training, "default_jobs", no_store)


def test_a_finished_run_is_hidden_until_an_optimizer_is_chosen_and_then_compared():
    at = open_predicting("networks")
    assert not at.exception
    assert not at.dataframe
    assert not at.get("plotly_chart")
    assert not at.get("bidi_component")
    assert not [button for button in at.button if button.key == "networks.reveal"]
    at.radio(key="networks.best").set_value(2).run()
    at.number_input(key="networks.lead").set_value(1.5).run()
    assert not at.get("plotly_chart")
    at.button(key="networks.reveal").click().run()
    assert not at.exception
    config = NetworksConfig()
    ends = [
        100 * one.curves.metrics[f"slow_{len(one.layers)}" if one.layers else "fast"]["test_accuracy"][-1]
        for one in find_shipped(config).results
    ]
    names = [spec.name for spec in config.specs()]
    ranking = sorted(range(3), key=ends.__getitem__)
    best, second = ranking[-1], ranking[-2]
    assert ends[best] > ends[second] >= ends[2]
    assert (
        f"Best test accuracy: **{names[best]}**, {ends[best]:.2f} %, {ends[best] - ends[second]:.2f} percentage points "
        f"above the next. You said **{names[2]}**: {ends[2]:.2f} %. You expected a lead of 1.5."
    ) in words(at)
    assert at.dataframe
    assert len(at.get("plotly_chart")) > 5
    at.button(key="networks.again").click().run()
    assert not at.dataframe
    assert at.radio(key="networks.best").value is None


def test_off_by_default_and_one_optimizer_alone_is_not_hidden():
    at = open_page("networks")
    assert not at.toggle(key="networks.predicting").value
    assert at.dataframe
    at = open_predicting("networks", v="1", **{"1.lr": "0.1"})
    assert "Switch on a second optimizer" in at.info[0].value
    assert not at.radio
