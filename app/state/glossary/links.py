"""Links from the words of a text to the glossary; glossary.js in the browser opens it where they point."""

from __future__ import annotations

import re
from functools import cache

from app.state.glossary.terms import Term, terms

ALL = "#glossary"  # the link to the whole of it
# What is no running text: formulas, code, links.
_KEPT = r"\$[^$]*\$|`[^`]*`|!?\[[^\]]*\]\([^)]*\)"


def anchor(term: Term) -> str:
    """The link to a term."""
    return f"#term-{term.key}"


def linked(text: str) -> str:
    """A Markdown text in which the first mention of each term is a link to it."""
    seen: set[str] = set()

    def link(match: re.Match[str]) -> str:
        word = match["word"]
        term = None if word is None else _by_word()[word if len(word) == 1 else word.lower()]
        if term is None or term.key in seen:
            return match[0]
        seen.add(term.key)
        return f"[{match[0]}]({anchor(term)})"

    return _pattern().sub(link, text)


@cache
def _by_word() -> dict[str, Term]:
    return {word if len(word) == 1 else word.lower(): term for term in terms() for word in term.words}


@cache
def _pattern() -> re.Pattern[str]:
    """Symbols may have a layer's number, as in α₁; of words that begin alike, the longest counts."""
    words = sorted((word for term in terms() for word in term.words), key=len, reverse=True)
    parts = [re.escape(word) if len(word) == 1 else f"(?i:{re.escape(word)})" for word in words]
    return re.compile(rf"{_KEPT}|(?<!\w)(?P<word>{'|'.join(parts)})[₀-₉ₙ]?(?!\w)")
