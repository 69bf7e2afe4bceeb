"""Reads terms.md: a section of it is a term."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FILE = Path(__file__).with_name("terms.md")
WORDS = "Words: "


@dataclass(frozen=True)
class Term:
    """A word of the application and what it means.

    Attributes:
        name: its heading, such as "Slow weights φ".      words: by which texts speak of it.
        meaning: one paragraph.      formula: empty where there is none.
    """

    name: str
    words: tuple[str, ...]
    meaning: str
    formula: str = ""

    @property
    def key(self) -> str:
        """What addresses call it: the name's Latin words, as in slow-weights."""
        return "-".join(re.findall(r"[a-z]{2,}", self.name.lower()))


@cache
def terms() -> tuple[Term, ...]:
    """All terms, in the order of the file."""
    _, *sections = re.split(r"^## ", FILE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return tuple(map(_term, sections))


def meaning(key: str) -> str:
    """What a term means, by its key.

    Raises:
        KeyError: there is no such term.
    """
    return {term.key: term.meaning for term in terms()}[key]


def _term(section: str) -> Term:
    name, words, *parts = (" ".join(part.split()) for part in section.strip().split("\n\n"))
    if not words.startswith(WORDS) or not 1 <= len(parts) <= 2:
        raise ValueError(f"the section {name!r} must have its words, its meaning, and at most one formula")
    formula = parts[1].strip("`") if len(parts) > 1 else ""
    return Term(name, tuple(words.removeprefix(WORDS).split(", ")), parts[0], formula)
