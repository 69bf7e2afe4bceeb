"""The arithmetic of a synchronisation: φ_i ← φ_i + α_i (φ_{i−1} − φ_i), then everything inside restarts from the top.

A *column* is one parameter with its slow weights, [θ, φ_1, …, φ_m], innermost first: tensors of one shape, where m is
the number of layers that synchronise now.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import torch
from torch import Tensor

Column = Sequence[Tensor]

CHUNK = 1 << 16  # elements: small enough for a chunk of θ and its φ to stay in a core's cache between lerp and copy


def synchronise(columns: Iterable[Column], alphas: Sequence[float]) -> None:
    """Synchronise the first len(alphas) layers of every column, in place."""
    for column in columns:
        for piece in _pieces(column):
            _climb(piece, alphas)


def _climb(column: Column, alphas: Sequence[float]) -> None:
    for below, slow, alpha in zip(column, column[1:], alphas, strict=False):
        _interpolate(slow, below, alpha)
    for inner in column[:-1]:
        inner.copy_(column[-1])


def _interpolate(slow: Tensor, below: Tensor, alpha: float) -> None:
    if alpha == 1:
        slow.copy_(below)  # lerp_ would turn −0 into 0 and infinities into NaN
    elif alpha != 0:
        slow.lerp_(below.to(slow.dtype), alpha)


def _pieces(column: Column) -> Iterable[Column]:
    """Cut large contiguous tensors, so that what lerp_ wrote is copied from the cache and not from memory."""
    if column[0].numel() <= CHUNK or not all(type(t) is Tensor and t.is_contiguous() for t in column):
        return (column,)
    return zip(*(torch.split(t.view(-1), CHUNK) for t in column), strict=True)
