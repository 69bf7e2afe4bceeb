"""The config of the Atlas: links, what is customary, and bad input by field, value and remedy."""

from __future__ import annotations

import pytest

from app.state import AtlasConfig, LayerConfig
from app.state.axes import LIMITS
from app.state.links import config_from_settings, decode, encode
from app.state.presets import PRESETS
from landscapes.games import GAMES
from landscapes.surfaces import SURFACES
from optim_core.layers import Layer

FIVE = LayerConfig(k=5, alpha=0.5)


@pytest.mark.parametrize("objective", [*SURFACES, *GAMES])
@pytest.mark.parametrize("axes", [("lr", "k_1"), ("alpha_1", "depth"), ("k_2", "mu_2"), ("momentum", "lr")])
def test_every_objective_has_a_customary_study_that_its_link_restores(objective, axes):
    x, y = axes
    config = AtlasConfig(objective=objective, base="momentum", layers=(FIVE, FIVE), across=x, up=y)
    assert decode(encode(config), AtlasConfig) == (config, [])
    study = config.study()
    assert study.cells <= LIMITS.study_cells
    assert (study.x.name, study.y.name) == axes
    page = config.page_run(study.specs[-1], study.noise_scales[-1])
    assert page.cards[0].spec().layers == study.specs[-1].layers
    assert page.landscape == config.landscape


def test_what_is_missing_follows_the_objective_and_the_axes():
    bowl, bilinear = (
        AtlasConfig(),
        AtlasConfig(objective="quadratic", across="alpha_1", up="depth", layers=(FIVE,) * 3),
    )
    assert (bowl.noise, bowl.noise_scale, bowl.base_lr) == ("gaussian", 1.0, 0.3)
    assert (bowl.across_low, bowl.across_high, bowl.across_log, bowl.up_high) == (0.02, 2.4, True, 32)
    assert bilinear.parameter == GAMES["quadratic"].parameter.value
    assert (bilinear.across_log, bilinear.up_low, bilinear.up_high, bilinear.up_points) == (
        False,
        0,
        3,
        4,
    )


def test_a_cell_opens_with_its_own_numbers():
    config = AtlasConfig(across="k_2", up="noise_scale", layers=(FIVE, FIVE), seeds=4, steps=70, seed=3)
    study = config.study()
    page = config.page_run(study.specs[-1], study.noise_scales[-1])
    assert page.cards[0].spec().layers == (Layer(5, 0.5), Layer(32, 0.5))
    assert (page.surface, page.noise_scale, page.steps, page.seed) == ("bowl", 2.0, 70, 3)
    assert page.starts == ((3.0, 3.5),) * 4


def test_what_is_shown_does_not_change_the_study():
    one, other = AtlasConfig(), AtlasConfig(quantity="spread")
    assert one.alike(other)
    assert one.study() == other.study()
    assert not one.alike(AtlasConfig(seed=1))


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        (
            {"across": "k_1"},
            "across: up must be another setting than the horizontal axis, k_1: choose another axis (got 'k_1')",
        ),
        (
            {"up": "lr"},
            "up: must be another setting than the horizontal axis, lr: choose another axis (got 'lr')",
        ),
        (
            {"across_low": "3"},
            "across_low: across high must be above the axis's other end, 3: swap the two or write a larger number",
        ),
        (
            {"across_high": "0.01"},
            "across_high: must be above the axis's other end, 0.02: swap the two or write a larger number",
        ),
        ({"across_low": "0"}, "across_low: must be above 0 (got '0')"),
        (
            {"up": "alpha_1", "up_low": "0", "up_log": "1"},
            "up_low: must be above 0 on a logarithmic axis: write a small",
        ),
        ({"up_low": "2.5"}, "up_low: must be a whole number: write 2 or 3 (got '2.5')"),
        ({"up_high": "2000"}, "up_high: must be at most 1000: write a smaller number (got '2000')"),
        (
            {"across": "k_2"},
            "across: k_2 needs 2 layers, the optimizer has 1: add a layer or choose another axis (got 'k_2')",
        ),
        (
            {"across": "momentum"},
            "across: momentum needs a base that has it, momentum or nesterov, got sgd: change the base",
        ),
        (
            {"across": "noise_scale", "noise": "none"},
            "across: noise_scale needs gradient noise, there is none: choose a noise",
        ),
        (
            {"across": "noise_scale", "noise": "minibatch"},
            "across: noise_scale would change what is minimised from cell to cell",
        ),
        (
            {"across": "depth", "layers": "none"},
            "across: depth needs layers to leave out, the optimizer has none: add a layer",
        ),
        (
            {"across": "depth", "across_high": "3"},
            "across_high: must be at most 1, the layers of the optimizer: add layers",
        ),
        ({"base": "extragradient"}, "base: extragradient is a method for games: choose a game, or a base of sgd"),
        ({"objective": "bilinear", "noise": "minibatch"}, "noise: a game has no mini-batches: choose another noise"),
        ({"parameter": "1"}, "parameter: a surface has no parameter: leave it out or choose a game that has one"),
        ({"objective": "flatland"}, "objective: no such objective; choose one of bowl, ravine"),
        ({"at_x": "9"}, "at_x: start x must be in [-4, 4] here, got 9"),
        (
            {"across_points": "512", "up": "alpha_1", "up_points": "40"},
            "512 x 40 cells are 20,480, at most 16,384 are computed: 457 x 35 points fit",
        ),
        (
            {"seeds": "64", "steps": "5000", "across_points": "100"},
            "100 x 32 cells of 320,000 base steps are 1,024 million, at most 500 million are computed: "
            "69 x 22 points fit, or fewer steps or seeds",
        ),
    ],
)
def test_bad_input_is_refused_with_field_value_and_remedy(settings, problem):
    config, problems = decode(settings, AtlasConfig)
    assert any(problem in one for one in problems), problems
    assert config.study().cells  # what is left is a study


