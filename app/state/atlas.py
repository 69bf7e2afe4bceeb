"""The config of the Atlas page: a study of two settings around one optimizer, on a surface, a game or a task."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, Literal, Self

from pydantic import Field, ValidationInfo, field_validator

from app.state.axes import (
    LIMITS,
    AxisName,
    Further,
    FurtherAxis,
    axis_of,
    check_limits,
    draws_of,
    problem_for_task,
    problem_of_entry,
    problem_of_further,
    title_of,
)
from app.state.base import Finite, PageConfig, Seed
from app.state.cards import MAX_LR, Card
from app.state.games import GameCard, GamesConfig, checked_parameter
from app.state.gans import GanCard, GansConfig
from app.state.layers import FIVE, Layers, config_layers
from app.state.networks import MAX_SEEDS, MAX_TRAINING_STEPS, NetworkCard, NetworksConfig
from app.state.objectives import (
    OBJECTIVES,
    STUDIED_TASKS,
    customary_axis,
    landscape_of,
    networks_of,
    own_base,
    own_lr,
    own_noise,
    own_seeds,
    own_setting,
    own_steps,
    settings_of_task,
    task_with,
    title_of_task,
)
from app.state.starts import MAX_STARTS, check_inside
from app.state.surfaces import MAX_STEPS, NoiseKind, SurfacesConfig
from landscapes.games import GAMES, Game
from landscapes.surfaces import SURFACES, Surface
from landscapes.tasks import ClassifierTask, GanTask, Task
from optim_core.spec import BASES, METHODS, BaseName, MethodName, OptimizerSpec, SyncMomentum
from optim_core.study import Axis, Objective, SampledStudy, Study
from optim_core.study.axis import problem_for, problem_of_log, problem_of_range

Quantity = Literal["mean", "median", "spread", "diverged"]
Data = dict[str, Any]
"""The fields of a config that were validated so far."""

MAX_POINTS, MAX_SAMPLE = 512, 4_096
SIDES = ("across", "up")
LEAST_TRAINING = 10  # base steps, as on the pages of trainings


def _own(of_objective: Callable[[str], Any]) -> Any:
    """A field's default: the objective's own."""
    return lambda data: of_objective(data.get("objective", "bowl"))


def _of_axis(side: str, part: str) -> Any:
    """A field's default: what is customary for the axis on this side."""
    return lambda data: customary_axis(data.get(side, "lr"), data)[part]


def _axis_field(side: str, part: str, title: str, **bounds: Any) -> Any:
    return Field(default_factory=_of_axis(side, part), title=title, validate_default=True, **bounds)


