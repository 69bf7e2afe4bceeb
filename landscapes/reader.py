r"""The grammar of formulas: from marks to a tree; nothing is ever run as Python.

    sum       := product (("+" | "-") product)*
    product   := signed (("*" | "/")? signed)*     the sign may be left out before anything but a number: 2x y, 3(x + 1)
    signed    := ("-" | "+") signed | power
    power     := atom ("^" signed)?                so -x^2 is -(x^2) and x^2^3 is x^(2^3); ** is ^, and x² is x^2
    atom      := number | name | call | root | "(" sum ")" | "|" sum "|" | "\frac{" sum "}{" sum "}"
    call      := function ("^" signed)? ("(" sum ("," sum)* ")" | argument)
    argument  := power power*                      up to what could belong to it or not: sin 2x, but not sin x y
    root      := "√" atom

A name is a variable, a constant or a parameter; letters that are none are a product of names, where they can be. What
can be read in two ways is refused, with both readings as texts to choose from.
"""

from __future__ import annotations

import difflib
import itertools
import math
import re
from collections.abc import Iterator, Set
from contextlib import contextmanager

from landscapes.expression import CONSTANTS, FUNCTIONS, Apply, Expression, Number, Symbol, bound
from landscapes.notation import SYNONYMS, FormulaError, Token, is_greek, tokens

MAX_DEPTH = 40
MAX_EXPONENT = 100
BRACKETS = {"(": ")", "[": "]", "{": "}"}
INVERSES = {"sin": "asin", "cos": "acos", "tan": "atan", "sinh": "asinh", "cosh": "acosh", "tanh": "atanh"}
OPERATOR = "an operator such as * is missing"


def read(text: str, names: Set[str], variables: Set[str]) -> Expression:
    """The tree of a formula whose names are these, with `variables` among them.

    Raises:
        FormulaError: the text is none, nests more than 40 deep, or has a constant exponent beyond ±100.
    """
    marks = [part for mark in tokens(text) for part in _split(mark, names, variables)]
    return _Reader(text, marks, names).formula()


