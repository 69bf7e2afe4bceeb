"""The engine of `record` in which a setting is a row: thousands of optimizers in one loop, to the bit of the classes.

Optimizers of one base method advance together, with lr, momentum, weight decay and schedule as a number per row. All
layers synchronise together, k_i, α_i and depth differing by row:

    φ_i ← φ_i + α_i (φ_{i−1} − φ_i)    in the rows whose layer i is due, innermost first (φ_0 = θ);
    everything inside restarts from the outermost layer that was due.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
import torch
from torch import Tensor

from optim_core.batch import NEVER, Batch, Due, Field, Floats, Mask, assign
from optim_core.layers import Layer, periods
from optim_core.rules import Rule, rule_of, spread
from optim_core.spec import OptimizerSpec


class Rows(Batch):
    """The stacked runs, sorted by base method, and what moves them."""

    def __init__(self, field: Field, specs: Sequence[OptimizerSpec], starts: Tensor, escape: float) -> None:
        groups = _by_method(specs)
        order = [index for group in groups for index in group]
        super().__init__(field, [specs[index] for index in order], starts, escape)
        if order != sorted(order):
            self.order = order
            self.field_of_all = _in_order(field, order, len(starts))
        ends = np.cumsum([len(group) for group in groups]).tolist()
        self.groups = [_Group(self, slice(end - len(group), end)) for group, end in zip(groups, ends, strict=True)]
        self.costly = [(group.which, group.cost) for group in self.groups if group.cost > 1]
        self.weights = Column(self.x, self.specs, [spec.layers != () for spec in self.specs])

    def move(self, step: int, steps: int) -> None:
        """Let every group take a base step, then synchronise the weights and what belongs to momentum."""
        for group in self.groups:
            group.step(step, steps)
        due = self.weights.due.at(step + 1)
        self.synchronising = bool(due)
        if due:
            self.proposal.copy_(self.x)
            self.weights.synchronise(due)
            for group in self.groups:
                group.synchronise(step + 1)

    def copy_slow(self, into: Floats) -> None:
        """All levels at once."""
        into[:, self.order] = self.weights.slow.numpy()


class _Group:
    """Optimizers of one base method. Where players move in turn, each has a rule for its half of the coordinates."""

    def __init__(self, batch: Rows, which: slice) -> None:
        self.batch, self.which = batch, which
        specs = batch.specs[which]
        self.cost = specs[0].evaluations_per_step
        players = 2 if specs[0].alternating else 1
        views = zip(*(whole[which].chunk(players, -1) for whole in (batch.x, batch.gradient)), strict=True)
        self.rules: list[Rule] = [rule_of(specs[0])(specs, x, gradient) for x, gradient in views]
        self.momenta = [_Momentum(rule.momentum, specs) for rule in self.rules if rule.momentum is not None]

    def step(self, step: int, steps: int) -> None:
        again = partial(self.batch.evaluate_alone, self.which, self.cost * step + 1)
        for player, rule in enumerate(self.rules):
            if player > 0:
                again()
            rule.step(step, steps, again)

    def synchronise(self, step: int) -> None:
        for momentum in self.momenta:
            momentum.synchronise(step)


class Column:
    """A tensor (optimizers, …) and its slow copies, (levels, optimizers, …), which only `members` have."""

    def __init__(self, live: Tensor, specs: Sequence[OptimizerSpec], members: Sequence[bool]) -> None:
        stacks = [spec.layers if member else () for spec, member in zip(specs, members, strict=True)]
        levels = range(max(map(len, stacks)))
        totals = [periods(layers) for layers in stacks]
        self.due = Due([[total[i] if i < len(total) else NEVER for total in totals] for i in levels], live.shape)
        self.alphas = [
            _Interpolation([layers[i] if i < len(layers) else None for layers in stacks], live.shape) for i in levels
        ]
        self.live, self.slow = live, live.repeat(len(levels), *[1] * live.dim())
        self.levels = list(self.slow)

    def synchronise(self, due: Sequence[Mask]) -> None:
        """Synchronise in the rows of these masks, one mask for each level that is due, innermost first."""
        below = self.live
        for mask, slow, alpha in zip(due, self.levels, self.alphas, strict=False):
            assign(slow, alpha.between(slow, below), mask)
            below = slow
        complete = [level for level, mask in enumerate(due) if mask is None]
        for level in range(complete[-1] if complete else 0, len(due)):  # what lies below would be overwritten
            for inner in (self.live, *self.levels[:level]):
                assign(inner, self.levels[level], due[level])


class _Interpolation:
    """The α of one level: φ + α (θ − φ), exact at 0 and 1 even where the other end is infinite."""

    def __init__(self, layers: Sequence[Layer | None], shape: Sequence[int]) -> None:
        anyone = next(layer.alpha for layer in layers if layer)  # for the optimizers that lack this level
        self.alpha = spread([layer.alpha if layer else anyone for layer in layers], shape)
        self.stays, self.jumps = (self.alpha == end if isinstance(self.alpha, Tensor) else None for end in (0, 1))
        self.has_ends = any(layer and layer.alpha in (0, 1) for layer in layers)

    def between(self, slow: Tensor, below: Tensor) -> Tensor:
        if isinstance(self.alpha, float):
            return slow if self.alpha == 0 else below if self.alpha == 1 else torch.lerp(slow, below, self.alpha)
        moved = torch.lerp(slow, below, self.alpha)
        if self.has_ends:
            assign(moved, slow, self.stays)
            assign(moved, below, self.jumps)
        return moved


class _Momentum:
    """What a synchronisation does to a base method's momentum: it is kept, reset, or pulled back as the weights are."""

    def __init__(self, buffer: Tensor, specs: Sequence[OptimizerSpec]) -> None:
        self.buffer, self.zero = buffer, torch.zeros((), dtype=buffer.dtype)
        resets = [spec.layers[0].k if spec.layers and spec.kept_momentum == "reset" else NEVER for spec in specs]
        self.resets = Due([resets], buffer.shape)
        self.column = Column(buffer, specs, [spec.kept_momentum == "pullback" for spec in specs])

    def synchronise(self, step: int) -> None:
        for mask in self.resets.at(step):
            assign(self.buffer, self.zero, mask)
        self.column.synchronise(self.column.due.at(step))


def _by_method(specs: Sequence[OptimizerSpec]) -> list[list[int]]:
    """Places of the specs whose base steps are alike."""
    groups: dict[object, list[int]] = {}
    for index, spec in enumerate(specs):
        groups.setdefault((rule_of(spec), spec.alternating), []).append(index)
    return list(groups.values())


def _in_order(field: Field, order: Sequence[int], starts: int) -> Field:
    """The field, called with all optimizers' rows in the order in which they were given."""
    rows = (torch.tensor(order)[:, None] * starts + torch.arange(starts)).view(-1)

    def ordered(x: Tensor, evaluation: int) -> tuple[Tensor, Tensor]:
        loss, gradient = field(torch.empty_like(x).index_copy_(0, rows, x), evaluation)
        return loss[rows], gradient[rows]

    return ordered
