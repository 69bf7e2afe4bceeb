"""A visitor's own formula in x and y as an objective and a surface; `landscapes.reader` has its grammar."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from landscapes.expression import CONSTANTS, FUNCTIONS, Expression, bound, latex, objective_of, symbols
from landscapes.fields import Objective, gradient_field
from landscapes.minima import Domain, Place
from landscapes.notation import FormulaError, rewrite
from landscapes.reader import MAX_DEPTH, MAX_EXPONENT, read
from landscapes.surface import Surface

__all__ = ["MAX_DEPTH", "MAX_EXPONENT", "MAX_LENGTH", "MAX_PARAMETERS", "Formula", "FormulaError", "parse"]

VARIABLES = ("x", "y")
MAX_LENGTH = 300
MAX_PARAMETERS = 8

_SAMPLES = 41  # along each axis, to judge a formula over its domain


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
        text: at most 300 characters; see `landscapes.reader` for what may stand in it.
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
    tree = _tree(text, {*VARIABLES, *CONSTANTS, *names, *(where or {})})
    used_names = symbols(bound(tree, dict(parts)))
    if not set(VARIABLES) & set(used_names):
        raise FormulaError("the formula is constant: it must depend on x or y")
    return Formula(text, tree, tuple(name for name in used_names if name in names), parts)


def _tree(text: str, names: set[str]) -> Expression:
    """The formula's tree; an error says what to write instead, where that is known."""
    try:
        return read(text, names, set(VARIABLES))
    except FormulaError as error:
        rewriting = rewrite(text)
        if rewriting != text and _is_readable(rewriting, names):
            error.names, error.instead = (), (rewriting,)
        raise


def _is_readable(text: str, names: set[str]) -> bool:
    """Whether there is nothing wrong with it but names that may become parameters."""
    try:
        read(text, names, set(VARIABLES))
    except FormulaError as error:
        return bool(error.names)
    return True


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
