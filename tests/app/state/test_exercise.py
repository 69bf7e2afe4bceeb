"""A teacher's link fixes and hides: which controls, what then stays of another config, and what is no name."""

from __future__ import annotations

import pytest

from app.state import Card, GamesConfig, GansConfig, LayerConfig, NetworksConfig, SurfacesConfig, default_cards
from app.state.exercise import Exercise, read_address
from app.state.lessons import LessonsConfig
from app.state.links import decode, encode, link, pack
from app.state.presets import PRESETS
from app.state.theory import Noise, TheoryConfig
from app.state.visit import PARTS, problems_of_visit, visit_of

ONE = LayerConfig(k=5, alpha=0.5)
RAVINE = SurfacesConfig(surface="ravine", cards=default_cards(0.05))
MODELS = (SurfacesConfig, GamesConfig, NetworksConfig, GansConfig, TheoryConfig)


def of(**names: str) -> Exercise:
    return Exercise.of(visit_of(names))


def with_alpha(alpha: float, config: SurfacesConfig = RAVINE) -> SurfacesConfig:
    layer = LayerConfig(k=5, alpha=alpha)
    cards = (config.cards[0], config.cards[1].model_copy(update={"layers": (layer,)}), *config.cards[2:])
    return config.model_copy(update={"cards": cards})


@pytest.mark.parametrize("model", MODELS)
def test_all_but_one_number(model):
    config = model()
    name = "2.1.alpha" if hasattr(config, "cards") else "1.alpha"
    controls = of(fix="*").fixed_controls(config)
    assert name in controls
    assert of(fix="*", free=name).fixed_controls(config) == controls - {name}
    assert of(hide="*", free=name).hidden_controls(config) == controls - {name}


@pytest.mark.parametrize(
    ("names", "controls"),
    [
        ("steps", {"steps"}),
        ("1.lr, 2.lr", {"1.lr", "2.lr"}),
        ("2.1.alpha", {"2.1.alpha"}),
        ("2.depth", {"2.depth"}),
        ("2.layers", {"2.depth", "2.1.k", "2.1.alpha", "2.1.outer_momentum", "2.1.outer_nesterov"}),
        ("2.1", {"2.1.k", "2.1.alpha", "2.1.outer_momentum", "2.1.outer_nesterov"}),
        ("starts", {"starts"}),
        ("cards", set()),
    ],
)
def test_a_name_is_a_setting_a_control_or_what_they_begin_with(names, controls):
    assert of(fix=names).fixed_controls(RAVINE) == controls
    assert of(fix=names).hidden_controls(RAVINE) == set()
    assert of(hide=names).hidden_controls(RAVINE) == of(hide=names).fixed_controls(RAVINE) == controls


def test_a_card_is_all_of_its_controls_and_a_part_all_of_its():
    assert {name.partition(".")[0] for name in of(fix="2").fixed_controls(RAVINE)} == {"2"}
    assert of(fix="2").fixed_controls(RAVINE) >= {"2.on", "2.lr", "2.base", "2.depth", "2.1.k"}
    noise = of(fix="noise").fixed_controls(TheoryConfig())
    assert noise == {f"noise.{name}" for name in Noise.model_fields}


def test_what_is_fixed_stays_and_the_rest_is_adopted():
    other = with_alpha(0.9).model_copy(update={"steps": 77, "seed": 3})
    assert of(fix="*", free="2.1.alpha").keep(RAVINE, other) == with_alpha(0.9)
    assert of(fix="2.1.alpha").keep(RAVINE, other) == other.model_copy(update={"cards": RAVINE.cards})
    assert of(hide="steps").keep(RAVINE, other).steps == RAVINE.steps
    assert of(fix="*").keep(RAVINE, other) == RAVINE
    assert of().keep(RAVINE, other) == other


def test_a_layer_that_comes_back_has_the_fixed_number():
    without = RAVINE.model_copy(update={"cards": tuple(Card(lr=0.05, color=color) for color in range(3))})
    exercise, origin = of(fix="2.1.alpha"), with_alpha(0.3)
    assert exercise.keep(origin, without).cards[1].layers == ()
    assert exercise.keep(origin, RAVINE).cards[1].layers[0].alpha == 0.3


