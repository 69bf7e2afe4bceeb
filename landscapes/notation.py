"""The tokens of a formula, in one spelling for all the ways of writing it.

Superscripts, fractions, roots, dashes, Greek and LaTeX are read. Code is not: `rewrite` says what to write instead.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from landscapes.expression import FUNCTIONS, GREEK

SPELLINGS = {"**": "^", ":=": "=", r"\sqrt": "√", r"\dfrac": r"\frac", r"\tfrac": r"\frac"}
SPELLINGS |= dict.fromkeys("−‐‑‒–—―﹣\uff0d", "-")
SPELLINGS |= dict.fromkeys([*"×·⋅∙•∗✕", r"\cdot", r"\times", r"\ast"], "*")
SPELLINGS |= dict.fromkeys([*"÷∕⁄", r"\div"], "/")
SPELLINGS |= dict.fromkeys(["∣", r"\lvert", r"\rvert", r"\vert", r"\mid"], "|")
SYNONYMS = {
    "arcsin": "asin", "arccos": "acos", "arctan": "atan", "arsinh": "asinh", "arcosh": "acosh", "artanh": "atanh",
    "arcsinh": "asinh", "arccosh": "acosh", "arctanh": "atanh", "sgn": "sign", "tg": "tan", "lg": "log10",
    "varepsilon": "epsilon", "vartheta": "theta", "varphi": "phi", "lamda": "lambda",
}  # fmt: skip
IN_CODE = {"absolute": "abs", "fabs": "abs", "maximum": "max", "minimum": "min"}
SUPERSCRIPTS = dict(zip("⁺⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "+-0123456789", strict=True))
SUBSCRIPTS = dict(zip("₀₁₂₃₄₅₆₇₈₉", "0123456789", strict=True))

_BLANKS = re.compile(  # white space, what LaTeX has for it, and what changes only the looks
    r"(?:[\s$\u200b-\u200d\u2060-\u2063\ufeff]|\\[,;:!> ]|~"
    r"|\\(?:left|right|displaystyle|limits|quad|qquad|[bB]igg?[lr]?)(?![A-Za-z]))+"
)
_COMMANDS = "|".join(["frac", *(mark[1:] for mark in SPELLINGS if mark[0] == "\\")])
_TOKEN = re.compile(
    r"(?P<number>(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)"
    r"|(?P<fraction>[¼-¾⅐-⅞])"
    r"|(?P<raised>[⁺⁻]?[⁰¹²³⁴-⁹]+)"
    r"|(?P<word>\\(?:mathrm|operatorname|mathit|text)\{[A-Za-z]+\}"
    rf"|(?:[α-ωϑϕϵ]|[A-Za-z][A-Za-z0-9]*|\\(?!{_COMMANDS})[A-Za-z]+)"
    r"(?:[0-9₀-₉]+|_[A-Za-z0-9]|_\{[A-Za-z0-9]+\})?)"
    rf"|(?P<sign>\\(?:{_COMMANDS})|"
    r"\*\*|:=|[-+*/^(),=|√\[\]{}−‐‑‒–—―﹣\uff0d×·⋅∙•∗✕÷∕⁄∣])"
)
_LEFT_SIDE = re.compile(r"\s*\$?\s*(?![xy]\s*:?=)[A-Za-z]\w*\s*(?:\([A-Za-z0-9,\s]*\)\s*)?:?=(?!=)")


class FormulaError(ValueError):
    """What is wrong with a formula.

    position: the character at fault, counted from 0; None where it is the whole
    names: the unknown names in it, which the caller may offer to make parameters
    instead: what may have been meant, as texts to put in its place
    """

    def __init__(
        self, message: str, position: int | None = None, names: tuple[str, ...] = (), instead: tuple[str, ...] = ()
    ) -> None:
        super().__init__(message if position is None else f"{message}, at character {position + 1}")
        self.position = position
        self.names = names
        self.instead = instead


@dataclass(frozen=True)
class Token:
    """A mark in one spelling, from `position` to before `end` in the text."""

    kind: str  # number, fraction, raised, word, sign or end
    text: str
    position: int
    end: int


def tokens(text: str) -> list[Token]:
    """The marks of a text, after an "f(x, y) =" that it may begin with, the last one its end.

    Raises:
        FormulaError: a character has no meaning.
    """
    plain = "".join(map(_upright, text))
    left_side = _LEFT_SIDE.match(plain)
    return [*_tokens(plain, left_side.end() if left_side else 0), Token("end", "", len(text), len(text))]


def _tokens(text: str, position: int) -> Iterator[Token]:
    while position < len(text):
        if blanks := _BLANKS.match(text, position):
            position = blanks.end()
            continue
        match = _TOKEN.match(text, position)
        if match is None or match.lastgroup is None:
            raise FormulaError(f"{text[position]!r} has no meaning here", position)
        yield Token(match.lastgroup, _spelling(match.lastgroup, match[0]), position, match.end())
        position = match.end()


def _upright(letter: str) -> str:
    """A letter of mathematical type, as copied from a paper, as a plain one."""
    return unicodedata.normalize("NFKC", letter) if "\U0001d400" <= letter <= "\U0001d7ff" else letter


def _spelling(kind: str, text: str) -> str:
    if kind == "fraction":
        return unicodedata.normalize("NFKC", text).replace("⁄", "/")
    if kind == "raised":
        return "".join(SUPERSCRIPTS[mark] for mark in text)
    return _word(text) if kind == "word" else SPELLINGS.get(text, text)


def _word(text: str) -> str:
    r"""A name as we write it: θ₁ is theta1, as \theta_{1} is."""
    command = re.fullmatch(r"\\(?:mathrm|operatorname|mathit|text)\{(.*)\}", text)
    text = command[1] if command else "".join(SUBSCRIPTS.get(letter, letter) for letter in text)
    text = re.sub(r"[\\_{}]", "", text)
    if not text.isascii():
        text = unicodedata.name(text[0]).split()[-1].replace("SYMBOL", "").lower() + text[1:]
    return SYNONYMS.get(text, text)


def is_greek(name: str) -> bool:
    """Whether it is the name of a Greek letter."""
    return GREEK.fullmatch(name) is not None


def rewrite(text: str) -> str:
    """The text with what comes from code or other notations put as we write it; the same text where there is none."""
    rewriting = re.sub(r"^\s*(?:return\b|lambda\b[^:]*:)\s*", "", text)
    rewriting = re.sub(r"\b(?:np|numpy|math|torch|jnp|tf|sp|sympy)\.(?=[A-Za-z])", "", rewriting)
    rewriting = re.sub(r"[A-Za-z]+", lambda word: _as_function(word[0]), rewriting)
    rewriting = re.sub(r"(?<=[^:=\s])\s*={1,2}[^=]*$", "", rewriting) if not _LEFT_SIDE.match(rewriting) else rewriting
    return _coordinates(rewriting)


def _as_function(word: str) -> str:
    """The function that a word names in another case or in a programming language; else the word."""
    plain = IN_CODE.get(word.lower(), word.lower())
    return plain if plain in FUNCTIONS or plain in SYNONYMS or plain == "pi" else word


def _coordinates(text: str) -> str:
    """x1 and x2, x[0] and x[1], or X and Y, as x and y where neither is there."""
    indexed_name = re.compile(r"(?<![A-Za-z_\\])[xX](?:_?([0-9])|_\{([0-9])\}|\[([0-9])\]|([₀-₉]))(?![0-9.])")
    remaining_text = indexed_name.sub(" ", text)
    if not re.search(r"(?<![A-Za-z\\])[xyXY](?![A-Za-z0-9_\[])", remaining_text):
        indices = {
            SUBSCRIPTS.get(mark, mark) for match in indexed_name.finditer(text) if (mark := match[match.lastindex or 1])
        }
        pairs = (("0", "1"), ("1", "2")) if "[" in text else (("1", "2"), ("0", "1"))
        names = next((pair for pair in pairs if indices and indices <= set(pair)), None)
        if names is not None:
            by_index = dict(zip(names, "xy", strict=True))
            marks = {
                subscript: by_index[digit] for subscript, digit in SUBSCRIPTS.items() if digit in by_index
            } | by_index
            return indexed_name.sub(lambda match: marks[match[match.lastindex or 1]], text)
    for name in "xy":
        capital = re.compile(rf"(?<![A-Za-z\\]){name.upper()}(?![A-Za-z0-9_])")
        if not re.search(rf"(?<![A-Za-z\\]){name}(?![A-Za-z0-9_])", text):
            text = capital.sub(name, text)
    return text
