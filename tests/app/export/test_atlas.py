"""Exports of the Atlas: figures, tables that hold every run, a page to zoom, settings that come back."""

from __future__ import annotations

import io
import subprocess
import sys
import zipfile

import numpy as np
import pytest

from app.export import csv_of, offer_of, restore, to_bundle
from app.export.atlas import atlas_caption
from app.export.scripts.study import study_script
from app.runs import atlas
from app.state import AtlasConfig, LayerConfig

GRID = {"across_points": 3, "up_high": 4, "up_points": 4, "seeds": 2}
SMALL = AtlasConfig(across_points=4, up_high=3, up_points=3, seeds=3, steps=20)
GAME = AtlasConfig(
    objective="bilinear",
    base="extragradient",
    across="k_1",
    across_high=4,
    up="alpha_1",
    up_points=4,
    steps=20,
)

NETWORK = AtlasConfig(
    objective="digits-100",
    across_points=2,
    up="batch_size",
    up_low=5,
    up_high=10,
    up_points=2,
    seeds=2,
    seed=3,
    steps=12,
)

SAMPLE = AtlasConfig(sample=8, further="alpha_1:0.2:1,mu_1:0.1:0.9:log", seeds=2, steps=12)
SAMPLED_NETWORK = NETWORK.model_copy(update={"sample": 5})


@pytest.mark.parametrize(
    ("config", "names"),
    [
        (SMALL, ["map", "lines", "best-lr"]),
        (GAME, ["map", "lines"]),
        (NETWORK, ["map", "lines", "best-lr"]),
        (SAMPLE, ["parallel"]),
    ],
)
def test_every_figure_is_drawn(config, names):
    offer = offer_of(config)
    assert list(offer.figures) == names
    for name in names:
        assert offer.figures[name]("png", width=5, height=4, dpi=40).startswith(b"\x89PNG")
        assert b"<svg" in offer.figures[name]("svg", style="print")


def test_tables_hold_every_cell_and_every_run():
    offer, result = offer_of(SMALL), atlas.study_run(SMALL)
    cells, runs = offer.tables["cells"](), offer.tables["runs"]()
    assert (cells.num_rows, runs.num_rows) == (12, 36)
    values = runs["loss"].to_numpy(zero_copy_only=False)
    assert np.array_equal(values, np.where(np.isfinite(result.value), result.value, np.nan).ravel(), equal_nan=True)
    assert runs["seed"].to_pylist() == [0, 1, 2] * 12
    assert cells["lr"].to_pylist() == list(result.study.x.values) * 3
    assert cells["k_1"].to_pylist() == [1] * 4 + [2] * 4 + [3] * 4
    assert csv_of(cells).startswith(b'"lr","k_1","mean loss","low","high"')


def test_tables_of_a_network_have_the_measure_on_test_data_beside():
    offer, result = offer_of(NETWORK), atlas.result_of(NETWORK)
    cells, runs = offer.tables["cells"](), offer.tables["runs"]()
    assert runs.column_names == [
        "lr", "batch_size", "seed", "validation error", "test error", "diverged", "evaluations", "failed"
    ]  # fmt: skip
    assert runs["seed"].to_pylist() == [3, 4] * 4
    assert runs["test error"].to_pylist() == result.test.ravel().tolist()
    assert cells["mean test error"].to_pylist() == pytest.approx(result.test.mean(axis=-1).ravel().tolist())
    assert cells["batch_size"].to_pylist() == [5, 5, 10, 10]


def test_the_caption_of_a_network_states_what_is_equal_and_what_is_not():
    text = atlas_caption(NETWORK).text
    assert "Atlas: MLP on digits (8x8, built in), 100 for training, over lr and batch size" in text
    assert "network mlp, train_size 100, label_noise 0.0" in text
    assert "Seeds of weights and batches: 3 to 4. Base steps: 12. Gradient evaluations of each run: 12." in text
    assert "Equal in every cell are the base steps; the larger the batch, the more samples a run has seen." in text
    assert "error of the outermost slow weights after the last step, on validation data" in text
    assert "Chavdarova" in atlas_caption(AtlasConfig(objective="gan-ring")).text


def test_a_sample_has_a_column_for_each_axis_and_says_how_it_was_drawn():
    table = offer_of(SAMPLE).tables["cells"]()
    assert table.column_names[:4] == ["lr", "k_1", "alpha_1", "mu_1"]
    assert table.num_rows == 8
    assert table["alpha_1"].to_pylist() == [settings["alpha_1"] for settings in SAMPLE.study().settings]
    text = atlas_caption(SAMPLE).text
    assert "over lr, k₁, α₁ and μ₁" in text
    assert "8 points of Sobol's sequence over lr from 0.02 to 2.4, logarithmic, k₁ from 1.0 to 32.0, α₁ from" in text


def test_a_bundle_restores_the_study():
    archive = to_bundle(offer_of(GAME), GAME)
    names = set(zipfile.ZipFile(io.BytesIO(archive)).namelist())
    assert {"cells.parquet", "runs.csv", "figure.pdf", "figure-lines.svg", "chart.html", "config.json"} <= names
    assert restore(archive).config == GAME


def test_the_caption_states_equal_evaluations_and_the_grid():
    text = atlas_caption(GAME).text
    assert "Gradient evaluations of each run: 40." in text
    assert "Across: k₁ from 1.0 to 4.0, " in text
    assert "Chavdarova" in text


def test_a_study_is_drawn_whole():
    with pytest.raises(ValueError, match="a study is drawn whole, got step 5: leave it out"):
        offer_of(SMALL).figures["map"]("png", step=5)


@pytest.mark.parametrize(
    "config",
    [
        SMALL,
        GAME,
        NETWORK,
        SAMPLE,
        SAMPLED_NETWORK,
        AtlasConfig(**GRID, objective="rosenbrock", base="momentum", across="momentum", noise="student", steps=30),
        AtlasConfig(**GRID, objective="quadratic", parameter=0.3, across="noise_scale", noise="gaussian", steps=30),
        AtlasConfig(**GRID, objective="rastrigin", noise="minibatch", noise_replacement=True, steps=30),
        AtlasConfig(**GRID, objective="himmelblau", steps=30, layers=(LayerConfig(outer_momentum=0.5),)),
    ],
    ids=lambda config: config.objective,
)
def test_the_script_repeats_the_study_to_the_last_bit(config, tmp_path, monkeypatch, capsys):
    script, path = study_script(config), tmp_path / "numbers.npz"
    monkeypatch.setattr(sys, "argv", ["run.py", str(path)])
    exec(compile(script, "run.py", "exec", dont_inherit=True), {"__name__": "__main__"})
    result = atlas.result_of(config)
    with np.load(path, allow_pickle=False) as arrays:
        assert np.array_equal(arrays["value"], result.value)
        assert np.array_equal(arrays["diverged"], result.diverged)
    assert f"mean {result.mean.item(*result.best)!r}" in capsys.readouterr().out


def test_the_script_is_formatted():
    for config in (SMALL, GAME, NETWORK, SAMPLE):
        command = [sys.executable, "-m", "ruff", "format", "--check", "--line-length", "120", "-"]
        process = subprocess.run(command, input=study_script(config), text=True, capture_output=True)
        assert process.returncode == 0, study_script(config)
