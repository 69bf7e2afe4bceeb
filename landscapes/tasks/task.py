"""What a task is: everything that training a network needs to know, as one frozen, JSON-able value."""

from __future__ import annotations

from typing import Any, Protocol

from torch import Tensor, nn


class Task(Protocol):
    """A network, its data and its losses. A classifier has one player; a GAN has two, each lowering its own loss."""

    @property
    def players(self) -> tuple[str, ...]:
        """Who is updated within a step, in that order."""

    @property
    def steps_per_epoch(self) -> int:
        """Steps after which every training example was seen once."""

    def model(self, seed: int) -> nn.Module:
        """A fresh network with the initial weights of `seed`."""

    def parameters(self, model: nn.Module, player: str) -> list[nn.Parameter]:
        """What `player` trains, in the order of `model.parameters()`."""

    def batch(self, step: int, seed: int) -> Any:
        """The data of `step`, counted from 0: the same for the same (step, seed), whatever came before."""

    def loss(self, model: nn.Module, batch: Any, player: str) -> Tensor:
        """The scalar that `player` lowers."""

    def evaluate(self, model: nn.Module) -> dict[str, float]:
        """Named scores of the present weights; `model` is left as it was."""

    def refresh_statistics(self, model: nn.Module) -> None:
        """Recompute what depends on the weights without being trained: BatchNorm's running statistics."""

    def describe(self) -> dict[str, Any]:
        """A JSON-able value from which `task_from` makes the task again."""
