"""Families: the runs of all values of one number of one card, each a row of one loop, so that it can be dragged.

A comparison whose card has one of the values is assembled from the family's row, not computed again.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections import deque
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, fields, replace
from functools import lru_cache
from typing import Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from app.player import Track, tracks_of
from app.player.dials import MOST_BYTES, Dial, Field
from app.state import MAX_K, Card, Comparison, LayerConfig, SurfacesConfig
from app.state.cards import MAX_LR
from optim_core.averaging import exponential_average
from optim_core.spec import METHODS, WEIGHTED, WITH_MU_X, WITH_MU_Y, OptimizerSpec
from optim_core.theory import game_rate
from optim_core.trajectory import Trajectory

VALUES = 41  # of a number
FINE_VALUES = 101  # of α, those of its slider, where they fit into a message
FEWEST = 9  # values of a number that can be dragged
BYTES_A_ROW = 8.5  # of one start, deflated, under noise
MEASURED_BYTES = 1.2  # of the norm of the gradient, which the charts of Surfaces show
LOWEST_LR, HIGHEST_LR = 1 / 30, 30.0  # times the present one
LINEAR = ("sgd", *WEIGHTED, *METHODS)  # bases whose step is linear in the state and the gradient
HALVINGS = 40  # of the interval in which a stability limit lies

Config = TypeVar("Config", bound=Comparison)
Run = Callable[[Sequence[OptimizerSpec]], Trajectory]
Measure = Callable[[NDArray[np.float64]], NDArray[np.float64]]


@dataclass(frozen=True, eq=False)
class Family:
    """The runs of a dial's values.

    run: an optimizer for each value.      specs: those optimizers.      place: the card's index among the active ones.
    present: the comparison that the page shows.      limits: stability limits of the closed form.
    measure: a further quantity at places (..., 2) -> (...).
    """

    dial: Dial
    run: Trajectory
    specs: tuple[OptimizerSpec, ...]
    place: int
    present: Trajectory
    limits: tuple[float, ...]
    measure: Measure | None = None

    def comparison(self, row: int, specs: Sequence[OptimizerSpec]) -> Trajectory:
        """The page's comparison, in which the card has one of the values."""
        return _with_optimizer(self.present, self.place, self.run, row, specs)

    def tracks(self, config: Comparison) -> list[tuple[Track, ...]]:
        """For each value, one track per start, in the card's colour and panel."""
        color, ema = config.colors[self.place], config.active[self.place].shown_ema
        tracks = with_measured(tracks_of(self.run, self.specs, [color] * len(self.specs)), self.run, self.measure)
        panel = self.place if getattr(config, "panels", False) else 0
        family_tracks = [
            replace(
                track, panel=panel, name=self.dial.name,
                averaged=exponential_average(np.asarray(track.fast, dtype=np.float64), ema) if ema else track.averaged,
            )
            for track in tracks
        ]  # fmt: skip
        starts = len(family_tracks) // len(self.specs)
        return [tuple(family_tracks[at : at + starts]) for at in range(0, len(family_tracks), starts)]


class Families:
    """The last families of a page, shared by all visitors."""

    def __init__(self, size: int = 8) -> None:
        self._lock = threading.Lock()
        self._families: deque[tuple[dict[Hashable, int], Family]] = deque(maxlen=size)

    def get(self, scene: Hashable, specs: Sequence[OptimizerSpec], dial: Dial, compute: Callable[[], Family]) -> Family:
        """The family of a number of one of these optimizers over a scene, computed where none is known."""
        family = self._find(_signature(scene, specs), specs, dial)
        if family is None:
            family = compute()
            self._add(scene, specs, family)
        return family

    def _add(self, scene: Hashable, specs: Sequence[OptimizerSpec], family: Family) -> None:
        rows: dict[Hashable, int] = {}
        for row, spec in enumerate(family.specs):
            neighbours = [spec if place == family.place else other for place, other in enumerate(specs)]
            rows[_signature(scene, neighbours)] = row
        with self._lock:
            self._families.append((rows, family))

    def comparison(self, scene: Hashable, specs: Sequence[OptimizerSpec]) -> Trajectory | None:
        """The comparison of these optimizers from a family that has it; None where there is none."""
        for row, family in self._with(_signature(scene, specs)):
            return family.comparison(row, specs)
        return None

    def _find(self, signature: Hashable, specs: Sequence[OptimizerSpec], dial: Dial) -> Family | None:
        for row, family in self._with(signature):
            if replace(family.dial, name=dial.name, value=dial.value, others=dial.others) == dial:
                return replace(family, dial=dial, present=family.comparison(row, specs))
        return None

    def _with(self, signature: Hashable) -> list[tuple[int, Family]]:
        """Families that hold this comparison, and in which row."""
        with self._lock:
            return [(rows[signature], family) for rows, family in self._families if signature in rows]


