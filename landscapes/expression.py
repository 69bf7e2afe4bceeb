"""Expressions in x, y and parameters as trees: their value on tensors, and their LaTeX.

Every operation that exists is in the two tables below; nothing else can be computed.
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import reduce
from typing import Any, TypeAlias

import torch
from torch import Tensor

Value: TypeAlias = "Tensor | float"

CONSTANTS = {"pi": math.pi, "e": math.e}
GREEK = re.compile(
    "alpha|beta|gamma|delta|epsilon|zeta|eta|theta|iota|kappa|lambda|mu|nu|xi|pi|rho|sigma|tau|phi|chi|psi|omega"
)


@dataclass(frozen=True)
class Number:
    """A literal; `text` as it was written, empty for a computed one."""

    value: float
    text: str = ""


@dataclass(frozen=True)
class Symbol:
    """A variable, a constant or a parameter."""

    name: str


@dataclass(frozen=True)
class Apply:
    """An operation of the tables on its arguments."""

    name: str
    arguments: tuple[Expression, ...]


Expression: TypeAlias = Number | Symbol | Apply


@dataclass(frozen=True)
class Function:
    """What a name may be applied to, and how it is computed and written."""

    compute: Callable[..., Any]
    latex: str
    most: int = 1  # arguments; those that take more than one take at least two


def _tensors(compute: Callable[[Tensor, Tensor], Tensor]) -> Callable[..., Tensor]:
    """A function of two tensors, for any number of tensors and numbers."""
    return lambda *values: reduce(compute, [torch.as_tensor(value, dtype=torch.float64) for value in values])


OPERATORS: dict[str, Callable[..., Any]] = {
    "neg": operator.neg,
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "^": torch.pow,
}

FUNCTIONS = {
    "exp": Function(torch.exp, r"\exp"),
    "log": Function(torch.log, r"\log"),
    "ln": Function(torch.log, r"\ln"),
    "log10": Function(torch.log10, r"\log_{10}"),
    "log2": Function(torch.log2, r"\log_{2}"),
    "sqrt": Function(torch.sqrt, r"\sqrt"),
    "abs": Function(torch.abs, r"\abs"),
    "sign": Function(torch.sign, r"\operatorname{sgn}"),
    "sin": Function(torch.sin, r"\sin"),
    "cos": Function(torch.cos, r"\cos"),
    "tan": Function(torch.tan, r"\tan"),
    "asin": Function(torch.asin, r"\arcsin"),
    "acos": Function(torch.acos, r"\arccos"),
    "atan": Function(torch.atan, r"\arctan"),
    "sinh": Function(torch.sinh, r"\sinh"),
    "cosh": Function(torch.cosh, r"\cosh"),
    "tanh": Function(torch.tanh, r"\tanh"),
    "asinh": Function(torch.asinh, r"\operatorname{arsinh}"),
    "acosh": Function(torch.acosh, r"\operatorname{arcosh}"),
    "atanh": Function(torch.atanh, r"\operatorname{artanh}"),
    "min": Function(_tensors(torch.minimum), r"\min", most=8),
    "max": Function(_tensors(torch.maximum), r"\max", most=8),
}


def symbols(tree: Expression) -> tuple[str, ...]:
    """The names in a tree, each once, in order of appearance."""
    match tree:
        case Number():
            return ()
        case Symbol(name):
            return (name,)
        case Apply(_, arguments):
            return tuple(dict.fromkeys(name for argument in arguments for name in symbols(argument)))


def bound(tree: Expression, values: Mapping[str, float | Expression]) -> Expression:
    """The tree with numbers or expressions for the names in `values`, its constant parts computed."""
    match tree:
        case Symbol(name) if name in values:
            value = values[name]
            return Number(float(value)) if isinstance(value, int | float) else value
        case Apply(name, arguments):
            tree = Apply(name, tuple(bound(argument, values) for argument in arguments))
            if all(isinstance(argument, Number) for argument in tree.arguments):
                tensors = [torch.tensor(argument.value, dtype=torch.float64) for argument in tree.arguments]  # type: ignore[union-attr]
                return Number(_apply(name, tensors).item())  # on tensors 1/0 is infinite and raises nothing
    return tree


def evaluate(tree: Expression, values: Mapping[str, Tensor]) -> Value:
    """The value of a tree whose constant parts were computed by `bound`."""
    match tree:
        case Number(value):
            return value
        case Symbol(name):
            return values[name]
        case Apply(name, arguments):
            result: Value = _apply(name, [evaluate(argument, values) for argument in arguments])
            return result


def objective_of(tree: Expression) -> Callable[[Tensor], Tensor]:
    """An expression in x and y as a function, (..., 2) -> (...)."""

    def objective(p: Tensor) -> Tensor:
        x, y = p.unbind(-1)
        value = evaluate(tree, {"x": x, "y": y})
        return value if isinstance(value, Tensor) else torch.full_like(x, value)

    return objective


def _apply(name: str, values: list[Any]) -> Any:
    return OPERATORS[name](*values) if name in OPERATORS else FUNCTIONS[name].compute(*values)


# The precedence of the parts of a formula: one of lower precedence than its surroundings needs parentheses.
SUM, SIGN, PRODUCT, POWER, ATOM = range(5)


def latex(tree: Expression) -> str:
    """The tree in LaTeX, with no more parentheses than it needs."""
    return _latex(tree)[0]


def _latex(tree: Expression) -> tuple[str, int]:
    """LaTeX, and its precedence."""
    match tree:
        case Number(value, text):
            return _number(text or repr(value))
        case Symbol(name):
            return _name(name), ATOM
        case Apply("neg", (argument,)):
            return f"-{_within(argument, PRODUCT)}", SIGN
        case Apply("+" | "-" as sign, (left, right)):
            return f"{_within(left, SUM)} {sign} {_within(right, PRODUCT)}", SUM
        case Apply("*", (left, right)):
            return _product(left, right)
        case Apply("/", (left, right)):
            return rf"\frac{{{latex(left)}}}{{{latex(right)}}}", POWER
        case Apply("^", (base, exponent)):
            return f"{_within(base, ATOM)}^{{{latex(exponent)}}}", POWER
        case Apply(name, arguments):
            return _call(name, ", ".join(latex(argument) for argument in arguments))


def _within(tree: Expression, tightness_needed: int) -> str:
    text, tightness = _latex(tree)
    return text if tightness >= tightness_needed else rf"\left({text}\right)"


def _product(left: Expression, right: Expression) -> tuple[str, int]:
    first, second = _within(left, SIGN), _within(right, POWER)
    sign = r" \cdot " if second[0] in "0123456789." else r"\,"
    return first + sign + second, SIGN if first[0] == "-" else PRODUCT


def _call(name: str, inside: str) -> tuple[str, int]:
    if name == "sqrt":
        return rf"\sqrt{{{inside}}}", ATOM
    if name == "abs":
        return rf"\left|{inside}\right|", ATOM
    return rf"{FUNCTIONS[name].latex}\left({inside}\right)", POWER


def _number(text: str) -> tuple[str, int]:
    mantissa, _, exponent = text.lower().partition("e")
    return (rf"{mantissa} \cdot 10^{{{int(exponent)}}}", PRODUCT) if exponent else (mantissa, ATOM)


def _name(name: str) -> str:
    letters = name.rstrip("0123456789")
    index = name[len(letters) :]
    if GREEK.fullmatch(letters):
        letters = r"\varepsilon" if letters == "epsilon" else rf"\{letters}"
    elif len(letters) > 1:
        letters = rf"\mathrm{{{letters}}}"
    return f"{letters}_{{{index}}}" if index else letters
