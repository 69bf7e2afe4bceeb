"""The Theory page lets its charts go: figures, their numbers, a page to zoom, settings that come back."""

from __future__ import annotations

import io
import re
import xml.etree.ElementTree as ET
import zipfile
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image
from pyarrow import csv, parquet
from pypdf import PdfReader
from streamlit.testing.v1 import AppTest

from app.cli import main
from app.export import (
    Offer,
    csv_of,
    offer_of,
    parquet_of,
    render_figure,
    restore,
    scene_of,
    theory_chart,
    to_bundle,
    to_json,
)
from app.export import bundle as bundle_module
from app.export.offer import DoesNotApplyError
from app.export.theory import theory_caption
from app.runs import theory as theory_runs
from app.state.links import migrate, short_link
from app.state.presets import PRESETS
from app.state.theory import TheoryConfig

QUICK = {"v": 1, "seeds": 1000, "orders": 64, "epochs": 2, "power": 9, "rate_seeds": 8, "k_high": 6}
FIGURES = {
    "stability": ["map", "factors", "outer-momentum"],
    "noise": ["variance", "trade-off"],
    "regularization": ["landscapes", "coefficients", "accuracy"],
    "rates": ["rates"],
}


def config_of(instrument: str, **settings: object) -> TheoryConfig:
    """Settings by their names in version 1, which are one for each setting."""
    current = migrate({**QUICK, "instrument": instrument, **settings}, TheoryConfig)
    return TheoryConfig.model_validate({**current, "v": 2})


STABILITY = config_of("stability")


@pytest.mark.parametrize("instrument", FIGURES)
def test_every_instrument_has_its_figures_and_each_is_wellformed(instrument: str) -> None:
    offer = offer_of(config_of(instrument))
    assert list(offer.figures) == FIGURES[instrument]
    for name in offer.figures:
        root = ET.fromstring(offer.figure(name)("svg", width=5, height=4))
        assert (root.get("width"), root.get("height")) == ("360pt", "288pt")
        assert len(root.findall(".//{http://www.w3.org/2000/svg}path")) > 20


def test_print_has_no_colour_at_all_and_dark_is_dark() -> None:
    draw = offer_of(STABILITY).figure("map")
    grey = np.array(Image.open(io.BytesIO(draw("png", style="print", dpi=60))).convert("RGB")).astype(int)
    assert np.ptp(grey, axis=-1).max() == 0
    dark = np.array(Image.open(io.BytesIO(draw("png", style="dark", dpi=60))).convert("L"))
    assert np.median(dark) < 100


def test_a_pdf_carries_settings_and_says_whose_the_formulas_are() -> None:
    reader = PdfReader(io.BytesIO(offer_of(config_of("noise", depth=3)).figure("trade-off")("pdf")))
    assert "derived here" in reader.metadata.subject
    assert "Layers, innermost first: k 5, α 0.5, k 5, α 0.5, k 5, α 0.5" in reader.metadata.subject
    assert "3 layers" in reader.pages[0].extract_text()
    assert TheoryConfig.model_validate_json(reader.metadata["/Keywords"]).depth == 3


@pytest.mark.parametrize("instrument", ["stability", "noise", "regularization"])
def test_no_derived_formula_is_called_a_papers(instrument: str) -> None:
    assert "derived here" in offer_of(config_of(instrument)).caption.text


def test_the_table_holds_what_the_map_is_drawn_from() -> None:
    table = parquet.read_table(io.BytesIO(parquet_of(offer_of(STABILITY).tables["chart"]())))
    assert table.schema.metadata[b"config"].decode() == STABILITY.model_dump_json()
    rows = table.to_pandas()
    cells = rows[(rows.series == "rate per base step") & (rows.part == "map")]
    rates, _, _ = theory_runs.closed_form_map(STABILITY)
    np.testing.assert_array_equal(cells.value.to_numpy().reshape(rates.shape), rates)
    c = rows[rows.series == "c"]
    np.testing.assert_allclose(np.sort(c.x), np.sort(1 - 0.102 * np.diag(STABILITY.stability.jacobian)))  # 1 − ηh


def test_the_caption_of_measured_variances_says_how_sure_they_are() -> None:
    run = theory_runs.measured_variances(config_of("noise"), equal_effective=False)
    assert f"with {run.confidence:.0%} intervals" in offer_of(config_of("noise")).caption.text


def test_csv_and_parquet_hold_the_same_numbers() -> None:
    table = offer_of(config_of("rates")).tables["chart"]()
    again = csv.read_csv(io.BytesIO(csv_of(table)))
    for name in ("x", "y", "low", "high"):
        assert again[name].to_pylist() == table[name].to_pylist()


def test_measured_variances_come_with_their_interval() -> None:
    rows = offer_of(config_of("noise")).tables["chart"]().to_pandas()
    run = theory_runs.measured_variances(config_of("noise"), equal_effective=False)
    measured = rows[rows.part == f"measured, with its {run.confidence:.0%} interval"]
    interval = measured[measured.series == "equal lr"]
    assert interval.x.tolist() == [0.0, 1.0, 2.0]  # where the line has its corners
    np.testing.assert_array_equal(interval[["low", "y", "high"]].to_numpy().T, [run.low, run.measured, run.high])


@pytest.mark.parametrize("name", PRESETS["theory"])
def test_settings_of_every_ready_made_view_come_back(name: str) -> None:
    config = PRESETS["theory"][name].config
    assert restore(to_json(config)) == restore(to_json(restore(to_json(config)).config))
    assert restore(to_json(config)).config == config


