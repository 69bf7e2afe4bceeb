"""The Atlas page without a browser: its map, cells, ready-made studies, and bad input."""

from __future__ import annotations

import re

import pytest
from streamlit.testing.v1 import AppTest

from app.jobs.errors import StoreError
from app.runs import atlas
from app.state import AtlasConfig
from app.state.presets import PRESETS
from app.views.atlas import training

SMALL = {"across_points": "6", "up_high": "4", "up_points": "4", "seeds": "3", "steps": "30"}


@pytest.fixture(autouse=True)
def no_store(monkeypatch):
    """Studies of networks are not computed here."""

    def refuse():
        raise StoreError("no store in this test")

    monkeypatch.setattr(training, "default_jobs", refuse)


def show():
    from app.views.atlas import page as atlas

    atlas.page()


def open_page(**params):
    at = AppTest.from_function(show, default_timeout=60)
    for key, value in (SMALL | params).items():
        at.query_params[key] = value
    return at.run()


def config_of(at):
    return at.session_state["atlas.config"]


def texts(at):
    """What the page says, without its links to the glossary."""
    elements = (element for kind in (at.markdown, at.caption, at.info, at.warning) for element in kind)
    return [re.sub(r"\[([^\]]*)\]\(#term-[^)]*\)", r"\1", element.value) for element in elements]


def test_the_first_load_shows_a_map_with_lines_and_the_best_lr():
    at = AppTest.from_function(show, default_timeout=60).run()
    assert not at.exception
    assert not at.error
    assert config_of(at) == AtlasConfig()
    assert len(at.get("plotly_chart")) == 1 + 2 + 3
    assert any("1,536 cells, each 8 runs of 500 gradient evaluations" in text for text in texts(at))


@pytest.mark.parametrize(
    ("params", "text"),
    [
        ({}, "**Least mean** at lr"),
        ({}, "told apart"),
        ({"across_low": "0.01", "across_high": "0.05"}, "at the edge of the grid (lr): a wider grid might do better"),
        ({"objective": "bilinear", "base": "extragradient"}, "each one run of 60 gradient evaluations (2 a step)"),
        (
            {"up": "depth", "layers": "9:0.5,9:0.5", "up_high": "2"},
            "In 6 of them the outermost layer never synchronises",
        ),
        ({"across_low": "10", "across_high": "20", "steps": "200"}, "In every cell some run diverged"),
        ({"objective": "himmelblau", "noise": "none"}, "without noise all seeds are the same"),
        ({"objective": "bilinear"}, "**Least distance** at lr"),
        ({"seeds": "1"}, "each one run of 30 gradient evaluations."),
        ({"objective": "bilinear", "quantity": "spread"}, "A single run has no deviation over seeds: choose a noise"),
        ({}, "Closed form (derived here): rate per base step"),
    ],
)
def test_what_is_said_of_a_study(params, text):
    at = open_page(**params)
    assert not at.exception
    assert any(text in one for one in texts(at)), texts(at)


def test_the_best_cell_is_shown_until_one_is_clicked_with_its_interval_and_every_seed():
    said = texts(open_page())
    (facts,) = [text for text in said if "**The best cell**" in text]
    assert "95 % interval" in facts
    assert "0 of 3 runs diverged" in facts
    assert any(text.startswith("Seeds 0 to 2: ") for text in said)
    assert "Click a cell to look into it." in said


@pytest.mark.parametrize("quantity", ["mean", "median", "spread", "diverged"])
def test_what_is_shown_changes_the_address_and_computes_nothing(quantity, monkeypatch):
    at = open_page()
    monkeypatch.setattr(atlas, "run_study", None)
    at.segmented_control(key="atlas.quantity").set_value(quantity).run()
    assert not at.exception
    assert at.query_params["quantity"] == quantity


@pytest.mark.parametrize("name", PRESETS["atlas"])
def test_a_ready_made_study_is_shown_with_its_line(name):
    at = open_page()
    at.selectbox(key="atlas.preset").set_value(name).run()
    assert not at.exception
    assert config_of(at) == PRESETS["atlas"][name].config
    assert f"**{name}.** {PRESETS['atlas'][name].shows}" in texts(at)


def test_another_setting_on_an_axis_takes_its_customary_values_and_the_other_axis_changes_places():
    at = open_page()
    at.selectbox(key="atlas.up").set_value("alpha_1").run()
    config = config_of(at)
    assert (config.up, config.up_low, config.up_high, config.up_points) == ("alpha_1", 0.05, 1.0, 39)
    at.selectbox(key="atlas.across").set_value("alpha_1").run()
    assert config_of(at) == config.swapped()
    at.button(key="atlas.undo").click().run()
    assert config_of(at) == config


