"""The config of the Theory page: one stack of layers, and four instruments."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal, Self

import numpy as np
from pydantic import Field, ValidationInfo, field_validator

from app.state.base import Finite, Frozen, Migration, PageConfig, Seed, Settings
from app.state.layers import FIVE, MAX_LAYERS, Layers, config_layers, library_layers
from landscapes.games import GAMES
from landscapes.surfaces import SURFACES
from optim_core.layers import Layer
from optim_core.spec import OptimizerSpec, SyncMomentum
from optim_core.theory import Axis, NoisyQuadratic, ParameterGrid, effective_lr

Instrument = Literal["stability", "noise", "regularization", "rates"]
AxisName = Literal["lr", "k_1", "alpha_1", "k_2", "alpha_2", "mu_1", "mu_2"]
LinearBase = Literal["sgd", "momentum", "nesterov"]
Scenario = Literal["ravine", "bowl", "matyas", "booth", "bilinear", "quadratic"]
Lr = Annotated[Finite, Field(gt=0, le=1000)]

INSTRUMENTS = {
    "stability": "Factor and stability",
    "noise": "Noise",
    "regularization": "Implicit regularization",
    "rates": "Convergence rate",
}
CELLS = 41  # along an axis: large enough to be clicked, and simulated in a second
MOST_MU = 0.98  # of an axis
MAX_BATCHES = 64
MAX_POWER = 16  # of two, the longest run of the rate experiment


class Stability(Frozen):
    """Factor and stability: a linear field, and the map of two parameters."""

    scenario: Scenario = "ravine"
    epsilon: Finite = Field(0.1, ge=0, le=1)
    alternating: bool = False
    lr: Lr = 0.102
    x: AxisName = "k_1"
    y: AxisName = Field("lr", validate_default=True)
    lr_low: Lr = 0.09
    lr_high: Lr = Field(0.11, validate_default=True)
    k_high: int = Field(24, ge=2, le=200)
    simulate: bool = True

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
    def is_game(self) -> bool:
        """Whether this looks at a game rather than a surface."""
        return self.scenario in GAMES

    @property
    def jacobian(self) -> tuple[tuple[float, ...], ...]:
        """Of the linear field."""
        if self.is_game:
            epsilon = self.epsilon if self.scenario == "quadratic" else 0.0
            return (epsilon, 1.0), (-1.0, epsilon)
        steep, flat = SURFACES[self.scenario].curvature or (1.0, 1.0)
        return (steep, 0.0), (0.0, flat)

    def axis(self, name: AxisName, points: int) -> Axis:
        """`points` values along an axis of the map; of a k, every one."""
        if name == "lr":
            return Axis(name, tuple(np.linspace(self.lr_low, self.lr_high, points).tolist()))
        if name.startswith("k"):
            return Axis(name, tuple(range(1, self.k_high + 1)))
        return Axis(name, tuple(np.linspace(0.0, MOST_MU if name.startswith("mu") else 1.0, points).tolist()))


class Noise(Frozen):
    """Steady-state variance on ½hx² with gradient noise of deviation sigma, over so many seeds."""

    h: Finite = Field(0.5, gt=0, le=1000)
    sigma: Finite = Field(1.0, ge=0, le=1000)
    lr: Lr = 0.1
    seeds: int = Field(10_000, ge=100, le=100_000)

    @property
    def problem(self) -> NoisyQuadratic:
        """The objective with its noise."""
        return NoisyQuadratic(self.h, self.sigma)


class Regularization(Frozen):
    """Implicit regularization: a surface with mini-batches that shift it."""

    surface: str = "equal_wells"
    batches: int = Field(25, ge=2, le=MAX_BATCHES)
    spread: Finite = Field(0.7, ge=0, le=10)
    lr: Finite = Field(0.05, gt=0, le=10)
    at_x: Finite | None = None
    at_y: Finite | None = None
    epochs: int = Field(12, ge=1, le=100)
    orders: int = Field(512, ge=16, le=8192)

    @field_validator("surface")
    @classmethod
    def _is_a_surface_key(cls, value: str) -> str:
        if value not in SURFACES:
            raise ValueError(f"no such surface; choose one of {', '.join(SURFACES)}")
        return value

    @property
    def start(self) -> tuple[float, float]:
        """The surface's customary start unless another is set."""
        x, y = SURFACES[self.surface].start
        return (x if self.at_x is None else self.at_x, y if self.at_y is None else self.at_y)


class Rates(Frozen):
    """Convergence rates: lr = c/√T for T up to 2^power."""

    c: Finite = Field(0.5, gt=0, le=100)
    sigma: Finite = Field(1.0, ge=0, le=100)
    power: int = Field(14, ge=9, le=MAX_POWER)
    seeds: int = Field(32, ge=4, le=512)
    equal_effective: bool = False


NEW_PATHS = {  # from version 1, where the names of all instruments stood side by side, to version 2
    **{name: f"stability.{name}" for name in Stability.model_fields},
    **{name: f"noise.{name}" for name in ("h", "sigma", "seeds")},
    **{name: f"regularization.{name}" for name in Regularization.model_fields if name != "lr"},
    **{name: f"rates.{name}" for name in ("c", "power", "equal_effective")},
    "noise_lr": "noise.lr",
    "epoch_lr": "regularization.lr",
    "rate_sigma": "rates.sigma",
    "rate_seeds": "rates.seeds",
}


