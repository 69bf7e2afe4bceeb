"""Optimizer cards, and the configs that compare them."""

from __future__ import annotations

import itertools
import math
import operator
from collections.abc import Sequence
from typing import Annotated, ClassVar, Literal, Self, TypeVar

from pydantic import Field, ValidationInfo, field_validator

from app.player.tracks import PALETTE
from app.state.base import Finite, Frozen, PageConfig
from app.state.codecs import ALWAYS_WRITTEN, LINK_ONLY, NUMBERED
from app.state.layers import FIVE, Layers, layer_numbers, library_layers, short
from optim_core.layers import InnerBuffers
from optim_core.lion import LION_BETAS
from optim_core.spec import (
    AVERAGING,
    WEIGHTED,
    WITH_MOMENTUM,
    WITH_MU_X,
    WITH_MU_Y,
    AveragingName,
    BaseName,
    OptimizerSpec,
    Schedule,
    ScheduleKind,
    SyncMomentum,
)

COLOR_NAMES = ("blue", "vermilion", "green", "pink", "orange", "sky blue")  # of PALETTE
MAX_CARDS = 4
MAX_EVERY = 1_000_000

SYNC_TITLES = {"keep": "", "reset": ", reset", "pullback": ", pulled back"}
RESET_BUFFERS = "inner b reset"  # b is the outer momentum, as in the inspector's rule
ADAM_BETAS = (0.9, 0.999)
BASE_TITLES: dict[str, str] = {
    "sgd": "SGD",
    "momentum": "SGD with momentum",
    "nesterov": "SGD with Nesterov momentum",
    "adam": "Adam",
    "adamw": "AdamW",
    "rmsprop": "RMSprop",
    "adagrad": "Adagrad",
    "lion": "Lion",
}
AVERAGE_TITLES: dict[str, str] = {
    "average": "Averaged SGD",
    "schedule_free": "Schedule-Free SGD",
    "gpa": "GPA",
}

MAX_LR = 1000.0
Lr = Annotated[Finite, Field(gt=0, le=MAX_LR), ALWAYS_WRITTEN]


