"""A lesson, and one that could not be read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from app.state.base import Frozen
from app.state.lessons.card import LessonCard, Words

MOST_CARDS = 12
MOST_WORDS = 60  # of a text, so that it can be read at one glance


class Lesson(Frozen):
    """Cards in their order.

    key: what links call it, the name of its file.      title: its name.      about: what it is about, in one sentence.
    remember: the one sentence that is left of it.
    """

    key: Words
    title: Words
    about: Words
    remember: Words
    cards: Annotated[tuple[LessonCard, ...], Field(min_length=1, max_length=MOST_CARDS)]


@dataclass(frozen=True)
class UnreadableLesson:
    """A lesson that cannot be shown: in which file, at which line, and what is expected there."""

    file: str
    line: int
    expected: str

    def __str__(self) -> str:
        return f"{self.file}, line {self.line}: {self.expected}"
