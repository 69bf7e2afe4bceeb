"""The config of the Atlas page: a study of two settings around one optimizer, on a surface or a game."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Literal, Self

from pydantic import Field, ValidationInfo, field_validator

from app.state.base import Finite, PageConfig, Seed
from app.state.cards import MAX_LR, Card
from app.state.games import GameCard, GamesConfig, checked_parameter
from app.state.layers import FIVE, MAX_K, Layers, config_layers
from app.state.limits import current_limits
from app.state.starts import MAX_STARTS, check_inside
from app.state.surfaces import MAX_STEPS, NoiseKind, SurfacesConfig
from landscapes.games import GAMES, Game
from landscapes.surfaces import SURFACES, Surface
from optim_core.spec import BASES, METHODS, BaseName, MethodName, OptimizerSpec, SyncMomentum
from optim_core.study import Axis, Objective, Study
from optim_core.study.axis import kind_of, layer_of, problem_for, problem_of_end, problem_of_log, problem_of_range

AxisName = Literal[
    "lr", "k_1", "alpha_1", "mu_1", "k_2", "alpha_2", "mu_2", "k_3", "alpha_3", "mu_3", "k_4", "alpha_4", "mu_4",
    "depth", "momentum", "noise_scale",
]  # fmt: skip
Quantity = Literal["mean", "median", "spread", "diverged"]
Data = dict[str, Any]
"""The fields of a config that were validated so far."""

LIMITS = current_limits()
MAX_POINTS, MILLION = 512, 1_000_000
BELOW, ABOVE = 15.0, 8.0  # the customary axis of the lr reaches so far below and above the objective's own
SIDES = ("across", "up")
LR_POINTS, SCALE_POINTS = 48, 41
CUSTOMARY: dict[str, tuple[float, float, int]] = {  # ends and points of an axis that is chosen
    "k": (1.0, 32.0, 32), "alpha": (0.05, 1.0, 39), "mu": (0.0, 0.95, 39), "momentum": (0.0, 0.95, 39),
}  # fmt: skip
SYMBOLS, SUBSCRIPT = {"k": "k", "alpha": "α", "mu": "μ"}, "₀₁₂₃₄"
TITLES = {"depth": "layers", "noise_scale": "noise scale"}
MOST = {"lr": MAX_LR, "k": float(MAX_K), "noise_scale": 1000.0}  # as on the page that a cell is opened on


def title_of(name: str) -> str:
    """What an axis is called on the screen."""
    kind, layer = kind_of(name), layer_of(name)
    return f"{SYMBOLS[kind]}{SUBSCRIPT[layer]}" if layer else TITLES.get(name, name)


def landscape_of(objective: str) -> Surface | Game:
    """The surface or the game of a key."""
    return SURFACES[objective] if objective in SURFACES else GAMES[objective]


def customary_axis(name: str, data: Mapping[str, Any]) -> dict[str, Any]:
    """Ends, points and scale of an axis of this name, for the objective and the layers of a config."""
    kind = kind_of(name)
    if kind == "lr":
        lr = landscape_of(data.get("objective", "bowl")).lr
        ends = (float(f"{lr / BELOW:.2g}"), float(f"{lr * ABOVE:.2g}"), LR_POINTS)
    elif kind == "depth":
        depth = max(1, len(data.get("layers", ())))
        ends = (0.0, float(depth), depth + 1)
    elif kind == "noise_scale":
        ends = (0.0, 2 * data.get("noise_scale", 1.0) or 1.0, SCALE_POINTS)
    else:
        ends = CUSTOMARY[kind]
    return {"low": ends[0], "high": ends[1], "points": ends[2], "log": kind == "lr"}


def _of_axis(side: str, part: str) -> Any:
    """A field's default: what is customary for the axis on this side."""
    return lambda data: customary_axis(data.get(side, "lr"), data)[part]


def _axis_field(side: str, part: str, title: str, **bounds: Any) -> Any:
    return Field(default_factory=_of_axis(side, part), title=title, validate_default=True, **bounds)


