"""The config of the Games page."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar, Literal, Self, get_args

from pydantic import Field, ValidationInfo, field_validator, model_validator

from app.state.base import Finite, Seed
from app.state.cards import BASE_TITLES, Card, Cards, Comparison, default_cards
from app.state.starts import Starts, check_inside
from app.state.surfaces import MAX_STEPS
from landscapes.games import GAMES, Game
from landscapes.noise import Noise
from optim_core.spec import BASES, BaseName, MethodName, OptimizerSpec

GameNoise = Literal["none", "gaussian", "multiplicative", "student"]
LETTERS = {r"\varepsilon": "ε", r"\gamma": "γ"}
GAME_NOISES: tuple[str, ...] = get_args(GameNoise)


def checked_parameter(value: float | None, game: Game) -> float | None:
    """The same, if it can be the game's own number.

    Raises:
        ValueError: the game has none, or the value is out of its range.
    """
    if value is None:
        return None
    if game.parameter is None:
        raise ValueError("this game has no parameter")
    low, high = game.parameter.range
    if not low <= value <= high:
        raise ValueError(f"{LETTERS[game.parameter.symbol]} must be in [{low:g}, {high:g}], got {value:g}")
    return value


class GameCard(Card):
    """An optimizer of both players: they step on their own part of the field, together or in turn."""

    titles: ClassVar[dict[str, str]] = BASE_TITLES | {
        "sgd": "Descent-ascent",
        "momentum": "Descent-ascent with momentum",
        "nesterov": "Descent-ascent with Nesterov momentum",
        "extragradient": "Extragradient",
        "optimistic": "Optimistic gradient",
    }

    base: Literal[BaseName, MethodName] = "sgd"  # type: ignore[assignment]
    alternating: bool = False

    @property
    def in_turn(self) -> bool:
        """Whether the players move in turn; the methods for games have them look ahead instead."""
        return self.alternating and self.base in BASES

    def _differences(self, usual: Self) -> list[tuple[str, bool]]:
        return [*super()._differences(usual), ("in turn", self.in_turn)]

    @property
    def title(self) -> str:
        """As on every page, and whether the players move in turn."""
        return f"{super().title}, in turn" if self.in_turn else super().title

    def spec(self, name: str = "") -> OptimizerSpec:
        """The optimizer this card describes, for the library."""
        return replace(super().spec(name), alternating=self.in_turn)


class GamesConfig(Comparison):
    """Everything that the Games page shows. `parameter` is the game's own: ε, γ, or None where it has none."""

    v: Literal[1] = 1
    game: str = "bilinear"
    parameter: Finite | None = None
    starts: Starts = ()
    noise: GameNoise = "none"
    noise_scale: Finite = Field(0.3, ge=0, le=1000)
    noise_freedom: Finite = Field(3.0, gt=0, le=1000)
    seed: Seed = 0
    steps: int = Field(1000, ge=1, le=MAX_STEPS)
    panels: bool = False
    cards: Cards[GameCard] = Field(default_factory=lambda: default_cards(0.1, GameCard))

    @field_validator("game")
    @classmethod
    def _is_a_game(cls, value: str) -> str:
        if value not in GAMES:
            raise ValueError(f"no such game; choose one of {', '.join(GAMES)}")
        return value

    @field_validator("parameter")
    @classmethod
    def _in_range(cls, value: float | None, info: ValidationInfo) -> float | None:
        game = GAMES.get(info.data.get("game", ""))
        return value if game is None else checked_parameter(value, game)

    @field_validator("starts")
    @classmethod
    def _inside(cls, value: tuple[tuple[float, float], ...], info: ValidationInfo) -> tuple[tuple[float, float], ...]:
        game = GAMES.get(info.data.get("game", ""))
        if game is not None:
            for place in value:
                check_inside(place, game.domain, "in this game")
        return value

    @model_validator(mode="before")
    @classmethod
    def _customary(cls, data: Any) -> Any:
        """Missing settings follow the game: its customary parameter, start, lr and noise."""
        game = GAMES.get(data.get("game", "bilinear")) if isinstance(data, dict) else None
        if game is None:
            return data
        customary: dict[str, Any] = {"starts": (game.start,), "cards": default_cards(game.lr, GameCard)}
        if game.parameter is not None and data.get("parameter") is None:
            customary["parameter"] = game.parameter.value
            data = {name: value for name, value in data.items() if name != "parameter"}
        if game.noise_scale and "noise" not in data:
            customary |= {"noise": "gaussian", "noise_scale": game.noise_scale}
        return customary | data

    @property
    def teaches(self) -> str:
        """A line on the game."""
        return self.landscape.teaches

    @property
    def landscape(self) -> Game:
        """The game chosen, with its parameter."""
        game = GAMES[self.game]
        return game if self.parameter is None else game.at(self.parameter)

    def gradient_noise(self) -> Noise:
        """The gradient noise chosen, for the landscapes."""
        return Noise(self.noise, self.noise_scale, self.seed, self.noise_freedom)
