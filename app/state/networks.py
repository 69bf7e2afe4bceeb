"""The config of the Networks page."""

from __future__ import annotations

import math
from typing import Annotated, Any, ClassVar, Literal, NamedTuple, Self

from pydantic import Field, ValidationInfo, field_validator, model_validator

from app.state.base import Finite, Seed
from app.state.cards import BASE_TITLES, MAX_CARDS, Card, Cards, Comparison, default_cards
from app.state.codecs import NONE, OR_NONE, Codec
from app.state.layers import library_layers
from app.state.limits import current_limits
from landscapes.tasks.catalogue import DATASETS
from landscapes.tasks.classifier import ClassifierTask
from landscapes.tasks.models import MODELS
from optim_core.spec import BaseName, NetworkBaseName, OptimizerSpec

MAX_TRAINING_STEPS, MAX_SEEDS = current_limits().training_steps, current_limits().seeds
DEFAULT_LR, DEFAULT_SIZE = 0.1, 1000
PlaneKind = Literal["pca", "random", "ends", "cycle"]
Measure = Literal["loss", "accuracy"]
PLANES: dict[str, str] = {
    "pca": "Principal directions of all tracks",
    "cycle": "One cycle, close up",
    "ends": "Through three ends",
    "random": "Random, filter-normalised",
}


def _own_network(dataset: str) -> str:
    """The network that a data set begins with: a table has no convolutions."""
    return "mlp" if dataset in DATASETS and DATASETS[dataset].is_table else "cnn"


def _own_size(dataset: str) -> int:
    """How many training images a data set begins with."""
    return min(DEFAULT_SIZE, DATASETS[dataset].available) if dataset in DATASETS else DEFAULT_SIZE


class CloseUp(NamedTuple):
    """One outer cycle of one optimizer: its card, its place among those switched on, the cycle and their number."""

    card: int
    place: int
    cycle: int
    cycles: int


PLACES = Codec(  # links have 0,1,3
    text=lambda value: ",".join(map(str, value)) or NONE,
    read=lambda text: tuple(part for part in text.split(",") if part != NONE),
)


class NetworkCard(Card):
    """An optimizer of a network, which takes the gradient at its weights."""

    titles: ClassVar[dict[str, str]] = BASE_TITLES | {"muon": "Muon"}

    base: Literal[BaseName, NetworkBaseName] = "sgd"  # type: ignore[assignment]


