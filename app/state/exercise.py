"""What a teacher's link fixes and hides, so that a class changes nothing but what the exercise is about.

    fix=*&free=2.1.alpha      every setting but α of layer 1 of optimizer 2
    fix=1.lr,2,noise          the lr of optimizer 1, all of optimizer 2, the noise
    hide=export,seed          no exports; the seed has no control, and is fixed

A name is a setting's in links (steps, 1.lr, 2.layers), a control's (2.1.alpha, 2.depth), or what such names begin
with: 2 is all of optimizer 2, 2.1 its layer 1, `stability` that instrument. `cards` is the number of optimizers. What
is free is neither fixed nor hidden. Where a setting of an optimizer is fixed, so is their number: otherwise 2.lr would
become that of another.

It keeps a class together; it keeps nobody out. Whoever opens the page without these parameters can change everything.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self, TypeVar

from app.state.base import PageConfig
from app.state.codecs import Setting, settings_of, structure, widget_values
from app.state.links import config_from_settings, decode
from app.state.visit import EVERY, LISTS, beginnings, names_in, visit_of

Config = TypeVar("Config", bound=PageConfig)


@dataclass(frozen=True)
class Exercise:
    """The names that a link fixes, frees and hides."""

    fix: tuple[str, ...] = ()
    free: tuple[str, ...] = ()
    hide: tuple[str, ...] = ()

    @classmethod
    def of(cls, visit: Mapping[str, str]) -> Self:
        """That of the parameters of a visit."""
        return cls(**{name: names_in(visit.get(name, "")) for name in LISTS})

    def __bool__(self) -> bool:
        """Whether anything is fixed or hidden."""
        return bool(self.fix or self.hide)

    def hidden_controls(self, config: PageConfig) -> frozenset[str]:
        """The controls of a config that are not drawn."""
        return self._controls(config, self.hide) if self.hide else frozenset()

    def fixed_controls(self, config: PageConfig) -> frozenset[str]:
        """The controls of a config whose values stay; hidden ones among them."""
        return self._controls(config, (*self.fix, *self.hide)) if self else frozenset()

    def keeps_cards(self, config: PageConfig) -> bool:
        """Whether no card can be added or removed."""
        numbered = structure(type(config)).numbered
        if numbered is None or not self:
            return False
        return self._holds((*self.fix, *self.hide), {numbered.name}) or any(
            name[:1].isdigit() for name in self.fixed_controls(config)
        )

    def keep(self, origin: Config, config: Config) -> Config:
        """The config, with what is fixed as it is in `origin`.

        Raises:
            ValueError: the two do not go together.
        """
        if not self:
            return config
        config = self._with_cards_of(origin, config)
        values, original = widget_values(config), widget_values(origin)
        names = original.keys() & {*self.fixed_controls(origin), *self.fixed_controls(config)}
        values_to_keep = {**original, **values, **{name: original[name] for name in names}}
        changes = {
            setting.path: value
            for setting in settings_of(config)
            if (value := setting.from_widgets(values_to_keep.get)) is not setting.value
        }
        result, reasons = config_from_settings(changes, type(config), config)
        if reasons:
            sentences = "; ".join(f"{path}: {reason}" for path, reason in reasons.items())
            raise ValueError(f"what this link fixes does not go with it ({sentences})")
        if changes and widget_values(result) == original:
            return origin  # with what no control shows: whether its lr was searched for
        return result.following(config)

    def _with_cards_of(self, origin: Config, config: Config) -> Config:
        numbered = structure(type(config)).numbered
        if numbered is None or not self.keeps_cards(origin):
            return config
        cards, original = getattr(config, numbered.name), getattr(origin, numbered.name)
        if len(cards) == len(original):
            return config
        cards = (*cards, *original[len(cards) :])[: len(original)]
        return config.model_copy(update={numbered.name: cards})

    def _controls(self, config: PageConfig, names: tuple[str, ...]) -> frozenset[str]:
        return frozenset(
            control
            for setting in settings_of(config)
            for control in setting.widgets()
            if self._holds(names, _names_of(setting, control))
        )

    def _holds(self, names: tuple[str, ...], names_of_control: set[str]) -> bool:
        return not ({*names_of_control, EVERY}.isdisjoint(names) or not names_of_control.isdisjoint(self.free))


def read_address(params: Mapping[str, str], model: type[Config]) -> tuple[Config, list[str]]:
    """Read an address as `decode` does; what is fixed is not changed by parameters beside a compressed link."""
    config, problems = decode(params, model)
    visit = visit_of(params)
    exercise = Exercise.of(visit)
    if "z" not in params or not exercise:
        return config, problems
    origin, _ = decode({"z": params["z"]} | visit, model)
    try:
        result = exercise.keep(origin, config)
    except ValueError:
        result = origin
    changed_paths = [path for path in params if _value(result, path) != _value(config, path)]
    return result, [*problems, *(f"{path}: fixed by this link, so another value is ignored" for path in changed_paths)]


def _names_of(setting: Setting, control: str) -> set[str]:
    """All names under which a control is fixed, freed or hidden."""
    return {control, *beginnings(control), setting.path}


def _value(config: PageConfig, path: str) -> Any:
    return next((setting.value for setting in settings_of(config) if setting.path == path), None)
