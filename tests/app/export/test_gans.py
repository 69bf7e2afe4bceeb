"""GANs leave the app as everything else does, and networks' and GANs' curves as figures and tables."""

from __future__ import annotations

import csv
import io
import xml.etree.ElementTree as ET
import zipfile
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image
from pyarrow import parquet
from pypdf import PdfReader

from app.cli import main
from app.cli.catalogue import presets
from app.export import (
    Offer,
    csv_of,
    gan_offer,
    gan_scene,
    network_offer,
    parquet_of,
    restore,
    to_bundle,
    to_json,
)
from app.export import bundle as bundle_module
from app.figures.gans import samples_reel
from app.figures.networks import training_chart
from app.jobs.store import TrainingResult
from app.runs import gans as gan_runs
from app.runs import plane as plane_runs
from app.runs.networks import requests
from app.state import GanCard, GansConfig, LayerConfig, NetworksConfig, default_cards
from app.state.links import short_link
from app.state.presets import PRESETS
from landscapes.contours import Grid, plane_losses
from optim_core.training import train

LAYERS = (LayerConfig(k=5, alpha=0.5),)
CONFIG = GansConfig(steps=20, batch_size=16, cards=(GanCard(), GanCard(layers=LAYERS, color=1)))
NETWORK = NetworksConfig(train_size=50, batch_size=10, steps=20, seeds=2, cards=default_cards(0.1)[:2])


def results_of(config: GansConfig | NetworksConfig) -> list[list[TrainingResult]]:
    rows = []
    for row in requests(config):
        runs = [
            train(config.task(), one.specs(), one.steps, one.seed, evaluate_every=10, snapshot_every=one.snapshot_every)
            for one in row
        ]
        rows.append(
            [
                TrainingResult(
                    one, run.players, run.sizes, run.layers, run.curves, run.snapshots, run.diverged, (), 1.0
                )
                for one, run in zip(row, runs, strict=True)
            ]
        )
    return rows


@pytest.fixture(scope="module")
def results() -> list[list[TrainingResult]]:
    return results_of(CONFIG)


@pytest.fixture(scope="module")
def offer(results: list[list[TrainingResult]]) -> Offer:
    first = [row[0] for row in results]
    view = plane_runs.players_view(first)
    picture = list(plane_losses(CONFIG.task().landscape("discriminator", 0), view.plane, Grid.around(view.places, 7)))
    names = [spec.name for spec in CONFIG.specs()]
    scene = gan_scene(CONFIG, plane_runs.tracks(view, first, names, CONFIG.colors), picture[-1])
    return gan_offer(CONFIG, results, lambda: scene)


@pytest.fixture(scope="module")
def network() -> Offer:
    return network_offer(NETWORK, results_of(NETWORK), None)


def text_of(pdf: bytes) -> str:
    return " ".join(PdfReader(io.BytesIO(pdf)).pages[0].extract_text().split())


def test_the_plane_of_the_players_is_drawn_with_its_loss_and_caption(offer: Offer) -> None:
    image = Image.open(io.BytesIO(offer.figure("weight space")("png", width=5, height=4, dpi=80)))
    assert image.size == (400, 320)
    description = image.info["Description"]
    assert "GAN on a ring of 8 Gaussians" in description
    assert "Adam, generator: base adam; lr 0.001" in description
    assert "arXiv:1406.2661" in description
    assert "arXiv:2006.14567" in description
    assert "arXiv:1704.00028" not in description  # no penalty, no paper on it
    assert GansConfig.model_validate_json(image.info["Source"]) == CONFIG
    assert offer.moving().grid is not None


def test_a_gradient_penalty_cites_its_paper_and_says_its_weight() -> None:
    from app.figures.gans import gan_caption

    text = gan_caption(CONFIG.model_copy(update={"objective": "wgan-gp"})).text
    assert "gradient penalty 10" in text
    assert "arXiv:1704.00028" in text


def test_samples_are_those_of_the_chosen_step(offer: Offer, results: list[list[TrainingResult]]) -> None:
    task, first = CONFIG.task(), [row[0] for row in results]
    frames = gan_runs.samples(task, first, 12)
    assert frames[0].step.tolist() == [10]  # kept every fifth step
    (chart,) = samples_reel(offer.caption, ["Adam", "Lookahead"], CONFIG.colors, frames, gan_runs.real_samples(task))
    assert [panel is None for panel in chart.panels] == [False, False, True, False]
    every = gan_runs.samples(task, first)
    at = every[1].step.tolist().index(10)
    slow = chart.panels[3].marks[1]
    np.testing.assert_array_equal(np.stack([slow.x, slow.y], axis=-1), every[1].slow[at])
    assert "base step 10" in text_of(offer.figure("samples")("pdf", step=12))


def test_samples_of_images_stand_beside_real_ones(offer: Offer) -> None:
    images = np.linspace(0, 1, 4 * 64, dtype=np.float32).reshape(1, 4, 1, 8, 8)
    frames = [gan_runs.Samples(np.array([7]), images, None), gan_runs.Samples(np.array([7]), images, images)]
    (chart,) = samples_reel(offer.caption, ["a", "b"], ["#111111", "#222222"], frames, images[0])
    assert [panel is None for panel in chart.panels] == [False, False, False, True, False, True]
    np.testing.assert_array_equal(chart.panels[4].image, gan_runs.mosaic(images[0]))


