"""Choosing a data set on the page."""

import pytest

from app.jobs.errors import StoreError
from app.views.parts import training
from tests.app.views.predicting import open_page, words


@pytest.fixture(autouse=True)
def no_runs(monkeypatch):
    def no_store():
        raise StoreError("no store in this test")

    monkeypatch.setattr(training, "default_jobs", no_store)


def test_a_table_offers_what_applies_to_it_and_images_the_rest_again():
    at = open_page("networks")
    at.selectbox(key="networks.dataset").set_value("cancer").run()
    assert not at.exception
    assert at.selectbox(key="networks.network").options == ["MLP"]
    assert at.number_input(key="networks.train_size").value == 330
    assert at.number_input(key="networks.train_size").label == "Training rows"
    assert "networks.augmentation" not in [box.key for box in at.selectbox]
    assert "test rows are never trained or tuned on" in words(at)
    at.selectbox(key="networks.dataset").set_value("digits").run()
    assert not at.exception
    assert len(at.selectbox(key="networks.network").options) == 4
    assert at.selectbox(key="networks.augmentation").value == "none"
