"""Controls of a page's settings: each shows the config's value, and below it why an entry was refused.

Every control gets the config's value as its own default. A value that is only put into the session's state reaches the
browser with the run that puts it there and no later one: where that run is overtaken by another (a polling fragment, a
second click), the browser initialises its controls at their lowest values and reports those as the visitor's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from app.state.base import MAX_SEED, PageConfig
from app.state.codecs import widget_values
from app.state.glossary import linked
from app.views import session
from app.views.parts.problems import draw_problems


@dataclass(frozen=True)
class Fields:
    """The controls of a page, of one of its cards or parts: those whose names begin with `owner`.

    A control that the visit's link fixes cannot be moved; one that it hides is not drawn. Where `below` is a container,
    it takes the reasons of refusals, for controls in columns too narrow for a sentence.
    """

    page: str
    values: Mapping[str, Any]
    fixed_controls: frozenset[str] = frozenset()
    hidden_controls: frozenset[str] = frozenset()
    keeps_cards: bool = False
    owner: str = ""
    below: DeltaGenerator | None = None

    @classmethod
    def of(cls, page: str, config: PageConfig) -> Fields:
        """All controls of a page."""
        exercise = session.exercise()
        return cls(
            page,
            widget_values(config),
            exercise.fixed_controls(config),
            exercise.hidden_controls(config),
            exercise.keeps_cards(config),
        )

    def within(self, owner: str) -> Fields:
        """Those of a card ("2.") or a part ("noise.")."""
        return replace(self, owner=f"{self.owner}{owner}.")

    def showing(self, **values: Any) -> Fields:
        """These controls with other values for some."""
        return replace(self, values={**self.values, **values})

    def key(self, name: str) -> str:
        """The control's key."""
        return f"{self.page}.{self.owner}{name}"

    def value(self, name: str) -> Any:
        """The control's value."""
        return self.values[self.owner + name]

    def visible_names(self) -> frozenset[str]:
        """Names of those that are not hidden."""
        names = (name for name in self.values.keys() - self.hidden_controls if name.startswith(self.owner))
        return frozenset(name.removeprefix(self.owner) for name in names)

    def hides(self, *names: str) -> bool:
        """Whether none of these is drawn."""
        keys = {self.owner + name for name in names}
        return not (self.values.keys() & keys) - self.hidden_controls

    def fixes(self, name: str) -> bool:
        """Whether the control's value stays as it is."""
        return self.owner + name in self.fixed_controls

    def number(self, label: str, name: str, low: float | None = None, high: float | None = None, **look: Any) -> None:
        """A number to type."""
        self._draw(st.number_input, label, name, low, high, self.value(name), **look)

    def number_or_none(self, label: str, name: str, **look: Any) -> None:
        """A number to type or to leave out; only an empty default lets a visitor empty it."""
        if not self.hides(name):
            st.session_state.setdefault(self.key(name), self.value(name))
        self._draw(st.number_input, label, name, value=None, **look)

    def slider(self, label: str, name: str, low: float, high: float, **look: Any) -> None:
        """A number to choose from a range."""
        self._draw(st.slider, label, name, low, high, self.value(name), **look)

    def steps(self, label: str, name: str, options: Sequence[Any]) -> None:
        """One of a few numbers in order."""
        self._draw(st.select_slider, label, name, options, self.value(name))

    def switch(self, label: str, name: str, **look: Any) -> None:
        """Yes or no."""
        self._draw(st.toggle, label, name, self.value(name), **look)

    def text(self, label: str, name: str, **look: Any) -> None:
        """A text to type."""
        self._draw(st.text_input, label, name, self.value(name), **look)

    def choice(self, label: str, name: str, options: Mapping[Any, str] | Sequence[Any], **look: Any) -> None:
        """One of several; a mapping gives each its title."""
        if self.hides(name):
            return
        index = list(options).index(self.value(name))
        self._draw(st.selectbox, label, name, list(options), index, format_func=_titles(options), **look)

    def segments(self, label: str, name: str, options: Mapping[Any, str] | Sequence[Any], **look: Any) -> None:
        """One of a few, side by side; a mapping gives each its title."""
        self._draw(
            st.segmented_control, label, name, list(options),
            default=self.value(name), required=True, format_func=_titles(options), **look,
        )  # fmt: skip

    def seed(self) -> None:
        """The seed of all random numbers."""
        self.number("Seed", "seed", 0, MAX_SEED, step=1)

    def _draw(self, widget: Callable[..., object], label: str, name: str, *values: Any, **look: Any) -> None:
        """The control, unless it is hidden, and why its last entry was refused."""
        if self.hides(name):
            return
        if "help" in look:
            look["help"] = linked(look["help"])
        widget(label, *values, key=self.key(name), disabled=self.fixes(name), **look)
        reason = session.refusal(self.page, self.owner + name)
        if reason is not None:
            with self.below or nullcontext():
                draw_problems([reason])


def _titles(options: Mapping[Any, str] | Sequence[Any]) -> Callable[[Any], str]:
    return options.__getitem__ if isinstance(options, Mapping) else str