def test_curves_of_networks_show_mean_and_standard_error(network: Offer) -> None:
    rows = results_of(NETWORK)
    curves = [[result.curves for result in row] for row in rows]
    chart = training_chart(NETWORK, curves)
    accuracy = next(panel for panel in chart.filled_panels if panel.title == "Test accuracy")
    fast = accuracy.marks[0]
    both = np.stack([result.curves.metrics["fast"]["test_accuracy"] for result in rows[0]])
    np.testing.assert_allclose(fast.y, both.mean(axis=0))
    np.testing.assert_allclose(fast.high - fast.y, both.std(axis=0, ddof=1) / np.sqrt(2))
    assert {mark.part for mark in accuracy.marks} == {"fast weights", "slow weights"}
    beginning = training_chart(NETWORK, curves, 10)
    assert max(mark.x.max() for panel in beginning.filled_panels for mark in panel.marks) == 10


@pytest.mark.parametrize("style", ["light", "dark", "print"])
def test_print_has_no_colour_at_all_and_dark_is_dark(network: Offer, style: str) -> None:
    draw = network.figure("training curves")
    picture = np.array(Image.open(io.BytesIO(draw("png", style=style, dpi=50))).convert("RGB")).astype(int)
    assert (np.ptp(picture, axis=-1).max() == 0) == (style == "print")
    assert (np.median(picture) < 80) == (style == "dark")


def test_curves_are_vectors_with_their_words(network: Offer, offer: Offer) -> None:
    root = ET.fromstring(network.figure("training curves")("svg", width=5, height=4))
    assert (root.get("width"), root.get("height")) == ("360pt", "288pt")
    assert not root.findall(".//{http://www.w3.org/2000/svg}image")
    text = text_of(offer.figure("training curves")("pdf"))
    for words in ("Fréchet distance, plain coordinates", "Modes covered", "Lookahead (5, .5), Adam", "slow weights"):
        assert words in text


def test_the_table_of_curves_holds_every_seed(network: Offer) -> None:
    assert list(network.tables) == ["curves"]  # no plane, no tracks on it
    table = network.tables["curves"]()
    assert set(table["seed"].to_pylist()) == {0, 1}
    rows = list(csv.DictReader(io.StringIO(csv_of(table).decode())))
    assert [float(row["value"]) for row in rows] == table["value"].to_pylist()
    again = parquet.read_table(io.BytesIO(parquet_of(table)))
    assert again.equals(table)
    assert again.schema.metadata[b"config"].decode() == NETWORK.model_dump_json()


def test_without_a_plane_nothing_moves_and_curves_remain(network: Offer) -> None:
    assert list(network.figures) == ["training curves"]
    with pytest.raises(ValueError, match="nothing moves"):
        network.moving()


def test_a_bundle_holds_all_of_it_and_restores_the_page(offer: Offer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundle_module, "FIGURE_FORMATS", ("svg",))  # each is tested above
    bundle = to_bundle(offer, CONFIG, seconds=0.2)
    names = set(zipfile.ZipFile(io.BytesIO(bundle)).namelist())
    assert {
        "config.json", "caption.txt", "trajectory.csv", "curves.csv", "curves.parquet", "player.html", "chart.html",
        "run.py", "figure.svg", "figure-training-curves.svg", "figure-samples.svg", "animation.gif", "animation.mp4",
    } <= names  # fmt: skip
    assert (restore(bundle).page, restore(bundle).config) == ("gans", CONFIG)


@pytest.mark.parametrize("name", PRESETS["gans"])
def test_ready_made_gans_are_listed_saved_and_restored(name: str) -> None:
    entry = next(entry for entry in presets() if entry["key"] == name)
    config = PRESETS["gans"][name].config
    assert (entry["page"], GansConfig.model_validate(entry["config"])) == ("gans", config)
    assert restore(to_json(config)).config == config


def test_names_of_presets_differ_between_pages() -> None:
    names = [entry["key"] for entry in presets()]
    assert len(set(names)) == len(names)
    assert {entry["page"] for entry in presets()} == {"surfaces", "games", "networks", "gans", "theory", "atlas"}


def test_the_command_line_draws_what_was_never_trained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOOKAHEAD_DATA", str(tmp_path))
    link = short_link(CONFIG.model_copy(update={"steps": 10, "cards": CONFIG.cards[:1]}), "http://localhost:8501/gans")
    result = CliRunner().invoke(main, ["render", link, "--figure", "samples", "-O", str(tmp_path / "x.png")])
    assert result.exit_code == 0, result.output
    assert Image.open(tmp_path / "x.png").size == (960, 720)


def test_a_store_that_cannot_be_written_is_said_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.setenv("LOOKAHEAD_DATA", str(tmp_path / "file"))
    result = CliRunner().invoke(main, ["train", "--gan", "--steps", "10", "-O", "-", "--format", "csv"])
    assert result.exit_code == 1
    assert "name another folder in LOOKAHEAD_DATA" in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1


def test_the_command_line_trains_a_ready_made_gan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOOKAHEAD_DATA", str(tmp_path))
    small = ["--steps", "10", "--set", "batch_size=8", "-o", "lr=0.001 layers=5:0.5", "-O", "-", "--format", "csv"]
    result = CliRunner().invoke(main, ["train", "--preset", "A ring of eight Gaussians", *small])
    assert result.exit_code == 0, result.output
    assert "Lookahead (5, .5), Adam, seed 0: Fréchet distance" in result.stderr
    rows = list(csv.DictReader(io.StringIO(result.stdout)))
    assert {"loss_discriminator", "loss_generator", "test_frechet", "modes"} <= {row["metric"] for row in rows}
    assert {row["weights"] for row in rows} == {"", "fast", "slow_1"}