class _Reader:
    """Recursive descent over the grammar at the top; all that nests passes through `_deeper`, which counts."""

    def __init__(self, text: str, marks: list[Token], names: Set[str]) -> None:
        self.text, self.tokens, self.names = text, marks, names
        self.index = self.depth = 0
        self.listing = self.in_bars = False  # whether a comma separates arguments, and a bar closes
        self.unknown_names: dict[str, int] = {}

    def formula(self) -> Expression:
        tree = self._sum()
        if self._next.kind != "end":
            raise self._unexpected_token()
        if self.unknown_names:
            names, position = tuple(self.unknown_names), next(iter(self.unknown_names.values()))
            raise FormulaError(_unknown_names_message(names), position, names)
        return tree

    @property
    def _next(self) -> Token:
        return self.tokens[self.index]

    @property
    def _last(self) -> Token:
        return self.tokens[self.index - 1]

    def _take(self) -> Token:
        self.index += 1
        return self._last

    def _expect(self, sign: str) -> None:
        if self._next.text != sign:
            raise self._unexpected_token(f"expected {sign!r}")
        self._take()

    @contextmanager
    def _deeper(self) -> Iterator[None]:
        """Parse one level deeper."""
        if self.depth == MAX_DEPTH:
            raise FormulaError(f"the formula must not nest more than {MAX_DEPTH} deep", self._next.position)
        self.depth += 1
        yield
        self.depth -= 1

    @contextmanager
    def _within(self, *, listing: bool = False, in_bars: bool = False) -> Iterator[None]:
        """Between brackets or bars, where other commas and bars count."""
        state = self.listing, self.in_bars
        self.listing, self.in_bars = listing, in_bars
        yield
        self.listing, self.in_bars = state

    def _sum(self) -> Expression:
        tree = self._product()
        while self._next.text in ("+", "-"):
            tree = Apply(self._take().text, (tree, self._product()))
        return tree

    def _product(self) -> Expression:
        begin, below = self._next.position, None
        tree = self._signed()
        while self._next.text in ("*", "/") or self._begins_operand():
            sign = self._take().text if self._next.text in ("*", "/") else ""
            position = self._next.position
            factor = self._signed()
            if not sign and below is not None and not _is_ratio(tree):
                raise self._ambiguous((begin, self._end_before(position)), (below, self._last.end))
            below = position if sign == "/" else None
            tree = Apply(sign or "*", (tree, factor))
        return tree

    def _begins_operand(self) -> bool:
        """Whether the sign of a product was left out here."""
        token = self._next
        return (
            token.kind == "word" or token.text in ("√", r"\frac", *BRACKETS) or (token.text == "|" and not self.in_bars)
        )

    def _signed(self) -> Expression:
        with self._deeper():
            if self._next.text not in ("+", "-"):
                return self._power()
            sign = self._take().text
            tree = self._signed()
            return Apply("neg", (tree,)) if sign == "-" else tree

    def _power(self) -> Expression:
        base = self._atom()
        exponent = self._exponent()
        return base if exponent is None else Apply("^", (base, exponent))

    def _exponent(self) -> Expression | None:
        """What is raised here, if anything is."""
        if self._next.kind != "raised" and self._next.text != "^":
            return None
        token = self._take()
        position = token.position if token.kind == "raised" else self._next.position
        exponent = Number(float(token.text), token.text) if token.kind == "raised" else self._signed()
        value = bound(exponent, CONSTANTS)
        if isinstance(value, Number) and not abs(value.value) <= MAX_EXPONENT:
            raise FormulaError(f"an exponent must be within ±{MAX_EXPONENT}, got {value.value:g}", position)
        return exponent

    def _atom(self) -> Expression:
        token = self._next
        if token.kind == "number":
            return self._number()
        if token.kind == "fraction":
            above, below = self._take().text.split("/")
            return Apply("/", (Number(float(above), above), Number(float(below), below)))
        if token.kind == "word":
            return self._call() if token.text in FUNCTIONS else self._symbol()
        if token.text in BRACKETS:
            return self._group()
        if token.text == "|":
            return self._absolute()
        if token.text == r"\frac":
            return self._fraction()
        if token.text == "√":
            return self._root()
        raise self._unexpected_token()

    def _group(self) -> Expression:
        """What is between brackets."""
        bracket = self._take().text
        with self._within():
            tree = self._sum()
        self._expect(BRACKETS[bracket])
        return tree

    def _absolute(self) -> Expression:
        self._take()
        with self._within(in_bars=True):
            tree = self._sum()
        self._expect("|")
        return Apply("abs", (tree,))

    def _fraction(self) -> Expression:
        self._take()
        digits = self._next
        if digits.kind == "number" and len(digits.text) == 2 and digits.text.isdecimal():
            return Apply("/", tuple(Number(float(digit), digit) for digit in self._take().text))
        return Apply("/", (self._in_braces(), self._in_braces()))

    def _in_braces(self) -> Expression:
        if self._next.text != "{":
            raise self._unexpected_token("expected '{'")
        return self._group()

    def _root(self) -> Expression:
        self._take()
        begin, has_brackets = self._next.position, self._next.text in ("(", "{")
        if self._next.text == "[":
            raise FormulaError("only square roots are known: for others write a power, as in x^(1/3)", begin)
        with self._deeper():
            tree = self._atom()
        if not has_brackets and (self._next.kind == "raised" or self._next.text == "^" or self._begins_operand()):
            inner, index = self._last.end, self.index
            self._exponent() if self._next.text == "^" or self._next.kind == "raised" else self._power()
            raise self._ambiguous((begin, self._last.end), (begin, inner), at=self.tokens[index].position)
        return Apply("sqrt", (tree,))

    def _number(self) -> Expression:
        token = self._take()
        text = token.text
        if not self.listing and self._decimal_comma(token):
            integer, self.index = token, self.index + 2
            text, end = f"{integer.text}.{self._last.text}", self._last.end
            if len(self._last.text) == 3 and integer.text != "0" and len(integer.text) <= 3:
                numbers = f"{integer.text}{self._last.text}", text
                rests = self.text[: integer.position], self.text[end:]
                instead = tuple(one.join(rests) for one in numbers)
                raise FormulaError(
                    f"is {self.text[integer.position : end]} {numbers[0]} or {text}?", integer.position, (), instead
                )
        if not math.isfinite(float(text)):
            raise FormulaError(f"the number {text} is too large", token.position)
        return Number(float(text), text)

    def _decimal_comma(self, token: Token) -> bool:
        """Whether a comma and further digits follow at once."""
        comma = self._next
        if comma.text != "," or comma.position != token.end or not token.text.isdecimal():
            return False
        digits = self.tokens[self.index + 1]
        return (
            digits.kind == "number"
            and digits.position == comma.end
            and digits.text[0] != "."
            and "." not in digits.text
        )

    def _symbol(self) -> Expression:
        token = self._take()
        name, follower = token.text, self._next.text
        if follower == "[":
            raise FormulaError(f"{name!r} has no parts: use x and y", token.position)
        if name not in self.names:
            if follower == "(" and (len(name) > 1 or name in "fgh"):
                raise self._no_function(token)
            self.unknown_names.setdefault(name, token.position)
        return Symbol(name)

    def _no_function(self, token: Token) -> FormulaError:
        names = difflib.get_close_matches(token.text.lower(), FUNCTIONS, n=1)
        instead = tuple(self.text[: token.position] + name + self.text[token.end :] for name in names)
        return FormulaError(
            f"{token.text!r} is no function: there are {', '.join(FUNCTIONS)}", token.position, (), instead
        )

    def _call(self) -> Expression:
        token = self._take()
        exponent = self._exponent()
        value = None if exponent is None else bound(exponent, CONSTANTS)
        if isinstance(value, Number) and value.value == -1:
            raise self._inverse(token, self._last.end)
        if self._next.text in BRACKETS or FUNCTIONS[token.text].most > 1:
            tree = Apply(token.text, self._arguments(token))
        else:
            tree = Apply(token.text, (self._argument(),))
        return tree if exponent is None else Apply("^", (tree, exponent))

    def _arguments(self, token: Token) -> tuple[Expression, ...]:
        """Those between brackets."""
        most = FUNCTIONS[token.text].most
        if self._next.text not in BRACKETS:
            self._expect("(")
        closing = BRACKETS[self._take().text]
        with self._within(listing=most > 1):
            arguments = [self._sum()]
            while self._next.text == ",":
                self._take()
                arguments.append(self._sum())
        self._expect(closing)
        least = min(most, 2)
        if not least <= len(arguments) <= most:
            count = "1 argument" if most == 1 else f"{least} to {most} arguments"
            raise FormulaError(f"{token.text} takes {count}, got {len(arguments)}", token.position)
        return tuple(arguments)

    def _argument(self) -> Expression:
        """One without brackets, whose end is clear."""
        begin = self._next.position
        if self._next.text in ("+", "-"):
            self._signed()
            raise self._ambiguous((begin, self._last.end))
        if self._next.kind not in ("number", "fraction") and not self._begins_operand():
            self._expect("(")
        with self._deeper():
            tree = factor = self._power()
            while self._continues(factor):
                factor = self._power()
                tree = Apply("*", (tree, factor))
        end, following = self._last.end, self._next
        if following.text == "/" or (self._begins_operand() and following.text not in FUNCTIONS):
            if following.text == "/":
                self._take()
            self._signed()
            raise self._ambiguous((begin, end), (begin, self._last.end), at=following.position)
        return tree

    def _continues(self, factor: Expression) -> bool:
        """Whether what comes next belongs to the argument of a function as well: 2x and xy, but not x y."""
        if self._next.kind != "word" or self._next.text in FUNCTIONS:
            return False
        coefficient = isinstance(bound(factor, CONSTANTS), Number)
        return coefficient or self._next.position == self._last.end

    def _end_before(self, position: int) -> int:
        return max(token.end for token in self.tokens if token.end <= position)

    def _ambiguous(self, *readings: tuple[int, int], at: int | None = None) -> FormulaError:
        """What can be read in several ways, each of which puts one part of the text between parentheses."""
        instead = tuple(self._with_parentheses(*reading) for reading in readings)
        position = readings[0][0] if at is None else at
        return FormulaError("where this ends is not clear: put it between parentheses", position, (), instead)

    def _with_parentheses(self, begin: int, end: int) -> str:
        before = re.sub(r"(?<=[A-Za-z])\s+$", "", self.text[:begin])  # sin x becomes sin(x)
        return f"{before}({self.text[begin:end]}){self.text[end:]}"

    def _inverse(self, token: Token, end: int) -> FormulaError:
        name = token.text
        before, after = self.text[: token.position], self.text[end:]
        functions = (INVERSES[name],) if name in INVERSES else ()
        instead = tuple(f"{before}{one}{after}" for one in (*functions, f"1/{name}"))
        return FormulaError(f"{name}^-1 is the inverse to some and 1/{name} to others", token.position, (), instead)

    def _unexpected_token(self, expected: str = "") -> FormulaError:
        token = self._next
        problem = "the formula ends too early" if token.kind == "end" else f"{token.text!r} does not fit"
        instead: tuple[str, ...] = ()
        if not expected and token.kind in ("number", "fraction") and self.index:
            expected = OPERATOR
            instead = (f"{self.text[: self._last.end]}*{self.text[token.position :]}",)
        return FormulaError(f"{problem}: {expected}" if expected else problem, token.position, (), instead)


