"""Lessons: cards that show a page's setting, ask about it, and then explain; read from Markdown files."""

from app.state.lessons.card import (
    MODELS,
    Bar,
    Check,
    Choose,
    LessonCard,
    Number,
    Option,
    Place,
    Quantity,
    Question,
    Reach,
)
from app.state.lessons.config import LessonsConfig
from app.state.lessons.lesson import MOST_WORDS, Lesson, UnreadableLesson
from app.state.lessons.library import Library, library
from app.state.lessons.reading import read_lesson

__all__ = [
    "MODELS",
    "MOST_WORDS",
    "Bar",
    "Check",
    "Choose",
    "Lesson",
    "LessonCard",
    "LessonsConfig",
    "Library",
    "Number",
    "Option",
    "Place",
    "Quantity",
    "Question",
    "Reach",
    "UnreadableLesson",
    "library",
    "read_lesson",
]
