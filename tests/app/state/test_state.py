import pytest
from pydantic import ValidationError

from app.figures.networks import network_caption
from app.state import Card, GameCard, GanCard, LayerConfig, NetworksConfig, SurfacesConfig
from app.state.cards import titles_of
from app.state.links import decode, encode
from app.state.networks import NetworkCard
from optim_core.layers import Layer
from optim_core.spec import BASES

FIVE = LayerConfig(k=5, alpha=0.5)


@pytest.mark.parametrize(
    ("card", "title"),
    [
        (Card(), "SGD"),
        (Card(base="adam"), "Adam"),
        (Card(layers=(FIVE,)), "Lookahead (5, .5)"),
        (Card(layers=(FIVE, LayerConfig(k=4, alpha=0.8))), "Multilayer Lookahead (5, .5)(4, .8)"),
        (Card(layers=(FIVE,), base="adamw"), "Lookahead (5, .5), AdamW"),
        (Card(layers=(FIVE,), base="lion", sync_momentum="reset"), "Lookahead (5, .5), Lion, reset"),
        (Card(layers=(FIVE,), base="adagrad", sync_momentum="reset"), "Lookahead (5, .5), Adagrad"),
    ],
)
def test_a_card_is_called_what_it_is(card, title):
    assert card.title == title


def test_that_momentum_is_kept_is_said_beside_a_card_that_differs_in_that_alone():
    keep, reset = (Card(base="momentum", layers=(FIVE,), sync_momentum=mode) for mode in ("keep", "reset"))
    reset = reset.model_copy(update={"color": 3, "on": False})
    assert titles_of((keep, reset)) == (f"{keep.title}, kept", reset.title)
    assert titles_of((keep, keep, Card())) == (keep.title, keep.title, "SGD")
    assert titles_of((keep, reset.model_copy(update={"lr": 1.0}))) == (keep.title, reset.title)
    assert [spec.name for spec in SurfacesConfig(cards=(keep, reset)).specs()] == [f"{keep.title}, kept"]


def test_muon_is_offered_to_networks_alone_where_it_has_matrices():
    assert "muon" in NetworkCard.titles
    for kind in (Card, GameCard, GanCard):
        assert "muon" not in kind.titles
        with pytest.raises(ValidationError, match="base"):
            kind(base="muon")
    card = NetworkCard(base="muon", layers=(FIVE,), sync_momentum="reset")
    assert (card.title, card.unusual) == ("Lookahead (5, .5), Muon, reset", ("Muon", "momentum reset"))
    config = NetworksConfig(cards=(card,))
    assert "momentum 0.95; the output layer and vectors by AdamW, betas (0.9, 0.999)" in network_caption(config).text
    assert decode(encode(config), NetworksConfig) == (config, [])


def test_every_base_is_offered_and_has_its_customary_betas():
    assert tuple(GanCard.titles) == BASES
    assert [Card(base=base).spec().betas for base in ("adam", "lion")] == [(0.9, 0.999), (0.9, 0.99)]
    card = GanCard(base="adam", generator_base="lion", beta1=0.5)
    assert (card.spec().betas, card.generator_spec().betas) == ((0.5, 0.999), (0.9, 0.99))
    card = GanCard(base="lion", generator_base="adam", beta1=0.5)
    assert (card.spec().betas, card.generator_spec().betas) == ((0.9, 0.99), (0.5, 0.999))


def test_the_outer_period_counts_base_steps():
    assert Card().outer_period == 1
    assert Card(layers=(FIVE, LayerConfig(k=4), LayerConfig(k=3))).outer_period == 60


def test_a_card_describes_its_optimizer():
    spec = Card(layers=(LayerConfig(k=3, alpha=0.2),), base="nesterov", lr=0.1, momentum=0.5, weight_decay=0.01).spec()
    assert spec.layers == (Layer(3, 0.2),)
    assert (spec.base, spec.lr, spec.momentum, spec.weight_decay) == ("nesterov", 0.1, 0.5, 0.01)


