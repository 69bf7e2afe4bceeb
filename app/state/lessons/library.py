"""All lessons: those that come along, and a teacher's own; read again when a file changes."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from app.state.lessons.lesson import Lesson, UnreadableLesson
from app.state.lessons.reading import read_lesson
from app.state.limits import lessons_folder

OWN = Path(__file__).parent / "texts"
MOST_FILES = 200
Stamp = tuple[str, int, int]


@dataclass(frozen=True)
class Library:
    """Lessons by key, in their order, and those that could not be read."""

    lessons: Mapping[str, Lesson]
    unreadable: tuple[UnreadableLesson, ...]


def library() -> Library:
    """The lessons as their files are now.

    Raises:
        ValueError: LOOKAHEAD_LESSONS names no folder.
    """
    folders = [OWN, *filter(None, [lessons_folder(os.environ)])]
    return _library_of(tuple(stamp for folder in folders for stamp in _stamps(folder)))


def _stamps(folder: Path) -> list[Stamp]:
    """Path, time and size of each file."""
    files = sorted(path for path in folder.glob("*.md") if path.name != "README.md")[:MOST_FILES]
    stats = [(path, path.stat()) for path in files if path.is_file()]
    return [(str(path), stat.st_mtime_ns, stat.st_size) for path, stat in stats]


@lru_cache(maxsize=8)
def _library_of(stamps: tuple[Stamp, ...]) -> Library:
    lessons: dict[str, Lesson] = {}
    faults: list[UnreadableLesson] = []
    for path, _, _ in stamps:
        lesson = _read_file(path)
        if isinstance(lesson, UnreadableLesson):
            faults.append(lesson)
        elif lesson.key in lessons:
            faults.append(
                UnreadableLesson(Path(path).name, 1, f"another lesson is called {lesson.key!r}; rename the file")
            )
        else:
            lessons[lesson.key] = lesson
    return Library(lessons, tuple(faults))


def _read_file(path: str) -> Lesson | UnreadableLesson:
    name = Path(path).name
    try:
        text = Path(path).read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        line = Path(path).read_bytes()[: error.start].count(b"\n") + 1
        return UnreadableLesson(name, line, "the file must be UTF-8 text")
    except OSError as error:
        return UnreadableLesson(name, 1, f"the file must be readable, got: {error.strerror}")
    return read_lesson(text, name)
