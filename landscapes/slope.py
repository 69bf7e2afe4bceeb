"""A formula with its gradient as one short list of array operations.

At 48 rows autograd costs ten times the arithmetic of a polynomial. So a formula of sums, products, quotients and whole
powers is differentiated once, from its value back to x and y. No operation is repeated, so the list is as
short as a gradient written by hand.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from landscapes.expression import OPERATORS, Apply, Expression, Number, Symbol
from landscapes.fields import Array

UFUNCS: dict[str, Callable[..., Array]] = {"+": np.add, "-": np.subtract, "*": np.multiply, "/": np.divide}

Operand: TypeAlias = "str | float"
"""A number, or the name of an array: "x", "y" or the result of an operation."""


class Operation(NamedTuple):
    """One of + - * / on two operands; at least one of them is an array."""

    sign: str
    left: Operand
    right: Operand


@dataclass(frozen=True, eq=False)
class Program:
    """A function and its gradient: (x, y) -> (f, ∂f/∂x, ∂f/∂y).

    operations: by the names of their results, in order     results: where the three are
    """

    operations: dict[str, Operation]
    results: tuple[Operand, Operand, Operand]

    @cached_property
    def _steps(self) -> tuple[list[Any], list[tuple[Callable[..., Array], int, int, int]], list[int]]:
        """Arrays by slot (after x and y: the constants, then empty ones), steps with their slots, slots of the results.

        A slot is used again once nothing needs its array, so that long arrays stay in the processor's cache.
        """
        operands: list[Operand] = [one for step in self.operations.values() for one in (step.left, step.right)]
        constants = [one for one in dict.fromkeys((*operands, *self.results)) if isinstance(one, float)]
        last = {one: name for name, step in self.operations.items() for one in (step.left, step.right)}
        last |= dict.fromkeys(self.results, "")
        slots: dict[Operand, int] = dict(zip(("x", "y", *constants), itertools.count()))
        arrays: list[Any] = [np.array(one) for one in constants]
        steps, free_slots = [], list[int]()
        for name, (sign, left, right) in self.operations.items():
            free_slots += [slots[one] for one in {left, right} & self.operations.keys() if last[one] == name]
            if not free_slots:
                free_slots.append(2 + len(arrays))
                arrays.append(None)
            slots[name] = free_slots.pop()
            steps.append((UFUNCS[sign], slots[left], slots[right], slots[name]))
        return arrays, steps, [slots[one] for one in self.results]

    def __call__(self, x: Array, y: Array) -> tuple[Array, Array, Array]:
        """The three arrays in float64; a derivative that is the same everywhere has no axes."""
        constants, steps, results = self._steps
        arrays = [x, y, *constants]  # numpy multiplies by an array without axes faster than by a float
        for ufunc, left, right, target in steps:
            arrays[target] = ufunc(arrays[left], arrays[right], arrays[target])
        value, dx, dy = (arrays[slot] for slot in results)
        return value, dx, dy

    def bound(self, x: Array, y: Array, value: Array, dx: Array, dy: Array) -> Callable[[], None]:
        """A call that takes these x and y, whatever they hold by then, and fills the other three.

        It makes no array and no view: for few rows those cost as much as the operations.
        """
        constants, steps, results = self._steps
        arrays, copies = [x, y, *constants], []
        for slot, into in zip(results, (value, dx, dy), strict=True):
            if arrays[slot] is None:
                arrays[slot] = into
            else:  # x, y, a constant or the same result once more
                copies.append(partial(np.positive, arrays[slot], into))
        arrays = [np.empty(x.shape) if array is None else array for array in arrays]
        operations = [partial(ufunc, arrays[left], arrays[right], arrays[to]) for ufunc, left, right, to in steps]

        def fill() -> None:
            for operation in operations:
                operation()
            for copy in copies:
                copy()

        return fill


def program_of(tree: Expression) -> Program | None:
    """The program of an expression in x and y; None where it needs more than + - * / and positive whole powers."""
    writer = _Writer()
    try:
        value = writer.forward(tree)
    except ArithmeticError:
        return None
    dx, dy = writer.backward(value)
    return Program(writer.operations, (value, dx, dy))


@dataclass
class _Writer:
    """Writes operations, each once, and none whose result is already known."""

    operations: dict[str, Operation] = field(default_factory=dict)
    names: dict[Operation, str] = field(default_factory=dict)

    def join(self, sign: str, left: Operand, right: Operand) -> Operand:
        """The operand that is `left sign right`."""
        if isinstance(left, float) and isinstance(right, float):
            return float(OPERATORS[sign](left, right))
        if (sign, left) in (("+", 0.0), ("*", 1.0)):
            return right
        if (sign, right) in (("+", 0.0), ("-", 0.0), ("*", 1.0), ("/", 1.0)):
            return left
        operation = Operation("*", -1.0, right) if (sign, left) == ("-", 0.0) else Operation(sign, left, right)
        name = self.names.setdefault(operation, f"t{len(self.names) + 1}")
        self.operations[name] = operation
        return name

    def forward(self, tree: Expression) -> Operand:
        """The operand that is the value of an expression.

        Raises:
            ArithmeticError: it has a function, or a power that is no positive whole number.
        """
        match tree:
            case Number(value):
                return value
            case Symbol(name):
                return name
            case Apply("neg", (argument,)):
                return self.join("-", 0.0, self.forward(argument))
            case Apply("^", (base, Number(exponent))) if exponent >= 1 and exponent == int(exponent):
                return self.power(self.forward(base), int(exponent))
            case Apply(sign, (left, right)) if sign in UFUNCS:
                return self.join(sign, self.forward(left), self.forward(right))
        raise ArithmeticError

    def power(self, base: Operand, exponent: int) -> Operand:
        """`base` multiplied by itself, by repeated squaring."""
        if exponent == 1:
            return base
        root = self.power(base, exponent // 2)
        square = self.join("*", root, root)
        return self.join("*", square, base) if exponent % 2 else square

    def backward(self, value: Operand) -> tuple[Operand, Operand]:
        """∂value/∂x and ∂value/∂y, by the chain rule from the last operation to the first."""
        slopes: dict[Operand, Operand] = {value: 1.0}
        for name, (sign, left, right) in reversed(list(self.operations.items())):
            slope = slopes.get(name, 0.0)
            if isinstance(left, str):
                of_left = slope if sign in "+-" else self.join(sign, slope, right)
                slopes[left] = self.join("+", slopes.get(left, 0.0), of_left)
            if isinstance(right, str):
                of_right = slope if sign in "+-" else self.join("*", slope, left)
                if sign == "/":
                    of_right = self.join("/", self.join("*", slope, name), right)
                slopes[right] = self.join("-" if sign in "-/" else "+", slopes.get(right, 0.0), of_right)
        return slopes.get("x", 0.0), slopes.get("y", 0.0)
