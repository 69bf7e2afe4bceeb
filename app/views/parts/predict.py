"""Predict, then reveal: the visitor guesses how a page's runs end before anything of them is shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import streamlit as st

from app.figures.chart import Mark
from app.player import Track
from app.player.tracks import only_starts
from app.state import Comparison
from app.state.codecs import numbers
from app.state.starts import check_inside
from app.views.parts.problems import draw_problems

Place = tuple[float, float]
Domain = tuple[Place, Place]


@dataclass(frozen=True)
class Guess:
    """What a visitor expects of the runs of `config`, and of no others; optimizers are counted among those switched on.

    places: where the outermost slow weights end, by optimizer.      best: which is ahead at the end.
    lead: by how much.      revealed: whether the runs are shown.
    """

    config: Comparison
    places: Mapping[int, Place] = field(default_factory=dict)
    best: int | None = None
    lead: float | None = None
    revealed: bool = False


@dataclass(frozen=True)
class Prediction:
    """The switch of a page, and the guess at the runs that the page's controls describe."""

    page: str

    @property
    def on(self) -> bool:
        """Whether the visitor predicts on this page."""
        return bool(st.session_state.get(self._key("predicting")))

    @property
    def hides(self) -> bool:
        """Whether nothing of the runs may be shown yet."""
        return self.on and not self.guess.revealed

    @property
    def guess(self) -> Guess:
        """The guess so far; a new one where the runs are others than those it was made for."""
        config: Comparison = st.session_state[f"{self.page}.config"]
        guess: Guess | None = st.session_state.get(self._key("guess"))
        return guess if guess is not None and guess.config.alike(config) else Guess(config)

    def keep(self, **changes: Any) -> None:
        """Change the guess. Only in a callback."""
        st.session_state[self._key("guess")] = replace(self.guess, **changes)

    def switch(self, explanation: str) -> None:
        """The switch, for the sidebar."""
        st.toggle("Predict, then reveal", key=self._key("predicting"), on_change=self._start_over, help=explanation)

    def player_key(self, key: str) -> str:
        """The player's key; revealed runs have a player of their own, which plays from the start."""
        return f"{key}-revealed" if self.on and self.guess.revealed else key

    def visible_tracks(self, tracks: tuple[Track, ...]) -> tuple[Track, ...]:
        """Tracks for the player: before the reveal only their starts."""
        return only_starts(tracks) if self.hides else tracks

    def marks(self, *, panels: bool) -> tuple[tuple[int, Mark], ...]:
        """A cross at each guessed end, in its optimizer's colour; with `panels`, on its optimizer's panel."""
        if not self.on:
            return ()
        config = self.guess.config
        names, colors = [spec.name for spec in config.specs()], config.colors
        places = sorted(self.guess.places.items())
        return tuple((index if panels else 0, _cross(names[index], colors[index], *place)) for index, place in places)

    def ask_place(self, index: int, name: str, domain: Domain, where: str) -> None:
        """The end of optimizer `index` by keys; a click on the picture is the page's. `where` ends a refusal."""
        st.text_input(
            f"Or type where {name} will end", key=self._key("typed_prediction"), placeholder="x, y", width=320,
            on_change=self._keep_place, args=(index, domain, where),
        )  # fmt: skip
        if reason := st.session_state.pop(self._key("refused_prediction"), None):
            draw_problems([reason])

    def ask_best(self, question: str, names: Sequence[str]) -> None:
        """Which optimizer will be ahead."""
        key = self._key("best")
        st.session_state[key] = self.guess.best  # else a guess at other runs would stay chosen
        st.radio(
            question, range(len(names)), self.guess.best, format_func=names.__getitem__, key=key,
            on_change=lambda: self.keep(best=st.session_state[key]),
        )  # fmt: skip

    def ask_lead(self, question: str, most: float) -> None:
        """By how much; it may be left out."""
        key = self._key("lead")
        st.session_state[key] = self.guess.lead
        st.number_input(
            question, 0.0, most, self.guess.lead, key=key, format="%g", placeholder="optional", width=320,
            on_change=lambda: self.keep(lead=st.session_state[key]),
        )  # fmt: skip

    def reveal_button(self) -> None:
        """Shows the runs."""
        st.button(
            "Reveal", type="primary", icon=":material/visibility:", key=self._key("reveal"),
            on_click=lambda: self.keep(revealed=True),
        )  # fmt: skip

    def again_button(self) -> None:
        """Hides them, and forgets the guess."""
        st.button("Predict again", icon=":material/restart_alt:", key=self._key("again"), on_click=self._start_over)

    def _keep_place(self, index: int, domain: Domain, where: str) -> None:
        text = st.session_state[self._key("typed_prediction")]
        place = numbers(text, 2)
        st.session_state[self._key("typed_prediction")] = ""
        try:
            if place is None:
                raise ValueError("write x, y, as in 1, 3.5")
            check_inside((place[0], place[1]), domain, where)
        except ValueError as error:
            st.session_state[self._key("refused_prediction")] = f"Not placed: {error}. Got {text[:40]!r}"
            return
        self.keep(places={**self.guess.places, index: (place[0], place[1])})

    def _start_over(self) -> None:
        st.session_state[self._key("guess")] = None

    def _key(self, name: str) -> str:
        return f"{self.page}.{name}"


def _cross(name: str, color: str, x: float, y: float) -> Mark:
    at = np.array([x]), np.array([y])
    hover = f"your guess for {name}\nx {{x:.3g}}, y {{y:.3g}}"
    return Mark(name, color, *at, "your guess", kind="dots", marker="plus", size=13.5, width=3.0, hover=hover)


def draw_ends(rows: Sequence[Mapping[str, str | float | None]]) -> None:
    """The table of guesses and ends; distances with three digits, since some are tiny."""
    numbers_of = [name for name in rows[0] if name.startswith(("off", "distance"))]
    short = st.column_config.NumberColumn(format="%.3g")
    st.dataframe(rows, hide_index=True, column_config=dict.fromkeys(numbers_of, short))
