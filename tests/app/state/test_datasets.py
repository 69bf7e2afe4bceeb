"""Networks on another data set: what goes with it changes along, what contradicts it is refused."""

import pytest

from app.state import Card, NetworksConfig
from app.state.links import decode, encode

TABLE = NetworksConfig().with_dataset("cancer")


def test_a_table_takes_the_mlp_all_of_its_rows_and_no_augmentation() -> None:
    config = NetworksConfig(augmentation="shift", batch_size=400).with_dataset("cancer")
    assert (config.network, config.augmentation, config.train_size, config.batch_size) == ("mlp", "none", 330, 330)
    assert config.title == "MLP on breast cancer (30 measurements, built in)"
    assert decode(encode(config), NetworksConfig) == (config, [])
    assert config.task().data.train.images.shape == (330, 30, 1, 1)


def test_a_link_that_names_the_table_alone_has_its_network_and_its_rows() -> None:
    config, problems = decode({"dataset": "cancer"}, NetworksConfig)
    assert problems == []
    assert (config.network, config.train_size) == ("mlp", 330)
    assert (NetworksConfig().network, NetworksConfig().train_size) == ("cnn", 1000)


def test_an_image_set_keeps_what_goes_with_it() -> None:
    config = NetworksConfig(network="resnet18-gn", augmentation="shift", train_size=500)
    assert config.with_dataset("cifar10") == config.model_copy(update={"dataset": "cifar10"})
    assert TABLE.with_dataset("digits").network == "mlp"


def test_a_set_of_more_classes_gets_one_image_of_each_at_least() -> None:
    assert NetworksConfig(train_size=50, batch_size=10).with_dataset("cifar100").train_size == 100
    assert NetworksConfig(train_size=None).with_dataset("mnist").train_size is None


def test_cards_tuned_on_one_set_are_untuned_on_another() -> None:
    config = NetworksConfig(cards=(Card(tuned=True),))
    assert not config.with_dataset("cancer").cards[0].tuned
    assert config.with_dataset("digits").cards[0].tuned


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"network": "cnn"}, "network must be mlp for breast cancer"),
        ({"network": "mlp", "augmentation": "shift"}, "augmentation must be none for breast cancer"),
        ({"network": "mlp", "train_size": "331"}, "has 330 training rows at most"),
    ],
)
def test_a_link_that_contradicts_the_table_is_told_why(settings: dict[str, str], message: str) -> None:
    config, problems = decode({"v": "1", "dataset": "cancer", "train_size": "330", **settings}, NetworksConfig)
    assert message in " ".join(problems)
    assert config.task()