def test_cards_are_as_many_where_one_of_their_settings_is_fixed():
    fewer = RAVINE.model_copy(update={"cards": RAVINE.cards[1:]})
    more = RAVINE.model_copy(update={"cards": (*RAVINE.cards, Card(lr=0.1))})
    for names in ("cards", "3.lr", "*"):
        assert of(fix=names).keeps_cards(RAVINE)
        assert len(of(fix=names).keep(RAVINE, fewer).cards) == 3
        assert len(of(fix=names).keep(RAVINE, more).cards) == 3
    assert not of(fix="steps").keeps_cards(RAVINE)
    assert of(fix="steps").keep(RAVINE, more) == more
    assert not of(fix="*").keeps_cards(TheoryConfig())


def test_what_does_not_go_with_a_fixed_setting_is_refused():
    origin = SurfacesConfig(surface="himmelblau", starts=((-5.5, 5.5),))
    with pytest.raises(ValueError, match=r"what this link fixes does not go with it \(starts: start x must be in"):
        of(fix="starts").keep(origin, SurfacesConfig(surface="bowl"))


@pytest.mark.parametrize("page", PRESETS)
def test_any_ready_made_config_keeps_all_but_a_number(page):
    """Another number of cards and other layers, data and surfaces change nothing."""
    configs = [preset.config for preset in PRESETS[page].values()]
    for origin in configs[:3]:
        for config in configs:
            assert of(fix="*").keep(origin, config) == origin


@pytest.mark.parametrize(
    ("params", "problems"),
    [
        ({"fix": "lrr, steps"}, ["fix: no such name as 'lrr': "]),
        ({"fix": "7.lr"}, ["fix: no such name as '7.lr': "]),
        ({"free": "2.5.alpha,1.tuned"}, ["free: no such name as '2.5.alpha', '1.tuned': "]),
        ({"fix": "sidebar"}, ["fix: no such name as 'sidebar': "]),
        ({"hide": "side bar,seed"}, ["hide: no such name as 'side bar': "]),
        ({"fix": "a," * 2000}, ["fix: longer than 2000 characters"]),
        ({"fix": "*", "free": "2.1.alpha", "hide": ",".join(PARTS)}, []),
        ({"fix": "4.4.k,noise_scale,batch_size,stability.lr,parameters.a,domain,2,noise,cards"}, []),
        ({"fix": ""}, []),
    ],
)
def test_unknown_names_are_named_and_the_rest_holds(params, problems):
    sentences = problems_of_visit(params)
    assert [sentence[: len(start)] for sentence, start in zip(sentences, problems, strict=True)] == problems
    assert all(sentence.endswith(", so it is ignored") for sentence in sentences)
    config, notes = decode(params | {"steps": "77"}, SurfacesConfig)
    assert (config, notes) == (SurfacesConfig(steps=77), sentences)


def test_only_known_names_stay_in_the_address():
    assert visit_of({"fix": "lrr, steps ,steps", "hide": "export,x", "free": "y"}) == {"fix": "steps", "hide": "export"}


def test_no_part_of_a_page_is_called_like_a_setting():
    names = {name for model in MODELS for name in model.model_fields}
    assert not names & set(PARTS)


@pytest.mark.parametrize("long", [False, True])
def test_a_link_says_it_readably_and_reads_back(long):
    config = with_alpha(0.7) if not long else with_alpha(0.7).model_copy(update={"noise": "gaussian", "seed": 12345})
    visit = {"fix": "*", "free": "2.1.alpha,1.lr"}
    address = link(encode(config), "http://localhost/", visit)
    assert address.endswith("&fix=*&free=2.1.alpha,1.lr")
    params = dict(pair.split("=", 1) for pair in address.partition("?")[2].split("&"))
    assert read_address({name: text.replace("%2C", ",") for name, text in params.items()}, SurfacesConfig) == (
        config,
        [],
    )
    assert link(encode(config)) == link(encode(config), "", {})


def test_parameters_beside_a_compressed_link_change_nothing_that_is_fixed():
    params = {"v": "1", "z": pack(encode(RAVINE)), "steps": "77", "2.layers": "5:0.9", "1.lr": "0.05"}
    assert read_address(params, SurfacesConfig) == (with_alpha(0.9).model_copy(update={"steps": 77}), [])
    config, problems = read_address(params | {"fix": "*", "free": "2.1.alpha"}, SurfacesConfig)
    assert config == with_alpha(0.9)
    assert problems == ["steps: fixed by this link, so another value is ignored"]


def test_lessons_are_turned_all_the_same():
    assert of(fix="*").keep(LessonsConfig(), LessonsConfig(lesson="games", card=2)).card == 2
