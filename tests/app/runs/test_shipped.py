"""The finished runs that come with the application are what a fresh run gives, and are comparison by its keys alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from app.jobs.store import RunStore
from app.runs import gans as gan_runs
from app.runs import plane as plane_runs
from app.runs import shipped as shipped_runs
from app.runs.networks import requests
from app.runs.shipped import FOLDER, find_shipped, ship
from app.state import GansConfig, NetworksConfig

CUSTOMARY = (NetworksConfig(), GansConfig())
MOST_BYTES = 600_000  # of all of them: as much as a picture


@pytest.mark.parametrize("config", CUSTOMARY, ids=["networks", "gans"])
def test_the_customary_comparison_comes_with_the_application(config: NetworksConfig | GansConfig) -> None:
    comparison = find_shipped(config)
    assert comparison is not None
    assert [result.request for result in comparison.results] == [row[0] for row in requests(config)]
    assert all(result.curves.step[-1] == config.steps for result in comparison.results)
    assert all(len(run.fast) == len(run.snapshots.step) for run in comparison.view.runs)


def test_they_are_small() -> None:
    assert 0 < sum(path.stat().st_size for path in FOLDER.iterdir()) < MOST_BYTES


def test_looks_do_not_matter_and_all_else_does() -> None:
    config = NetworksConfig()
    cards = tuple(card.model_copy(update={"color": 5}) for card in config.cards)
    assert find_shipped(config.model_copy(update={"cards": cards, "measure": "accuracy"})) is not None
    for change in ({"steps": 601}, {"seed": 1}, {"seeds": 2}, {"plane": "random"}, {"cards": config.cards[:2]}):
        assert find_shipped(config.model_copy(update=change)) is None
    assert find_shipped(GansConfig(drawn="generator")) is not None
    assert find_shipped(GansConfig(batch_size=32)) is None


@pytest.mark.parametrize(
    "config",
    [NetworksConfig(steps=30, network="mlp"), GansConfig(steps=30, batch_size=16, snapshot_every=1)],
    ids=["networks", "gans"],
)
def test_what_is_read_back_is_what_the_page_draws_of_its_results(
    config: NetworksConfig | GansConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plane_runs, "GRID_POINTS", 5)
    monkeypatch.setattr(plane_runs, "CHECKS", 4)
    monkeypatch.setattr(gan_runs, "FRAMES", 3)
    monkeypatch.setattr(shipped_runs, "FOLDER", tmp_path / "shipped")
    shipped_runs._read_arrays.cache_clear()
    store = RunStore(tmp_path / "store")
    ship(config, store, tmp_path / "shipped")
    comparison = find_shipped(config)
    shipped_runs._read_arrays.cache_clear()
    assert comparison is not None
    results = [store.find(row[0].key) for row in requests(config)]
    assert all(result is not None for result in results)
    trainings = [result for result in results if result is not None]
    network = isinstance(config, NetworksConfig)
    view = plane_runs.view_of(config, trainings) if network else plane_runs.players_view(trainings)  # type: ignore[arg-type]
    for own, result, there, run in zip(comparison.results, trainings, comparison.view.runs, view.runs, strict=True):
        np.testing.assert_allclose(own.curves.loss, result.curves.loss, rtol=1e-6)
        assert (own.layers, own.sizes, own.diverged) == (result.layers, result.sizes, result.diverged)
        np.testing.assert_allclose(there.fast, run.fast, rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(there.outermost.distance, run.outermost.distance, rtol=1e-5, atol=1e-6)
    assert comparison.backdrop.picture.complete
    assert comparison.backdrop.picture.loss.shape == (5, 5)
    assert len(comparison.backdrop.checks) == len(trainings)
    if isinstance(config, GansConfig):
        pictures = gan_runs.samples(config.task(), trainings)
        for here, there in zip(comparison.samples, pictures, strict=True):
            np.testing.assert_allclose(here.fast, there.fast, rtol=1e-2, atol=1e-2)


@pytest.mark.slow
@pytest.mark.parametrize("config", CUSTOMARY, ids=["networks", "gans"])
def test_a_fresh_run_is_the_one_that_comes_with_the_application(
    config: NetworksConfig | GansConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where rounding differs, runs part in the end: what is measured there has to agree, and every step before."""
    comparison = find_shipped(config)
    ship(config, RunStore(tmp_path / "store"), tmp_path)
    monkeypatch.setattr(shipped_runs, "FOLDER", tmp_path)
    shipped_runs._read_arrays.cache_clear()
    fresh = find_shipped(config)
    shipped_runs._read_arrays.cache_clear()
    assert comparison is not None
    assert fresh is not None
    metric, near = ("test_accuracy", 0.02) if isinstance(config, NetworksConfig) else ("test_frechet", 0.5)
    for one, other in zip(comparison.results, fresh.results, strict=True):
        np.testing.assert_allclose(one.curves.loss[:, :50], other.curves.loss[:, :50], rtol=1e-2)
        for weights, columns in one.curves.metrics.items():
            assert columns[metric][-1] == pytest.approx(other.curves.metrics[weights][metric][-1], abs=near)
    np.testing.assert_allclose(comparison.view.plane.explained, fresh.view.plane.explained, atol=0.05)