def test_a_bundle_restores_the_page_and_moves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundle_module, "FIGURE_FORMATS", ("svg",))
    config = config_of("stability", simulate=False)
    bundle = to_bundle(offer_of(config), config)
    names = zipfile.ZipFile(io.BytesIO(bundle)).namelist()
    assert {"config.json", "chart.csv", "chart.parquet", "chart.html", "figure.svg", "figure-factors.svg"} <= set(names)
    assert not [name for name in names if name.startswith(("animation", "player", "run"))]
    assert restore(bundle).config == config


def test_what_does_not_apply_is_left_out_or_says_so() -> None:
    straddling = config_of("regularization", batches=8)
    assert {row["panel"] for row in offer_of(straddling).tables["chart"]().to_pylist()} == {
        "Coefficient of V", "Coefficient of ‖g‖²", "Penalty on V at an equal effective lr, times SGD's",
    }  # fmt: skip
    assert list(offer_of(straddling).figures) == ["coefficients"]
    with pytest.raises(DoesNotApplyError, match="landscapes: does not apply to these settings: the formulas need"):
        theory_chart(straddling, "landscapes")
    with pytest.raises(ValueError, match="figure must be one of map, factors, outer-momentum, got 'rates'"):
        theory_chart(STABILITY, "rates")
    with pytest.raises(ValueError, match="nothing moves on this page"):
        scene_of(STABILITY)


def test_a_stack_without_layers_has_no_map_over_their_k(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundle_module, "FIGURE_FORMATS", ("svg",))
    config = config_of("stability", depth=0, x="lr", y="k_1", simulate=False)
    offer = offer_of(config)
    assert list(offer.figures) == ["factors"]
    names = zipfile.ZipFile(io.BytesIO(to_bundle(offer, config))).namelist()
    assert [name for name in names if name.startswith("figure")] == ["figure.svg"]
    assert offer.figure()("svg") == render_figure(theory_chart(config), "svg")
    with pytest.raises(DoesNotApplyError, match="an axis varies layer 1 of a stack of 0"):
        theory_chart(config, "map")


def test_a_bundle_goes_without_a_chart_that_proves_to_be_empty() -> None:
    def empty(*_: object, **__: object) -> bytes:
        raise DoesNotApplyError("accuracy: does not apply")

    bundle = to_bundle(Offer(theory_caption(STABILITY), {"accuracy": empty}), STABILITY)
    assert zipfile.ZipFile(io.BytesIO(bundle)).namelist() == ["config.json", "caption.txt"]


def test_charts_for_readers_speak_of_no_sidebar_and_follow_no_axis_in_a_circle() -> None:
    page = offer_of(config_of("stability", simulate=False)).interactive().decode()
    assert '"name":"as set' in page
    assert "sidebar" not in page
    page = offer_of(config_of("regularization")).interactive().decode()
    first = re.search(r'"xaxis":\{"anchor".*?\},"', page)
    assert first is not None
    assert '"matches"' not in first[0]


def test_the_colours_of_bars_mean_nothing_else_in_one_chart() -> None:
    chart = theory_chart(config_of("regularization"), "coefficients")
    pairs = {(mark.series, mark.color) for panel in chart.filled_panels for mark in panel.marks}
    assert len({color for _, color in pairs}) == len(pairs)


def test_the_command_line_draws_a_link_and_a_ready_made_view(tmp_path: Path) -> None:
    link, target = short_link(STABILITY, "http://localhost:8501/theory"), tmp_path / "factors.svg"
    result = CliRunner().invoke(main, ["render", link, "--figure", "factors", "-O", str(target)])
    assert result.exit_code == 0, result.output
    assert target.read_bytes() == offer_of(STABILITY).figure("factors")("svg")
    view = [
        "render",
        "--preset",
        "Bilinear game: α against k",
        "--set",
        "stability.simulate=0",
        "--format",
        "html",
        "-O",
        "-",
    ]
    page = CliRunner().invoke(main, view)
    assert page.exit_code == 0, page.output
    assert page.stdout_bytes.startswith(b"<!doctype html>")
    refusal = CliRunner().invoke(main, ["render", link, "-O", str(tmp_path / "x.gif")])
    assert (refusal.exit_code, len(refusal.stderr.strip().splitlines())) == (1, 1)
    assert "nothing moves on this page" in refusal.stderr


def page() -> None:
    from app.views.theory.page import page

    page()


def open_page(**params: str) -> AppTest:
    at = AppTest.from_function(page, default_timeout=60)
    for key, value in {**{name: str(one) for name, one in QUICK.items()}, **params}.items():
        at.query_params[key] = value
    at.session_state["theory.export"] = True
    return at.run()


def test_the_panel_offers_no_animation_and_no_script() -> None:
    at = open_page(instrument="regularization")
    assert not at.exception
    assert [tab.label for tab in at.tabs] == ["Figure", "Data", "Share", "Restore"]
    labels = [button.proto.label for button in at.get("download_button")]
    assert labels == ["Download figure", "CSV", "Parquet", "Settings (JSON)", "Interactive chart (HTML)"]
    picker = next(box for box in at.selectbox if box.label == "Draw")
    assert picker.options == ["Landscapes", "Coefficients", "Accuracy"]


def test_an_upload_restores_this_page_and_that_of_another_is_refused() -> None:
    at = open_page()
    uploader = at.get("file_uploader")[0]
    config = config_of("noise", depth=3, noise_lr=0.2)
    uploader.set_value(("config.json", to_json(config), "application/json")).run()
    assert not at.exception
    assert at.session_state["theory.config"] == config
    from app.state import GansConfig

    other = at.get("file_uploader")[0].set_value(("gan.json", to_json(GansConfig()), "application/json")).run()
    assert any("these settings belong to the page 'gans'" in error.value for error in other.error)
    assert at.session_state["theory.config"] == config
