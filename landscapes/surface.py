"""A 2D surface as a value."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

from landscapes.expression import Expression
from landscapes.fields import Field, Objective, Slope, gradient_field
from landscapes.minima import Domain, Minimum, Place, minima_of


@dataclass(frozen=True)
class Surface:
    """A function of the plane with its customary view and run.

    Args:
        key: its name in URLs and commands.
        name: its name on screen.
        formula: LaTeX.
        function: (..., 2) -> (...), a torch objective.
        domain: ((x_lo, x_hi), (y_lo, y_hi)).
        start: the customary start, within the domain.
        lr: the customary lr for SGD.
        teaches: one line.
        log_view: whether contours read better on log(1 + f − min f).
        steps: base steps of the customary run.
        noise_scale: the customary deviation of Gaussian gradient noise; 0 is none.
        slope: the function with its gradient, where that is faster than autograd (`gradient_field`).
        curvature: of a quadratic, the eigenvalues of its Hessian.
        tree: the function as an expression in x and y, where it was written as a formula.

    Raises:
        ValueError: the domain is empty or not finite, the start is outside it, lr <= 0, or noise_scale < 0.
    """

    key: str
    name: str
    formula: str
    function: Objective
    domain: Domain
    start: Place
    lr: float
    teaches: str
    log_view: bool = False
    noise_scale: float = 0.0
    steps: int = 500
    slope: Slope | None = None
    curvature: tuple[float, float] | None = None
    tree: Expression | None = None

    def __post_init__(self) -> None:
        for axis, (low, high), start in zip("xy", self.domain, self.start, strict=True):
            if not (math.isfinite(low) and math.isfinite(high) and low < high):
                raise ValueError(f"domain must have finite {axis}_lo < {axis}_hi, got {low} and {high}")
            if not low <= start <= high:
                raise ValueError(f"start must lie within the domain, {axis} in [{low}, {high}], got {axis} = {start}")
        if not (math.isfinite(self.lr) and self.lr > 0):
            raise ValueError(f"lr must be above 0 and finite, got {self.lr}")
        if not (math.isfinite(self.noise_scale) and self.noise_scale >= 0):
            raise ValueError(f"noise_scale must be at least 0 and finite, got {self.noise_scale}")

    @cached_property
    def minima(self) -> tuple[Minimum, ...]:
        """Every isolated local minimum in the domain, the lowest first; searched for once (about 40 ms)."""
        return minima_of(self.function, self.domain)

    def field(self) -> Field:
        """The noise-free field: (x, evaluation) -> (loss, gradient)."""
        return gradient_field(self.function, self.slope)