class Card(Frozen):
    """One optimizer of the comparison, as its card in the sidebar shows it.

    titles: the base optimizers to choose from, by key.
    """

    titles: ClassVar[dict[str, str]] = BASE_TITLES | AVERAGE_TITLES

    layers: Layers = ()
    base: Literal[BaseName, AveragingName] = "sgd"
    lr: Lr = 0.01
    momentum: Finite = Field(0.9, ge=0, lt=1)
    weight_decay: Finite = Field(0.0, ge=0, le=10)
    schedule: ScheduleKind = "constant"
    every: int = Field(250, ge=1, le=MAX_EVERY)
    factor: Finite = Field(0.5, gt=0, le=1)
    sync_momentum: SyncMomentum = "keep"
    inner_buffers: InnerBuffers = "keep"
    mu_y: Finite = Field(0.9, ge=0, le=1)
    mu_x: Finite = Field(0.95, ge=0, lt=1)
    ema: Finite = Field(0.0, ge=0, lt=1)
    color: Annotated[int, Field(ge=0, lt=len(PALETTE)), ALWAYS_WRITTEN] = 0
    on: bool = True
    tuned: Annotated[bool, LINK_ONLY] = False

    @field_validator("base")
    @classmethod
    def _fits_the_layers(cls, value: str, info: ValidationInfo) -> str:
        if value in AVERAGING and info.data.get("layers"):
            name, depth = AVERAGE_TITLES[value], len(info.data["layers"])
            raise ValueError(
                f"{name} keeps an average of its own and takes no layers of slow weights, got {depth}: "
                "set them to 0 first"
            )
        return value

    @property
    def averages(self) -> bool:
        """Whether the base's result is an average of its own, which takes no layers and no further average beside."""
        return self.base in AVERAGING

    @property
    def shown_ema(self) -> float:
        """The decay of the average of the fast weights that is shown beside; 0 for none."""
        return 0.0 if self.averages else self.ema

    @property
    def title(self) -> str:
        """The optimizer's name on the card, in the legend and in the table."""
        if not self.layers:
            return self.titles[self.base]
        name = "Lookahead" if len(self.layers) == 1 else "Multilayer Lookahead"
        pairs = "".join(map(layer_numbers, self.layers))
        base = "" if self.base == "sgd" else f", {self.titles[self.base]}"
        buffers = f", {RESET_BUFFERS}" if self.used_buffers == "reset" else ""
        return f"{name} {pairs}{buffers}{base}{SYNC_TITLES[self.sync_momentum] if self.has_momentum else ''}"

    @property
    def has_momentum(self) -> bool:
        """Whether the base has momentum, so that `sync_momentum` matters."""
        return self.base in WITH_MOMENTUM

    @property
    def has_inner_buffers(self) -> bool:
        """Whether a layer inside another one has outer momentum, so that `inner_buffers` matters."""
        return any(layer.outer_momentum for layer in self.layers[:-1])

    @property
    def used_buffers(self) -> InnerBuffers:
        """`inner_buffers`, but "keep" where it changes nothing."""
        return self.inner_buffers if self.has_inner_buffers else "keep"

    @property
    def unusual(self) -> tuple[str, ...]:
        """In a few words each, what is off its default besides layers, lr, colour and name; unused settings aside."""
        usual = type(self)()
        return tuple(words for words, off in self._differences(usual) if off)

    def _differences(self, usual: Self) -> list[tuple[str, bool]]:
        momentum = self.base in WEIGHTED
        outer = [(level, layer) for level, layer in enumerate(self.layers, 1) if layer.outer_momentum]
        keeps = self.sync_momentum == "keep" or not self.layers or not self.has_momentum
        schedule = {"constant": "constant lr", "step": "step decay", "cosine": "cosine decay"}[self.schedule]
        return [
            (self.titles[self.base], self.base != usual.base),
            (f"momentum {short(self.momentum)}", momentum and self.momentum != usual.momentum),
            (f"momentum{SYNC_TITLES[self.sync_momentum].replace(',', '')}", not keeps),
            (RESET_BUFFERS, self.used_buffers == "reset"),
            *((f"μ{level} {short(layer.outer_momentum)}", True) for level, layer in outer),
            (f"weight decay {short(self.weight_decay)}", self.weight_decay != usual.weight_decay),
            (schedule, self.schedule != usual.schedule),
            (f"μ_y {short(self.mu_y)}", self.base in WITH_MU_Y and self.mu_y != usual.mu_y),
            (f"μ_x {short(self.mu_x)}", self.base in WITH_MU_X and self.mu_x != usual.mu_x),
            (f"average {short(self.ema)}", self.shown_ema != usual.ema),
        ]

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
            layers=library_layers(self.layers),
            momentum=self.momentum,
            weight_decay=self.weight_decay,
            betas=LION_BETAS if self.base == "lion" else ADAM_BETAS,
            sync_momentum=self.sync_momentum,
            schedule=Schedule(self.schedule, self.every, self.factor),
            inner_buffers=self.used_buffers,
            mu_y=self.mu_y,
            mu_x=self.mu_x,
        )


AnyCard = TypeVar("AnyCard", bound=Card)
Cards = Annotated[tuple[AnyCard, ...], Field(min_length=1, max_length=MAX_CARDS), NUMBERED]


def default_cards(lr: float, kind: type[AnyCard] = Card) -> tuple[AnyCard, ...]:  # type: ignore[assignment]
    """SGD, Lookahead (5, .5) and Multilayer Lookahead (5, .5)(5, .5) at one lr."""
    return tuple(kind(layers=(FIVE,) * depth, lr=lr, color=depth) for depth in range(3))


