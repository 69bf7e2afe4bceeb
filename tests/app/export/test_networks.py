"""Networks leave the app as surfaces do: pictures of weight space, tables, a script that trains again."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from pyarrow import parquet

from app.export import Scene, network_scene, render_figure, restore, to_json, to_parquet
from app.export.pages import offer_of
from app.jobs.store import RunStore, TrainingResult
from app.runs import networks as network_runs
from app.runs import plane as plane_runs
from app.runs.networks import requests
from app.state import NetworksConfig, default_cards
from landscapes.contours import Grid, PlaneLoss, plane_losses
from optim_core.training import TrainingRun, train

CONFIG = NetworksConfig(train_size=100, batch_size=10, steps=30, cards=default_cards(0.1))


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """As workers have: how many threads share a sum decides its last bit. One evaluation a run is enough here."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(network_runs, "EVALUATIONS", 1)
        yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def runs() -> list[TrainingRun]:
    return [
        train(CONFIG.task(), one.specs(), one.steps, one.seed, evaluate_every=one.evaluate_every, snapshot_every=1)
        for (one,) in network_runs.requests(CONFIG)
    ]


@pytest.fixture(scope="module")
def scene(runs: list[TrainingRun]) -> Scene:
    pairs = zip(network_runs.requests(CONFIG), runs, strict=True)
    results = [
        TrainingResult(one, run.players, run.sizes, run.layers, run.curves, run.snapshots, run.diverged, (), 1.0)
        for (one,), run in pairs
    ]
    view = plane_runs.view(results, "pca", CONFIG.task())
    tracks = plane_runs.tracks(view, results, [spec.name for spec in CONFIG.specs()], CONFIG.colors)
    picture = list(plane_losses(CONFIG.task().landscape(50), view.plane, Grid.around(view.places, 9)))[-1]
    return network_scene(CONFIG, tracks, picture)


def test_an_unfinished_landscape_says_so(scene: Scene) -> None:
    axis, values = np.array([0.0, 1.0]), np.ones((2, 2))
    for points, words in ((4, ""), (1, "Unfinished: 25% of the landscape was computed.")):
        picture = network_scene(CONFIG, scene.tracks, PlaneLoss(axis, axis, values, values, points, 4))
        assert words in picture.caption.text
        assert ("Unfinished" in picture.caption.text) is bool(words)
    assert "0% of the landscape" in network_scene(CONFIG, scene.tracks, None).caption.text


def test_weight_space_is_drawn_with_its_loss_and_caption(scene: Scene) -> None:
    image = Image.open(io.BytesIO(render_figure(scene, width=5, height=4, dpi=80)))
    assert image.size == (400, 320)
    assert "Task: cnn on digits, 100 training images, batches of 10" in image.info["Description"]
    assert NetworksConfig.model_validate_json(image.info["Source"]) == CONFIG
    assert scene.grid is not None
    assert scene.labels == ("first principal direction", "second principal direction")


def test_accuracy_is_shaded_the_other_way_round(scene: Scene) -> None:
    """Dark is good for both: high accuracies become low heights."""
    tracks, config = scene.tracks, CONFIG.model_copy(update={"measure": "accuracy"})
    accuracy = np.linspace(0, 1, 9).reshape(3, 3)
    from landscapes.contours import PlaneLoss

    axis = np.array([0.0, 1.0, 2.0])
    picture = network_scene(config, tracks, PlaneLoss(axis, axis, accuracy, accuracy, 9, 9))
    assert picture.grid is not None
    assert np.array_equal(picture.grid.height, -accuracy)


def test_tracks_go_into_tables_as_they_are_on_the_plane(scene: Scene) -> None:
    table = parquet.read_table(io.BytesIO(to_parquet(scene))).to_pandas()
    fast = table[(table.optimizer == "Lookahead (5, .5)") & (table.layer == 0)]
    assert np.array_equal(fast[["x", "y"]].to_numpy(), scene.tracks[1].fast)


def test_before_anything_is_known_of_the_plane_the_tracks_alone_are_drawn(scene: Scene) -> None:
    assert render_figure(network_scene(CONFIG, scene.tracks, None), width=3, height=3, dpi=60).startswith(b"\x89PNG")


def test_settings_are_saved_and_restored() -> None:
    settings = restore(to_json(CONFIG))
    assert (settings.page, settings.config) == ("networks", CONFIG)


def test_what_was_never_trained_is_trained_first_and_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOOKAHEAD_DATA", str(tmp_path))
    reports: list[tuple[int, int]] = []
    curves = offer_of(CONFIG, lambda done, total: reports.append((done, total))).tables["curves"]()
    total = CONFIG.steps * len(CONFIG.active) * CONFIG.seeds
    assert reports == [(done, total) for done in range(1, total + 1)]
    assert all(RunStore(tmp_path).has(request.key) for row in requests(CONFIG) for request in row)
    reports.clear()
    assert offer_of(CONFIG, lambda done, total: reports.append((done, total))).tables["curves"]() == curves
    assert reports == []
