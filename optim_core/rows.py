"""The engine of `record` in which a setting is a row: thousands of optimizers in one loop, to the bit of the classes.

Optimizers of one base method advance together, with lr, momentum, weight decay and schedule as a number per row. All
layers synchronise together, k_i, α_i and depth differing by row:

    φ_i ← φ_i + α_i (φ_{i−1} − φ_i)    in the rows whose layer i is due, innermost first (φ_0 = θ);
    everything inside restarts from the outermost layer that was due.

What a synchronisation does to a tensor and its slow copies is in `optim_core.columns`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from optim_core.batch import Batch, Field, FieldOnArrays, Floats, Ints
from optim_core.columns import Column, MomentumColumn
from optim_core.rules import Rule, ScheduleFree, rule_of
from optim_core.spec import OptimizerSpec


class Rows(Batch):
    """The stacked runs, sorted by base method, and what moves them."""

    def __init__(self, field: Field, specs: Sequence[OptimizerSpec], starts: Tensor, escape: float) -> None:
        groups = _by_method(specs)
        order = [index for group in groups for index in group]
        super().__init__(field, [specs[index] for index in order], starts, escape)
        if order != sorted(order):
            self.order = order
            rows = (np.array(order)[:, None] * len(starts) + np.arange(len(starts))).reshape(-1)
            self.field_of_all = _in_order(field, torch.from_numpy(rows))
            if self.on_arrays is not None:
                self.on_arrays = _on_arrays_in_order(self.on_arrays, rows, starts.shape[-1])
        ends = np.cumsum([len(group) for group in groups]).tolist()
        self.groups = [_Group(self, slice(end - len(group), end)) for group, end in zip(groups, ends, strict=True)]
        self.costly = [(group.which, group.cost) for group in self.groups if group.cost > 1]
        rules = [(group.which, rule) for group in self.groups for rule in group.rules]
        self.momenta = [
            MomentumColumn(rule.momentum, self.specs[which]) for which, rule in rules if rule.momentum is not None
        ]
        self.averages = [
            (which, rule.average, rule.gradient_place) for which, rule in rules if isinstance(rule, ScheduleFree)
        ]
        resets = [spec.inner_buffers == "reset" for spec in self.specs]
        self.weights = Column(self.x, [spec.layers for spec in self.specs], resets, self.slow)

    def move(self, step: int, steps: int) -> None:
        """Let every group take a base step, then synchronise the weights and what belongs to momentum."""
        for group in self.groups:
            group.step(step, steps)
        due = self.weights.due.at(step + 1)
        self.synchronising = bool(due)
        if due:
            self.proposal_numbers[...] = self.x_numbers
            self.weights.synchronise(due)
            for momentum in self.momenta:
                momentum.synchronise(step + 1)

    def copy_slow(self) -> None:
        """Averages; slow weights of layers are there."""
        for which, average, _ in self.averages:
            self.slow[0, which] = average


class _Group:
    """Optimizers of one base method. Where players move in turn, each has a rule for its half of the coordinates."""

    def __init__(self, batch: Rows, which: slice) -> None:
        self.batch, self.which = batch, which
        specs = batch.specs[which]
        self.cost = specs[0].evaluations_per_step
        players = 2 if specs[0].alternating else 1
        views = zip(*(tensor[which].chunk(players, -1) for tensor in (batch.x, batch.gradient)), strict=True)
        self.rules: list[Rule] = [rule_of(specs[0])(specs, x, gradient) for x, gradient in views]

    def step(self, step: int, steps: int) -> None:
        self.evaluation = self.cost * step
        for player, rule in enumerate(self.rules):
            if player > 0:
                self.evaluate_again()
            rule.step(step, steps, self.evaluate_again)

    def evaluate_again(self) -> None:
        """Take the gradient where they are now."""
        self.batch.evaluate_alone(self.which, self.evaluation + 1)


def _by_method(specs: Sequence[OptimizerSpec]) -> list[list[int]]:
    """Places of the specs whose base steps are alike."""
    groups: dict[object, list[int]] = {}
    for index, spec in enumerate(specs):
        groups.setdefault((rule_of(spec), spec.alternating), []).append(index)
    return list(groups.values())


def _in_order(field: Field, rows: Tensor) -> Field:
    """The field, called with all optimizers' rows in the order in which they were given, each in these places."""

    def ordered_field(x: Tensor, evaluation: int) -> tuple[Tensor, Tensor]:
        loss, gradient = field(torch.empty_like(x).index_copy_(0, rows, x), evaluation)
        return loss[rows], gradient[rows]

    return ordered_field


def _on_arrays_in_order(fill: FieldOnArrays, rows: Ints, dim: int) -> FieldOnArrays:
    """`_in_order` for arrays."""
    places, losses, gradients = np.empty((len(rows), dim)), np.empty(len(rows)), np.empty((len(rows), dim))

    def ordered(x: Floats, evaluation: int, loss: Floats, gradient: Floats) -> None:
        places[rows] = x
        fill(places, evaluation, losses, gradients)
        loss[...], gradient[...] = losses[rows], gradients[rows]

    return ordered