class AtlasConfig(PageConfig):
    """Everything that the Atlas page shows.

    sample: so many points over the ranges of the axes, and of `further` ones, in place of a grid; 0 for a grid.
    at_x, at_y: the start, where it is not the objective's own.
    network, batch_size, label_noise: of a task, where it has them.
    seed: of the noise; of a task the first of its seeds of weights and batches.
    """

    v: Literal[1] = 1
    objective: str = "bowl"
    parameter: Finite | None = Field(None, validate_default=True)
    at_x: Finite | None = None
    at_y: Finite | None = None
    network: str | None = Field(None, validate_default=True)
    batch_size: int | None = Field(None, validate_default=True, ge=1)
    label_noise: Finite | None = Field(None, validate_default=True, ge=0, le=1, title="wrong labels")
    base: Literal[BaseName, MethodName] = Field(default_factory=_own(own_base))
    base_lr: Finite = Field(default_factory=own_lr, gt=0, le=MAX_LR)
    momentum: Finite = Field(0.9, ge=0, lt=1)
    sync_momentum: SyncMomentum = "keep"
    alternating: bool = False
    layers: Layers = (FIVE,)
    noise: NoiseKind = Field(default_factory=_own(lambda objective: own_noise(objective)[0]))
    noise_scale: Finite = Field(default_factory=_own(lambda objective: own_noise(objective)[1]), ge=0, le=1000)
    noise_freedom: Finite = Field(3.0, gt=0, le=1000)
    noise_batches: int = Field(10, ge=2, le=100)
    noise_replacement: bool = False
    seed: Seed = 0
    seeds: int = Field(default_factory=_own(own_seeds), ge=1, le=LIMITS.study_seeds)
    steps: int = Field(default_factory=_own(own_steps), ge=1, le=MAX_STEPS)
    sample: int = Field(0, ge=0, le=MAX_SAMPLE, title="points of a sample")
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
    further: Further = Field((), title="further axes")
    quantity: Quantity = "mean"

    @field_validator("objective")
    @classmethod
    def _is_an_objective(cls, value: str) -> str:
        if value not in OBJECTIVES:
            raise ValueError(f"no such objective; choose one of {', '.join(OBJECTIVES)}")
        return value

    @field_validator("parameter")
    @classmethod
    def _of_the_game(cls, value: float | None, info: ValidationInfo) -> float | None:
        key = info.data.get("objective", "bowl")
        if key not in GAMES:
            if value is not None:
                what = "surface" if key in SURFACES else "network"
                raise ValueError(f"a {what} has no parameter: leave it out or choose a game that has one")
            return None
        parameter = GAMES[key].parameter
        return parameter.value if value is None and parameter is not None else checked_parameter(value, GAMES[key])

    @field_validator("at_x", "at_y")
    @classmethod
    def _inside(cls, value: float | None, info: ValidationInfo) -> float | None:
        objective = info.data.get("objective", "bowl")
        if value is not None and objective in STUDIED_TASKS:
            raise ValueError("a network has no start of its own: leave it out, its weights have their seed")
        if value is not None:
            landscape = landscape_of(objective)
            x, y = landscape.start
            check_inside((value, y) if info.field_name == "at_x" else (x, value), landscape.domain, "here")
        return value

    @field_validator("network", "batch_size", "label_noise")
    @classmethod
    def _of_the_task(cls, value: Any, info: ValidationInfo) -> Any:
        name, objective = str(info.field_name), info.data.get("objective", "bowl")
        own = own_setting(name, objective)
        if value is None or own is None:
            if value is not None:
                title = title_of(name)
                raise ValueError(f"this objective has no {title}: leave it out or choose a task that has one")
            return own
        if name == "network" and value not in networks_of(objective):
            raise ValueError(f"no such network here; choose one of {', '.join(networks_of(objective))}")
        problem = problem_for_task(name, value, info.data)
        if problem:
            raise ValueError(problem)
        return value

    @field_validator("base")
    @classmethod
    def _suits_the_objective(cls, value: str, info: ValidationInfo) -> str:
        if value in METHODS and info.data.get("objective") not in GAMES:
            raise ValueError(f"{value} is a method for games: choose a game, or a base of {', '.join(BASES)}")
        return value

    @field_validator("noise")
    @classmethod
    def _suits_the_game(cls, value: str, info: ValidationInfo) -> str:
        if value == "minibatch" and info.data.get("objective") in GAMES:
            raise ValueError("a game has no mini-batches: choose another noise or a surface")
        if value != "none" and info.data.get("objective") in STUDIED_TASKS:
            raise ValueError("a network has the noise of its batches: choose none, or a surface or a game")
        return value

    @field_validator("steps")
    @classmethod
    def _suit_a_training(cls, value: int, info: ValidationInfo) -> int:
        if info.data.get("objective") in STUDIED_TASKS:
            if value < LEAST_TRAINING:
                raise ValueError(f"a training has at least {LEAST_TRAINING} base steps: write a larger number")
            if value > MAX_TRAINING_STEPS:
                raise ValueError(f"a training has at most {MAX_TRAINING_STEPS:,} base steps: write a smaller number")
        return value

    @field_validator("across", "up")
    @classmethod
    def _is_a_setting(cls, value: str, info: ValidationInfo) -> str:
        if info.field_name == "up" and value == info.data.get("across"):
            raise ValueError(f"must be another setting than the horizontal axis, {value}: choose another axis")
        if {"base", "layers", "noise"} <= info.data.keys():
            problem = problem_for(value, _spec(info.data), info.data["noise"], _task_settings(info.data))
            if problem:
                raise ValueError(problem)
        return value

    @field_validator("across_low", "across_high", "up_low", "up_high")
    @classmethod
    def _is_in_range(cls, value: float, info: ValidationInfo) -> float:
        side, _, end = (info.field_name or "").partition("_")
        name, low = info.data.get(side, ""), info.data.get(f"{side}_low", -math.inf)
        problem = problem_of_entry(name, value, info.data) if name else ""
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
        if all(name in data for name in cls.model_fields if name not in ("further", "quantity")):
            check_limits(data)
        return value

    @field_validator("further")
    @classmethod
    def _are_further_axes(cls, value: tuple[FurtherAxis, ...], info: ValidationInfo) -> tuple[FurtherAxis, ...]:
        names = {info.data.get(side) for side in SIDES}
        for axis in value:
            if axis.name in names:
                raise ValueError(f"{axis.name} varies on another axis already: choose another one")
            names.add(axis.name)
            if {"base", "layers", "noise"} <= info.data.keys():
                problem = problem_for(axis.name, _spec(info.data), info.data["noise"], _task_settings(info.data))
                if problem := problem or problem_of_further(axis, info.data):
                    raise ValueError(problem)
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
    def task(self) -> Task | None:
        """The task; None for a surface or a game."""
        return task_with(self.__dict__)

    @property
    def title(self) -> str:
        """The objective's name."""
        task = self.task
        return self.landscape.name if task is None else title_of_task(self.objective, task, self.varied)

    @property
    def teaches(self) -> str:
        """A line on the objective."""
        entry = STUDIED_TASKS.get(self.objective)
        return f"{entry.teaches[0].upper()}{entry.teaches[1:]}." if entry else self.landscape.teaches

    @property
    def start(self) -> tuple[float, float]:
        """Where every run on a surface or in a game begins."""
        x, y = landscape_of(self.objective).start
        return (x if self.at_x is None else self.at_x, y if self.at_y is None else self.at_y)

    @property
    def varied(self) -> tuple[str, ...]:
        """What the axes vary."""
        return (self.across, self.up, *(axis.name for axis in self.further * bool(self.sample)))

    @property
    def draws(self) -> int:
        """Draws of the noise in every cell, one where there is none; of a task its seeds."""
        return draws_of(self.__dict__)

    def alike(self, other: PageConfig) -> bool:
        """Whether both are the same study, whatever is shown of it."""
        return other.model_copy(update={"quantity": self.quantity}) == self

    def axis(self, side: str) -> Axis:
        """The axis on a side, "across" or "up"."""
        return axis_of(self.__dict__, side)

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
        sides = self.axis("across"), self.axis("up")
        if not self.sample:
            return Study(self._objective(), self.spec(), *sides, self.draws, self.steps)
        further = tuple(axis.axis() for axis in self.further)
        return SampledStudy(self._objective(), self.spec(), *sides, self.draws, self.steps, further, self.sample)

    def _objective(self) -> Objective:
        if (task := self.task) is not None:
            parameters = tuple(task.describe().items())
            return Objective(task.kind, self.objective, (), parameters=parameters, seed=self.seed)
        return Objective(
            kind="game" if self.is_game else "surface",
            name=self.objective,
            start=self.start,
            parameters=() if self.parameter is None else (("parameter", self.parameter),),
            noise=self.noise,
            noise_scale=self.noise_scale if self.noise != "none" else 0.0,
            noise_settings=self._noise_settings(),
            seed=self.seed if self.noise != "none" else 0,
        )

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

    def opened(self, cell: int) -> tuple[str, Any] | None:
        """The page that shows a cell's very runs, by its key, and that page's config; None where no page does."""
        study = self.study()
        if self.task is None:
            key = "games" if self.is_game else "surfaces"
            return key, self.page_run(study.specs[cell], study.noise_scales[cell])
        task = task_with(self.__dict__ | study.task_parameters[cell] | {"objective": self.objective})
        return None if task is None else self._opened_training(task, study.specs[cell])

    def _opened_training(self, task: Task, spec: OptimizerSpec) -> tuple[str, Any] | None:
        settings: Data = {"seed": self.seed, "seeds": min(self.seeds, MAX_SEEDS), "steps": self.steps}
        card: Data = {"layers": config_layers(spec.layers), "base": spec.base, "lr": spec.lr}
        card |= {"momentum": spec.momentum, "sync_momentum": spec.sync_momentum}
        if isinstance(task, GanTask):
            cards = (GanCard(**card, generator_base=spec.base, generator_lr=spec.lr),)
            names = ("dataset", "objective", "batch_size")
            return "gans", GansConfig(cards=cards, **settings, **{name: getattr(task, name) for name in names})
        if isinstance(task, ClassifierTask):
            of_task = ("dataset", "network", "train_size", "label_noise", "batch_size", "augmentation", "split_seed")
            settings |= {name: getattr(task, name) for name in of_task}
            return "networks", NetworksConfig(cards=(NetworkCard(**card),), **settings)
        return None


def _spec(data: Mapping[str, Any]) -> OptimizerSpec:
    """The optimizer as the card of its page describes it."""
    names = ("base", "momentum", "sync_momentum", "layers")
    settings = {name: data[name] for name in names if name in data} | {"lr": data.get("base_lr", 0.01)}
    if data.get("objective") in GAMES:
        return GameCard(**settings, alternating=bool(data.get("alternating"))).spec()
    task = task_with(data)
    card = Card if task is None else GanCard if isinstance(task, GanTask) else NetworkCard
    return card(**settings).spec()


def _task_settings(data: Mapping[str, Any]) -> tuple[str, ...] | None:
    task = task_with(data)
    return None if task is None else settings_of_task(task)
