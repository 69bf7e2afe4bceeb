"""Outer momentum of a card's layers: links, names, stored requests, and what was there before."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from pydantic import ValidationError

from app.export.scripts.plane import surface_script
from app.figures.caption import surface_caption
from app.jobs.request import TrainingRequest, request_from
from app.runs.family import dials_of, with_number
from app.runs.surfaces import surface_run
from app.state import Card, NetworksConfig, SurfacesConfig
from app.state.cards import titles_of
from app.state.layers import LAYERS, LayerConfig, config_layers, layer_words, library_layers
from app.state.links import decode, encode
from app.state.presets import PRESETS
from optim_core.layers import Layer
from optim_core.theory import NoisyQuadratic

PLAIN = LayerConfig(k=5, alpha=0.5)
HEAVY = LayerConfig(k=3, alpha=0.25, outer_momentum=0.5)
SNOO = LayerConfig(k=5, alpha=0.7, outer_momentum=0.9, outer_nesterov=True)


@pytest.mark.parametrize(
    ("layers", "text"),
    [
        ((PLAIN,), "5:0.5"),
        ((HEAVY, PLAIN), "3:0.25:0.5,5:0.5"),
        ((SNOO,), "5:0.7:0.9:nesterov"),
        ((LayerConfig(k=5, alpha=0.7, outer_nesterov=True),), "5:0.7:0.0:nesterov"),
    ],
)
def test_links_say_it_where_there_is_some_and_read_it_back(layers: tuple[LayerConfig, ...], text: str) -> None:
    assert LAYERS.text(layers) == text
    config = SurfacesConfig(cards=(Card(layers=layers),))
    params = encode(config)
    assert params["1.layers"] == text
    assert decode(params, SurfacesConfig) == (config, [])


@pytest.mark.parametrize("text", ["5", "5:0.5:0.9:heavy", "5:0.5:0.9:nesterov:1", "5:0.5:", "5:0.5:1", "5:0.5:-0.1"])
def test_what_is_no_stack_is_refused_and_said(text: str) -> None:
    config, problems = decode({"v": encode(SurfacesConfig())["v"], "1.layers": text}, SurfacesConfig)
    assert config.cards[0].layers == Card().layers
    assert len(problems) == 1
    with pytest.raises(ValidationError):
        Card(layers=text)


def test_cards_and_captions_name_it() -> None:
    assert Card(layers=(SNOO,)).title == "Lookahead (5, .7, Nesterov .9)"
    assert Card(layers=(HEAVY, PLAIN)).title == "Multilayer Lookahead (3, .25, μ .5)(5, .5)"
    assert [layer_words(layer) for layer in (PLAIN, HEAVY, SNOO)] == [
        "k 5, α 0.5",
        "k 3, α 0.25, outer momentum 0.5",
        "k 5, α 0.7, Nesterov outer momentum 0.9",
    ]


def test_the_library_gets_it_and_gives_it_back() -> None:
    layers = library_layers((PLAIN, HEAVY, SNOO))
    assert layers == (Layer(5, 0.5), Layer(3, 0.25, 0.5), Layer(5, 0.7, 0.9, True))
    assert config_layers(layers) == (PLAIN, HEAVY, SNOO)
    assert Card(layers=(SNOO,)).spec().layers == (Layer(5, 0.7, 0.9, True),)


def test_requests_of_training_keep_it_and_those_without_it_stay_what_they_were() -> None:
    def request(layers: tuple[LayerConfig, ...]) -> TrainingRequest:
        return TrainingRequest({"kind": "any"}, Card(layers=layers).spec(), 10)

    assert request((SNOO,)).to_json()["optimizers"][0][1]["layers"] == [[5, 0.7, 0.9, 1]]
    plain = request((PLAIN,)).to_json()["optimizers"][0][1]
    assert plain["layers"] == [[5, 0.5]]
    assert "inner_buffers" not in plain
    for layers in ((SNOO, HEAVY), (PLAIN,)):
        assert request_from(request(layers).to_json()) == request(layers)
    resetting = request((SNOO, HEAVY))
    resetting = replace(resetting, optimizers=replace(resetting.optimizers, inner_buffers="reset"))
    assert request_from(resetting.to_json()) == resetting
    assert resetting.key != request((SNOO, HEAVY)).key


def test_what_becomes_of_inner_buffers_is_said_where_it_matters() -> None:
    keep, reset = (Card(layers=(HEAVY, PLAIN), inner_buffers=mode) for mode in ("keep", "reset"))
    assert reset.title == "Multilayer Lookahead (3, .25, μ .5)(5, .5), inner b reset"
    assert titles_of((keep, reset)) == (f"{keep.title}, inner b kept", reset.title)
    assert titles_of((keep, keep)) == (keep.title, keep.title)
    assert reset.unusual == ("inner b reset", "μ1 .5")
    assert (keep.spec().inner_buffers, reset.spec().inner_buffers) == ("keep", "reset")
    assert keep.model_copy(update={"base": "adam", "inner_buffers": "reset"}).title.endswith("inner b reset, Adam")
    config = SurfacesConfig(surface="bowl", cards=(keep, reset), steps=40)
    assert "outer momentum b of inner layers at an outer synchronisation: reset" in surface_caption(config).text
    assert surface_script(config).count('inner_buffers="reset"') == 1
    run = surface_run(config)
    assert np.abs(run.fast[15, 0] - run.fast[15, 1]).max() == 0
    assert np.abs(run.fast[18, 0] - run.fast[18, 1]).max() > 1e-6


@pytest.mark.parametrize("layers", [(), (HEAVY,), (PLAIN, HEAVY)])
def test_without_a_momentum_inside_what_becomes_of_inner_buffers_changes_nothing(
    layers: tuple[LayerConfig, ...],
) -> None:
    keep, reset = (Card(layers=layers, inner_buffers=mode) for mode in ("keep", "reset"))
    assert (keep.spec(), keep.unusual, keep.title) == (reset.spec(), reset.unusual, reset.title)


def test_links_say_what_becomes_of_inner_buffers_only_where_it_is_off_its_default() -> None:
    config = SurfacesConfig(cards=(Card(layers=(HEAVY, PLAIN), inner_buffers="reset"), Card(layers=(HEAVY, PLAIN))))
    params = encode(config)
    assert (params["1.inner_buffers"], "2.inner_buffers" in params) == ("reset", False)
    assert decode(params, SurfacesConfig) == (config, [])
    _, problems = decode(params | {"1.inner_buffers": "zero"}, SurfacesConfig)
    assert [problem.split(":")[0] for problem in problems] == ["1.inner_buffers"]


def test_equal_effective_lr_counts_the_speed_that_momentum_arrives_at() -> None:
    config = NetworksConfig(cards=(Card(lr=0.1), Card(lr=0.1, layers=(SNOO,))), equal_lr=True)
    assert [spec.lr for spec in config.specs()] == pytest.approx([0.1, 0.1 / (0.7 / (1 - 0.9))])


def test_it_can_be_dragged_where_there_is_some() -> None:
    config = SurfacesConfig(cards=(Card(layers=(PLAIN, SNOO, HEAVY)),))
    dials = dials_of(config, 100, 1)
    values = [(dial.level, dial.value) for dial in dials if dial.field == "outer_momentum"]
    assert values == [(2, 0.9), (3, 0.5)]
    assert all(0 <= value < 1 for dial in dials if dial.field == "outer_momentum" for value in dial.values)
    card = with_number(config, 0, "outer_momentum", 2, 0.0).cards[0]
    assert card.layers[1] == LayerConfig(k=5, alpha=0.7, outer_nesterov=True)
    with pytest.raises(ValueError, match="no outer_momentum of layer 1"):
        with_number(config, 0, "outer_momentum", 1, 0.5)


def test_what_the_ready_made_comparisons_say_of_the_kin_is_so() -> None:
    run = surface_run(PRESETS["surfaces"]["Lookahead and its kin"].config)
    assert run.slow_loss[200, :, 0] == pytest.approx([1.9e-3, 0.119, 1.1e-7, 4.9e-4], rel=0.05)
    assert (run.evaluations[200] == 200).all()
    noisy = PRESETS["surfaces"]["Lookahead and its kin, under noise"].config
    problem = NoisyQuadratic(h=1.0, sigma=noisy.noise_scale)
    variances = [problem.variances(spec)[-1] for spec in noisy.specs()]
    assert variances == pytest.approx([0.086, 0.032, 0.134, 0.143], abs=6e-4)
    steady = surface_run(noisy)
    for index, variance in enumerate(variances):
        places = steady.outermost(index)[100::5, :, 0]
        assert np.mean(places**2) == pytest.approx(variance, rel=0.35)