def _is_ratio(tree: Expression) -> bool:
    """Whether it is one number over another, which stands before its factor: 1/2 x."""
    return isinstance(tree, Apply) and tree.name == "/" and all(isinstance(part, Number) for part in tree.arguments)


def _split(token: Token, names: Set[str], variables: Set[str]) -> list[Token]:
    """A word that is no name as the product it stands for, if it does: "xsin" is x sin, "axy" is a x y."""
    word = token.text
    if token.kind != "word" or word in names or word in FUNCTIONS or len(word) != token.end - token.position:
        return [token]
    parts = _parts(word, names, frozenset())
    if parts is None and not is_greek(word):
        for letter in dict.fromkeys(word):
            parts = _parts(word, names, frozenset(letter)) if letter.isalpha() else None
            if parts is not None and variables & set(parts):
                break
            parts = None
    ends = itertools.accumulate(map(len, parts or []), initial=token.position)
    places = zip(parts or [], itertools.pairwise(ends), strict=True)
    return [Token("word", SYNONYMS.get(part, part), *place) for part, place in places] or [token]


def _parts(word: str, names: Set[str], letters: Set[str]) -> list[str] | None:
    """The names and functions, and the `letters`, that make up a word, the longest first."""
    all_names = {*names, *FUNCTIONS, *letters, *(name for name, ours in SYNONYMS.items() if ours in FUNCTIONS)}
    rests: dict[int, list[str]] = {len(word): []}
    for begin in reversed(range(len(word))):
        for end in reversed(range(begin + 1, min(len(word), begin + 12) + 1)):
            if end in rests and word[begin:end] in all_names:
                rests[begin] = [word[begin:end], *rests[end]]
                break
    return rests.get(0)


def _unknown_names_message(names: tuple[str, ...]) -> str:
    problem = f"unknown name {names[0]!r}" if len(names) == 1 else f"unknown names {', '.join(map(repr, names))}"
    return f"{problem}: use x, y, pi, e, a function ({', '.join(FUNCTIONS)}) or a parameter"
