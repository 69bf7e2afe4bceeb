"""The arithmetic of a synchronisation: φ_i ← φ_i + α_i (φ_{i−1} − φ_i), then everything inside restarts from the top.

A *column* is one parameter with its slow weights, [θ, φ_1, …, φ_m], innermost first: tensors of one shape, where m is
the number of layers that synchronise now.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

import torch
from torch import Tensor

Column = Sequence[Tensor]

_PLAIN = (Tensor, torch.nn.Parameter)

CHUNK = 1 << 18
"""Elements after which a large tensor is cut, so that a copy reads from the cache what lerp has just written."""


def synchronise(columns: Sequence[Column], alphas: Sequence[float], foreach: bool | None = None) -> None:
    """Synchronise the first len(alphas) layers of every column, in place; to be called without autograd.

    `foreach`: one multi-tensor kernel for all columns of a device and dtype; None does so for CUDA tensors only, since
    on a CPU going through one column at a time finds more in the cache.
    """
    together: dict[tuple[torch.device, torch.dtype], list[Column]] = defaultdict(list)
    for column in reversed(columns):  # what the base's step touched last is still in the cache, or some of it
        if _fits_foreach(column, foreach):
            together[column[0].device, column[0].dtype].append(column)
        else:
            for piece in _pieces(column):
                _climb(piece, alphas)
    for group in together.values():
        _climb_together(group, alphas)


def _climb(column: Column, alphas: Sequence[float]) -> None:
    below = column[0]
    for slow, alpha in zip(column[1:], alphas, strict=True):
        if alpha == 1:
            slow.copy_(below)  # lerp_ would turn −0 into 0 and ∞ into NaN
        elif alpha != 0:
            slow.lerp_(below if below.dtype is slow.dtype else below.to(slow.dtype), alpha)
        below = slow
    for inner in column[:-1]:
        inner.copy_(below)


def _climb_together(columns: Sequence[Column], alphas: Sequence[float]) -> None:
    rows = [list(row) for row in zip(*columns, strict=True)]
    below = rows[0]
    for slow, alpha in zip(rows[1:], alphas, strict=True):
        if alpha == 1:
            torch._foreach_copy_(slow, below)
        elif alpha != 0:
            torch._foreach_lerp_(slow, below, alpha)
        below = slow
    for inner in rows[:-1]:
        torch._foreach_copy_(inner, below)


def _fits_foreach(column: Column, foreach: bool | None) -> bool:
    """Plain tensors of one dtype: multi-tensor kernels know neither DTensor and its like nor a slow_dtype."""
    enabled = column[0].is_cuda if foreach is None else foreach
    return enabled and all(type(tensor) in _PLAIN and tensor.dtype == column[0].dtype for tensor in column)


def _pieces(column: Column) -> Iterable[Column]:
    if column[0].numel() <= CHUNK or not all(type(t) in _PLAIN and t.is_contiguous() for t in column):
        return (column,)
    return zip(*(reversed(torch.split(tensor.view(-1), CHUNK)) for tensor in column), strict=True)
