"""The 2D surfaces: what each is, where its minima lie, and what it teaches."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

from landscapes import objectives
from landscapes.fields import Field, Objective, Slope, gradient_field
from landscapes.minima import Domain, Minimum, Place, minima_of

__all__ = ["SURFACES", "Domain", "Minimum", "Place", "Surface"]


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
        slope: the function with its gradient written out, where that is faster (`gradient_field`).
        curvature: of a quadratic, the eigenvalues of its Hessian.

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


_ALL = (
    Surface(
        key="bowl",
        name="Noisy quadratic bowl",
        formula=r"\tfrac12\left(x^2 + 0.05\,y^2\right)",
        function=objectives.quadratic(1, 0.05),
        slope=objectives.quadratic_slope(1, 0.05),
        curvature=(1.0, 0.05),
        domain=((-4, 4), (-4, 4)),
        start=(3.0, 3.5),
        lr=0.3,
        noise_scale=1.0,
        teaches="Under gradient noise, slow weights settle far closer to the minimum than fast weights do.",
    ),
    Surface(
        key="ravine",
        name="Ravine at the stability edge",
        formula=r"\tfrac12\left(20\,x^2 + y^2\right)",
        function=objectives.quadratic(20, 1),
        slope=objectives.quadratic_slope(20, 1),
        curvature=(20.0, 1.0),
        domain=((-4, 4), (-4, 4)),
        start=(1.0, 3.5),
        lr=0.102,
        steps=150,
        teaches="Just above the lr where SGD diverges (20 lr > 2), slow weights with an odd k make it converge.",
    ),
    Surface(
        key="matyas",
        name="Matyas",
        formula=r"0.26\left(x^2 + y^2\right) - 0.48\,xy",
        function=objectives.matyas,
        slope=objectives.matyas_slope,
        curvature=(1.0, 0.04),
        domain=((-10, 10), (-10, 10)),
        start=(9.0, 4.0),
        lr=0.3,
        teaches="A long valley along x = y: without noise, halving every displacement only costs time.",
    ),
    Surface(
        key="booth",
        name="Booth",
        formula=r"(x + 2y - 7)^2 + (2x + y - 5)^2",
        function=objectives.booth,
        slope=objectives.booth_slope,
        curvature=(18.0, 2.0),
        domain=((-10, 10), (-10, 10)),
        start=(-8.0, 5.0),
        lr=0.09,
        steps=150,
        teaches="A well-conditioned bowl: everything arrives, and the number of gradient evaluations decides.",
    ),
    Surface(
        key="rosenbrock",
        name="Rosenbrock",
        formula=r"(1 - x)^2 + 100\left(y - x^2\right)^2",
        function=objectives.rosenbrock,
        slope=objectives.rosenbrock_slope,
        domain=((-2, 2), (-1, 3)),
        start=(-1.2, 1.0),
        lr=0.0018,
        log_view=True,
        steps=2000,
        teaches="A curved, nearly level valley: finding it is quick, following it is slow.",
    ),
    Surface(
        key="beale",
        name="Beale",
        formula=r"(1.5 - x + xy)^2 + \left(2.25 - x + xy^2\right)^2 + \left(2.625 - x + xy^3\right)^2",
        function=objectives.beale,
        slope=objectives.beale_slope,
        domain=((-4.5, 4.5), (-4.5, 4.5)),
        start=(1.0, 1.5),
        lr=0.005,
        log_view=True,
        steps=1000,
        teaches="A plateau with steep corners: an lr that is safe in the corners is slow on the plateau.",
    ),
    Surface(
        key="himmelblau",
        name="Himmelblau",
        formula=r"\left(x^2 + y - 11\right)^2 + \left(x + y^2 - 7\right)^2",
        function=objectives.himmelblau,
        slope=objectives.himmelblau_slope,
        domain=((-6, 6), (-6, 6)),
        start=(0.7, -5.3),
        lr=0.014,
        log_view=True,
        steps=100,
        teaches="Four equal minima: a small change of start or optimizer changes which one is reached.",
    ),
    Surface(
        key="styblinski_tang",
        name="Styblinski–Tang",
        formula=r"\tfrac12\sum_{u \in \{x, y\}}\left(u^4 - 16u^2 + 5u\right)",
        function=objectives.styblinski_tang,
        slope=objectives.styblinski_tang_slope,
        domain=((-5, 5), (-5, 5)),
        start=(0.1, 4.9),
        lr=0.04,
        steps=150,
        teaches="Four basins of unequal depth: descent ends in the one it starts in unless something carries it over.",
    ),
    Surface(
        key="six_hump_camel",
        name="Six-hump camel",
        formula=r"\left(4 - 2.1x^2 + \tfrac13x^4\right)x^2 + xy + \left(4y^2 - 4\right)y^2",
        function=objectives.six_hump_camel,
        slope=objectives.six_hump_camel_slope,
        domain=((-2.1, 2.1), (-1.2, 1.2)),
        start=(1.0, -0.05),
        lr=0.03,
        log_view=True,
        steps=200,
        teaches="Six minima in three pairs, two of them global.",
    ),
    Surface(
        key="monkey_saddle",
        name="Monkey saddle, stabilised",
        formula=r"x^3 - 3xy^2 + \tfrac12\left(x^2 + y^2\right)^2",
        function=objectives.monkey_saddle,
        slope=objectives.monkey_saddle_slope,
        domain=((-2.5, 2.5), (-2.5, 2.5)),
        start=(1.8, 0.02),
        lr=0.02,
        steps=500,
        teaches="A saddle without curvature: the gradient fades, and leaving it takes far longer than reaching it.",
    ),
    Surface(
        key="equal_wells",
        name="Sharp and flat wells of equal depth",
        formula=(
            r"\frac{uv}{u + v},\quad u = 10\left((x + 1)^2 + y^2\right),\; v = \tfrac12\left((x - 1.5)^2 + y^2\right)"
        ),
        function=objectives.equal_wells,
        slope=objectives.equal_wells_slope,
        domain=((-3, 4), (-3, 3)),
        start=(-1.6, 1.2),
        lr=0.105,
        noise_scale=0.5,
        teaches="Curvature 20 against 1: at this lr SGD cannot stay in the sharp well, and slow weights can.",
    ),
    Surface(
        key="gaussian_wells",
        name="Two Gaussian wells",
        formula=r"\tfrac1{20}\|p\|^2 - 3e^{-8\|p - (1.2, 0)\|^2} - 2e^{-\|p - (-1, 0)\|^2 / 2.88}",
        function=objectives.gaussian_wells,
        domain=((-4, 3), (-3, 3)),
        start=(2.9, 2.0),
        lr=0.05,
        noise_scale=1.0,
        teaches="The deeper well is the sharper one: SGD leaps past it, and slow weights, looking back, find it.",
    ),
    Surface(
        key="rastrigin",
        name="Rastrigin",
        formula=r"20 + \sum_{u \in \{x, y\}}\left(u^2 - 10\cos 2\pi u\right)",
        function=objectives.rastrigin,
        domain=((-5.12, 5.12), (-5.12, 5.12)),
        start=(4.4, -3.8),
        lr=0.011,
        teaches="121 minima and an lr too large for all of them: SGD hops about, and slow weights average the hops.",
    ),
    Surface(
        key="ackley",
        name="Ackley",
        formula=(
            r"-20\exp\left(-0.2\sqrt{\tfrac12(x^2 + y^2)}\right)"
            r" - \exp\left(\tfrac12(\cos 2\pi x + \cos 2\pi y)\right) + 20 + e"
        ),
        function=objectives.ackley,
        domain=((-5, 5), (-5, 5)),
        start=(-4.2, 4.0),
        lr=0.1,
        noise_scale=2.0,
        teaches="A funnel under ripples with a kink at its centre: a constant lr rattles there, and slow weights less.",
    ),
    Surface(
        key="levy",
        name="Lévy",
        formula=(
            r"\sin^2\pi u + (u - 1)^2\left(1 + 10\sin^2(\pi u + 1)\right) + (v - 1)^2\left(1 + \sin^2 2\pi v\right),"
            r"\quad (u, v) = 1 + \tfrac14(x - 1, y - 1)"
        ),
        function=objectives.levy,
        domain=((-10, 10), (-10, 10)),
        start=(-9.0, 3.0),
        lr=0.25,
        log_view=True,
        steps=300,
        teaches="Parallel ridges: across them there are many minima, along them few.",
    ),
    Surface(
        key="goldstein_price",
        name="Goldstein–Price",
        formula=(
            r"\left[1 + (x + y + 1)^2(19 - 14x + 3x^2 - 14y + 6xy + 3y^2)\right]"
            r"\left[30 + (2x - 3y)^2(18 - 32x + 12x^2 + 48y - 36xy + 27y^2)\right]"
        ),
        function=objectives.goldstein_price,
        domain=((-2, 2), (-2, 2)),
        start=(-1.2, 0.6),
        lr=2e-5,
        log_view=True,
        steps=300,
        teaches="Heights from 3 to a million: one lr cannot suit both, which is what adaptive base optimizers are for.",
    ),
)

SURFACES: dict[str, Surface] = {surface.key: surface for surface in _ALL}
"""Every surface by its key, in the order in which they are best met."""
