"""A visitor's formula as the source of a torch function: the same operations in the same order as the app computes."""

from __future__ import annotations

import math

from landscapes.expression import CONSTANTS, OPERATORS, Apply, Expression, Number, Symbol, bound
from landscapes.formula import parse

NAMES = {"ln": "log", "min": "minimum", "max": "maximum"}  # where torch calls a function otherwise


def objective_source(formula: str, values: dict[str, float]) -> str:
    """`def objective(p)` for a formula with these values of its parameters.

    Only the parser's own tree is written out, so the text holds nothing but numbers, x, y and functions of the tables.

    Raises:
        FormulaError: it is no formula.
    """
    tree = bound(parse(formula, values).tree, CONSTANTS | values)
    said = " ".join(formula.split())
    lines = ("def objective(p):", f'    """{said}"""', "    x, y = p.unbind(-1)", f"    return {source(tree)}")
    return "\n".join(lines)


def source(tree: Expression) -> str:
    """The tree as a Python expression."""
    match tree:
        case Number(value):
            return repr(value) if math.isfinite(value) else f"float({str(value)!r})"
        case Symbol(name):
            return name
        case Apply(name, arguments):
            return _applied(name, arguments)


def _applied(name: str, arguments: tuple[Expression, ...]) -> str:
    parts = [source(argument) for argument in arguments]
    if name == "neg":
        return f"(-{parts[0]})"
    if name == "^":
        return f"torch.pow({parts[0]}, {parts[1]})"
    if name in OPERATORS:
        return f"({parts[0]} {name} {parts[1]})"
    if name in ("min", "max"):
        parts = [
            f"torch.tensor({part}, dtype=torch.float64)" if isinstance(argument, Number) else part
            for part, argument in zip(parts, arguments, strict=True)
        ]
        while len(parts) > 1:
            parts = [f"torch.{NAMES[name]}({parts[0]}, {parts[1]})", *parts[2:]]
        return parts[0]
    return f"torch.{NAMES.get(name, name)}({parts[0]})"
