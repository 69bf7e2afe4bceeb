"""Trainings as in the papers, ready-made for the command line: longer than a page's, on a task and not on a page.

ResNet-18 on CIFAR: batches of 128, 200 epochs, images mirrored and shifted by up to 4 pixels, SGD with momentum .9 and
weight decay 5e-4, and layers of k = 5, α = .8, which are the defaults of the code of Zhang et al. 2019 (arXiv
1907.08610). The step schedule divides the lr by 5 after each 30 % of the run, 60 of 200 epochs. Nothing is tuned here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from app.jobs.request import TrainingRequest
from app.runs.networks import EVALUATIONS
from app.state import Card, GanCard, GansConfig, LayerConfig, NetworksConfig
from landscapes.tasks import DATASETS, ClassifierTask, GanTask, RegressionTask, Task, task_from
from landscapes.tasks.checks import real_number
from optim_core.device import CPU
from optim_core.spec import OptimizerSpec, ScheduleKind

DECAY_SHARE = 0.3  # of the run, after which a recipe's step schedule lowers the lr
Optimizers = OptimizerSpec | tuple[tuple[str, OptimizerSpec], ...]


@dataclass(frozen=True)
class Recipe:
    """A training with its customary length.

    `cards` describe the optimizers. Where they are the recipe's own, a step schedule's `every` follows the length.
    """

    key: str
    about: str
    task: Task
    cards: tuple[Card, ...]
    epochs: int
    ema: float | None = None
    has_own_cards: bool = True

    @property
    def names(self) -> tuple[str, ...]:
        """The optimizers' names."""
        return tuple(spec.name for spec in self._comparison.specs())

    @property
    def page(self) -> type[NetworksConfig] | type[GansConfig]:
        """The page whose cards these are."""
        return GansConfig if isinstance(self.task, GanTask) else NetworksConfig

    @property
    def _comparison(self) -> NetworksConfig | GansConfig:
        return self.page.model_validate({"cards": self.cards})

    def with_settings(self, settings: Mapping[str, Any]) -> Recipe:
        """The recipe with other settings of its task, or another `ema`.

        Raises:
            ValueError, TypeError: no such setting, or a value out of its range.
        """
        task_settings = {name: value for name, value in settings.items() if name != "ema"}
        ema = settings.get("ema", self.ema)
        if ema is not None:
            ema = real_number("ema", ema, 0, 1)
        return replace(self, task=task_from(self.task.describe() | task_settings), ema=ema)

    def with_cards(self, cards: Sequence[Card]) -> Recipe:
        """The recipe with other optimizers."""
        return replace(self, cards=tuple(cards), has_own_cards=False)

    def requests(
        self, *, seed: int = 0, seeds: int = 1, steps: int | None = None, epochs: int | None = None, device: str = CPU
    ) -> tuple[tuple[TrainingRequest, ...], ...]:
        """One request per optimizer and seed, evaluated at every epoch, without snapshots.

        Args:
            seed: the first.
            seeds: how many.
            steps: base steps; a run of less than `EVALUATIONS` epochs is evaluated so often.
            epochs: the recipe's if neither is given.
            device: "cpu", "cuda" or "mps".

        Raises:
            ValueError: a number out of range.
            DataUnavailableError, DataFormatError: the data set cannot be read.
        """
        epoch = self.task.steps_per_epoch
        length = epoch * (epochs or self.epochs) if steps is None else steps
        return tuple(
            tuple(
                TrainingRequest(
                    task=self.task.describe(),
                    optimizers=optimizers,
                    steps=length,
                    seed=seed + offset,
                    evaluate_every=min(epoch, max(1, length // EVALUATIONS)),
                    ema=self.ema,
                    device=device,
                )
                for offset in range(seeds)
            )
            for optimizers in self._optimizers(length)
        )

    def _optimizers(self, steps: int) -> list[Optimizers]:
        every = max(1, round(DECAY_SHARE * steps))

        def fitted(spec: OptimizerSpec) -> OptimizerSpec:
            return replace(spec, schedule=replace(spec.schedule, every=every)) if self.has_own_cards else spec

        return [
            fitted(one) if isinstance(one, OptimizerSpec) else tuple((player, fitted(spec)) for player, spec in one)
            for one in self._comparison.optimizers()
        ]


def _cifar(key: str, dataset: str, schedule: ScheduleKind) -> Recipe:
    decay = "cosine decay" if schedule == "cosine" else "lr / 5 after 60, 120 and 180 epochs"
    name = DATASETS[dataset].name.split(" (")[0]
    return Recipe(
        key,
        f"{name}, ResNet-18: SGD with momentum, one layer, two; 200 epochs, {decay}",
        ClassifierTask(dataset, "resnet18-bn", batch_size=128, augmentation="flip-shift"),
        _sgd(schedule),
        epochs=200,
    )


def _sgd(schedule: ScheduleKind) -> tuple[Card, ...]:
    layer = LayerConfig(k=5, alpha=0.8)
    return tuple(
        Card(
            layers=(layer,) * depth,
            base="momentum",
            lr=0.1,
            weight_decay=5e-4,
            schedule=schedule,
            factor=0.2,
            color=depth,
        )
        for depth in range(3)
    )


def _plain(lr: float) -> tuple[Card, ...]:
    return tuple(Card(layers=(LayerConfig(k=5, alpha=0.5),) * depth, lr=lr, color=depth) for depth in range(3))


RECIPES: Mapping[str, Recipe] = MappingProxyType(
    {
        recipe.key: recipe
        for recipe in (
            _cifar("cifar10", "cifar10", "cosine"),
            _cifar("cifar10-step", "cifar10", "step"),
            _cifar("cifar100", "cifar100", "cosine"),
            _cifar("cifar100-step", "cifar100", "step"),
            Recipe(
                "mnist-gan",
                "GAN on all of MNIST: Adam, one layer, two; 25 epochs, an average of the weights beside",
                GanTask("mnist", latent=32),
                tuple(GanCard(layers=(LayerConfig(k=5, alpha=0.5),) * depth, color=depth) for depth in range(3)),
                epochs=25,
                ema=0.999,
            ),
            Recipe("waves", "Regression on sin πx · cos πy: SGD, one layer, two", RegressionTask(), _plain(0.1), 40),
            Recipe(
                "friedman",
                "Regression on Friedman's function with as much noise as signal: SGD, one layer, two",
                RegressionTask("friedman", noise=1.0),
                _plain(0.05),
                epochs=40,
            ),
            Recipe(
                "cancer",
                "Breast cancer, a table, with a fifth of the labels wrong: SGD, one layer, two",
                ClassifierTask("cancer", "mlp", label_noise=0.2, batch_size=10),
                _plain(0.05),
                epochs=40,
            ),
        )
    }
)
"""By the short names that `lookahead-lab train --preset` takes."""
