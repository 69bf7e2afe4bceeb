"""Requests to the workers: one optimizer, one task, one seed, as a frozen JSON-able value with a content key."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import Any

from optim_core.device import CPU
from optim_core.layers import Layer
from optim_core.snapshots import SNAPSHOT_DTYPES
from optim_core.spec import OptimizerSpec, Schedule
from optim_core.training import Plan

FORMAT = 2  # of stored runs; raise it when the same request would give other numbers or other files


@dataclass(frozen=True)
class TrainingRequest:
    """One training run. A comparison is a tuple of these that share task and seed.

    Args:
        task: the result of a task's `describe()`; `landscapes.tasks.task_from` rebuilds it.
        optimizers: (player, optimizer) pairs, or one optimizer for every player.
        steps, seed, evaluate_every, snapshot_every, ema: as in `optim_core.training.train`.
        snapshot_dtype: of stored weights, "float16", "float32" or "float64".
        device: "cpu", "cuda" or "mps".

    Raises:
        ValueError: a number out of its range, or an unknown dtype.
        TypeError: a task that is not JSON-able.
    """

    task: Mapping[str, Any]
    optimizers: OptimizerSpec | tuple[tuple[str, OptimizerSpec], ...]
    steps: int
    seed: int = 0
    evaluate_every: int | None = None
    snapshot_every: int | None = None
    ema: float | None = None
    snapshot_dtype: str = "float32"
    device: str = CPU

    def __post_init__(self) -> None:
        if isinstance(self.optimizers, Mapping):
            object.__setattr__(self, "optimizers", tuple(self.optimizers.items()))
        object.__setattr__(self, "task", json.loads(json.dumps(self.task)))
        if self.snapshot_dtype not in SNAPSHOT_DTYPES:
            raise ValueError(f"snapshot_dtype must be one of {SNAPSHOT_DTYPES}, got {self.snapshot_dtype!r}")
        self.plan()

    def plan(self) -> Plan:
        """The numbers that `train` checks."""
        return Plan(self.steps, self.seed, self.evaluate_every, self.snapshot_every, self.ema, self.device)

    @cached_property
    def key(self) -> str:
        """Content address: equal for requests that compute the same numbers, whatever the names of their optimizers."""
        content = {"format": FORMAT, **self._without_names().to_json()}
        text = json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=False)
        return hashlib.sha256(text.encode()).hexdigest()[:32]

    def __hash__(self) -> int:
        return hash(self.key)

    def specs(self) -> OptimizerSpec | dict[str, OptimizerSpec]:
        """The optimizers as `train` takes them."""
        return self.optimizers if isinstance(self.optimizers, OptimizerSpec) else dict(self.optimizers)

    def to_json(self) -> dict[str, Any]:
        """Plain values from which `request_from` rebuilds this request."""
        pairs = self.optimizers if isinstance(self.optimizers, tuple) else (("", self.optimizers),)
        values = {name: getattr(self, name) for name in _PLAIN}
        if self.device != CPU:
            values["device"] = self.device  # so that requests from before there was a choice are still the same
        return values | {"optimizers": [[player, spec_to_json(spec)] for player, spec in pairs]}

    def _without_names(self) -> TrainingRequest:
        if isinstance(self.optimizers, OptimizerSpec):
            return replace(self, optimizers=replace(self.optimizers, name=""))
        return replace(self, optimizers=tuple((player, replace(spec, name="")) for player, spec in self.optimizers))


_PLAIN = ("task", "steps", "seed", "evaluate_every", "snapshot_every", "ema", "snapshot_dtype")


def request_from(values: Mapping[str, Any]) -> TrainingRequest:
    """The request that `to_json` described.

    Raises:
        KeyError, TypeError, ValueError: it is none.
    """
    pairs = tuple((str(player), spec_from_json(spec)) for player, spec in values["optimizers"])
    optimizers = pairs[0][1] if len(pairs) == 1 and pairs[0][0] == "" else pairs
    plain_values = {name: values[name] for name in _PLAIN}
    return TrainingRequest(optimizers=optimizers, device=values.get("device", CPU), **plain_values)


def spec_to_json(spec: OptimizerSpec) -> dict[str, Any]:
    """An optimizer as plain values."""
    values = asdict(spec)
    for field in ("lr", "momentum", "weight_decay"):
        values[field] = float(values[field])  # so that 1 and 1.0 are one request
    values["betas"] = [float(beta) for beta in values["betas"]]
    if spec.inner_buffers == "keep":
        del values["inner_buffers"]  # so that requests from before there was a choice are still the same
    del values["mu_y"], values["mu_x"]  # which serve no optimizer of a training
    return values | {"layers": [layer.numbers for layer in spec.layers]}


def spec_from_json(values: Mapping[str, Any]) -> OptimizerSpec:
    """The inverse of `spec_to_json`.

    Raises:
        KeyError, TypeError, ValueError: it is no optimizer.
    """
    layers: Sequence[Any] = values["layers"]
    parts = {
        "layers": tuple(Layer(*numbers) for numbers in layers),
        "schedule": Schedule(**values["schedule"]),
        "betas": tuple(values["betas"]),
    }
    return OptimizerSpec(**{**values, **parts})