def next_card(customary: Sequence[AnyCard], number: int) -> AnyCard:
    """A blank card, with the lr of customary ones and a colour by its number, from 1."""
    return type(customary[0])(lr=customary[0].lr, color=(number - 1) % len(customary))


def titles_of(cards: Sequence[Card]) -> tuple[str, ...]:
    """Names of cards side by side, which say what a card keeps where another one differs only in that.

    Returns:
        One title per card, with ", kept" for the momentum at a synchronisation, ", inner b kept" for `inner_buffers`.
    """
    return tuple(card.title + _kept(card, cards) for card in cards)


def _kept(card: Card, cards: Sequence[Card]) -> str:
    if card.layers and card.has_momentum and any(_keeps_alone(card, other, "sync_momentum") for other in cards):
        return ", kept"
    if card.has_inner_buffers and any(_keeps_alone(card, other, "inner_buffers") for other in cards):
        return ", inner b kept"
    return ""


def _keeps_alone(card: Card, other: Card, field: str) -> bool:
    """Whether two cards of equal settings differ in that only the first has "keep" in this field."""
    if not getattr(card, field) == "keep" != getattr(other, field):
        return False
    looks = (field, "color", "on", "tuned")
    return card.model_copy(update={name: getattr(other, name) for name in looks}) == other


class Comparison(PageConfig):
    """A config with optimizer cards.

    VIEW: fields that change the view of the runs, but no run.
    """

    VIEW: ClassVar[frozenset[str]] = frozenset({"panels"})

    cards: Cards[Card] = Field(default_factory=lambda: default_cards(0.01))

    @property
    def active(self) -> tuple[Card, ...]:
        """The cards that are switched on."""
        return tuple(card for card in self.cards if card.on)

    @property
    def colors(self) -> tuple[str, ...]:
        """Colours of the cards that are switched on."""
        return tuple(PALETTE[card.color] for card in self.active)

    def alike(self, other: PageConfig) -> bool:
        """Whether both are the same runs, in whatever view."""
        view_fields = set(self.VIEW)
        return type(self) is type(other) and self.model_dump(exclude=view_fields) == other.model_dump(
            exclude=view_fields
        )

    def following(self, before: Self) -> Self:
        """Marks cards as untuned whose settings or whose task changed: the search for their lr no longer applies."""
        same_runs = self.model_copy(update={"cards": before.cards}).alike(before)
        cards = tuple(
            card
            if same_runs and card.model_copy(update={"color": old.color, "on": old.on}) == old
            else card.model_copy(update={"tuned": False})
            for card, old in zip(self.cards, before.cards, strict=True)
        )
        return self.model_copy(update={"cards": cards})

    def specs(self) -> tuple[OptimizerSpec, ...]:
        """The optimizers that are switched on, under names that differ."""
        titles = [title for title, card in zip(titles_of(self.cards), self.cards, strict=True) if card.on]
        return tuple(
            card.spec(
                title if titles.count(title) == 1 else f"{title}, lr {card.lr:g} · {1 + titles[:number].count(title)}"
            )
            for number, (card, title) in enumerate(zip(self.active, titles, strict=True))
        )


def idle_layers(config: Comparison, steps: int) -> list[str]:
    """One sentence for each optimizer with layers that do not synchronise once in so many base steps."""
    sentences = []
    for card, spec in zip(config.active, config.specs(), strict=True):
        periods = list(itertools.accumulate((layer.k for layer in card.layers), operator.mul))
        levels = [level for level, period in enumerate(periods, start=1) if period > steps]
        if levels:
            which = f"layer {levels[0]}" if len(levels) == 1 else f"layers {levels[0]} to {levels[-1]}"
            verb = "synchronises" if len(levels) == 1 else "synchronise"
            sentences.append(
                f"{spec.name}: {which} never {verb} in {steps:,} base steps: that takes {periods[levels[0] - 1]:,}."
            )
    return sentences
