"""The arithmetic of a synchronisation: φ_i ← φ_i + α_i (φ_{i−1} − φ_i), then every layer inside restarts from φ_i.

In a layer with outer momentum μ_i, which has a buffer b_i, the move is torch.optim.SGD's on s = φ_i − φ_{i−1}:

    b_i ← μ_i b_i + s;    φ_i ← φ_i − α_i b_i,    or by Nesterov's rule    φ_i ← φ_i − α_i (s + μ_i b_i)

A *column* is one parameter with its slow weights and buffers, [θ, φ_1, …, φ_m, b, …], innermost first: tensors of one
shape, where m is the number of layers that synchronise now, and only layers with outer momentum have a b.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from optim_core.layers import Layer

Column = Sequence[Tensor]
Outer = Callable[[int, list[Tensor]], Sequence[Tensor]]
"""From the number of a layer and its s of every parameter, those to step with."""

_PLAIN = (Tensor, torch.nn.Parameter)


def synchronise(columns: Sequence[Column], layers: Sequence[Layer], foreach: bool | None = None) -> None:
    """Synchronise these layers, innermost first, in every column, in place; to be called without autograd.

    `foreach`: one multi-tensor kernel for all columns of a device and dtype; None does so for CUDA tensors only, since
    on a CPU going through one column at a time finds more in the cache.
    """
    together: dict[tuple[torch.device, torch.dtype], list[Column]] = defaultdict(list)
    for column in reversed(columns):  # what the base's step touched last is still in the cache, or some of it
        if (column[0].is_cuda if foreach is None else foreach) and _fits_foreach(column):
            together[column[0].device, column[0].dtype].append(column)
        else:
            _climb(column, layers)
    for group in together.values():
        _climb_together(group, layers)


def synchronise_by(outer: Outer, columns: Sequence[Column], layers: Sequence[Layer]) -> None:
    """`synchronise` where every layer's s of all columns passes through `outer` before its step."""
    rows = [list(row) for row in zip(*columns, strict=True)]
    weights, buffers = rows[: len(layers) + 1], iter(rows[len(layers) + 1 :])
    for number, (layer, below, slow) in enumerate(zip(layers, weights, weights[1:], strict=False), start=1):
        steps = outer(number, [_difference(one, other) for one, other in zip(slow, below, strict=True)])
        momentum = next(buffers) if layer.has_momentum else [None] * len(slow)
        for one, s, b in zip(slow, steps, momentum, strict=True):
            _outer_step(one, s, b, layer)
    for inner in weights[:-1]:
        for one, outermost in zip(inner, weights[-1], strict=True):
            one.copy_(outermost)


def _climb(column: Column, layers: Sequence[Layer]) -> None:
    below, buffer = column[0], len(layers)
    for level, layer in enumerate(layers, start=1):
        slow, alpha = column[level], layer.alpha
        if layer.outer_momentum:
            buffer += 1
            _outer_step(slow, _difference(slow, below), column[buffer], layer)
        elif alpha == 1:
            slow.copy_(below)  # lerp_ would turn −0 into 0 and ∞ into NaN
        elif alpha != 0:
            slow.lerp_(below if below.dtype is slow.dtype else below.to(slow.dtype), alpha)
        below = slow
    for level in range(len(layers)):
        column[level].copy_(below)


def _climb_together(columns: Sequence[Column], layers: Sequence[Layer]) -> None:
    rows = [list(row) for row in zip(*columns, strict=True)]
    below, slows, buffers = rows[0], rows[1 : len(layers) + 1], iter(rows[len(layers) + 1 :])
    for slow, layer in zip(slows, layers, strict=True):
        alpha = layer.alpha
        if layer.outer_momentum:
            _outer_steps(slow, list(torch._foreach_sub(slow, below)), next(buffers), layer)
        elif alpha == 1:
            torch._foreach_copy_(slow, below)
        elif alpha != 0:
            torch._foreach_lerp_(slow, below, alpha)
        below = slow
    for inner in rows[: len(layers)]:
        torch._foreach_copy_(inner, below)


def _difference(slow: Tensor, below: Tensor) -> Tensor:
    """φ_i − φ_{i−1}, in the precision of φ_i."""
    return slow.sub(below if below.dtype is slow.dtype else below.to(slow.dtype))


def _outer_step(slow: Tensor, s: Tensor, buffer: Tensor | None, layer: Layer) -> None:
    """A step on s, which is overwritten, as torch.optim.SGD takes it; without a buffer φ ← φ − α s."""
    if buffer is not None:
        buffer.mul_(layer.outer_momentum).add_(s)
        s = s.add_(buffer, alpha=layer.outer_momentum) if layer.outer_nesterov else buffer
    if layer.alpha != 0:
        slow.add_(s, alpha=-layer.alpha)


def _outer_steps(slow: list[Tensor], s: list[Tensor], buffers: list[Tensor], layer: Layer) -> None:
    """`_outer_step` for many tensors at once."""
    torch._foreach_mul_(buffers, layer.outer_momentum)
    torch._foreach_add_(buffers, s)
    if layer.outer_nesterov:
        torch._foreach_add_(s, buffers, alpha=layer.outer_momentum)
    if layer.alpha != 0:
        torch._foreach_add_(slow, s if layer.outer_nesterov else buffers, alpha=-layer.alpha)


def _fits_foreach(column: Column) -> bool:
    """Plain tensors of one dtype: multi-tensor kernels know neither DTensor and its like nor a slow_dtype."""
    return all(type(tensor) in _PLAIN and tensor.dtype == column[0].dtype for tensor in column)


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
