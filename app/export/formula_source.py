"""A formula as the source of a function: the same operations in the same order as the app computes."""

from __future__ import annotations

import math
from collections import Counter

from landscapes.expression import OPERATORS, Apply, Expression, Number, Symbol
from landscapes.slope import Operand, Program

NAMES = {"ln": "log", "min": "minimum", "max": "maximum"}  # where torch calls a function otherwise


def objective_source(tree: Expression, title: str) -> str:
    """`def objective(p)` for an expression in x and y."""
    lines = ("def objective(p):", f'    """{title}"""', "    x, y = p.unbind(-1)", f"    return {source(tree)}")
    return "\n".join(lines)


def slope_source(program: Program, title: str) -> str:
    """`def slope(x, y)` for a program: what is used once stands where it is used."""
    uses = Counter(one for _, *pair in program.operations.values() for one in pair) + Counter(program.results)
    texts: dict[Operand, str] = {}
    lines = ["def slope(x, y):", f'    """{title}, with its gradient."""']
    for name, (sign, *pair) in program.operations.items():
        left, right = (texts.get(one, str(one)) for one in pair)
        texts[name] = f"({left} {sign} {right})"
        if uses[name] > 1:
            lines.append(f"    {name} = {texts[name][1:-1]}")
            texts[name] = str(name)
    results = (texts.get(one, str(one)) for one in program.results)
    return "\n".join((*lines, f"    return {', '.join(results)}"))


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
