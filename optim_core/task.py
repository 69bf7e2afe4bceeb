"""The protocol of a task, as `train` uses it: one or two players that share a model and its data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import torch


class Task(Protocol):
    """A network, its data and its losses.

    Batches are made on the processor and then moved to the model's device; `evaluate` moves what it needs itself.

    A task may also offer `refresh_statistics(model)`, called before slow or averaged weights are evaluated: it
    recomputes what a model accumulates beside its parameters (BatchNorm's running statistics).
    """

    @property
    def players(self) -> tuple[str, ...]:
        """The players in the order of their base steps: ("model",) or ("discriminator", "generator")."""

    @property
    def steps_per_epoch(self) -> int:
        """Steps that see all training data once."""

    def model(self, seed: int) -> torch.nn.Module:
        """A new model in training mode; the same seed gives the same weights."""

    def parameters(self, model: torch.nn.Module, player: str) -> list[torch.nn.Parameter]:
        """The parameters that this player moves."""

    def batch(self, step: int, seed: int) -> Any:
        """The mini-batch of step `step` (from 0), a function of both alone."""

    def loss(self, model: torch.nn.Module, batch: Any, player: str) -> torch.Tensor:
        """The scalar that this player minimises."""

    def evaluate(self, model: torch.nn.Module) -> dict[str, float]:
        """Metrics by name."""

    def describe(self) -> dict[str, Any]:
        """The task as JSON-able values."""


def set_weights(task: Task, model: torch.nn.Module, weights: torch.Tensor) -> None:
    """Copy a flat vector (parameters,), as in snapshots, into the model's parameters."""
    parameters = [p for player in task.players for p in task.parameters(model, player)]
    pieces = torch.split(weights, [p.numel() for p in parameters])
    with torch.no_grad():
        for parameter, piece in zip(parameters, pieces, strict=True):
            parameter.copy_(piece.view_as(parameter))


def flat(tensors: Sequence[torch.Tensor]) -> torch.Tensor:
    """The tensors as one vector, in order."""
    return torch.cat([t.detach().reshape(-1) for t in tensors])
