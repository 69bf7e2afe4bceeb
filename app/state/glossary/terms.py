"""The terms of the glossary, which the browser reads, too."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache

from app.player.bundle import FOLDER


@dataclass(frozen=True)
class Term:
    """A word of the application and what it means.

    Attributes:
        key: what addresses call it, such as slow-weights.      name: its heading, such as "Slow weights φ".
        words: by which texts speak of it.      meaning: one paragraph.      formula: empty where there is none.
    """

    key: str
    name: str
    words: tuple[str, ...]
    meaning: str
    formula: str = ""


@cache
def terms() -> tuple[Term, ...]:
    """All terms, in the order of the file."""
    entries = json.loads((FOLDER / "glossary.json").read_text(encoding="utf-8"))
    return tuple(Term(**entry | {"words": tuple(entry["words"])}) for entry in entries)


def meaning(key: str) -> str:
    """What a term means, by its key.

    Raises:
        KeyError: there is no such term.
    """
    return {term.key: term.meaning for term in terms()}[key]