class NetworksConfig(Comparison):
    """A comparison on a network: the task, its steps, snapshots, and the plane.

    through: places of the plane "ends": cards by their numbers, for their last outermost weights, and 0 for the common
    start; fewer than three: the first three cards that are on.
    focus, cycle: the number of the card, and of its outer cycle, that the plane "cycle" shows, both from 1.
    """

    VIEW: ClassVar[frozenset[str]] = frozenset({"plane", "focus", "cycle", "through", "measure"})

    v: Literal[1] = 1
    dataset: str = "digits"
    network: str = Field(default_factory=lambda data: _own_network(data.get("dataset", "")))
    train_size: Annotated[int | None, Field(ge=10), OR_NONE] = Field(
        default_factory=lambda data: _own_size(data.get("dataset", "")), title="training images"
    )
    label_noise: Finite = Field(0.0, ge=0, le=1, title="wrong labels")
    batch_size: int = Field(32, ge=1, le=1024)
    augmentation: Literal["none", "shift", "flip-shift"] = "none"
    split_seed: Seed = Field(0, title="seed of the split")
    seed: Seed = 0
    seeds: int = Field(1, ge=1, le=MAX_SEEDS)
    steps: int = Field(600, ge=10, le=MAX_TRAINING_STEPS)
    snapshot_every: int = Field(1, ge=1, le=1000)
    ema: Finite = Field(0.0, ge=0, lt=1)
    equal_lr: bool = False
    plane: PlaneKind = "pca"
    through: Annotated[tuple[int, ...], PLACES] = ()
    focus: int = Field(3, ge=1, le=MAX_CARDS)
    cycle: int = Field(1, ge=1, le=MAX_TRAINING_STEPS)
    measure: Measure = "loss"
    cards: Cards[NetworkCard] = Field(default_factory=lambda: default_cards(DEFAULT_LR, NetworkCard))

    @field_validator("dataset")
    @classmethod
    def _known_dataset(cls, value: str) -> str:
        return _choice(value, DATASETS, "data set")

    @field_validator("network")
    @classmethod
    def _known_network(cls, value: str) -> str:
        return _choice(value, MODELS, "network")

    @field_validator("through")
    @classmethod
    def _three_places(cls, value: tuple[int, ...]) -> tuple[int, ...]:
        if len(value) > 3 or len(set(value)) < len(value) or not set(value) <= set(range(MAX_CARDS + 1)):
            raise ValueError(f"a plane goes through three different places: the start, 0, and cards 1 to {MAX_CARDS}")
        return value

    @field_validator("train_size")
    @classmethod
    def _within_data(cls, value: int | None, info: ValidationInfo) -> int | None:
        entry = DATASETS.get(info.data.get("dataset", ""))
        if entry and value is not None and value > entry.available:
            raise ValueError(f"{entry.name} has {entry.available:,} training {entry.items} at most")
        return value

    @field_validator("batch_size")
    @classmethod
    def _batch_within_data(cls, value: int, info: ValidationInfo) -> int:
        size = info.data.get("train_size")
        if size is not None and value > size:
            raise ValueError(f"batch size must be at most the training-set size, {size}")
        return value

    @model_validator(mode="before")
    @classmethod
    def _customary(cls, data: Any) -> Any:
        """A card of another page is read as one of this page."""
        if not isinstance(data, dict) or "cards" not in data:
            return data
        cards = [dict(card) if type(card) is Card else card for card in data["cards"]]
        return data | {"cards": cards}

    @model_validator(mode="after")
    def _task_is_possible(self) -> Self:
        self.task()
        return self

    def task(self) -> ClassifierTask:
        """The task described; its own checks hold, too."""
        return ClassifierTask(
            dataset=self.dataset,
            network=self.network,
            train_size=self.train_size,
            label_noise=self.label_noise,
            batch_size=self.batch_size,
            augmentation=self.augmentation,
            split_seed=self.split_seed,
        )

    def with_dataset(self, dataset: str) -> Self:
        """This comparison on another data set; settings that do not go with it become the nearest that do."""
        entry, network = DATASETS[dataset], self.network
        size = min(max(self.train_size or entry.available, entry.classes), entry.available)
        if entry.is_table and not MODELS[network].for_tables:
            network = _own_network(dataset)
        changes = {
            "dataset": dataset,
            "network": network,
            "train_size": None if self.train_size is None else size,
            "batch_size": min(self.batch_size, size),
            "augmentation": "none" if entry.is_table else self.augmentation,
        }
        return type(self).model_validate({**dict(self), **changes}).following(self)

    @property
    def epochs(self) -> float:
        """How often every training image is used."""
        entry = DATASETS[self.dataset]
        return self.steps / ((self.train_size or entry.available) // self.batch_size)

    @property
    def title(self) -> str:
        """Network and data, such as Small CNN on digits (8x8, built in)."""
        name = MODELS[self.network].name
        return f"{name[0].upper()}{name[1:]} on {DATASETS[self.dataset].name}"

    @property
    def places(self) -> dict[int, int]:
        """Numbers of the cards that are switched on, and their places among these."""
        numbers = (number for number, card in enumerate(self.cards, start=1) if card.on)
        return {number: place for place, number in enumerate(numbers)}

    @property
    def close_ups(self) -> dict[int, int]:
        """Those of `places` with cycles; the first place where none has."""
        with_layers = {number: place for number, place in self.places.items() if self.cards[number - 1].layers}
        return with_layers or dict(list(self.places.items())[:1])

    @property
    def close_up(self) -> CloseUp:
        """The cycle of the plane "cycle": the chosen one, or the nearest that exists. At least one card is on."""
        number = min(self.close_ups, key=lambda card: abs(card - self.focus))
        cycles = max(1, self.steps // self.cards[number - 1].outer_period)
        return CloseUp(number, self.close_ups[number], min(self.cycle, cycles), cycles)

    @property
    def ends(self) -> dict[int, int]:
        """Places for a plane through ends: `places`, and the start, 0, as −1."""
        return {0: -1} | self.places

    @property
    def plane_title(self) -> str:
        """The plane's name, with the cycle that it shows."""
        if self.plane != "cycle" or not self.active:
            return PLANES[self.plane]
        focus = self.close_up
        return f"{PLANES['cycle']}: {focus.cycle} of {self.specs()[focus.place].name}"

    def specs(self) -> tuple[OptimizerSpec, ...]:
        """The optimizers that are switched on; with `equal_lr`, each at lr / Π α, α / (1 − μ) with outer momentum."""
        specs = super().specs()
        return (
            tuple(spec.with_lr(effective_lr(card)) for spec, card in zip(specs, self.active, strict=True))
            if self.equal_lr
            else specs
        )

    def optimizers(self) -> tuple[OptimizerSpec, ...]:
        """The optimizers of requests: the network is the only player."""
        return self.specs()


def effective_lr(card: Card) -> float:
    """The lr at which the outermost slow weights move, under constant gradients, as the base optimizer does at card.lr.

    Layers with α = 0 never move: for them the lr stays.
    """
    fraction = math.prod(layer.effective_alpha for layer in library_layers(card.layers))
    return card.lr / fraction if fraction > 0 else card.lr


def _choice(value: str, options: Any, kind: str) -> str:
    if value not in options:
        raise ValueError(f"no such {kind}; choose one of {', '.join(options)}")
    return value
