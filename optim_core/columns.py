"""Synchronisations of many optimizers at once, k_i, α_i, μ_i and depth differing by row.

Operation for operation those of `optim_core.synchronise`, so that rows have the bits of the classes.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any

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
        self.due = due_beside(live, periods_of_levels)
        by_level = [[layers[i] if i < len(layers) else None for layers in stacks] for i in levels]
        self.slow = live.new_empty(len(levels), *live.shape) if slow is None else slow[: len(levels)]
        places = [live, *self.slow.copy_(live)]
        self.places = list(map(view_of(live), places))
        self.moves = [
            (_OuterStep if any(layer and layer.has_momentum for layer in layers) else _Interpolation)(layers, *pair)
            for layers, pair in zip(by_level, itertools.pairwise(places), strict=True)
        ]
        flags = _flags(resets, live) if any(resets) else False
        self.resets = view_of(live)(flags) if isinstance(flags, Tensor) else flags

    def synchronise(self, due: Sequence[Mask]) -> None:
        """Synchronise in the rows of these masks, one mask for each level that is due, innermost first."""
        for mask, move in zip(due, self.moves, strict=False):
            move.synchronise(mask)
        complete = [level for level, mask in enumerate(due) if mask is None]
        for level in range(complete[-1] if complete else 0, len(due)):  # what lies below would be overwritten
            for inner in self.places[: level + 1]:
                assign(inner, self.places[level + 1], due[level])
        for level, mask in enumerate(due if self.resets is not False else ()):
            for inside in self.moves[:level]:
                inside.reset(mask if self.resets is True else both(mask, self.resets))


class _Interpolation:
    """One level, with the one below it: φ + α (θ − φ), exact at 0 and 1 even where the other end is infinite."""

    def __init__(self, layers: Sequence[Layer | None], below: Tensor, slow: Tensor) -> None:
        self.below, self.slow, self.view = below, slow, view_of(slow)
        self.below_view, self.slow_view = self.view(below), self.view(slow)
        self.target = torch.empty_like(slow) if self.view is Tensor.numpy else None  # made once, but not of long rows
        self.target_view = None if self.target is None else self.view(self.target)
        self.alpha = spread([layer.alpha for layer in _without_gaps(layers)], slow)
        ends = {layer.alpha for layer in layers if layer}
        alpha = self.view(self.alpha) if isinstance(self.alpha, Tensor) else None
        self.moves = alpha != 0 if alpha is not None and 0 in ends else None
        self.jumps = alpha == 1 if alpha is not None and 1 in ends else None

    def synchronise(self, mask: Mask) -> None:
        """Move the slow weights in the rows of a mask whose α is not 0."""
        assign(self.slow_view, self.between(), mask if self.moves is None else both(mask, self.moves))

    def between(self) -> Any:
        """Where the slow weights of all rows whose α is not 0 would move to."""
        if isinstance(self.alpha, float) and self.alpha in (0, 1):
            return self.below_view if self.alpha else self.slow_view
        made = torch.lerp(self.slow, self.below, self.alpha, out=self.target)
        target = made if self.target_view is None else self.target_view
        if self.jumps is not None:
            assign(target, self.below_view, self.jumps)
        return target

    def reset(self, mask: Mask) -> None:
        """There is no momentum to zero."""


class _OuterStep(_Interpolation):
    """A level with outer momentum in some rows: b ← μ b + s, φ ← φ − α b, or by Nesterov's rule φ ← φ − α (s + μ b)."""

    def __init__(self, layers: Sequence[Layer | None], below: Tensor, slow: Tensor) -> None:
        super().__init__(layers, below, slow)
        self.buffer, self.zero = torch.zeros_like(slow), slow.new_zeros(())
        self.momentum = spread([layer.outer_momentum for layer in _without_gaps(layers)], slow)
        self.nesterov = _flags([layer.outer_nesterov for layer in _without_gaps(layers)], slow)
        self.applies = _flags([layer.has_momentum for layer in _without_gaps(layers)], slow)

    def synchronise(self, mask: Mask) -> None:
        """Move the slow weights in the rows of a mask."""
        target = self.target_of_step(self.slow - self.below, mask)
        if isinstance(self.applies, Tensor):
            target = torch.where(self.applies, target, torch.as_tensor(self.between()))
        assign(self.slow_view, self.view(target), mask if self.moves is None else both(mask, self.moves))

    def target_of_step(self, s: Tensor, mask: Mask) -> Tensor:
        """Where a step on s leads; the momentum changes in the rows of the mask."""
        assign(self.buffer, (self.buffer * self.momentum).add_(s), mask)
        step = add_scaled_(s, self.buffer, self.momentum) if self.nesterov is not False else self.buffer
        if isinstance(self.nesterov, Tensor):
            step = torch.where(self.nesterov, step, self.buffer)
        if isinstance(self.alpha, float) and self.alpha == 0:
            return self.slow
        return add_scaled_(self.slow.clone(), step, -self.alpha)

    def reset(self, mask: Mask) -> None:
        """Zero the momentum in the rows of a mask."""
        assign(self.buffer, self.zero, mask)


class MomentumColumn:
    """What a synchronisation does to a base method's momentum: it is kept, reset, or pulled back as the weights are."""

    def __init__(self, buffer: Tensor, specs: Sequence[OptimizerSpec]) -> None:
        self.buffer, self.zero = map(view_of(buffer), (buffer, buffer.new_zeros(())))
        resets = [spec.layers[0].k if spec.layers and spec.kept_momentum == "reset" else NEVER for spec in specs]
        self.resets = due_beside(buffer, [resets])
        stacks = [spec.layers if spec.kept_momentum == "pullback" else () for spec in specs]
        self.column = Column(buffer, [tuple(layer.without_momentum() for layer in layers) for layers in stacks])

    def synchronise(self, step: int) -> None:
        """Do it in the rows that are due after `step` base steps."""
        for mask in self.resets.at(step):
            assign(self.buffer, self.zero, mask)
        self.column.synchronise(self.column.due.at(step))


def view_of(live: Tensor) -> Callable[[Tensor], Any]:
    """What a synchronisation copies through: NumPy's views where rows are short, which is quicker, else the tensors.

    Of `live` and of tensors of its shape and kind.
    """
    is_short = live.device.type == "cpu" and live.dtype == torch.float64 and live.shape == shape_of_rows(live)
    return Tensor.numpy if is_short else _itself


def due_beside(live: Tensor, periods_of_levels: Sequence[Sequence[int]]) -> Due:
    """When the rows of `live` are due, with masks for its views."""
    device = None if view_of(live) is Tensor.numpy else live.device
    return Due(periods_of_levels, shape_of_rows(live), device)


def _itself(tensor: Tensor) -> Tensor:
    return tensor


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
