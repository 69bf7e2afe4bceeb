"""Runs on accelerators: a key of their own, and workers that announce one, as many at a time as are announced."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
import torch

from app.jobs import Cluster, Jobs, RunStore, TrainingRequest, request_from
from app.jobs.devices import offered_devices, usual_device
from landscapes.tasks import ClassifierTask
from optim_core import device as device_module
from optim_core.spec import OptimizerSpec

TASK = ClassifierTask(network="mlp", train_size=100, batch_size=10, evaluation_size=50)
HERE = TrainingRequest(TASK.describe(), OptimizerSpec("one"), steps=10)
THERE = replace(HERE, device="cuda")


def wait(condition: Callable[[], Any], seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.02)


def test_another_device_is_another_run_and_the_processors_key_is_as_before_there_was_a_choice() -> None:
    assert "device" not in HERE.to_json()
    assert HERE.key != THERE.key != replace(HERE, device="mps").key
    assert request_from(THERE.to_json()) == THERE
    assert request_from(HERE.to_json()) == HERE
    assert THERE.plan().device == "cuda"
    with pytest.raises(ValueError, match="device must be one of cpu, cuda, mps, got 'auto'"):
        replace(HERE, device="auto")


def test_the_environment_names_the_usual_device(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device_module, "available_devices", lambda: ("cpu",))
    monkeypatch.setattr("app.jobs.devices.available_devices", lambda: ("cpu",))
    assert usual_device({}) == usual_device({"LOOKAHEAD_DEVICE": "auto"}) == "cpu"
    with pytest.raises(ValueError, match=r"LOOKAHEAD_DEVICE: device 'cuda' is not at hand.*has cpu"):
        usual_device({"LOOKAHEAD_DEVICE": "cuda"})
    with pytest.raises(ValueError, match=r"LOOKAHEAD_DEVICE: device must be one of .*got 'gpu'"):
        usual_device({"LOOKAHEAD_DEVICE": "gpu"})
    elsewhere = {"LOOKAHEAD_DEVICE": "cuda", "LOOKAHEAD_SCHEDULER": "tcp://scheduler:8786"}
    assert offered_devices(elsewhere) == ("cuda", "cpu")
    assert offered_devices({}) == ("cpu",)


def test_a_machine_with_an_accelerator_offers_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device_module, "available_devices", lambda: ("cpu", "mps"))
    monkeypatch.setattr("app.jobs.devices.available_devices", lambda: ("cpu", "mps"))
    assert offered_devices({}) == ("cpu", "mps")
    assert offered_devices({"LOOKAHEAD_DEVICE": "auto"}) == ("mps", "cpu")


def test_runs_on_accelerators_start_as_many_at_a_time_as_are_announced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Jobs, "_serve", lambda self: None)
    jobs = Jobs(RunStore(tmp_path), Cluster(workers=1))
    requests = (THERE, replace(THERE, seed=1), HERE)
    for request in requests:
        jobs.submit(request, "ann")
    client = Mock()
    for expected in (THERE, HERE):
        job = jobs._next(accelerators=1)
        assert job is not None
        assert job.request == expected
        jobs._start(job, client)
    assert jobs._next(accelerators=1) is None
    assert [call.kwargs["resources"] for call in client.submit.call_args_list] == [{"GPU": 1}, None]
    second = jobs._next(accelerators=2)
    assert second is not None
    assert second.request == requests[1]


def test_without_such_a_worker_they_wait_and_say_for_what_while_others_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Jobs, "_serve", lambda self: None)
    client = Mock(status="running")
    client.nthreads.return_value = {"one": 2}
    client.scheduler_info.return_value = {"workers": {"one": {"resources": {}}}}
    cluster = Cluster("tcp://127.0.0.1:1")
    cluster._client = client
    jobs = Jobs(RunStore(tmp_path), cluster)
    waiting, running = jobs.submit(THERE, "ann"), jobs.submit(HERE, "ann")
    jobs._tick()
    assert jobs.status(running).state == "running"
    status = jobs.status(waiting)
    assert status.state == "queued"
    assert 'start one with `dask worker --resources "GPU=1"`' in status.message


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine's workers have CUDA")
def test_the_local_cluster_announces_the_machines_accelerator(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device_module, "available_devices", lambda: ("cpu", "cuda"))  # here alone, not in its workers
    jobs = Jobs(RunStore(tmp_path), Cluster(workers=1))
    try:
        ticket = jobs.submit(THERE, "ann")
        wait(lambda: jobs.status(ticket).state == "failed")
        assert "device 'cuda' is not at hand" in jobs.status(ticket).message
        workers = jobs.cluster.client().scheduler_info()["workers"].values()
        assert sorted(worker["resources"].get("GPU", 0) for worker in workers) == [0, 1]
    finally:
        jobs.close()