def test_a_layer_that_an_axis_varies_cannot_be_taken_away():
    config = AtlasConfig(across="k_2", up="lr", layers=(FIVE, FIVE))
    after, reasons = config_from_settings({"layers": (FIVE,)}, AtlasConfig, config)
    assert after == config
    assert "k_2 needs 2 layers, the optimizer has 1" in reasons["layers"]


@pytest.mark.parametrize("name", PRESETS.get("atlas", {}))
def test_every_ready_made_study_is_valid_and_restored_by_its_link(name):
    config = PRESETS["atlas"][name].config
    assert decode(encode(config), AtlasConfig) == (config, [])


def test_a_sample_varies_more_than_two_settings_and_its_link_restores_it():
    config = AtlasConfig(sample=16, further="alpha_1:0.2:1, mu_1:0.1:0.9:log")
    assert decode(encode(config), AtlasConfig) == (config, [])
    study = config.study()
    assert [axis.name for axis in study.axes] == ["lr", "k_1", "alpha_1", "mu_1"]
    assert study.shape == (1, 16)
    assert config.varied == ("lr", "k_1", "alpha_1", "mu_1")
    page, opened = config.opened(3)
    (spec,) = opened.specs()
    assert (page, spec.lr, spec.layers) == ("surfaces", study.specs[3].lr, study.specs[3].layers)
    grid = AtlasConfig(further="alpha_1:0.2:1")  # without a sample they do not count
    assert grid.study() == AtlasConfig().study()
    assert grid.varied == ("lr", "k_1")


@pytest.mark.parametrize(
    ("further", "problem"),
    [
        ("alpha_1", "further: every axis must read name:from:to, as in alpha_1:0.2:1, or name:from:to:log"),
        ("lr:1:2", "further: lr varies on another axis already: choose another one"),
        ("alpha_1:0:1,alpha_1:0:1", "further: alpha_1 varies on another axis already"),
        ("k_2:1:5", "further: k_2 needs 2 layers, the optimizer has 1: add a layer"),
        ("alpha_1:1:0.2", "further: alpha_1: must be above the axis's other end, 1: swap the two"),
        ("alpha_1:0:2", "further: alpha_1, to 2: must be in [0, 1]"),
        ("mu_1:0:0.5:log", "further: mu_1: must be above 0 on a logarithmic axis"),
        ("depth:0:3", "further: depth, to 3: must be at most 1, the layers of the optimizer"),
        ("colour:1:2", "further: name should be one of lr, k_1"),
        ("batch_size:1:2", "further: batch_size needs a network and its data"),
    ],
)
def test_a_bad_further_axis_is_refused(further, problem):
    config, problems = decode({"sample": "8", "further": further}, AtlasConfig)
    assert any(problem in one for one in problems), problems
    assert config.study().cells == 8


def test_a_sample_beyond_the_limit_is_refused():
    _, problems = decode({"sample": "4096", "seeds": "64", "steps": "5000"}, AtlasConfig)
    assert any("are computed: 1,562 points fit, or fewer steps or seeds" in one for one in problems)
