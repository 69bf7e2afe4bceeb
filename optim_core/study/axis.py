"""One axis of a study: which setting varies, over which values."""

from __future__ import annotations

import math
import re
from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from optim_core.spec import WEIGHTED, OptimizerSpec

Floats = NDArray[np.float64]

OF_TASKS = ("batch_size", "label_noise")
NAMES = ("lr", "momentum", "depth", "noise_scale", *OF_TASKS)
OF_LAYERS = ("k", "alpha", "mu")
WHOLE = ("k", "depth", "batch_size")
RANGES = {  # least, greatest, whether the greatest itself is possible
    "lr": (0.0, math.inf, False),
    "momentum": (0.0, 1.0, False),
    "depth": (0.0, math.inf, False),
    "noise_scale": (0.0, math.inf, False),
    "batch_size": (1.0, math.inf, False),
    "label_noise": (0.0, 1.0, True),
    "k": (1.0, math.inf, False),
    "alpha": (0.0, 1.0, True),
    "mu": (0.0, 1.0, False),
}
MAX_POINTS = 4_096
_OF_LAYER = re.compile(rf"({'|'.join(OF_LAYERS)})_([1-9])")


@dataclass(frozen=True)
class Axis:
    """A setting that varies, evenly or (`log`) evenly in its logarithm; k, depth and batch_size are whole numbers.

    Args:
        name: "lr", "momentum" (of the base), "depth" (the innermost layers of the stack, 0 to all of them),
            "noise_scale", of a task "batch_size" and "label_noise" (share of wrong labels), or "k_i", "alpha_i", "mu_i"
            (outer momentum) of layer i, 1 being the innermost.
        low: the least value.
        high: the greatest value.
        points: how many values, at most; whole numbers that coincide count once.
        log: whether the values are evenly spaced in their logarithm.

    Raises:
        ValueError: names the axis, what is wrong with it, and what to do.
    """

    name: str
    low: float
    high: float
    points: int
    log: bool = False

    def __post_init__(self) -> None:
        check_name(self.name)
        for end, value in (("low", self.low), ("high", self.high)):
            _raise(f"{self.name}, {end}", problem_of_end(self.name, value), value)
        _raise(f"{self.name}, high", problem_of_range(self.low, self.high), self.high)
        _raise(f"{self.name}, low", problem_of_log(self.low) if self.log else "", self.low)
        if isinstance(self.points, bool) or not isinstance(self.points, int) or not 2 <= self.points <= MAX_POINTS:
            raise ValueError(f"{self.name}, points must be a whole number from 2 to {MAX_POINTS:,}, got {self.points}")

    @property
    def kind(self) -> str:
        """The name without the layer's number."""
        return kind_of(self.name)

    @property
    def layer(self) -> int:
        """The number of the layer it belongs to, from 1; 0 where it belongs to none."""
        return layer_of(self.name)

    def has_beyond(self, *, above: bool) -> bool:
        """Whether the setting has values above the axis's greatest, or below its least."""
        least, greatest, _ = RANGES[self.kind]
        return self.high < greatest if above else self.low > least

    @cached_property
    def values(self) -> tuple[float, ...]:
        """The values, ascending: the ends exactly as given, those between to six digits; whole numbers once each."""
        spaced = (np.geomspace if self.log else np.linspace)(self.low, self.high, self.points)
        if self.kind in WHOLE:
            return tuple(dict.fromkeys(spaced.round().tolist()))
        between = [float(f"{value:.6g}") for value in spaced[1:-1]]
        return (float(self.low), *between, float(self.high))

    @cached_property
    def borders(self) -> Floats:
        """Borders of the values' cells, (values + 1,): halfway between two values, or halfway in the logarithm."""
        return np.exp(borders_of(np.log(self.values))) if self.log else borders_of(np.array(self.values))


def borders_of(values: Floats) -> Floats:
    """Borders of the cells of increasing values, (values + 1,): halfway between two; one alone has a cell 1 wide."""
    if len(values) == 1:
        return np.array([values[0] - 0.5, values[0] + 0.5])
    middles = (values[1:] + values[:-1]) / 2
    return np.concatenate([[2 * values[0] - middles[0]], middles, [2 * values[-1] - middles[-1]]])


