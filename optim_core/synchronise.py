"""The arithmetic of a synchronisation: φ_i ← φ_i + α_i (φ_{i−1} − φ_i), then everything inside restarts from the top.

A *column* is one parameter with its slow weights, [θ, φ_1, …, φ_m], innermost first: tensors of one shape, where m is
the number of layers that synchronise now.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import torch
from torch import Tensor

Column = Sequence[Tensor]

_PLAIN = (Tensor, torch.nn.Parameter)

CHUNK = 1 << 17
"""Elements after which a large tensor is cut, so that a copy reads from the cache what lerp has just written."""


def synchronise(columns: Sequence[Column], alphas: Sequence[float], foreach: bool | None = None) -> None:
    """Synchronise the first len(alphas) layers of every column, in place; to be called without autograd.

    `foreach`: one multi-tensor kernel for all columns of a device and dtype; None does so for CUDA tensors only, since
    on a CPU going through one column at a time finds more in the cache.
    """
    together: dict[tuple[torch.device, torch.dtype], list[Column]] = defaultdict(list)
    for column in reversed(columns):  # what the base's step touched last is still in the cache, or some of it
        if (column[0].is_cuda if foreach is None else foreach) and _fits_foreach(column):
            together[column[0].device, column[0].dtype].append(column)
        elif column[0].numel() > CHUNK and _fits_pieces(column):
            for piece in zip(*(reversed(torch.split(tensor.view(-1), CHUNK)) for tensor in column), strict=True):
                _climb(piece, alphas)
        else:
            _climb(column, alphas)
    for group in together.values():
        _climb_together(group, alphas)


def _climb(column: Column, alphas: Sequence[float]) -> None:
    below, *slows = column
    for slow, alpha in zip(slows, alphas, strict=True):
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


def _fits_foreach(column: Column) -> bool:
    """Plain tensors of one dtype: multi-tensor kernels know neither DTensor and its like nor a slow_dtype."""
    return all(type(tensor) in _PLAIN and tensor.dtype == column[0].dtype for tensor in column)


def _fits_pieces(column: Column) -> bool:
    return all(type(tensor) in _PLAIN and tensor.is_contiguous() for tensor in column)


def slow_copy(live: Tensor, slow_dtype: torch.dtype | None) -> Tensor:
    """A tensor for slow weights at the values of `live`: `slow_dtype` is the least precision."""
    dtype = live.dtype if slow_dtype is None else torch.promote_types(live.dtype, slow_dtype)
    with torch.inference_mode(False), torch.no_grad():  # else it could never be changed outside of inference mode
        return torch.empty_like(live, dtype=dtype, requires_grad=False).copy_(live)


@torch.no_grad()
def assign(parameters: Sequence[Tensor], values: Sequence[Tensor]) -> None:
    """Copy each value into its parameter."""
    for parameter, value in zip(parameters, values, strict=True):
        parameter.copy_(value)


def checked_dtype(slow_dtype: torch.dtype | None) -> torch.dtype | None:
    """A least precision for slow weights; TypeError or ValueError where it is no floating-point dtype."""
    if slow_dtype is not None and not isinstance(slow_dtype, torch.dtype):
        raise TypeError(f"slow_dtype must be a torch.dtype or None, got {slow_dtype!r}")
    if slow_dtype is not None and not slow_dtype.is_floating_point:
        raise ValueError(f"slow_dtype must be a floating-point dtype, got {slow_dtype}")
    return slow_dtype
