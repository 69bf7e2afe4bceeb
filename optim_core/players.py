"""A player of a task: its parameters, and the optimizer that moves them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import torch

from optim_core.device import mixed_precision
from optim_core.lookahead import MultilayerLookahead
from optim_core.spec import OptimizerSpec
from optim_core.task import Task, flat


class Player:
    """One player's parameters and the optimizer that moves them."""

    def __init__(self, task: Task, model: torch.nn.Module, name: str, spec: OptimizerSpec) -> None:
        self.name, self.spec = name, spec
        self.parameters = task.parameters(model, name)
        self.optimizer = spec.build(self.parameters)
        self.lookahead = self.optimizer if isinstance(self.optimizer, MultilayerLookahead) else None
        self.base = self.lookahead.base if self.lookahead is not None else self.optimizer
        self.device = self.parameters[0].device.type

    def base_step(self, task: Task, model: torch.nn.Module, batch: Any, step: int, steps: int) -> tuple[float, float]:
        """Loss and gradient norm; the base steps unless one of them is not finite."""
        self.base.zero_grad()
        with mixed_precision(model, self.device):
            loss = task.loss(model, batch, self.name)
        loss.backward(inputs=self.parameters)  # type: ignore[no-untyped-call]
        norm = flat([p.grad for p in self.parameters if p.grad is not None]).norm()
        measures = loss.item(), norm.item()
        if all(map(math.isfinite, measures)):
            for group in self.base.param_groups:
                group["lr"] = self.spec.lr_at(step, steps)
            if self.lookahead is not None:
                self.lookahead.capture()
            self.base.step()
        return measures

    def synchronise(self) -> int:
        """How many layers synchronised."""
        if self.lookahead is None:
            return 0
        self.lookahead.advance()
        return self.lookahead.synchronised

    def slow_weights(self, layer: int) -> list[torch.Tensor]:
        """The live slow weights of a layer, 1 the innermost; empty without layers."""
        return self.lookahead.slow_weights(layer) if self.lookahead is not None else []


def spec_per_player(
    players: Sequence[str], optimizers: OptimizerSpec | Mapping[str, OptimizerSpec]
) -> tuple[OptimizerSpec, ...]:
    """The optimizer of each player in order; one alone serves every player.

    Raises:
        ValueError: a player without an optimizer or the reverse, periods that differ between players, or an optimizer
            that evaluates the gradient more than once a step or elsewhere than at its weights.
    """
    if isinstance(optimizers, OptimizerSpec):
        optimizers = dict.fromkeys(players, optimizers)
    if set(optimizers) != set(players):
        raise ValueError(f"optimizers must name exactly the players {tuple(players)}, got {tuple(optimizers)}")
    specs = tuple(optimizers[player] for player in players)
    for spec in specs:
        if spec.averages:
            raise ValueError(f"optimizers of networks must take the gradient at their weights, got base {spec.base!r}")
        if spec.evaluations_per_step != 1:
            raise ValueError(
                f"optimizers of networks must take one gradient a step (players move in turn as it is), got base "
                f"{spec.base!r} with {spec.evaluations_per_step}"
            )
    periods = [tuple(layer.k for layer in spec.layers) for spec in specs]
    if len(set(periods)) > 1:
        raise ValueError(
            f"optimizers of all players must have the same periods k, got {dict(zip(players, periods, strict=True))}"
        )
    return specs
