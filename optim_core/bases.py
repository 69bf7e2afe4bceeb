"""Which base optimizers are refused, when they are wrapped or at the first synchronisation, and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer

from optim_core.momentum import BUFFERS

CUDA = torch.version.cuda is not None or torch.version.hip is not None


def checked_base(optimizer: Any) -> Optimizer:
    """The same, if it can be a base.

    Raises:
        TypeError: it is not an optimizer, it is a Lookahead of whatever package or an optimizer of
            `optim_core.primal_averaging`, or its state_dict has not torch's two keys and there would be no checkpoint.
    """
    name = type(optimizer).__name__
    if not isinstance(optimizer, Optimizer):
        raise TypeError(f"optimizer must be a torch.optim.Optimizer, got {name}")
    if any("lookahead" in cls.__name__.lower() for cls in type(optimizer).__mro__):
        raise TypeError(f"optimizer is a {name} already: wrap its base, and give that more layers")
    if hasattr(optimizer, "gradient_places"):  # of optim_core.primal_averaging, which is not imported for this alone
        raise TypeError(f"{name} keeps an average of its own, which no layer would follow: use it without layers")
    try:
        state_dict = optimizer.state_dict()
    except RuntimeError:  # ZeroRedundancyOptimizer has none before its shards are gathered
        return optimizer
    if not isinstance(state_dict, Mapping) or not {"state", "param_groups"} <= state_dict.keys():
        keys = list(state_dict) if isinstance(state_dict, Mapping) else type(state_dict).__name__
        raise TypeError(f"the state_dict of {name} must have the keys state and param_groups, got {keys}")
    return optimizer


def refuse_master_weights(base: Optimizer, parameters: Sequence[Tensor]) -> None:
    """Raise ValueError where the base's state holds finer copies of the parameters, just after its step.

    The base would continue from those copies and overwrite every synchronisation.
    """
    copies: dict[str, list[bool]] = {}
    for parameter in parameters:
        for name, value in base.state[parameter].items() if parameter in base.state else ():
            if name not in BUFFERS and _is_finer(value, parameter):
                copies.setdefault(str(name), []).append(torch.equal(value.to(parameter.dtype), parameter))
    has_moved = any(parameter.any() for parameter in parameters) if copies else False
    for name, equal in copies.items():
        if all(equal) and has_moved:
            raise ValueError(
                f"{type(base).__name__} keeps master weights of its own, state[...][{name!r}], and overwrites every "
                "synchronisation with them: use it without, and give slow_dtype=torch.float32"
            )


def refuse_graph_capture() -> None:
    """Raise RuntimeError while a CUDA graph is captured: replayed, it would neither count nor synchronise."""
    initialized: bool = torch.cuda.is_initialized()  # type: ignore[no-untyped-call]
    if initialized and torch.cuda.is_current_stream_capturing():  # without a driver, asking is an error
        raise RuntimeError("a Lookahead's step() cannot be captured in a CUDA graph: it counts in Python")


def _is_finer(value: Any, parameter: Tensor) -> bool:
    return (
        isinstance(value, Tensor)
        and value.shape == parameter.shape
        and value.is_floating_point()
        and parameter.is_floating_point()
        and torch.finfo(value.dtype).bits > torch.finfo(parameter.dtype).bits
    )
