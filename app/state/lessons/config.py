"""What the Lessons page shows."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, ValidationInfo, field_validator

from app.state.base import PageConfig
from app.state.codecs import LINK_ONLY
from app.state.lessons.lesson import MOST_CARDS
from app.state.lessons.library import library


class LessonsConfig(PageConfig):
    """A card of a lesson, or the list of lessons, or the gallery; `present` is for a class: larger type."""

    v: Literal[1] = 1
    lesson: Annotated[str | None, LINK_ONLY] = None
    card: Annotated[int | None, Field(ge=1, le=MOST_CARDS), LINK_ONLY] = None
    present: Annotated[bool | None, LINK_ONLY] = None
    gallery: Annotated[bool | None, LINK_ONLY] = None

    @field_validator("lesson")
    @classmethod
    def _is_a_lesson(cls, value: str | None) -> str | None:
        lessons = library().lessons
        if value is not None and value not in lessons:
            raise ValueError(f"no such lesson; choose one of {', '.join(lessons)}")
        return value

    @field_validator("card")
    @classmethod
    def _within_lesson(cls, value: int | None, info: ValidationInfo) -> int | None:
        lesson = library().lessons.get(info.data.get("lesson") or "")
        if value is not None and lesson is not None and value > len(lesson.cards):
            raise ValueError(f"this lesson has {len(lesson.cards)} cards")
        return value