def _in_parts(old: Settings) -> Settings:
    """Settings of version 1 as those of version 2."""
    new = {name: value for name, value in old.items() if name not in NEW_PATHS and not _of_a_layer(name)}
    for name in old.keys() & NEW_PATHS.keys():
        part, _, field = NEW_PATHS[name].partition(".")
        so_far = new.get(part)
        new[part] = {**(so_far if isinstance(so_far, dict) else {}), field: old[name]}
    if any(map(_of_a_layer, old)):
        new["layers"] = _layers_text(old)
    if new.get("instrument") == "rate":
        new["instrument"] = "rates"
    return new


def _of_a_layer(name: str) -> bool:
    return name == "depth" or name in {f"{part}_{level}" for part in ("k", "alpha") for level in range(1, 5)}


def _layers_text(old: Settings) -> str:
    """depth, k_1, alpha_1, ... as in links of version 2; an invalid depth is kept, so that it is refused later."""
    depth = str(old.get("depth", 2))
    if depth not in map(str, range(MAX_LAYERS + 1)):
        return f"depth {depth}"
    pairs = (f"{old.get(f'k_{n}', 5)}:{old.get(f'alpha_{n}', 0.5)}" for n in range(1, int(depth) + 1))
    return ",".join(pairs) or "none"


class TheoryConfig(PageConfig):
    """Everything that the Theory page shows."""

    MIGRATIONS: ClassVar[dict[str, Migration]] = {"1": ("2", _in_parts)}

    v: Literal[2] = 2
    instrument: Instrument = "stability"
    layers: Layers = (FIVE, FIVE)
    base: LinearBase = "sgd"
    momentum: Finite = Field(0.9, ge=0, lt=1)
    sync_momentum: SyncMomentum = "keep"
    seed: Seed = 0
    stability: Stability = Stability()
    noise: Noise = Noise()
    regularization: Regularization = Regularization()
    rates: Rates = Rates()

    def with_part(self, part: Instrument, **settings: Any) -> Self:
        """This config with other settings of one instrument."""
        instrument: Frozen = getattr(self, part).model_copy(update=settings)
        return self.model_copy(update={part: instrument})

    def with_layer(self, level: int, **settings: float) -> Self:
        """This config with another k, alpha or outer_momentum of the layer at this level."""
        layers = list(self.layers)
        layers[level - 1] = layers[level - 1].model_copy(update=settings)
        return self.model_copy(update={"layers": tuple(layers)})

    @property
    def depth(self) -> int:
        """The number of layers."""
        return len(self.layers)

    @property
    def stack(self) -> tuple[Layer, ...]:
        """The layers for the library, innermost first."""
        return library_layers(self.layers)

    @property
    def outermost(self) -> Layer:
        """The outermost layer of the stack, which has one."""
        return self.stack[-1]

    def spec(self, depth: int | None = None, *, lr: float, equal_effective: bool = False) -> OptimizerSpec:
        """The innermost `depth` layers around the base at this lr, or at this effective lr where that is possible."""
        layers = self.stack[: self.depth if depth is None else depth]
        shrink = effective_lr(1.0, layers) if equal_effective else 1.0
        return OptimizerSpec(
            name=stack_name(layers),
            base=self.base,
            lr=lr / shrink if shrink else lr,
            layers=layers,
            momentum=self.momentum,
            sync_momentum=self.sync_momentum,
            alternating=self.instrument == "stability" and self.stability.is_game and self.stability.alternating,
        )

    @property
    def has_outer_momentum(self) -> bool:
        """Whether a layer has momentum of its own, which then belongs to the state."""
        return any(layer.outer_momentum for layer in self.layers)

    @property
    def has_velocity(self) -> bool:
        """Whether the state is position and velocity, which needs matrices in place of factors."""
        return self.base != "sgd" and self.momentum > 0

    @property
    def missing_layer(self) -> int:
        """The layer that an axis of the map varies and the stack does not have; 0 if there is none."""
        axes = (self.stability.axis(name, 2) for name in (self.stability.x, self.stability.y))
        return max([axis.layer for axis in axes if axis.layer > self.depth], default=0)

    @property
    def current_point(self) -> tuple[float, float]:
        """This config's point on the map; needs every layer that an axis varies."""
        return self._along(self.stability.x), self._along(self.stability.y)

    def _along(self, name: AxisName) -> float:
        if name == "lr":
            return self.stability.lr
        part, level = name.split("_")
        return float(getattr(self.layers[int(level) - 1], "outer_momentum" if part == "mu" else part))

    def grid(self, detail: int = 1) -> ParameterGrid:
        """The cells of the map; `detail` times as many along an axis that is not a k.

        Raises:
            ValueError: an axis varies a layer that the stack does not have.
        """
        points = detail * (CELLS - 1) + 1
        axes = (self.stability.axis(name, points) for name in (self.stability.x, self.stability.y))
        return ParameterGrid(self.spec(lr=self.stability.lr), *axes)

    def at_cell(self, cell: OptimizerSpec) -> Self:
        """This config with a cell's lr, k and α in place of its own."""
        return self.model_copy(update={"layers": config_layers(cell.layers)}).with_part("stability", lr=cell.lr)


def stack_name(layers: tuple[Layer, ...]) -> str:
    """A stack's name in legends: no layers, 1 layer, 2 layers."""
    return {0: "no layers", 1: "1 layer"}.get(len(layers), f"{len(layers)} layers")