class AtlasConfig(PageConfig):
    """Everything that the Atlas page shows. `at_x`, `at_y`: the start, where it is not the objective's own."""

    v: Literal[1] = 1
    objective: str = "bowl"
    parameter: Finite | None = Field(None, validate_default=True)
    at_x: Finite | None = None
    at_y: Finite | None = None
    base: Literal[BaseName, MethodName] = "sgd"
    base_lr: Finite = Field(
        default_factory=lambda data: landscape_of(data.get("objective", "bowl")).lr, gt=0, le=MAX_LR
    )
    momentum: Finite = Field(0.9, ge=0, lt=1)
    sync_momentum: SyncMomentum = "keep"
    alternating: bool = False
    layers: Layers = (FIVE,)
    noise: NoiseKind = Field(
        default_factory=lambda data: "gaussian" if landscape_of(data.get("objective", "bowl")).noise_scale else "none"
    )
    noise_scale: Finite = Field(
        default_factory=lambda data: landscape_of(data.get("objective", "bowl")).noise_scale or 1.0, ge=0, le=1000
    )
    noise_freedom: Finite = Field(3.0, gt=0, le=1000)
    noise_batches: int = Field(10, ge=2, le=100)
    noise_replacement: bool = False
    seed: Seed = 0
    seeds: int = Field(8, ge=1, le=LIMITS.study_seeds)
    steps: int = Field(500, ge=1, le=MAX_STEPS)
    across: AxisName = Field("lr", title="horizontal axis")
    across_log: bool = _axis_field("across", "log", "logarithmic horizontal axis")
    across_low: Finite = _axis_field("across", "low", "horizontal axis, from")
    across_high: Finite = _axis_field("across", "high", "horizontal axis, to")
    across_points: int = _axis_field("across", "points", "horizontal points", ge=2, le=MAX_POINTS)
    up: AxisName = Field("k_1", title="vertical axis", validate_default=True)
    up_log: bool = _axis_field("up", "log", "logarithmic vertical axis")
    up_low: Finite = _axis_field("up", "low", "vertical axis, from")
    up_high: Finite = _axis_field("up", "high", "vertical axis, to")
    up_points: int = _axis_field("up", "points", "vertical points", ge=2, le=MAX_POINTS)
    quantity: Quantity = "mean"

    @field_validator("objective")
    @classmethod
    def _is_an_objective(cls, value: str) -> str:
        if value not in SURFACES and value not in GAMES:
            raise ValueError(f"no such objective; choose one of {', '.join([*SURFACES, *GAMES])}")
        return value

    @field_validator("parameter")
    @classmethod
    def _of_the_game(cls, value: float | None, info: ValidationInfo) -> float | None:
        key = info.data.get("objective", "bowl")
        if key in SURFACES:
            if value is not None:
                raise ValueError("a surface has no parameter: leave it out or choose a game that has one")
            return None
        parameter = GAMES[key].parameter
        return parameter.value if value is None and parameter is not None else checked_parameter(value, GAMES[key])

    @field_validator("at_x", "at_y")
    @classmethod
    def _inside(cls, value: float | None, info: ValidationInfo) -> float | None:
        landscape = landscape_of(info.data.get("objective", "bowl"))
        if value is not None:
            x, y = landscape.start
            check_inside((value, y) if info.field_name == "at_x" else (x, value), landscape.domain, "here")
        return value

    @field_validator("base")
    @classmethod
    def _suits_the_objective(cls, value: str, info: ValidationInfo) -> str:
        if value in METHODS and info.data.get("objective") in SURFACES:
            raise ValueError(f"{value} is a method for games: choose a game, or a base of {', '.join(BASES)}")
        return value

    @field_validator("noise")
    @classmethod
    def _suits_the_game(cls, value: str, info: ValidationInfo) -> str:
        if value == "minibatch" and info.data.get("objective") in GAMES:
            raise ValueError("a game has no mini-batches: choose another noise or a surface")
        return value

    @field_validator("across", "up")
    @classmethod
    def _is_a_setting(cls, value: str, info: ValidationInfo) -> str:
        if info.field_name == "up" and value == info.data.get("across"):
            raise ValueError(f"must be another setting than the horizontal axis, {value}: choose another axis")
        if {"base", "layers", "noise"} <= info.data.keys():
            problem = problem_for(value, _spec(info.data), info.data["noise"])
            if problem:
                raise ValueError(problem)
        return value

    @field_validator("across_low", "across_high", "up_low", "up_high")
    @classmethod
    def _is_in_range(cls, value: float, info: ValidationInfo) -> float:
        side, _, end = (info.field_name or "").partition("_")
        name, low = info.data.get(side, ""), info.data.get(f"{side}_low", -math.inf)
        problem = _problem_of_end(name, value, info.data) if name else ""
        if end == "low" and info.data.get(f"{side}_log"):
            problem = problem or problem_of_log(value)
        if end == "high":
            problem = problem or problem_of_range(low, value)
        if problem:
            raise ValueError(problem)
        return value

    @field_validator("up_points")
    @classmethod
    def _is_within_the_limits(cls, value: int, info: ValidationInfo) -> int:
        data = {**info.data, "up_points": value}
        if all(name in data for name in cls.model_fields if name != "quantity"):
            _check_limits(_axis(data, "across"), _axis(data, "up"), _draws(data) * data["steps"])
        return value

    @property
    def is_game(self) -> bool:
        """Whether the objective is a game."""
        return self.objective in GAMES

    @property
    def landscape(self) -> Surface | Game:
        """The surface, or the game with its parameter."""
        landscape = landscape_of(self.objective)
        return landscape.at(self.parameter) if isinstance(landscape, Game) and self.parameter is not None else landscape

    @property
    def teaches(self) -> str:
        """A line on the objective."""
        return self.landscape.teaches

    @property
    def start(self) -> tuple[float, float]:
        """Where every run begins."""
        x, y = landscape_of(self.objective).start
        return (x if self.at_x is None else self.at_x, y if self.at_y is None else self.at_y)

    @property
    def draws(self) -> int:
        """Draws of the noise in every cell; one where there is none."""
        return _draws(self.__dict__)

    def alike(self, other: PageConfig) -> bool:
        """Whether both are the same study, whatever is shown of it."""
        return other.model_copy(update={"quantity": self.quantity}) == self

    def axis(self, side: str) -> Axis:
        """The axis on a side, "across" or "up"."""
        return _axis(self.__dict__, side)

    def swapped(self) -> Self:
        """The same study with its axes the other way round."""
        parts = ("", "_log", "_low", "_high", "_points")
        sides = {
            f"{side}{part}": getattr(self, f"{other}{part}") for part in parts for side, other in (SIDES, SIDES[::-1])
        }
        return self.model_copy(update=sides)

    def spec(self) -> OptimizerSpec:
        """The optimizer around which two settings vary."""
        return _spec(self.__dict__)

    def study(self) -> Study:
        """The study, for the library."""
        objective = Objective(
            kind="game" if self.is_game else "surface",
            name=self.objective,
            start=self.start,
            parameters=() if self.parameter is None else (("parameter", self.parameter),),
            noise=self.noise,
            noise_scale=self.noise_scale if self.noise != "none" else 0.0,
            noise_settings=self._noise_settings(),
            seed=self.seed if self.noise != "none" else 0,
        )
        return Study(objective, self.spec(), self.axis("across"), self.axis("up"), seeds=self.draws, steps=self.steps)

    def _noise_settings(self) -> tuple[tuple[str, float], ...]:
        if self.noise == "student":
            return (("freedom", self.noise_freedom),)
        if self.noise == "minibatch":
            return (("batches", self.noise_batches), ("replacement", int(self.noise_replacement)))
        return ()

    def page_run(self, spec: OptimizerSpec | None = None, noise_scale: float | None = None) -> Any:
        """The very runs of a cell on the page of its objective: a SurfacesConfig or a GamesConfig.

        A start per draw of the noise, as many as that page takes.
        """
        spec = spec or self.spec()
        settings: Data = {name: getattr(self, name) for name in ("noise", "noise_freedom", "seed", "steps")}
        settings["noise_scale"] = self.noise_scale if noise_scale is None else noise_scale
        settings["starts"] = (self.start,) * min(self.draws, MAX_STARTS)
        card: Data = {"layers": config_layers(spec.layers), "base": spec.base, "lr": spec.lr}
        card |= {"momentum": spec.momentum, "sync_momentum": spec.sync_momentum}
        if self.is_game:
            cards = (GameCard(**card, alternating=spec.alternating),)
            return GamesConfig(game=self.objective, parameter=self.parameter, cards=cards, **settings)
        settings |= {"noise_batches": self.noise_batches, "noise_replacement": self.noise_replacement}
        return SurfacesConfig(surface=self.objective, cards=(Card(**card),), **settings)


