"""Sharpness in the background: what is measured is what was kept, it can be stopped, and it goes on."""

import threading
import time

import numpy as np
import pytest
import torch

from app.jobs.store import TrainingResult
from app.runs import sharpness as sharpness_runs
from app.runs.networks import requests
from app.runs.sharpness import SharpnessRun, points
from app.state import NetworksConfig, default_cards
from app.views.networks.sharpness import sharpness_table
from landscapes.sharpness import sharpness, value_and_gradient
from landscapes.weights import assign_weights
from optim_core.training import train

CONFIG = NetworksConfig(
    network="mlp", train_size=40, batch_size=10, steps=30, ema=0.9, cards=default_cards(0.1), snapshot_every=4
)
NAMES = ("a", "b", "c")


@pytest.fixture(scope="module")
def results():
    trainings = []
    for (request,) in requests(CONFIG):
        run = train(CONFIG.task(), request.specs(), request.steps, 0, snapshot_every=4, ema=0.9)
        trainings.append(
            TrainingResult(
                request, run.players, run.sizes, run.layers, run.curves, run.snapshots, run.diverged, (), 1.0
            )
        )
    return trainings


def wait_for(condition, seconds=60):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_fast_slow_and_averaged_weights_are_taken_from_the_last_snapshot_there_was(results):
    selection = points(NAMES, results, 23)
    assert [(p.name, p.kind) for p in selection] == [
        ("a", "fast"), ("a", "averaged"),
        ("b", "fast"), ("b", "slow"), ("b", "averaged"),
        ("c", "fast"), ("c", "slow"), ("c", "averaged"),
    ]  # fmt: skip
    assert {p.step for p in selection} == {20}
    np.testing.assert_array_equal(selection[2].weights, results[1].snapshots.proposal[5])
    np.testing.assert_array_equal(selection[3].weights, results[1].snapshots.slow[-1][5])
    assert (selection[2].weights != selection[3].weights).any()  # step 20 synchronises: fast means before it


def test_the_table_holds_what_a_direct_measurement_gives(results):
    task = CONFIG.task()
    (point,) = points(NAMES[:1], results[:1], 30)[:1]
    run = SharpnessRun(task, [point])
    run.start("me")
    wait_for(lambda: run.complete)
    model = task.model(0)
    assign_weights(model, torch.from_numpy(point.weights))
    direct = sharpness(model, task.losses(40, 40), task.losses(40, 10), radius=0.05, probes=16)
    assert run.rows == (direct,)
    (row,) = sharpness_table([point], run.rows)
    assert row["loss"] == f"{value_and_gradient(model, task.losses(40, 40))[0]:.3g}"
    assert row["worst loss within 0.05"] == f"{direct.worst_loss:.3g}"
    assert row["step"] == 30


def test_a_stopped_measurement_goes_on_where_it_was(results, monkeypatch):
    gate, calls = threading.Event(), []

    def measure_point(task, point, should_stop):
        calls.append(point.kind)
        while not gate.is_set():
            if should_stop():
                raise sharpness_runs.StoppedError
            time.sleep(0.01)
        return sharpness_runs.Sharpness(*range(8))

    monkeypatch.setattr(sharpness_runs, "_measure", measure_point)
    run = SharpnessRun(CONFIG.task(), points(NAMES[1:2], results[1:2], 30))
    run.start("one")
    run.start("other")
    wait_for(lambda: sorted(calls) == ["fast", "slow"])
    run.cancel("one")
    assert run.running  # somebody else still waits
    run.cancel("other")
    assert not run.running
    wait_for(lambda: "sharpness" not in [thread.name for thread in threading.enumerate()])
    gate.set()
    run.start("one")
    wait_for(lambda: run.complete)
    assert sorted(calls) == ["averaged", "fast", "fast", "slow", "slow"]


def test_a_measurement_shows_passes_before_its_first_row_is_there(results, monkeypatch):
    gate, run = threading.Event(), SharpnessRun(CONFIG.task(), points(NAMES, results, 30))

    def measure_point(task, point, should_stop):
        for _ in range(60):
            should_stop()
        gate.wait()
        return sharpness_runs.Sharpness(*range(8))

    monkeypatch.setattr(sharpness_runs, "_measure", measure_point)
    assert run.fraction == 0
    run.start("me")
    wait_for(lambda: run.passes == 120)  # of two points at a time
    assert (run.rows, run.fraction) == ((), pytest.approx(120 / sharpness_runs.FIRST_GUESS / len(run.points)))
    gate.set()
    wait_for(lambda: run.complete)
    assert run.fraction == 1


def test_who_has_left_wants_no_measurement_any_more(results, monkeypatch):
    monkeypatch.setattr(sharpness_runs, "_measure", lambda task, point, should_stop: threading.Event().wait(0.2))
    run = SharpnessRun(CONFIG.task(), points(NAMES, results, 30))
    run.start("before the reload")
    run.start("me")
    run.start("other")
    assert run.others("me", {"me", "other"}.__contains__) == 1
    run.cancel("me", {"me", "other"}.__contains__)
    assert run.running  # the other waits
    run.start("me")
    run.cancel("me", {"me"}.__contains__)
    assert not run.running


def test_cancel_stops_within_one_pass_over_the_images(results):
    run = SharpnessRun(CONFIG.task(), points(NAMES, results, 30))
    run.start("me")
    wait_for(lambda: len(run.rows) >= 1)
    run.cancel("me")
    measuring = [thread for thread in threading.enumerate() if thread.name.startswith("sharpness")]
    for thread in measuring:
        thread.join(timeout=10)
        assert not thread.is_alive()
    assert not run.complete


def test_a_failure_is_said_and_does_not_look_like_waiting(results, monkeypatch):
    def fails(task, point, should_stop):
        raise ValueError("no such images")

    monkeypatch.setattr(sharpness_runs, "_measure", fails)
    run = SharpnessRun(CONFIG.task(), points(NAMES, results, 30))
    run.start("me")
    wait_for(lambda: run.error)
    assert run.error == "ValueError: no such images"
    assert not run.running
