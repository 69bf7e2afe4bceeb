"""What a visitor answered in this visit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import streamlit as st

from app.figures.lessons import Placed
from app.runs.family import with_number
from app.runs.lessons import holds
from app.state.base import PageConfig
from app.state.lessons import Lesson, LessonCard, Reach
from app.views.parts.dragging import with_start
from app.views.parts.player import Pick, StartMove, Turn
from app.views.parts.scene import aimed_place

__all__ = ["PAGE", "OpenCard", "Placed", "count_answers", "open_cards"]

PAGE = "lessons"


@dataclass(frozen=True)
class OpenCard:
    """A card on the page, with what the visitor did there."""

    lesson: Lesson
    number: int

    @property
    def card(self) -> LessonCard:
        """The card."""
        return self.lesson.cards[self.number - 1]

    @property
    def name(self) -> str:
        """What tells it from all other cards."""
        return f"{self.lesson.key}-{self.number}"

    def key(self, name: str) -> str:
        """What Streamlit calls something of this card."""
        return f"{PAGE}.{self.name}.{name}"

    @property
    def hidden(self) -> bool:
        """Whether the tracks are, until the question is answered."""
        return self.card.hidden and not self.revealed

    @property
    def guess(self) -> tuple[float, float] | None:
        """The place that was guessed."""
        answer = self.answer
        return answer if isinstance(answer, tuple) else None

    @property
    def revealed(self) -> bool:
        """Whether it was answered, or given up."""
        return bool(st.session_state.get(self.key("revealed")))

    @property
    def answer(self) -> Any:
        """A place among the options, a number, a place in the plane; None where there is none."""
        return st.session_state.get(self.key("answer"))

    @property
    def config(self) -> PageConfig:
        """What the card shows, as the visitor dragged it."""
        config: PageConfig = st.session_state.get(self.key("config"), self.card.config)
        return config

    @property
    def changed(self) -> bool:
        """Whether something was dragged."""
        return self.config != self.card.config

    def reply(self, answer: Any) -> None:
        """Answer, and reveal. Only in a callback."""
        st.session_state[self.key("answer")] = answer
        self.reveal()

    def reveal(self) -> None:
        """Show what happens. Only in a callback."""
        st.session_state[self.key("revealed")] = True

    def again(self) -> None:
        """As if it had never been answered. Only in a callback."""
        for name in ("answer", "revealed", "config"):
            st.session_state.pop(self.key(name), None)

    def put_back(self) -> None:
        """The card's own setting. Only in a callback."""
        st.session_state.pop(self.key("config"), None)

    def pick(self, pick: Pick) -> None:
        """A place is guessed with a click. Only in a callback."""
        self.mark(pick.x, pick.y)

    def mark(self, x: float, y: float) -> None:
        """A place is guessed. Only in a callback."""
        st.session_state[self.key("answer")] = aimed_place(x, y)

    def take_turn(self, turn: Turn) -> None:
        """A number was let go. Only in a callback."""
        config: Any = self.config
        try:
            self._take(with_number(config, turn.card, turn.field, turn.level, turn.value))
        except ValueError:
            return  # of another card, which was left meanwhile

    def take_start(self, move: StartMove) -> None:
        """A start was let go. Only in a callback."""
        config: Any = self.config
        self._take(with_start(config, move))

    def _take(self, config: PageConfig) -> None:
        st.session_state[self.key("config")] = config
        question = self.card.question
        if isinstance(question, Reach) and not self.revealed and holds(config, question.goal):
            self.reply(config)


def open_cards(lesson: Lesson) -> list[OpenCard]:
    """All cards of a lesson."""
    return [OpenCard(lesson, number) for number in range(1, len(lesson.cards) + 1)]


def count_answers(lesson: Lesson) -> int:
    """How many of a lesson's cards are."""
    return sum(open_card.revealed for open_card in open_cards(lesson))