def _spec(data: Mapping[str, Any]) -> OptimizerSpec:
    """The optimizer as the card of its page describes it."""
    names = ("base", "momentum", "sync_momentum", "layers")
    settings = {name: data[name] for name in names if name in data} | {"lr": data.get("base_lr", 0.01)}
    if data.get("objective") in GAMES:
        return GameCard(**settings, alternating=bool(data.get("alternating"))).spec()
    return Card(**settings).spec()


def _axis(data: Mapping[str, Any], side: str) -> Axis:
    ends = data[f"{side}_low"], data[f"{side}_high"]
    return Axis(data[side], *ends, points=data[f"{side}_points"], log=data[f"{side}_log"])


def _draws(data: Mapping[str, Any]) -> int:
    return int(data["seeds"]) if data["noise"] != "none" else 1


def _problem_of_end(name: str, value: float, data: Mapping[str, Any]) -> str:
    """What is wrong with an end of an axis: by itself, on the page of the objective, or with these layers."""
    most = MOST.get(kind_of(name), math.inf)
    if value > most:
        return f"must be at most {most:g}: write a smaller number"
    if name == "depth" and value > len(data.get("layers", ())):
        depth = len(data.get("layers", ()))
        return f"must be at most {depth}, the layers of the optimizer: add layers, or end the axis there"
    return problem_of_end(name, value)


def _check_limits(x: Axis, y: Axis, steps: int) -> None:
    """Refuse a study beyond the limits, saying what fits; `steps` are those of all runs of a cell."""
    columns, rows = len(x.values), len(y.values)
    most_cells = min(LIMITS.study_cells, LIMITS.study_millions * MILLION // steps)
    if columns * rows <= most_cells:
        return
    across = max(2, math.isqrt(most_cells * columns // rows))
    fits = f"{across} x {max(2, most_cells // across)} points fit"
    if columns * rows > LIMITS.study_cells:
        raise ValueError(
            f"{columns} x {rows} cells are {columns * rows:,}, at most {most_cells:,} are computed: {fits}"
        )
    raise ValueError(
        f"{columns} x {rows} cells of {steps:,} base steps are {columns * rows * steps / MILLION:,.0f} million, at "
        f"most {LIMITS.study_millions:,} million are computed: {fits}, or fewer steps or seeds"
    )
