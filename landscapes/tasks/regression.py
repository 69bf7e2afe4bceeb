"""Regression as a task: a network fits a known function from noisy targets and is judged by the function itself.

The loss is the mean squared error. Targets are in units of the function's own standard deviation over its inputs, so
that a loss of 1 is what the function's mean would have, and noise has a share that means the same for every function.

waves: sin πx · cos πy on [−1, 1]². friedman: 10 sin(π x₁x₂) + 20 (x₃ − ½)² + 10 x₄ + 5 x₅ on [0, 1]¹⁰, whose other five
inputs say nothing (Friedman 1991, Multivariate adaptive regression splines; scikit-learn's `make_friedman1`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import lru_cache, partial
from types import MappingProxyType
from typing import Any, ClassVar, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from landscapes.tasks.checks import choice, real_number, whole_number
from landscapes.tasks.sampling import batch_rows, steps_per_epoch
from landscapes.weights import Score, WeightLoss, device_of

Floats = NDArray[np.float64]

EVALUATED = 1_000  # points of the validation part, and of the test part
MOST_POINTS = 100_000


@dataclass(frozen=True)
class Function:
    """A function to fit: values (n,) of points (n, inputs) drawn uniformly from [low, high] in each input.

    `mean` and `deviation` are those of its values over these points.
    """

    key: str
    name: str
    inputs: int
    low: float
    high: float
    mean: float
    deviation: float
    values: Callable[[Floats], Floats]


def _waves(x: Floats) -> Floats:
    return np.sin(math.pi * x[:, 0]) * np.cos(math.pi * x[:, 1])


def _friedman(x: Floats) -> Floats:
    return 10 * np.sin(math.pi * x[:, 0] * x[:, 1]) + 20 * (x[:, 2] - 0.5) ** 2 + 10 * x[:, 3] + 5 * x[:, 4]


# Means and deviations of Friedman's function by numerical integration; those of the waves are 0 and √(1/2 · 1/2).
FUNCTIONS: Mapping[str, Function] = MappingProxyType(
    {
        function.key: function
        for function in (
            Function("waves", "waves", 2, -1, 1, 0.0, 0.5, _waves),
            Function("friedman", "Friedman's function", 10, 0, 1, 14.413297342419856, 4.881235885652424, _friedman),
        )
    }
)


class PointBatch(NamedTuple):
    """Points (rows, inputs), standardised; targets (rows, 1)."""

    points: Tensor
    targets: Tensor

    def to(self, device: torch.device) -> PointBatch:
        """The same on a device."""
        return PointBatch(self.points.to(device), self.targets.to(device))


@dataclass(frozen=True)
class Points:
    """The three parts: only the training targets carry noise."""

    train: PointBatch
    validation: PointBatch
    test: PointBatch


@dataclass(frozen=True)
class RegressionTask:
    """Fit a known function by mean squared error.

    Attributes:
        function: a key of `FUNCTIONS`.
        train_size: training points.
        noise: standard deviation of what is added to the training targets, in units of the function's own;
            validation and test targets are the function's values.
        batch_size: points per step; a remainder at an epoch's end is left out.
        hidden: units of each of the two hidden layers, tanh.
        split_seed: chooses the training and validation points and the noise; never the test part.

    Raises:
        TypeError: a field of the wrong type.
        ValueError: a field out of its range.
    """

    kind: ClassVar[str] = "regression"

    function: str = "waves"
    train_size: int = 500
    noise: float = 0.5
    batch_size: int = 10
    hidden: int = 32
    split_seed: int = 0

    def __post_init__(self) -> None:
        choice("function", self.function, FUNCTIONS)
        size = whole_number("train_size", self.train_size, 1, MOST_POINTS)
        real_number("noise", self.noise, 0, 100)
        whole_number("batch_size", self.batch_size, 1, size)
        whole_number("hidden", self.hidden, 1, 4_096)
        whole_number("split_seed", self.split_seed, 0)

    @property
    def players(self) -> tuple[str, ...]:
        """One: the network."""
        return ("model",)

    @property
    def data(self) -> Points:
        """The train, validation and test parts."""
        return _points(self.function, self.train_size, self.noise, self.split_seed)

    @property
    def steps_per_epoch(self) -> int:
        """Whole batches in the training part."""
        return steps_per_epoch(self.train_size, self.batch_size)

    def model(self, seed: int) -> nn.Module:
        """A fresh network with the initial weights of `seed`, in training mode."""
        hidden = self.hidden
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            return nn.Sequential(
                nn.Linear(FUNCTIONS[self.function].inputs, hidden),
                nn.Tanh(),
                nn.Linear(hidden, hidden),
                nn.Tanh(),
                nn.Linear(hidden, 1),
            )

    def parameters(self, model: nn.Module, player: str) -> list[nn.Parameter]:
        """What `player` trains: everything, in the order of `model.parameters()`."""
        choice("player", player, self.players)
        return list(model.parameters())

    def batch(self, step: int, seed: int) -> PointBatch:
        """The mini-batch at `step`, counted from 0: the same for the same (step, seed), whatever came before."""
        train = self.data.train
        rows = batch_rows(step, seed, self.train_size, self.batch_size)
        return PointBatch(train.points[rows], train.targets[rows])

    def loss(self, model: nn.Module, batch: PointBatch, player: str = "model") -> Tensor:
        """Mean squared error of the batch, a scalar."""
        return functional.mse_loss(model(batch.points), batch.targets)

    def evaluate(self, model: nn.Module) -> dict[str, float]:
        """val_loss and test_loss: mean squared errors from the true function, in units of its variance."""
        with torch.inference_mode():
            device = device_of(model)
            parts = {"val": self.data.validation.to(device), "test": self.data.test.to(device)}
            return {f"{name}_loss": self.loss(model, part).item() for name, part in parts.items()}

    def landscape(self, size: int = 512, device: str = "cpu") -> WeightLoss:
        """The loss over the first `size` training points as a function of the flat weights; no accuracy."""
        (loss,) = self.losses(size, min(size, self.train_size), device)
        return WeightLoss(self.model(0).to(device), lambda model: Score(loss(model).item(), math.nan))

    def losses(self, size: int, rows: int, device: str = "cpu") -> list[Callable[[nn.Module], Tensor]]:
        """The mean training loss over each `rows` of the first `size` training points: parts of the objective.

        They take models on `device`.

        Raises:
            ValueError: `rows` is more than the points there are.
        """
        train = self.data.train.to(torch.device(device))
        count = min(whole_number("size", size, 1), self.train_size)
        whole_number("rows", rows, 1, count)
        parts = [slice(start, start + rows) for start in range(0, count - rows + 1, rows)]
        return [partial(self.loss, batch=PointBatch(train.points[part], train.targets[part])) for part in parts]

    def describe(self) -> dict[str, Any]:
        """A JSON-able value from which `task_from` makes this task again."""
        return {"kind": self.kind, **asdict(self)}


@lru_cache(maxsize=4)
def _points(name: str, train_size: int, noise: float, seed: int) -> Points:
    function = FUNCTIONS[name]
    train, targets = _drawn(function, train_size, np.random.default_rng((seed, 1)))
    noisy = targets + noise * np.random.default_rng((seed, 4)).standard_normal(train_size)
    return Points(
        _batch(function, train, noisy),
        _batch(function, *_drawn(function, EVALUATED, np.random.default_rng((seed, 5)))),
        _batch(function, *_drawn(function, EVALUATED, np.random.default_rng(6))),
    )


def _drawn(function: Function, count: int, random: np.random.Generator) -> tuple[Floats, Floats]:
    """Points (count, inputs) and the function's values there, standardised."""
    points = random.uniform(function.low, function.high, (count, function.inputs))
    return points, (function.values(points) - function.mean) / function.deviation


def _batch(function: Function, points: Floats, targets: Floats) -> PointBatch:
    """As tensors; inputs are standardised by the distribution that they are drawn from."""
    middle, deviation = (function.low + function.high) / 2, (function.high - function.low) / math.sqrt(12)
    inputs = ((points - middle) / deviation).astype(np.float32)
    return PointBatch(torch.from_numpy(inputs), torch.from_numpy(targets.astype(np.float32))[:, None])
