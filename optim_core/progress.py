"""The attributes of an optimizer that change, in one object, since frameworks may hand out a proxy of the optimizer.

Lightning's and Fabric's proxies have the optimizer's class and read its attributes, but keep a dictionary of their own.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar, cast

from torch import Tensor

from optim_core.layers import InnerBuffers, Layer
from optim_core.momentum import Momentum

Value = TypeVar("Value")


@dataclass
class Progress:
    """Settings that a checkpoint replaces, counters, and which weights the parameters hold at present."""

    layers: tuple[Layer, ...]
    inner_buffers: InnerBuffers
    momentum: Momentum = "keep"
    base_steps: int = 0
    synchronised: int = 0
    evaluating: bool = False
    """They hold slow weights, inside use_slow_weights."""
    averaged: bool = False
    """They hold an average of the base's own, between its eval() and its train()."""
    searched: bool = False
    """The base's state has been searched for master weights."""
    captured: list[tuple[Tensor, dict[str, Tensor]]] = field(default_factory=list)
    """The parameters at the last look, and their slow weights: the same dictionaries as in `SlowWeights._slow`."""


class Shared(Generic[Value]):
    """An attribute of an optimizer that lies in its `_progress`."""

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, instance: Any, owner: type | None = None) -> Value:
        return cast(Value, self if instance is None else getattr(instance._progress, self.name))

    def __set__(self, instance: Any, value: Value) -> None:
        setattr(instance._progress, self.name, value)
