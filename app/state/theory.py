"""What the Theory page shows: one stack of layers, four instruments to look at it with."""

from __future__ import annotations

from typing import Literal

import numpy as np
from pydantic import Field, ValidationInfo, field_validator

from app.state.cards import MAX_K, Finite, Frozen
from landscapes.games import GAMES
from landscapes.surfaces import SURFACES
from optim_core.layers import Layer
from optim_core.spec import OptimizerSpec, SyncMomentum
from optim_core.theory import Axis, NoisyQuadratic, ParameterGrid

Instrument = Literal["stability", "noise", "regularization", "rate"]
AxisName = Literal["lr", "k_1", "alpha_1", "k_2", "alpha_2"]
LinearBase = Literal["sgd", "momentum", "nesterov"]
Scenario = Literal["ravine", "bowl", "matyas", "booth", "bilinear", "quadratic"]

CELLS = 41  # along an axis: as many as can be told apart and clicked, and simulated in a second
MAX_BATCHES = 64
MAX_POWER = 16  # of two, the longest run of the rate experiment


class TheoryConfig(Frozen):
    """Everything that the Theory page shows."""

    v: Literal[1] = 1
    instrument: Instrument = "stability"
    depth: int = Field(2, ge=0, le=4)
    k_1: int = Field(5, ge=1, le=MAX_K)
    k_2: int = Field(5, ge=1, le=MAX_K)
    k_3: int = Field(5, ge=1, le=MAX_K)
    k_4: int = Field(5, ge=1, le=MAX_K)
    alpha_1: Finite = Field(0.5, ge=0, le=1)
    alpha_2: Finite = Field(0.5, ge=0, le=1)
    alpha_3: Finite = Field(0.5, ge=0, le=1)
    alpha_4: Finite = Field(0.5, ge=0, le=1)
    base: LinearBase = "sgd"
    momentum: Finite = Field(0.9, ge=0, lt=1)
    sync_momentum: SyncMomentum = "keep"
    seed: int = Field(0, ge=0, le=2**31 - 1)
    # factor and stability
    scenario: Scenario = "ravine"
    epsilon: Finite = Field(0.1, ge=0, le=1)
    alternating: bool = False
    lr: Finite = Field(0.102, gt=0, le=1000)
    x: AxisName = "k_1"
    y: AxisName = Field("lr", validate_default=True)
    lr_low: Finite = Field(0.09, gt=0, le=1000)
    lr_high: Finite = Field(0.11, gt=0, le=1000, validate_default=True)
    k_high: int = Field(24, ge=2, le=200)
    simulate: bool = True
    # noise
    h: Finite = Field(0.5, gt=0, le=1000)
    sigma: Finite = Field(1.0, ge=0, le=1000)
    noise_lr: Finite = Field(0.1, gt=0, le=1000)
    seeds: int = Field(10_000, ge=100, le=100_000)
    # implicit regularization
    surface: str = "equal_wells"
    batches: int = Field(25, ge=2, le=MAX_BATCHES)
    spread: Finite = Field(0.7, ge=0, le=10)
    epoch_lr: Finite = Field(0.05, gt=0, le=10)
    at_x: Finite | None = None
    at_y: Finite | None = None
    epochs: int = Field(12, ge=1, le=100)
    orders: int = Field(512, ge=16, le=8192)
    # convergence rate
    c: Finite = Field(0.5, gt=0, le=100)
    rate_sigma: Finite = Field(1.0, ge=0, le=100)
    power: int = Field(14, ge=9, le=MAX_POWER)
    rate_seeds: int = Field(32, ge=4, le=512)
    equal_effective: bool = False

    @field_validator("surface")
    @classmethod
    def _known(cls, value: str) -> str:
        if value not in SURFACES:
            raise ValueError(f"no such surface; choose one of {', '.join(SURFACES)}")
        return value

    @field_validator("lr_high")
    @classmethod
    def _above_low(cls, value: float, info: ValidationInfo) -> float:
        low = info.data.get("lr_low", 0.0)
        if value <= low:
            raise ValueError(f"must be above the lr that the map starts at, {low:g}")
        return value

    @field_validator("y")
    @classmethod
    def _another_axis(cls, value: str, info: ValidationInfo) -> str:
        if value == info.data.get("x"):
            raise ValueError("must be another parameter than the horizontal axis")
        return value

    @property
    def layers(self) -> tuple[Layer, ...]:
        """The stack, innermost first."""
        return tuple(Layer(getattr(self, f"k_{i}"), getattr(self, f"alpha_{i}")) for i in range(1, self.depth + 1))

    def spec(self, depth: int | None = None, *, lr: float, equal_effective: bool = False) -> OptimizerSpec:
        """The innermost `depth` layers around the base at this lr, or at lr / Π α where that is possible."""
        layers = self.layers[: self.depth if depth is None else depth]
        shrink = float(np.prod([layer.alpha for layer in layers])) if equal_effective else 1.0
        return OptimizerSpec(
            name=stack_name(layers),
            base=self.base,
            lr=lr / shrink if shrink else lr,
            layers=layers,
            momentum=self.momentum,
            sync_momentum=self.sync_momentum,
            alternating=self.instrument == "stability" and self.is_game and self.alternating,
        )

    @property
    def jacobian(self) -> tuple[tuple[float, ...], ...]:
        """Of the linear field that the stability instrument looks at."""
        if self.scenario in ("bilinear", "quadratic"):
            epsilon = self.epsilon if self.scenario == "quadratic" else 0.0
            return (epsilon, 1.0), (-1.0, epsilon)
        steep, flat = SURFACES[self.scenario].curvature or (1.0, 1.0)
        return (steep, 0.0), (0.0, flat)

    @property
    def has_velocity(self) -> bool:
        """Whether the state is position and velocity, so that matrices take the place of factors."""
        return self.base != "sgd" and self.momentum > 0

    @property
    def is_game(self) -> bool:
        """Whether the stability instrument looks at a game rather than a surface."""
        return self.scenario in GAMES

    @property
    def missing_layer(self) -> int:
        """The layer that an axis of the map varies and the stack does not have; 0 if there is none."""
        return max(
            [axis.layer for axis in (self._axis(self.x, 2), self._axis(self.y, 2)) if axis.layer > self.depth] or [0]
        )

    def grid(self, detail: int = 1) -> ParameterGrid:
        """The cells of the map; `detail` times as many along an axis that is not a k.

        Raises:
            ValueError: an axis varies a layer that the stack does not have.
        """
        points = detail * (CELLS - 1) + 1
        return ParameterGrid(self.spec(lr=self.lr), self._axis(self.x, points), self._axis(self.y, points))

    def _axis(self, name: AxisName, points: int) -> Axis:
        if name == "lr":
            return Axis(name, tuple(np.linspace(self.lr_low, self.lr_high, points).tolist()))
        if name.startswith("k"):
            return Axis(name, tuple(range(1, self.k_high + 1)))
        return Axis(name, tuple(np.linspace(0.0, 1.0, points).tolist()))

    def at_cell(self, cell: OptimizerSpec) -> TheoryConfig:
        """This config with a cell's lr, k and α in place of its own."""
        values: dict[str, float] = {"lr": cell.lr}
        for number, layer in enumerate(cell.layers, start=1):
            values |= {f"k_{number}": layer.k, f"alpha_{number}": layer.alpha}
        return self.model_copy(update=values)

    @property
    def problem(self) -> NoisyQuadratic:
        """Of the noise instrument."""
        return NoisyQuadratic(self.h, self.sigma)

    @property
    def start(self) -> tuple[float, float]:
        """Of the regularization instrument: the surface's customary start unless another is set."""
        x, y = SURFACES[self.surface].start
        return (x if self.at_x is None else self.at_x, y if self.at_y is None else self.at_y)


def stack_name(layers: tuple[Layer, ...]) -> str:
    """A stack as legends name it: SGD, 1 layer, 2 layers."""
    return {0: "no layers", 1: "1 layer"}.get(len(layers), f"{len(layers)} layers")
