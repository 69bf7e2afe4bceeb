"""The engine of `record` that steps the real optimizers, torch's and `MultilayerLookahead`, each on its slice of rows.

A base method that takes the gradient several times a step makes the further evaluations alone. Of players who move in
turn each owns half of the coordinates.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Sequence
from functools import partial
from itertools import count
from typing import Any

import numpy as np
import torch
from torch import Tensor

from optim_core.batch import Average, Batch, Field
from optim_core.lookahead import MultilayerLookahead
from optim_core.primal_averaging import PrimalAveraging
from optim_core.spec import OptimizerSpec


class Classes(Batch):
    """The stacked runs and the optimizers that own them, each one slice as its only parameter."""

    def __init__(self, field: Field, specs: Sequence[OptimizerSpec], starts: Tensor, escape: float) -> None:
        super().__init__(field, specs, starts, escape)
        costs = [spec.evaluations_per_step for spec in specs]
        self.costly = [(slice(index, index + 1), cost) for index, cost in enumerate(costs) if cost > 1]
        self.optimizers = [self._build(index, spec) for index, spec in enumerate(specs)]
        self.lookaheads = [one if isinstance(one, MultilayerLookahead) else None for one in self.optimizers]
        pairs = zip(self.lookaheads, self.optimizers, strict=True)
        self.base_steps = [_bare_step(lookahead.base if lookahead else one) for lookahead, one in pairs]
        for lookahead in filter(None, self.lookaheads):
            lookahead.capture()
        self.averages = [
            self._average(index, one) for index, one in enumerate(self.optimizers) if isinstance(one, PrimalAveraging)
        ]
        self.live_slow = [
            (self.slow[level - 1, index].numpy(), [weights.numpy() for weights in lookahead.slow_weights(level)])
            for index, lookahead in enumerate(self.lookaheads) if lookahead
            for level in range(1, len(lookahead.layers) + 1)
        ]  # fmt: skip

    def _build(self, index: int, spec: OptimizerSpec) -> torch.optim.Optimizer:
        players = 2 if spec.alternating else 1
        places, gradients = (tensor[index].chunk(players, -1) for tensor in (self.x, self.gradient))
        parameters = [torch.nn.Parameter(place) for place in places]  # views: stepping them moves the batch
        for parameter, gradient in zip(parameters, gradients, strict=True):
            parameter.grad = gradient
        return spec.build([{"params": [parameter]} for parameter in parameters], foreach=False)

    def _average(self, index: int, optimizer: PrimalAveraging) -> Average:
        average = optimizer.averages()[0].unsqueeze(0)
        return slice(index, index + 1), average, lambda: optimizer.gradient_places()[0].unsqueeze(0)

    @torch.no_grad()
    def move(self, step: int, steps: int) -> None:
        """Step every optimizer's base, then let the layers that are due synchronise."""
        for index, spec in enumerate(self.specs):
            if spec.schedule.kind != "constant":
                for group in self.optimizers[index].param_groups:
                    group["lr"] = spec.lr_at(step, steps)
            if spec.evaluations_per_step > 1 or spec.averages:
                self.base_steps[index](self._closure(index, spec.evaluations_per_step * step))
            else:
                self.base_steps[index]()
        self.synchronising = any(spec.layers and (step + 1) % spec.layers[0].k == 0 for spec in self.specs)
        if self.synchronising:
            np.copyto(self.proposal_numbers, self.x_numbers)
        for lookahead in filter(None, self.lookaheads):
            lookahead.advance()

    def _closure(self, index: int, first: int) -> Callable[[], float]:
        """Takes the gradient anew at each call but the first, which finds that of `evaluate`."""
        evaluations = count(first)

        def closure() -> float:
            evaluation = next(evaluations)
            if evaluation > first:
                self.evaluate_alone(slice(index, index + 1), evaluation)
            return math.nan  # a loss of all starts together, which no base uses

        return closure

    def copy_slow(self) -> None:
        """Players' slow weights side by side."""
        for into, players in self.live_slow:
            into[...] = players[0] if len(players) == 1 else np.concatenate(players, -1)
        for which, average, _ in self.averages:
            self.slow[0, which] = average


def _bare_step(optimizer: torch.optim.Optimizer) -> Callable[..., Any]:
    """The optimizer's step, to be called without autograd, without all that torch wraps around it.

    For a handful of numbers, hooks, the profiler's mark and the switching of autograd cost more than the step.
    """
    return partial(inspect.unwrap(type(optimizer).step), optimizer)
