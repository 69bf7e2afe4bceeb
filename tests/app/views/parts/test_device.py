"""The choice of a device: drawn where there is one, and part of the runs that are asked for."""

import pytest

from app.jobs.errors import StoreError
from app.runs.networks import trainings
from app.state import NetworksConfig
from app.views.parts import device, training
from tests.app.views.predicting import open_page


@pytest.fixture(autouse=True)
def no_runs(monkeypatch):
    def no_store():
        raise StoreError("no store in this test")

    monkeypatch.setattr(training, "default_jobs", no_store)


@pytest.mark.parametrize("page", ["networks", "gans"])
def test_the_choice_is_drawn_only_where_there_is_more_than_the_processor(page, monkeypatch):
    monkeypatch.setattr(device, "offered_devices", lambda: ("cpu",))
    assert f"{page}.train_on" not in [box.key for box in open_page(page).selectbox]
    monkeypatch.setattr(device, "offered_devices", lambda: ("cpu", "cuda"))
    at = open_page(page)
    assert not at.exception
    box = at.selectbox(key=f"{page}.train_on")
    assert (box.options, box.value) == (["Processor", "GPU (CUDA)"], "cpu")
    box.set_value("cuda").run()
    assert not at.exception


def test_a_wrong_setting_of_the_server_is_said_and_the_processor_trains(monkeypatch):
    monkeypatch.setenv("LOOKAHEAD_DEVICE", "tpu")
    at = open_page("networks")
    assert not at.exception
    assert "LOOKAHEAD_DEVICE: device must be one of auto, cpu, cuda, mps, got 'tpu'" in at.error[0].value


def test_the_device_is_in_every_request():
    config = NetworksConfig(seeds=2)
    here, there = trainings(config, "ann"), trainings(config, "ann", "cuda")
    assert {request.device for row in there.requests for request in row} == {"cuda"}
    keys = {ticket.key for comparison in (here, there) for row in comparison.tickets for ticket in row}
    assert len(keys) == 12
