"""What every page's config is made of: frozen values, optimizer cards, layers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Annotated, Any, ClassVar, TypeVar

from pydantic import BaseModel, ConfigDict, Field, field_validator

from app.player.tracks import PALETTE
from optim_core.layers import Layer
from optim_core.spec import BaseName, OptimizerSpec, Schedule, ScheduleKind, SyncMomentum

COLOR_NAMES = ("blue", "vermilion", "green", "pink", "orange", "sky blue")  # of PALETTE
MAX_LAYERS, MAX_K, MAX_CARDS = 4, 1000, 4
MAX_EVERY = 1_000_000

SYNC_TITLES = {"keep": "", "reset": ", reset", "pullback": ", pulled back"}
BASE_TITLES: dict[str, str] = {
    "sgd": "SGD",
    "momentum": "SGD with momentum",
    "nesterov": "SGD with Nesterov momentum",
    "adam": "Adam",
    "adamw": "AdamW",
    "rmsprop": "RMSprop",
}

Finite = Annotated[float, Field(allow_inf_nan=False)]


class Frozen(BaseModel):
    """Values, not objects: equal when their fields are, hashable, and refusing what they do not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class LayerConfig(Frozen):
    """k steps of the level below, then a fraction alpha towards it."""

    k: int = Field(5, ge=1, le=MAX_K)
    alpha: float = Field(0.5, ge=0, le=1, allow_inf_nan=False)


class Card(Frozen):
    """One optimizer of the comparison, as its card in the sidebar shows it.

    titles: the base optimizers to choose from, and what they are called.
    """

    titles: ClassVar[dict[str, str]] = BASE_TITLES

    layers: tuple[LayerConfig, ...] = Field((), max_length=MAX_LAYERS)
    base: BaseName = "sgd"
    lr: Finite = Field(0.01, gt=0, le=1000)
    momentum: Finite = Field(0.9, ge=0, lt=1)
    weight_decay: Finite = Field(0.0, ge=0, le=10)
    schedule: ScheduleKind = "constant"
    every: int = Field(250, ge=1, le=MAX_EVERY)
    factor: Finite = Field(0.5, gt=0, le=1)
    sync_momentum: SyncMomentum = "keep"
    ema: Finite = Field(0.0, ge=0, lt=1)
    color: int = Field(0, ge=0, lt=len(PALETTE))
    on: bool = True
    tuned: bool = False

    @field_validator("layers", mode="before")
    @classmethod
    def _read_layers(cls, value: Any) -> Any:
        """A link writes "5:0.5,5:0.5", innermost first; "none" is the bare base."""
        if not isinstance(value, str):
            return value
        if value in ("", "none"):
            return ()
        pairs = [pair.split(":") for pair in value.split(",")]
        if any(len(pair) != 2 for pair in pairs):
            raise ValueError("every layer must read k:alpha, as in 5:0.5,5:0.5")
        return tuple({"k": k, "alpha": alpha} for k, alpha in pairs)

    @property
    def title(self) -> str:
        """What the card, the legend and the table call this optimizer."""
        if not self.layers:
            return self.titles[self.base]
        name = "Lookahead" if len(self.layers) == 1 else "Multilayer Lookahead"
        pairs = "".join(f"({layer.k}, {short(layer.alpha)})" for layer in self.layers)
        base = "" if self.base == "sgd" else f", {self.titles[self.base]}"
        return f"{name} {pairs}{base}{SYNC_TITLES[self.sync_momentum] if base else ''}"

    @property
    def outer_period(self) -> int:
        """Base steps between synchronisations of the outermost layer."""
        return math.prod(layer.k for layer in self.layers)

    def spec(self, name: str = "") -> OptimizerSpec:
        """The optimizer this card describes, for the library."""
        return OptimizerSpec(
            name=name or self.title,
            base=self.base,
            lr=self.lr,
            layers=tuple(Layer(layer.k, layer.alpha) for layer in self.layers),
            momentum=self.momentum,
            weight_decay=self.weight_decay,
            sync_momentum=self.sync_momentum,
            schedule=Schedule(self.schedule, self.every, self.factor),
        )


AnyCard = TypeVar("AnyCard", bound=Card)


def default_cards(lr: float, kind: type[AnyCard] = Card) -> tuple[AnyCard, ...]:  # type: ignore[assignment]
    """SGD, Lookahead (5, .5) and Multilayer Lookahead (5, .5)(5, .5) at one lr."""
    five = LayerConfig(k=5, alpha=0.5)
    return tuple(kind(layers=(five,) * depth, lr=lr, color=depth) for depth in range(3))


def titles_of(cards: Sequence[Card]) -> tuple[str, ...]:
    """What cards are called side by side: where another differs in what becomes of the momentum alone, that it is kept.

    Returns:
        One title per card.
    """
    return tuple(
        f"{card.title}, kept" if any(_kept_beside(card, other) for other in cards) else card.title for card in cards
    )


def _kept_beside(card: Card, other: Card) -> bool:
    """Whether a card keeps the momentum that another, the same but for its looks, does not."""
    if not card.layers or card.base == "sgd" or not (card.sync_momentum == "keep" != other.sync_momentum):
        return False
    same = ("sync_momentum", "color", "on", "tuned")
    return card.model_copy(update={name: getattr(other, name) for name in same}) == other


class Comparison(Frozen):
    """A config with optimizer cards.

    VIEW: fields that change what is seen of the runs, but no run.
    """

    VIEW: ClassVar[frozenset[str]] = frozenset({"panels"})

    cards: tuple[Card, ...] = Field(default_factory=lambda: default_cards(0.01), min_length=1, max_length=MAX_CARDS)

    @property
    def active(self) -> tuple[Card, ...]:
        """The cards that are switched on."""
        return tuple(card for card in self.cards if card.on)

    @property
    def colors(self) -> tuple[str, ...]:
        """Colours of the cards that are switched on."""
        return tuple(PALETTE[card.color] for card in self.active)

    def alike(self, other: Comparison) -> bool:
        """Whether both are the same runs, however they are looked at."""
        return type(self) is type(other) and self.model_dump(exclude=self.VIEW) == other.model_dump(exclude=self.VIEW)

    def specs(self) -> tuple[OptimizerSpec, ...]:
        """The optimizers that are switched on, under names that differ."""
        titles = [title for title, card in zip(titles_of(self.cards), self.cards, strict=True) if card.on]
        return tuple(
            card.spec(
                title if titles.count(title) == 1 else f"{title}, lr {card.lr:g} · {1 + titles[:number].count(title)}"
            )
            for number, (card, title) in enumerate(zip(self.active, titles, strict=True))
        )


def numbers(text: str, count: int) -> tuple[float, ...] | None:
    """So many numbers with commas between them, as a visitor writes them; None where the text is anything else."""
    try:
        values = tuple(map(float, text.split(",")))
    except ValueError:
        return None
    return values if len(values) == count else None


def short(value: float) -> str:
    """A number as cards write it: .5 for 0.5."""
    return f"{value:g}".replace("0.", ".", 1) if 0 < value < 1 else f"{value:g}"
