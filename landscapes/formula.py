"""A visitor's own formula in x and y, parsed to a torch objective; nothing is ever run as Python.

    sum      := product (("+" | "-") product)*
    product  := signed (("*" | "/")? signed)*      the sign may be left out after a number or ")": 2x, 3(x + 1)
    signed   := ("-" | "+") signed | power
    power    := atom ("^" signed)?                 so -x^2 is -(x^2) and x^2^3 is x^(2^3); ** is ^
    atom     := number | name | function "(" sum ("," sum)* ")" | "(" sum ")"

A name is x, y, a constant (pi, e), or a parameter that the caller lists; any other is an error.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from landscapes.expression import (
    CONSTANTS,
    FUNCTIONS,
    Apply,
    Expression,
    Number,
    Symbol,
    bound,
    latex,
    objective_of,
    symbols,
)
from landscapes.fields import Objective, gradient_field
from landscapes.minima import Domain, Place
from landscapes.surface import Surface

VARIABLES = ("x", "y")
MAX_LENGTH = 300
MAX_DEPTH = 40
MAX_EXPONENT = 100
MAX_PARAMETERS = 8

_TOKEN = re.compile(
    r"(?P<number>(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)"
    r"|(?P<name>π|[A-Za-z][A-Za-z0-9]*)"
    r"|(?P<sign>\*\*|[-+*/^(),−–×·÷])"
)
_SPELLINGS = {"**": "^", "−": "-", "–": "-", "×": "*", "·": "*", "÷": "/", "π": "pi"}
_SAMPLES = 41  # along each axis, to judge a formula over its domain


class FormulaError(ValueError):
    """What is wrong with a formula.

    position: the character at fault, counted from 0; None where it is the whole
    name: the unknown name at fault, which the caller may offer to make a parameter; else None
    """

    def __init__(self, message: str, position: int | None = None, name: str | None = None) -> None:
        super().__init__(message if position is None else f"{message}, at character {position + 1}")
        self.position = position
        self.name = name


@dataclass(frozen=True)
class Formula:
    """A parsed formula.

    text: as it was written     tree: what it means     parameters: the names it uses beyond x, y, in order
    where: the parts of it that were defined beside it, by name
    """

    text: str
    tree: Expression
    parameters: tuple[str, ...]
    where: tuple[tuple[str, Expression], ...] = ()

    @cached_property
    def latex(self) -> str:
        """The formula in LaTeX, parameters by name."""
        definitions = (rf"{name} = {latex(part)}" for name, part in self.where)
        return r",\quad ".join((latex(self.tree), *definitions))

    def bound(self, values: Mapping[str, float] | None = None) -> Expression:
        """The formula as an expression in x and y alone, with these values for its parameters.

        Raises:
            ValueError: a parameter has no value, or one that is not finite.
        """
        values = dict(values or {})
        for name in self.parameters:
            if not math.isfinite(values.get(name, math.nan)):
                raise ValueError(f"parameter {name} must have a finite value, got {values.get(name)}")
        numbers = CONSTANTS | {name: values[name] for name in self.parameters}
        return bound(self.tree, numbers | {name: bound(part, numbers) for name, part in self.where})

    def objective(self, values: Mapping[str, float] | None = None) -> Objective:
        """The formula as a function, (..., 2) -> (...), with these values for its parameters; errors as `bound`."""
        return objective_of(self.bound(values))

    def surface(
        self,
        domain: Domain,
        values: Mapping[str, float] | None = None,
        start: Place | None = None,
        lr: float | None = None,
    ) -> Surface:
        """The formula as a surface, which may be undefined in places; start and lr are proposed where not given.

        Raises:
            FormulaError: it is finite nowhere in the domain, or has the same value everywhere in it.
            ValueError: as `objective` and `Surface`, or the start is where the formula is not finite.
        """
        tree = self.bound(values)
        function = objective_of(tree)
        proposed_start, proposed_lr, log_view = _survey(function, domain)
        start, lr = start or proposed_start, lr or proposed_lr
        if not function(torch.tensor(start, dtype=torch.float64)).isfinite():
            raise ValueError(f"start must be where the formula is finite, got {start}")
        name, teaches = "Your own formula", "A surface of your own."
        return Surface("formula", name, self.latex, function, domain, start, lr, teaches, log_view, tree=tree)


def parse(text: str, parameters: Iterable[str] = (), where: Mapping[str, str] | None = None) -> Formula:
    """Read a formula in x and y.

    Args:
        text: at most 300 characters; see the module for what may stand in it.
        parameters: up to 8 further names that may stand in it, each a letter followed by letters and digits.
        where: formulas of parts of it, by the names that stand for them in the text.

    Raises:
        FormulaError: the text is not such a formula, nests more than 40 deep, has a constant exponent beyond ±100, or
            depends neither on x nor on y. The position says where.
        ValueError: a parameter's name is not possible, or there are too many.
    """
    names = _checked_parameters(parameters)
    if not text.strip():
        raise FormulaError("the formula is empty")
    if len(text) > MAX_LENGTH:
        raise FormulaError(f"the formula must have at most {MAX_LENGTH} characters, got {len(text)}", MAX_LENGTH)
    parts = tuple((name, parse(part, names).tree) for name, part in (where or {}).items())
    tree = _Parser(_tokens(text), {*VARIABLES, *CONSTANTS, *names, *(where or {})}).formula()
    used = symbols(bound(tree, dict(parts)))
    if not set(VARIABLES) & set(used):
        raise FormulaError("the formula is constant: it must depend on x or y")
    return Formula(text, tree, tuple(name for name in used if name in names), parts)


@dataclass(frozen=True)
class _Token:
    kind: str  # number, name, sign or end
    text: str
    position: int


def _tokens(text: str) -> list[_Token]:
    tokens, position = [], 0
    while position < len(text):
        if text[position].isspace():
            position += 1
            continue
        match = _TOKEN.match(text, position)
        if match is None or match.lastgroup is None:
            raise FormulaError(f"{text[position]!r} has no meaning here", position)
        tokens.append(_Token(match.lastgroup, _SPELLINGS.get(match[0], match[0]), position))
        position = match.end()
    return [*tokens, _Token("end", "", len(text))]


class _Parser:
    """Recursive descent over the grammar at the top; every nesting passes through `_signed`, which counts it."""

    def __init__(self, tokens: list[_Token], names: set[str]) -> None:
        self.tokens, self.names = tokens, names
        self.index = self.depth = 0

    def formula(self) -> Expression:
        tree = self._sum()
        if self._next.kind != "end":
            raise self._unexpected()
        return tree

    @property
    def _next(self) -> _Token:
        return self.tokens[self.index]

    def _take(self) -> _Token:
        self.index += 1
        return self.tokens[self.index - 1]

    def _expect(self, sign: str) -> None:
        if self._take().text != sign:
            self.index -= 1
            raise self._unexpected(f"expected {sign!r}")

    def _sum(self) -> Expression:
        left = self._product()
        while self._next.text in ("+", "-"):
            left = Apply(self._take().text, (left, self._product()))
        return left

    def _product(self) -> Expression:
        left = self._signed()
        while self._next.text in ("*", "/") or self._sign_left_out():
            sign = "*" if self._sign_left_out() else self._take().text
            left = Apply(sign, (left, self._signed()))
        return left

    def _sign_left_out(self) -> bool:
        before, here = self.tokens[self.index - 1], self._next
        return (before.kind == "number" or before.text == ")") and (here.kind == "name" or here.text == "(")

    def _signed(self) -> Expression:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise FormulaError(f"the formula must not nest more than {MAX_DEPTH} deep", self._next.position)
        if self._next.text in ("+", "-"):
            sign = self._take().text
            tree = self._signed()
            tree = Apply("neg", (tree,)) if sign == "-" else tree
        else:
            tree = self._power()
        self.depth -= 1
        return tree

    def _power(self) -> Expression:
        base = self._atom()
        if self._next.text != "^":
            return base
        self._take()
        position = self._next.position
        exponent = self._signed()
        value = bound(exponent, CONSTANTS)
        if isinstance(value, Number) and not abs(value.value) <= MAX_EXPONENT:
            raise FormulaError(f"an exponent must be within ±{MAX_EXPONENT}, got {value.value:g}", position)
        return Apply("^", (base, exponent))

    def _atom(self) -> Expression:
        token = self._next
        if token.kind == "number":
            return self._number()
        if token.kind == "name":
            return self._function() if token.text in FUNCTIONS else self._symbol()
        if token.text != "(":
            raise self._unexpected()
        self._take()
        tree = self._sum()
        self._expect(")")
        return tree

    def _number(self) -> Expression:
        token = self._take()
        if not math.isfinite(float(token.text)):
            raise FormulaError(f"the number {token.text} is too large", token.position)
        return Number(float(token.text), token.text)

    def _symbol(self) -> Expression:
        token = self._take()
        if token.text not in self.names:
            raise FormulaError(_unknown(token.text, self.names), token.position, name=token.text)
        if self._next.text == "(":
            raise FormulaError(f"{token.text!r} is not a function: for a product write {token.text}*(", token.position)
        return Symbol(token.text)

    def _function(self) -> Expression:
        token = self._take()
        self._expect("(")
        arguments = [self._sum()]
        while self._next.text == ",":
            self._take()
            arguments.append(self._sum())
        self._expect(")")
        most = FUNCTIONS[token.text].most
        least = min(most, 2)
        if not least <= len(arguments) <= most:
            count = "1 argument" if most == 1 else f"{least} to {most} arguments"
            raise FormulaError(f"{token.text} takes {count}, got {len(arguments)}", token.position)
        return Apply(token.text, tuple(arguments))

    def _unexpected(self, expected: str = "") -> FormulaError:
        token = self._next
        problem = "the formula ends too early" if token.kind == "end" else f"{token.text!r} does not fit"
        before = self.tokens[self.index - 1] if self.index else None
        if not expected and token.kind in ("number", "name") and before is not None:
            expected = "an operator such as * is missing"
        return FormulaError(f"{problem}: {expected}" if expected else problem, token.position)


def _unknown(name: str, names: set[str]) -> str:
    parts = "*".join(name)
    if len(name) > 1 and all(letter in names for letter in name):
        return f"unknown name {name!r}: for a product write {parts}"
    return f"unknown name {name!r}: use x, y, pi, e, a function ({', '.join(FUNCTIONS)}) or a parameter"


def _checked_parameters(parameters: Iterable[str]) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(parameters))
    if len(names) > MAX_PARAMETERS:
        raise ValueError(f"parameters must be at most {MAX_PARAMETERS}, got {len(names)}: {', '.join(names)}")
    for name in names:
        if not re.fullmatch(r"[A-Za-z][A-Za-z0-9]{0,11}", name):
            raise ValueError(f"a parameter must be a letter and up to 11 letters or digits, got {name!r}")
        if name in (*VARIABLES, *CONSTANTS, *FUNCTIONS):
            raise ValueError(f"a parameter must not be named like a variable, constant or function, got {name!r}")
    return names


def _survey(function: Objective, domain: Domain) -> tuple[Place, float, bool]:
    """A start, an lr, and whether to draw on a log scale, from a grid over the domain."""
    low, high = torch.tensor(domain, dtype=torch.float64).unbind(-1)
    ticks = torch.linspace(0, 1, _SAMPLES, dtype=torch.float64)
    share = torch.cartesian_prod(ticks, ticks)
    height = function(low + (high - low) * share)
    share, height = share[height.isfinite()], height[height.isfinite()]
    if not len(height):
        raise FormulaError("the formula is not finite anywhere in the domain")
    rise = height - height.min()
    if not rise.any():
        raise FormulaError(f"the formula is constant: it is {height[0].item() + 0.0:g} everywhere in the domain")
    nearest = (share - torch.tensor([0.2, 0.8])).norm(dim=-1).argmin()
    start_x, start_y = (float(f"{place:.12g}") for place in (low + (high - low) * share[nearest]).tolist())
    lr = _proposed_lr(function, low + (high - low) * share, high - low)
    return (start_x, start_y), lr, bool(rise.max() > 10 * rise.median())


def _proposed_lr(function: Objective, points: Tensor, size: Tensor) -> float:
    """One over the median curvature, and such that the median step is at most a twentieth of the domain."""
    field = gradient_field(function)
    gradient = field(points, 0)[1]
    bends = [(field(points + offset, 0)[1] - gradient) / offset.sum() for offset in torch.diag(1e-6 * size)]
    curvature = torch.cat(bends, -1).norm(dim=-1).nan_to_num(0.0, 0.0, 0.0).median()
    slope = gradient.norm(dim=-1).nan_to_num(0.0, 0.0, 0.0).median()
    lr = (1 / torch.maximum(curvature, 20 * slope / size.min())).item()
    return float(f"{lr:.0e}") if 0 < lr < math.inf else 0.1
