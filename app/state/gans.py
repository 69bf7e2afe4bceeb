"""The config of the GANs page."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar, Literal, Self

from pydantic import Field, model_validator

from app.state.base import Finite, Seed
from app.state.cards import ADAM_BETAS, BASE_TITLES, Card, Cards, Comparison, Lr, default_cards
from app.state.layers import short
from app.state.networks import MAX_SEEDS, MAX_TRAINING_STEPS
from landscapes.tasks.gan import GanTask
from landscapes.tasks.worlds import PCA_FEATURES
from optim_core.lion import LION_BETAS
from optim_core.spec import BaseName, OptimizerSpec

World = Literal["ring", "digits", "mnist", "fashion"]
Objective = Literal["non-saturating", "wgan-gp"]
Player = Literal["discriminator", "generator"]
DEFAULT_LR = 0.001


class GanCard(Card):
    """An optimizer for each of the two players; their layers are the same, because both synchronise together.

    `base` and `lr` are the discriminator's; `beta1` is Adam's first decay, of both.
    """

    titles: ClassVar[dict[str, str]] = BASE_TITLES

    base: BaseName = "adam"
    lr: Lr = DEFAULT_LR
    generator_base: BaseName = "adam"
    generator_lr: Finite = Field(DEFAULT_LR, gt=0, le=1000)
    beta1: Finite = Field(0.0, ge=0, lt=1)

    def _differences(self, usual: Self) -> list[tuple[str, bool]]:
        first, *other_differences = super()._differences(usual)
        adaptive = bool({self.base, self.generator_base} & {"adam", "adamw"})
        generator = f"generator {BASE_TITLES[self.generator_base]}", self.generator_base != usual.generator_base
        beta = f"β₁ {short(self.beta1)}", adaptive and self.beta1 != usual.beta1
        return [first, generator, beta, *other_differences]

    @property
    def title(self) -> str:
        """As on every page; where the generator's base is another, both are named."""
        if self.generator_base == self.base:
            return super().title
        both = f"{BASE_TITLES[self.base]} against {BASE_TITLES[self.generator_base]}"
        return f"{super().title.split(', ' + BASE_TITLES[self.base])[0]}, {both}" if self.layers else both

    def spec(self, name: str = "") -> OptimizerSpec:
        """The discriminator's optimizer."""
        return replace(super().spec(name), betas=self._betas(self.base))

    def generator_spec(self, name: str = "") -> OptimizerSpec:
        """The generator's optimizer."""
        betas = self._betas(self.generator_base)
        return replace(self.spec(name), base=self.generator_base, lr=self.generator_lr, betas=betas)

    def _betas(self, base: str) -> tuple[float, float]:
        return LION_BETAS if base == "lion" else (self.beta1, ADAM_BETAS[1])


class GansConfig(Comparison):
    """A comparison on a generative adversarial network: the task, how long, how often to look, and what is drawn."""

    VIEW: ClassVar[frozenset[str]] = frozenset({"drawn"})

    v: Literal[1] = 1
    dataset: World = "ring"
    objective: Objective = "non-saturating"
    batch_size: int = Field(64, ge=2, le=1024)
    seed: Seed = 0
    seeds: int = Field(1, ge=1, le=MAX_SEEDS)
    steps: int = Field(1500, ge=10, le=MAX_TRAINING_STEPS)
    snapshot_every: int = Field(5, ge=1, le=1000)
    ema: Finite = Field(0.0, ge=0, lt=1)
    drawn: Player = "discriminator"
    cards: Cards[GanCard] = Field(default_factory=lambda: default_cards(DEFAULT_LR, GanCard))

    @model_validator(mode="after")
    def _task_is_possible(self) -> Self:
        self.task()
        return self

    def task(self) -> GanTask:
        """The task described; its own checks hold, too."""
        return GanTask(dataset=self.dataset, objective=self.objective, batch_size=self.batch_size)

    @property
    def features(self) -> str:
        """The features of the Fréchet distance."""
        return "plain coordinates" if self.dataset == "ring" else f"{PCA_FEATURES} PCA features"

    def optimizers(self) -> tuple[tuple[tuple[str, OptimizerSpec], ...], ...]:
        """The optimizer of each player, per card that is switched on."""
        return tuple(
            (("discriminator", spec), ("generator", card.generator_spec(spec.name)))
            for spec, card in zip(self.specs(), (card for card in self.cards if card.on), strict=True)
        )