@lru_cache(maxsize=64)
def dials_of(config: Comparison, steps: int, starts: int) -> tuple[Dial, ...]:
    """Every number that can be dragged, of the cards that are switched on."""
    bytes_a_row = BYTES_A_ROW + MEASURED_BYTES * isinstance(config, SurfacesConfig)
    room = int(MOST_BYTES / (bytes_a_row * (steps + 1) * starts))
    count = min(VALUES, room - (1 - room % 2))  # odd, so that the present lr lies in the middle
    digest = _digest_of(config)
    dials = []
    names = iter(spec.name for spec in config.specs())
    for place, card in enumerate(config.cards):
        if not card.on:
            continue
        name = next(names)
        for field, level in numbers_of(card):
            value = number_of(card, field, level)
            is_fine = field == "alpha" and room >= FINE_VALUES
            values = values_of(field, value, FINE_VALUES if is_fine else max(count, FEWEST))
            others = digest(place, field, level)
            dials.append(Dial(name, place, field, level, value, values, live=count >= FEWEST, others=others))
    return tuple(dials)


def _digest_of(config: Comparison) -> Callable[[int, str, int], str]:
    """Gives a digest of all settings but one number, and but whether lrs were tuned, which changes with any number."""
    settings = config.model_dump(mode="json")
    for card in settings["cards"]:
        del card["tuned"]

    def digest(card: int, field: str, level: int) -> str:
        owner = settings["cards"][card]
        owner = owner["layers"][level - 1] if level else owner
        value, owner[field] = owner[field], None
        text = json.dumps(settings)
        owner[field] = value
        return hashlib.blake2s(text.encode(), digest_size=8).hexdigest()

    return digest


def numbers_of(card: Card) -> list[tuple[Field, int]]:
    """The numbers of a card that can be dragged: the field and the layer, 0 for the base."""
    numbers: list[tuple[Field, int]] = []
    for level in range(1, len(card.layers) + 1):
        numbers += [("k", level), ("alpha", level)]
        if card.layers[level - 1].outer_momentum or card.layers[level - 1].outer_nesterov:
            numbers.append(("outer_momentum", level))
    numbers.append(("lr", 0))
    if card.base in WEIGHTED:
        numbers.append(("momentum", 0))
    shares: tuple[tuple[Field, tuple[str, ...]], ...] = (("mu_y", WITH_MU_Y), ("mu_x", WITH_MU_X))
    return numbers + [(field, 0) for field, bases in shares if card.base in bases]


def number_of(card: Card, field: str, level: int) -> float:
    """The number of a card, `level` 0 being its base."""
    return float(getattr(card.layers[level - 1] if level else card, field))


def with_number(config: Config, card: int, field: str, level: int, value: float) -> Config:
    """The config with one number of one card changed; as after any change, that card is untuned.

    Raises:
        ValueError: there is no such number, or its value is out of its range.
    """
    if not 0 <= card < len(config.cards) or (field, level) not in numbers_of(config.cards[card]):
        raise ValueError(f"no {field} of layer {level} in card {card}")
    number: Any = round(value) if field == "k" else value
    card_ = _with_value(config.cards[card], field, level, number).model_copy(update={"tuned": False})
    valid_card = type(card_).model_validate(card_.model_dump())
    return config.model_copy(update={"cards": (*config.cards[:card], valid_card, *config.cards[card + 1 :])})


def _with_value(card: Card, field: str, level: int, value: Any) -> Card:
    if not level:
        return card.model_copy(update={field: value})
    layer = LayerConfig(**card.layers[level - 1].model_dump() | {field: value})
    return card.model_copy(update={"layers": (*card.layers[: level - 1], layer, *card.layers[level:])})


