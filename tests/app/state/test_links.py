import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.state import Card, GamesConfig, LayerConfig, SurfacesConfig, default_cards
from app.state.links import decode, encode
from landscapes.surfaces import SURFACES
from optim_core.spec import BASES

layers = st.lists(st.builds(LayerConfig, k=st.integers(1, 1000), alpha=st.floats(0, 1)), max_size=4).map(tuple)
cards = st.builds(
    Card,
    layers=layers,
    base=st.sampled_from(BASES),
    lr=st.floats(1e-6, 100),
    momentum=st.floats(0, 0.999),
    schedule=st.sampled_from(["constant", "step", "cosine"]),
    on=st.booleans(),
    tuned=st.booleans(),
    color=st.integers(0, 5),
)
configs = st.builds(
    SurfacesConfig,
    surface=st.just("bowl"),
    starts=st.lists(st.tuples(st.floats(-4, 4), st.floats(-4, 4)), min_size=1, max_size=16).map(tuple),
    noise=st.sampled_from(["none", "gaussian", "minibatch"]),
    noise_scale=st.floats(0, 1000),
    seed=st.integers(0, 2**31 - 1),
    steps=st.integers(1, 5000),
    target=st.none() | st.floats(-1e6, 1e6),
    panels=st.booleans(),
    cards=st.lists(cards, min_size=1, max_size=4).map(tuple),
)


@settings(max_examples=60, deadline=None)
@given(configs)
def test_an_address_reads_back_as_the_same_config(config):
    assert decode(encode(config), SurfacesConfig) == (config, [])


@pytest.mark.parametrize("key", SURFACES)
def test_a_surface_alone_brings_its_customary_start_and_lr(key):
    config, problems = decode({"surface": key}, SurfacesConfig)
    assert problems == []
    assert config.starts == (SURFACES[key].start,)
    assert {card.lr for card in config.cards} == {SURFACES[key].lr}


@pytest.mark.parametrize(
    ("path", "text", "value"),
    [
        ("noise_scale", "0,5", 0.5),
        ("noise_scale", ",25", 0.25),
        ("noise_scale", "1,500", None),  # a thousand and a half, or one and a half
        ("noise_scale", "0,500", 0.5),
        ("target", "\u22122,5e\u22123", -0.0025),
        ("target", "\u20131", -1.0),
        ("target", "1,2,3", None),
    ],
)
def test_numbers_have_any_dash_and_a_decimal_comma_where_that_is_no_thousand(path, text, value):
    config, problems = decode({"surface": "ravine", "noise": "gaussian", path: text}, SurfacesConfig)
    if value is None:
        assert [problem.split(":")[0] for problem in problems] == [path]
    else:
        assert (getattr(config, path), problems) == (value, [])


@pytest.mark.parametrize(
    ("text", "starts"),
    [
        ("1, 3.5; \u22122, 0", ((1, 3.5), (-2, 0))),
        ("1,5; 3,5", ((1, 5), (3, 5))),  # as ever: a comma between the two
        ("1,5, 3,5", ((1.5, 3.5),)),
        ("1,5 -3,5; 0 1", ((1.5, -3.5), (0, 1))),
        ("(1, 2)", ((1, 2),)),
    ],
)
def test_starts_are_read_as_visitors_write_them(text, starts):
    formula = {"surface": "formula", "formula": "x^2 + y^2", "domain": "-9, 9, -9, 9"}
    config, problems = decode(formula | {"starts": text}, SurfacesConfig)
    assert (config.starts, problems) == (starts, [])


def test_a_domain_has_decimal_commas_between_semicolons():
    config, problems = decode({"surface": "formula", "domain": "-0,5; 0,5; \u22121; 1,5"}, SurfacesConfig)
    assert (config.domain, problems) == ((-0.5, 0.5, -1, 1.5), [])


def test_an_address_of_another_page_gives_none_of_its_values():
    for model, params in ((GamesConfig, encode(SurfacesConfig(steps=1000))), (SurfacesConfig, {"game": "bilinear"})):
        config, problems = decode(params | {"steps": "1000"}, model)
        assert config == model()
        assert len(problems) == 1
        assert "a setting of another page" in problems[0]


def test_the_address_carries_its_version():
    assert encode(SurfacesConfig())["v"] == "1"


def test_another_version_gives_the_default_and_says_so():
    config, problems = decode({"v": "9", "surface": "rosenbrock"}, SurfacesConfig)
    assert config == SurfacesConfig()
    assert problems == ["v: '9' is a format this version does not read (it reads 1); showing the default"]


@pytest.mark.parametrize(
    ("key", "text", "words"),
    [
        ("starts", "99,0", "start x must be in"),
        ("starts", "nan,0", "finite"),
        ("starts", "1,2,3", "write x, y; x, y"),
        ("starts", "none", "write at least one start"),
        ("starts", "", "write at least one start"),
        ("steps", "0", "greater than or equal to 1"),
        ("steps", "5001", "less than or equal to 5000"),
        ("steps", "12.5", "steps"),
        ("seed", "-1", "greater than or equal to 0"),
        ("noise", "loud", "noise"),
        ("noise_scale", "inf", "finite"),
        ("1.lr", "0", "greater than 0"),
        ("1.lr", "-0.1", "greater than 0"),
        ("1.lr", "nan", "1.lr"),
        ("2.layers", "0:0.5", "k should be greater than or equal to 1"),
        ("2.layers", "2.5:0.5", "k should be a valid integer"),
        ("2.layers", "5:1.5", "alpha should be less than or equal to 1"),
        ("2.layers", "5:nan", "alpha should be a finite number"),
        ("2.layers", "5", "every layer must read k:alpha"),
        ("2.layers", "1:1,1:1,1:1,1:1,1:1", "at most 4"),
        ("1.momentum", "1", "less than 1"),
        ("1.base", "__import__('os')", "1.base"),
        ("7.lr", "1", "no such setting"),
        ("x.lr", "1", "no such setting"),
        ("1.colour", "1", "no such setting"),
        ("nonsense", "1", "no such setting"),
        ("seed", "9" * 3000, "longer than 2000"),
        ("١.lr", "0.2", "no such setting"),  # a digit, in another script
    ],
)
def test_nonsense_gives_the_default_for_that_field_and_names_it(key, text, words):
    good = encode(SurfacesConfig(surface="himmelblau", cards=default_cards(0.02), steps=77))
    config, problems = decode(good | {key: text}, SurfacesConfig)
    assert len(problems) == 1
    assert problems[0].startswith(key)
    assert words in problems[0]
    assert config.steps == (SURFACES["himmelblau"].steps if key == "steps" else 77)


def test_an_unknown_surface_gives_the_default_surface_and_lists_the_known():
    config, problems = decode({"surface": "atlantis", "steps": "77"}, SurfacesConfig)
    assert config == SurfacesConfig(steps=77)
    assert len(problems) == 1
    assert problems[0].startswith("surface: no such surface; choose one of bowl, ravine")


@settings(max_examples=150, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(["v", "surface", "starts", "steps", "1.lr", "1.layers", "3.k", "cards", "0.lr", ".", "seed"])
        | st.text(max_size=8),
        st.text(max_size=30),
        max_size=8,
    )
)
def test_no_address_crashes(params):
    config, _ = decode(params, SurfacesConfig)
    assert isinstance(config, SurfacesConfig)
