"""What a training run measures as it goes: one row a step, and metrics at the evaluated steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Curves:
    """Measurements of the first T steps of a run; arrays are read-only.

    step: (T,) counts from 1; it equals the gradient evaluations each player has used
    loss, gradient_norm: (players, T) of the mini-batch that step t used, so at the weights of step t − 1
    from_start: (T,) distance of the fast weights from the first weights
    slow_from_start: (T,) the same for the outermost slow weights (the fast ones without layers)
    separation: (T,) distance between the fast and the outermost slow weights
    evaluated: (E,) steps at which metrics were taken, 0 among them
    metrics: weights ("fast", "slow_1" …, "ema") -> metric -> (E,)

    The fast weights here are those that the base step left, before any synchronisation: right after one they equal slow
    weights.
    """

    players: tuple[str, ...]
    step: Ints
    loss: Floats
    gradient_norm: Floats
    from_start: Floats
    slow_from_start: Floats
    separation: Floats
    evaluated: Ints
    metrics: Mapping[str, Mapping[str, Floats]]

    @property
    def outermost(self) -> Mapping[str, Floats]:
        """The metrics of the outermost slow weights; of the fast ones without layers."""
        depth = sum(weights.startswith("slow_") for weights in self.metrics)
        return self.metrics[f"slow_{depth}" if depth else "fast"]


@dataclass
class CurveRecorder:
    """The measurements of a run in progress; `curves` gives those so far."""

    players: tuple[str, ...]
    rows: list[Sequence[float] | Floats] = field(default_factory=list)
    evaluated: list[int] = field(default_factory=list)
    metrics: dict[str, dict[str, list[float]]] = field(default_factory=dict)

    def add(self, losses: Sequence[float], norms: Sequence[float], distances: Sequence[float]) -> None:
        """Add one step: a loss and a gradient norm for each player, then the three distances."""
        self.rows.append([*losses, *norms, *distances])

    def measure(self, step: int, weights: str, metrics: Mapping[str, float]) -> None:
        """Add the metrics of one set of weights."""
        if not self.evaluated or self.evaluated[-1] != step:
            self.evaluated.append(step)
        columns = self.metrics.setdefault(weights, {})
        for name, value in metrics.items():
            columns.setdefault(name, []).append(float(value))

    def curves(self) -> Curves:
        """A frozen copy."""
        players, steps = len(self.players), len(self.rows)
        table = np.array(self.rows, dtype=np.float64).reshape(steps, 2 * players + 3).T
        return Curves(
            players=self.players,
            step=_read_only(np.arange(1, steps + 1)),
            loss=_read_only(table[:players]),
            gradient_norm=_read_only(table[players : 2 * players]),
            from_start=_read_only(table[-3]),
            slow_from_start=_read_only(table[-2]),
            separation=_read_only(table[-1]),
            evaluated=_read_only(np.array(self.evaluated, dtype=np.int64)),
            metrics={
                weights: {name: _read_only(np.array(values)) for name, values in columns.items()}
                for weights, columns in self.metrics.items()
            },
        )

    def state(self) -> dict[str, Any]:
        """Tensors and plain values for a checkpoint."""
        metrics = {w: {name: list(values) for name, values in columns.items()} for w, columns in self.metrics.items()}
        rows = torch.tensor(self.rows, dtype=torch.float64)
        return {"rows": rows, "evaluated": list(self.evaluated), "measured": metrics}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go back to a state."""
        self.rows, self.evaluated = state["rows"].tolist(), list(state["evaluated"])
        self.metrics = {w: {name: list(v) for name, v in columns.items()} for w, columns in state["measured"].items()}


def curves_to_arrays(curves: Curves) -> dict[str, NDArray[Any]]:
    """The curves as flat named arrays, for .npz; metrics are named metric/<weights>/<name>."""
    arrays = {name: getattr(curves, name) for name in _ARRAYS}
    for weights, columns in curves.metrics.items():
        arrays |= {f"metric/{weights}/{name}": values for name, values in columns.items()}
    return arrays


def curves_from_arrays(players: Sequence[str], arrays: Mapping[str, NDArray[Any]]) -> Curves:
    """The inverse of `curves_to_arrays`."""
    metrics: dict[str, dict[str, Floats]] = {}
    for key in arrays:
        if key.startswith("metric/"):
            _, weights, name = key.split("/", 2)
            metrics.setdefault(weights, {})[name] = _read_only(arrays[key])
    return Curves(tuple(players), **{name: _read_only(arrays[name]) for name in _ARRAYS}, metrics=metrics)


_ARRAYS = ("step", "loss", "gradient_norm", "from_start", "slow_from_start", "separation", "evaluated")


def _read_only(array: NDArray[Any]) -> NDArray[Any]:
    array = np.ascontiguousarray(array)
    array.flags.writeable = False
    return array
