"""Controls of a page's settings: each shows the config's value, and below it why an entry was refused.

Every control gets the config's value as its own default. A value that is only put into the session's state reaches the
browser with the run that puts it there and no later one: where that run is overtaken by another (a polling fragment, a
second click), the browser initialises its controls at their lowest values and reports those as the visitor's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import streamlit as st

from app.state.base import MAX_SEED, PageConfig
from app.views import session
from app.views.parts.problems import draw_problems


@dataclass(frozen=True)
class Fields:
    """The controls of a page, of one of its cards or parts: those whose names begin with `owner`."""

    page: str
    values: Mapping[str, Any]
    owner: str = ""

    @classmethod
    def of(cls, page: str, config: PageConfig) -> Fields:
        """All controls of a page."""
        return cls(page, session.widget_values(config))

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

    def number(self, label: str, name: str, low: float | None = None, high: float | None = None, **look: Any) -> None:
        """A number to type."""
        st.number_input(label, low, high, self.value(name), key=self.key(name), **look)
        self._draw_refusal(name)

    def number_or_none(self, label: str, name: str, **look: Any) -> None:
        """A number to type or to leave out; only an empty default lets a visitor empty it."""
        st.session_state.setdefault(self.key(name), self.value(name))
        st.number_input(label, value=None, key=self.key(name), **look)
        self._draw_refusal(name)

    def slider(self, label: str, name: str, low: float, high: float, **look: Any) -> None:
        """A number to choose from a range."""
        st.slider(label, low, high, self.value(name), key=self.key(name), **look)
        self._draw_refusal(name)

    def steps(self, label: str, name: str, options: Sequence[Any]) -> None:
        """One of a few numbers in order."""
        st.select_slider(label, options, self.value(name), key=self.key(name))
        self._draw_refusal(name)

    def switch(self, label: str, name: str, **look: Any) -> None:
        """Yes or no."""
        st.toggle(label, self.value(name), key=self.key(name), **look)
        self._draw_refusal(name)

    def text(self, label: str, name: str, **look: Any) -> None:
        """A text to type."""
        st.text_input(label, self.value(name), key=self.key(name), **look)
        self._draw_refusal(name)

    def choice(self, label: str, name: str, options: Mapping[Any, str] | Sequence[Any], **look: Any) -> None:
        """One of several; a mapping gives each its title."""
        index = list(options).index(self.value(name))
        st.selectbox(label, list(options), index, key=self.key(name), format_func=_titles(options), **look)
        self._draw_refusal(name)

    def segments(self, label: str, name: str, options: Mapping[Any, str] | Sequence[Any], **look: Any) -> None:
        """One of a few, side by side; a mapping gives each its title."""
        st.segmented_control(
            label,
            list(options),
            default=self.value(name),
            key=self.key(name),
            required=True,
            format_func=_titles(options),
            **look,
        )
        self._draw_refusal(name)

    def seed(self) -> None:
        """The seed of all random numbers."""
        self.number("Seed", "seed", 0, MAX_SEED, step=1)

    def _draw_refusal(self, name: str) -> None:
        reason = session.refusal(self.page, self.owner + name)
        if reason is not None:
            draw_problems([reason])


def _titles(options: Mapping[Any, str] | Sequence[Any]) -> Callable[[Any], str]:
    return options.__getitem__ if isinstance(options, Mapping) else str
