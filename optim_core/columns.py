"""Synchronisations of many optimizers at once, k_i, α_i, μ_i and depth differing by row.

Operation for operation those of `optim_core.synchronise`, so that rows have the bits of the classes.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from optim_core.batch import NEVER, Due, Mask, assign, both
from optim_core.layers import Layer, periods
from optim_core.rules import add_scaled_, shape_of_rows, spread
from optim_core.spec import OptimizerSpec


class Column:
    """A tensor (optimizers, …) and its slow copies, (levels, optimizers, …).

    Args:
        live: the tensor.
        stacks: the layers of each optimizer; none where it has no slow copies.
        resets: of each optimizer, whether the outer momentum of its layers inside one that synchronises is zeroed.
        slow: where the copies are made, with further levels or without; by itself where there is none.
    """

    def __init__(
        self,
        live: Tensor,
        stacks: Sequence[Sequence[Layer]],
        resets: Sequence[bool] = (),
        slow: Tensor | None = None,
    ) -> None:
        levels = range(max(map(len, stacks)))
        totals = [periods(layers) for layers in stacks]
        periods_of_levels = [[total[i] if i < len(total) else NEVER for total in totals] for i in levels]
        self.due = Due(periods_of_levels, shape_of_rows(live), live.device)
        by_level = [[layers[i] if i < len(layers) else None for layers in stacks] for i in levels]
        self.live, self.slow = live, live.new_empty(len(levels), *live.shape) if slow is None else slow[: len(levels)]
        self.levels = list(self.slow.copy_(live))
        self.moves = [
            (_OuterStep if any(layer and layer.has_momentum for layer in layers) else _Interpolation)(layers, live)
            for layers in by_level
        ]
        self.resets = _flags(resets, live) if any(resets) else False

    def synchronise(self, due: Sequence[Mask]) -> None:
        """Synchronise in the rows of these masks, one mask for each level that is due, innermost first."""
        below = self.live
        for mask, slow, move in zip(due, self.levels, self.moves, strict=False):
            move.synchronise(slow, below, mask)
            below = slow
        complete = [level for level, mask in enumerate(due) if mask is None]
        for level in range(complete[-1] if complete else 0, len(due)):  # what lies below would be overwritten
            for inner in (self.live, *self.levels[:level]):
                assign(inner, self.levels[level], due[level])
        for level, mask in enumerate(due if self.resets is not False else ()):
            for inside in self.moves[:level]:
                inside.reset(both(mask, self.resets) if isinstance(self.resets, Tensor) else mask)


class _Interpolation:
    """The α of one level: φ + α (θ − φ), exact at 0 and 1 even where the other end is infinite."""

    def __init__(self, layers: Sequence[Layer | None], live: Tensor) -> None:
        self.alpha = spread([layer.alpha for layer in _without_gaps(layers)], live)
        ends = {layer.alpha for layer in layers if layer}
        self.moves = self.alpha != 0 if isinstance(self.alpha, Tensor) and 0 in ends else None
        self.jumps = self.alpha == 1 if isinstance(self.alpha, Tensor) and 1 in ends else None

    def synchronise(self, slow: Tensor, below: Tensor, mask: Mask) -> None:
        """Move the slow weights in the rows of a mask."""
        self.assign(slow, self.between(slow, below), mask)

    def between(self, slow: Tensor, below: Tensor) -> Tensor:
        """Where the slow weights of all rows whose α is not 0 would move to."""
        if isinstance(self.alpha, float):
            return slow if self.alpha == 0 else below if self.alpha == 1 else torch.lerp(slow, below, self.alpha)
        target = torch.lerp(slow, below, self.alpha)
        if self.jumps is not None:
            assign(target, below, self.jumps)
        return target

    def assign(self, slow: Tensor, target: Tensor, mask: Mask) -> None:
        """Let φ be the target in the rows of a mask whose α is not 0."""
        assign(slow, target, mask if self.moves is None else both(mask, self.moves))

    def reset(self, mask: Mask) -> None:
        """There is no momentum to zero."""


class _OuterStep(_Interpolation):
    """A level with outer momentum in some rows: b ← μ b + s, φ ← φ − α b, or by Nesterov's rule φ ← φ − α (s + μ b)."""

    def __init__(self, layers: Sequence[Layer | None], live: Tensor) -> None:
        super().__init__(layers, live)
        self.buffer, self.zero = torch.zeros_like(live), live.new_zeros(())
        self.momentum = spread([layer.outer_momentum for layer in _without_gaps(layers)], live)
        self.nesterov = _flags([layer.outer_nesterov for layer in _without_gaps(layers)], live)
        self.applies = _flags([layer.has_momentum for layer in _without_gaps(layers)], live)

    def synchronise(self, slow: Tensor, below: Tensor, mask: Mask) -> None:
        """Move the slow weights in the rows of a mask."""
        target = self.target_of_step(slow, slow - below, mask)
        if isinstance(self.applies, Tensor):
            target = torch.where(self.applies, target, self.between(slow, below))
        self.assign(slow, target, mask)

    def target_of_step(self, slow: Tensor, s: Tensor, mask: Mask) -> Tensor:
        """Where a step on s leads; the momentum changes in the rows of the mask."""
        assign(self.buffer, (self.buffer * self.momentum).add_(s), mask)
        step = add_scaled_(s, self.buffer, self.momentum) if self.nesterov is not False else self.buffer
        if isinstance(self.nesterov, Tensor):
            step = torch.where(self.nesterov, step, self.buffer)
        if isinstance(self.alpha, float) and self.alpha == 0:
            return slow
        return add_scaled_(slow.clone(), step, -self.alpha)

    def reset(self, mask: Mask) -> None:
        """Zero the momentum in the rows of a mask."""
        assign(self.buffer, self.zero, mask)


class MomentumColumn:
    """What a synchronisation does to a base method's momentum: it is kept, reset, or pulled back as the weights are."""

    def __init__(self, buffer: Tensor, specs: Sequence[OptimizerSpec]) -> None:
        self.buffer, self.zero = buffer, buffer.new_zeros(())
        resets = [spec.layers[0].k if spec.layers and spec.kept_momentum == "reset" else NEVER for spec in specs]
        self.resets = Due([resets], shape_of_rows(buffer), buffer.device)
        stacks = [spec.layers if spec.kept_momentum == "pullback" else () for spec in specs]
        self.column = Column(buffer, [tuple(layer.without_momentum() for layer in layers) for layers in stacks])

    def synchronise(self, step: int) -> None:
        """Do it in the rows that are due after `step` base steps."""
        for mask in self.resets.at(step):
            assign(self.buffer, self.zero, mask)
        self.column.synchronise(self.column.due.at(step))


def _without_gaps(layers: Sequence[Layer | None]) -> list[Layer]:
    """Layers of one level; an optimizer that lacks it gets another's, which its rows never use."""
    anyone = next(layer for layer in layers if layer)
    return [layer or anyone for layer in layers]


def _flags(values: Sequence[bool], live: Tensor) -> bool | Tensor:
    """A flag per optimizer in all its rows; a bool where they agree."""
    if len(set(values)) == 1:
        return values[0]
    shape = shape_of_rows(live)
    return torch.tensor(values, device=live.device).view(-1, *[1] * (len(shape) - 1)).expand(*shape).contiguous()