def kind_of(name: str) -> str:
    """What an axis varies, without the number of the layer."""
    return name.partition("_")[0] if _OF_LAYER.fullmatch(name) else name


def layer_of(name: str) -> int:
    """The number of the layer that an axis varies; 0 where it varies none."""
    match = _OF_LAYER.fullmatch(name)
    return int(match[2]) if match else 0


def check_name(name: str) -> None:
    """Raise ValueError where there is no such axis."""
    if name not in NAMES and not _OF_LAYER.fullmatch(name):
        raise ValueError(f"an axis is one of {', '.join(NAMES)}, or k_i, alpha_i, mu_i of layer i, got {name!r}")


def problem_of_end(name: str, value: float) -> str:
    """What is wrong with an end of an axis, and what to write; empty where nothing is."""
    kind = kind_of(name)
    least, greatest, closed = RANGES[kind]
    if not math.isfinite(value):
        return "must be a finite number"
    if kind in WHOLE and value != int(value):
        return f"must be a whole number: write {math.floor(value)} or {math.ceil(value)}"
    above = value > least if kind == "lr" else value >= least
    if not above or value > greatest or (value == greatest and not closed):
        return f"must be {_range_words(kind)}"
    return ""


def problem_of_range(low: float, high: float) -> str:
    """What is wrong with an axis that ends at `high`; empty where nothing is."""
    return "" if low < high else f"must be above the axis's other end, {low:g}: swap the two or write a larger number"


def problem_of_log(low: float) -> str:
    """What is wrong with a logarithmic axis from `low` on; empty where nothing is."""
    return "" if low > 0 else "must be above 0 on a logarithmic axis: write a small number, or make the axis linear"


def problem_for(
    name: str, spec: OptimizerSpec, noise: str = "gaussian", task_settings: Collection[str] | None = None
) -> str:
    """Why an optimizer on an objective has no such axis, and what to do; empty where it has it.

    Args:
        name: of the axis.
        spec: the optimizer.
        noise: the kind of gradient noise of a field.
        task_settings: names of a task's settings; None where the objective is a field.
    """
    problem = _problem_for_objective(name, noise, task_settings)
    if problem:
        return problem
    if layer_of(name) > spec.depth:
        return (
            f"{name} needs {layer_of(name)} layer{'s' * (layer_of(name) > 1)}, the optimizer has {spec.depth}: add a "
            "layer or choose another axis"
        )
    if name == "depth" and not spec.depth:
        return "depth needs layers to leave out, the optimizer has none: add a layer or choose another axis"
    if name == "momentum" and spec.base not in WEIGHTED:
        return f"momentum needs a base that has it, momentum or nesterov, got {spec.base}: change the base or the axis"
    return ""


def _problem_for_objective(name: str, noise: str, task_settings: Collection[str] | None) -> str:
    if name in OF_TASKS and task_settings is None:
        return f"{name} needs a network and its data, the objective is a field: choose a task or another axis"
    if task_settings is not None:
        if name in OF_TASKS and name not in task_settings:
            return f"{name} is no setting of this task: choose another task or another axis"
        if name == "noise_scale":
            return (
                "noise_scale is for fields, a network has the noise of its batches: choose batch_size or another axis"
            )
        return ""
    if name == "noise_scale" and noise == "none":
        return "noise_scale needs gradient noise, there is none: choose a noise or another axis"
    if name == "noise_scale" and noise == "minibatch":
        return (
            "noise_scale would change what is minimised from cell to cell under mini-batches: choose another noise "
            "or another axis"
        )
    return ""


def _range_words(kind: str) -> str:
    least, greatest, closed = RANGES[kind]
    if math.isinf(greatest):
        return f"above {least:g}" if kind == "lr" else f"at least {least:g}"
    return f"in [{least:g}, {greatest:g}{']' if closed else ')'}"


def _raise(field: str, problem: str, value: float) -> None:
    if problem:
        rule, colon, remedy = problem.partition(":")
        raise ValueError(f"{field} {rule}, got {value:g}{colon}{remedy}")