def values_of(field: Field, value: float, count: int = VALUES) -> tuple[float, ...]:
    """About `count` values of a number, ascending, with the present one.

    α, momentum, outer momentum, μ_y and μ_x over their whole range, k as whole numbers, lr on a logarithmic scale
    around the present one.
    """
    if field in ("alpha", "mu_y"):
        grid = np.linspace(0, 1, count).round(4)
    elif field in ("momentum", "outer_momentum", "mu_x"):
        grid = np.append(np.linspace(0, 0.975, count - 1).round(4), 0.99)
    elif field == "k":
        grid = np.linspace(1, VALUES, count) if value <= VALUES else np.geomspace(1, min(MAX_K, 2 * value), count)
        grid = grid.round()
    else:
        lrs = value * np.geomspace(LOWEST_LR, HIGHEST_LR, count)
        grid = np.array([float(f"{lr:.3g}") for lr in lrs if lr <= MAX_LR])
    return tuple(sorted({*grid.tolist(), value}))


def with_measured(tracks: Sequence[Track], run: Trajectory, measure: Measure | None) -> tuple[Track, ...]:
    """The tracks of a run, optimizer by optimizer, with a further quantity at their fast weights."""
    if measure is None:
        return tuple(tracks)
    columns = measure(run.fast).reshape(len(run.fast), -1).T
    return tuple(replace(track, measured=column) for track, column in zip(tracks, columns, strict=True))


def family_of(
    config: Config,
    dial: Dial,
    present: Trajectory,
    run: Run,
    jacobian: ArrayLike | None,
    measure: Measure | None = None,
) -> Family:
    """All values of a dial.

    Args:
        config: what the page shows.
        dial: one of `dials_of(config)`.
        present: its comparison.
        run: records optimizers over the config's scene.
        jacobian: of the field where it is linear.
        measure: a further quantity that the page's charts show.
    """
    place = sum(card.on for card in config.cards[: dial.card])

    def spec_at(value: float) -> OptimizerSpec:
        variant = with_number(config, dial.card, dial.field, dial.level, value)
        return variant.cards[dial.card].spec(dial.name)

    specs = tuple(spec_at(value) for value in dial.values)
    limits = () if jacobian is None else _limits(dial, specs, spec_at, jacobian)
    return Family(dial, run(specs), specs, place, present, limits, measure)


def _limits(
    dial: Dial, specs: Sequence[OptimizerSpec], spec_at: Callable[[float], OptimizerSpec], jacobian: ArrayLike
) -> tuple[float, ...]:
    """Where the closed form's rate crosses 1; between two whole numbers for k."""
    if not has_closed_form(specs[0]):
        return ()

    def is_stable(spec: OptimizerSpec) -> bool:
        return game_rate(jacobian, spec) <= 1 + 1e-9

    def stable(value: float) -> bool:
        return is_stable(spec_at(value))

    stable_at = [is_stable(spec) for spec in specs]
    limits = []
    for low, high, one, other in zip(dial.values, dial.values[1:], stable_at, stable_at[1:], strict=False):
        if one != other:
            limits.append((low + high) / 2 if dial.field == "k" else _crossing(low, high, one, stable))
    return tuple(limits)


def has_closed_form(spec: OptimizerSpec) -> bool:
    """Whether a rate per base step is known on a linear field: for linear bases at a constant lr."""
    return spec.base in LINEAR and spec.schedule.kind == "constant"


def _crossing(low: float, high: float, stable_below: bool, stable: Callable[[float], bool]) -> float:
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if stable(middle) == stable_below else (low, middle)
    return (low + high) / 2


def _signature(scene: Hashable, specs: Sequence[OptimizerSpec]) -> Hashable:
    """The key of a run, which does not depend on the optimizers' names."""
    return scene, tuple(replace(spec, name="") for spec in specs)


def _with_optimizer(
    run: Trajectory, place: int, family: Trajectory, row: int, specs: Sequence[OptimizerSpec]
) -> Trajectory:
    """A trajectory in which one optimizer is another trajectory's; `specs` name and describe the result's."""
    arrays: dict[str, Any] = {}
    for field in fields(run):
        own, other = getattr(run, field.name), getattr(family, field.name)
        if field.name == "slow":
            arrays["slow"] = (*own[:place], other[row], *own[place + 1 :])
        elif field.name not in ("names", "layers", "step"):
            axis = 0 if field.name == "diverged" else 1
            arrays[field.name] = own.copy()
            np.moveaxis(arrays[field.name], axis, 0)[place] = np.take(other, row, axis=axis)
    return replace(run, names=tuple(spec.name for spec in specs), layers=tuple(spec.layers for spec in specs), **arrays)