@pytest.mark.parametrize(
    ("card", "unusual"),
    [
        (Card(), ()),
        (Card(layers=(FIVE,), lr=0.3, color=2, on=False, tuned=True), ()),
        (Card(momentum=0.5, sync_momentum="reset", every=3), ()),  # SGD uses none of these
        (Card(base="momentum", momentum=0.5), ("SGD with momentum", "momentum .5")),
        (Card(base="adam", layers=(FIVE,), sync_momentum="pullback"), ("Adam", "momentum pulled back")),
        (Card(weight_decay=0.01, schedule="cosine", ema=0.9), ("weight decay .01", "cosine decay", "average .9")),
        (Card(layers=(FIVE, LayerConfig(outer_momentum=0.9))), ("μ2 .9",)),
        (GameCard(alternating=True), ("in turn",)),
        (GameCard(base="extragradient", alternating=True), ("Extragradient",)),
        (GanCard(generator_base="sgd", beta1=0.5), ("generator SGD", "β₁ .5")),
    ],
)
def test_what_is_off_its_default_behind_the_door_of_a_card_is_named(card, unusual):
    assert card.unusual == unusual


def test_twins_get_names_that_differ():
    names = [spec.name for spec in SurfacesConfig(cards=(Card(), Card(lr=0.2), Card())).specs()]
    assert len(set(names)) == 3


def test_a_card_that_is_off_takes_no_part():
    config = SurfacesConfig(cards=(Card(), Card(on=False, layers=(FIVE,), color=1)))
    assert [spec.name for spec in config.specs()] == ["SGD"]
    assert len(config.colors) == 1


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"starts": ((7.0, 0.0),)}, "start x must be in"),
        ({"starts": ((0.0, float("nan")),)}, "finite"),
        ({"steps": 5001}, "5000"),
        ({"cards": ()}, "at least 1"),
        ({"surface": "moon"}, "no such surface; choose one of bowl"),
        ({"colour": 1}, "Extra inputs"),
    ],
)
def test_a_config_refuses_by_name(change, words):
    with pytest.raises(ValidationError, match=words):
        SurfacesConfig(**change)


def test_configs_are_values():
    assert SurfacesConfig() == SurfacesConfig()
    assert hash(SurfacesConfig()) == hash(SurfacesConfig())
    with pytest.raises(ValidationError):
        SurfacesConfig().steps = 3


def test_a_close_up_shows_the_nearest_that_there_is():
    off, with_layers = Card(on=False, layers=(FIVE,)), Card(layers=(FIVE, FIVE))
    config = NetworksConfig(cards=(off, Card(), with_layers), steps=60, plane="cycle", focus=1, cycle=9)
    assert config.close_up == (
        3,
        1,
        2,
        2,
    )  # the third card, second of those on; 60 steps hold two cycles of 25
    assert config.plane_title == "One cycle, close up: 2 of Multilayer Lookahead (5, .5)(5, .5)"


def test_a_close_up_without_layers_is_of_the_first_optimizer():
    config = NetworksConfig(cards=(Card(on=False, layers=(FIVE,)), Card(), Card(lr=0.1)), steps=60, plane="cycle")
    assert config.close_up == (2, 0, 1, 60)


def test_a_plane_through_ends_refuses_places_that_are_not_there():
    assert NetworksConfig(through="0,1,3").through == (0, 1, 3)
    for wrong in ("1,1,2", "1,2,3,4", "0,1,5"):
        with pytest.raises(ValidationError, match="three different places"):
            NetworksConfig(through=wrong)


def test_the_same_runs_may_be_looked_at_in_two_ways():
    config = NetworksConfig()
    assert config.alike(config.model_copy(update={"plane": "cycle", "measure": "accuracy"}))
    assert not config.alike(config.model_copy(update={"steps": 601}))


def test_more_images_than_there_are_names_the_data_set():
    with pytest.raises(ValidationError, match=r"digits.* has 1,000 training images at most"):
        NetworksConfig(train_size=1001)


def test_epochs_count_whole_batches():
    assert NetworksConfig(steps=620, train_size=1000, batch_size=32).epochs == 20