def test_only_settings_that_the_optimizer_has_are_offered():
    at = open_page()
    offered = at.selectbox(key="atlas.across").options
    assert "lr" in offered
    assert "momentum" not in offered
    assert "k₂" not in offered
    at.selectbox(key="atlas.base").set_value("momentum").run()
    at.segmented_control(key="atlas.depth").set_value(2).run()
    assert {"momentum", "k₂", "layers"} <= set(at.selectbox(key="atlas.across").options)


def test_another_objective_brings_its_own_lr_and_noise():
    at = open_page()
    at.selectbox(key="atlas.objective").set_value("bilinear").run()
    assert not at.exception
    config = config_of(at)
    assert (config.noise, config.across, config.steps, config.seeds) == ("none", "lr", 30, 3)
    assert config.across_high == pytest.approx(0.8)
    at.selectbox(key="atlas.base").set_value("extragradient").run()
    at.selectbox(key="atlas.objective").set_value("ravine").run()
    assert not at.exception
    assert config_of(at).base == "sgd"  # extragradient is a method for games


def test_a_bad_entry_is_named_at_its_field_and_the_last_valid_one_holds():
    at = open_page()
    before = config_of(at)
    at.number_input(key="atlas.across_high").set_value(0.001).run()
    assert config_of(at) == before
    (error,) = at.error
    assert "horizontal axis, to: must be above the axis's other end, 0.02: swap the two" in error.value
    assert "Got '0.001'; the last valid setting holds." in error.value


def test_a_bad_address_is_named_and_the_default_shown():
    at = open_page(across="k_3", up_low="1.5")
    assert not at.exception
    errors = " ".join(error.value for error in at.error)
    assert "k\\_3 needs 3 layers" in errors
    assert "write 1 or 2" in errors


def test_a_cell_that_fails_is_said_and_the_others_are_shown(monkeypatch):
    compute = atlas.run_study

    def with_failure(study, problem, **settings):
        result = compute(study, problem, **settings)
        value = result.value.copy()
        value[0, 0] = float("nan")
        return type(result)(study, value, result.diverged, {(0, 0): "undefined there"})

    monkeypatch.setattr(atlas, "run_study", with_failure)
    atlas.study_run.clear()
    at = open_page()
    atlas.study_run.clear()
    assert not at.exception
    assert any("1 cell failed and is empty: lr 0.02, k₁ 1: undefined there" in text for text in texts(at))


def test_the_table_opens_with_every_cell():
    at = open_page()
    at.session_state["atlas.table"] = True
    at.run()
    assert not at.exception
    (table,) = at.dataframe
    assert len(table.value) == 24


def test_what_an_axis_varies_has_no_control_of_its_own():
    at = open_page(across="mu_1", up="alpha_1", up_high="1", layers="5:0.5:0.9:nesterov", across_high="0.9")
    assert not at.exception
    assert {"μ₁ varies", "α₁ varies"} <= set(texts(at))
    keys = {one.key for kind in (at.sidebar.number_input, at.sidebar.slider, at.sidebar.toggle) for one in kind}
    assert {"atlas.1.k", "atlas.1.outer_nesterov", "atlas.base_lr"} <= keys
    assert not {"atlas.1.alpha", "atlas.1.outer_momentum"} & keys


def test_coarser_maps_are_shown_while_a_long_study_is_computed(monkeypatch):
    from app.views.atlas import page

    drawn, show_chart = [], page.show_chart
    monkeypatch.setattr(page, "PATIENCE", -1.0)
    monkeypatch.setattr(
        page, "show_chart", lambda chart, key, **look: drawn.append(key) or show_chart(chart, key, **look)
    )
    atlas.study_run.clear()
    at = open_page(across_points="32", up_high="32", up_points="32", steps="5")
    assert not at.exception
    assert drawn[:2] == ["atlas.map.coarse.0", "atlas.map.coarse.1"]
    assert len(at.get("plotly_chart")) == 6  # the whole map stands in their place


def test_a_sample_is_lines_across_all_axes_and_its_best_point():
    at = open_page(sample="32", further="alpha_1:0.2:1")
    assert not at.exception
    assert len(at.get("plotly_chart")) == 1
    assert any("32 points, each 3 runs of 30 gradient evaluations" in text for text in texts(at))
    assert any("**Least mean** at lr" in text and ", α₁ " in text for text in texts(at))
    at.text_input(key="atlas.further").set_value("alpha_1:0.2").run()
    assert not at.exception
    assert "every axis must read name:from:to" in at.error[0].value
    at.number_input(key="atlas.sample").set_value(0).run()
    assert not at.exception
    assert len(at.get("plotly_chart")) == 6
