"""The 2D surfaces: the formula of each, its customary view and run, and what it teaches.

Function, gradient and LaTeX all follow from the formula. Sources: [JY] Jamil & Yang 2013, arXiv 1308.4008; [SB]
Surjanovic & Bingham, Virtual Library of Simulation Experiments. What has no source was made for this project.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from landscapes.expression import objective_of
from landscapes.formula import parse
from landscapes.minima import Domain, Minimum, Place
from landscapes.slope import program_of
from landscapes.surface import Surface

__all__ = ["SURFACES", "Domain", "Minimum", "Place", "Surface"]


def _surface(text: str, where: Mapping[str, str] | None = None, latex: str = "", **view: Any) -> Surface:
    """The surface of a formula, seen as `view` says; `latex` where the customary notation is not the formula's."""
    formula = parse(text, where=where)
    tree = formula.bound()
    return Surface(
        formula=latex or formula.latex, function=objective_of(tree), slope=program_of(tree), tree=tree, **view
    )


_ALL = (
    _surface(
        key="bowl",
        name="Noisy quadratic bowl",
        text="1/2*(x^2 + 0.05y^2)",
        curvature=(1.0, 0.05),
        domain=((-4, 4), (-4, 4)),
        start=(3.0, 3.5),
        lr=0.3,
        noise_scale=1.0,
        teaches="Under gradient noise, slow weights settle far closer to the minimum than fast weights do.",
    ),
    _surface(
        key="ravine",
        name="Ravine at the stability edge",
        text="1/2*(20x^2 + y^2)",
        curvature=(20.0, 1.0),
        domain=((-4, 4), (-4, 4)),
        start=(1.0, 3.5),
        lr=0.102,
        steps=150,
        teaches="Just above the lr where SGD diverges (20 lr > 2), slow weights with an odd k make it converge.",
    ),
    _surface(
        key="matyas",
        name="Matyas",
        text="0.26(x^2 + y^2) - 0.48x*y",  # [JY 71]
        curvature=(1.0, 0.04),
        domain=((-10, 10), (-10, 10)),
        start=(9.0, 4.0),
        lr=0.3,
        teaches="A long valley along x = y: without noise, halving every displacement only costs time.",
    ),
    _surface(
        key="booth",
        name="Booth",
        text="(x + 2y - 7)^2 + (2x + y - 5)^2",  # [JY 17]
        curvature=(18.0, 2.0),
        domain=((-10, 10), (-10, 10)),
        start=(-8.0, 5.0),
        lr=0.09,
        steps=150,
        teaches="A well-conditioned bowl: everything arrives, and the number of gradient evaluations decides.",
    ),
    _surface(
        key="rosenbrock",
        name="Rosenbrock",
        text="(1 - x)^2 + 100(y - x^2)^2",  # [JY 105]
        domain=((-2, 2), (-1, 3)),
        start=(-1.2, 1.0),
        lr=0.0018,
        log_view=True,
        steps=2000,
        teaches="A curved, nearly level valley: finding it is quick, following it is slow.",
    ),
    _surface(
        key="beale",  # [JY 10]
        name="Beale",
        text="(1.5 - x + x*y)^2 + (2.25 - x + x*y^2)^2 + (2.625 - x + x*y^3)^2",
        domain=((-4.5, 4.5), (-4.5, 4.5)),
        start=(1.0, 1.5),
        lr=0.005,
        log_view=True,
        steps=1000,
        teaches="A plateau with steep corners: an lr that is safe in the corners is slow on the plateau.",
    ),
    _surface(
        key="himmelblau",
        name="Himmelblau",
        text="(x^2 + y - 11)^2 + (x + y^2 - 7)^2",  # [JY 65]
        domain=((-6, 6), (-6, 6)),
        start=(0.7, -5.3),
        lr=0.014,
        log_view=True,
        steps=100,
        teaches="Four equal minima: a small change of start or optimizer changes which one is reached.",
    ),
    _surface(
        key="styblinski_tang",
        name="Styblinski–Tang",
        text="1/2*(x^4 - 16x^2 + 5x + y^4 - 16y^2 + 5y)",  # [JY 144]
        domain=((-5, 5), (-5, 5)),
        start=(0.1, 4.9),
        lr=0.04,
        steps=150,
        teaches="Four basins of unequal depth: descent ends in the one it starts in unless something carries it over.",
    ),
    _surface(
        key="six_hump_camel",
        name="Six-hump camel",
        text="(4 - 2.1x^2 + x^4/3)*x^2 + x*y + (4y^2 - 4)*y^2",  # [JY 30]
        domain=((-2.1, 2.1), (-1.2, 1.2)),
        start=(1.0, -0.05),
        lr=0.03,
        log_view=True,
        steps=200,
        teaches="Six minima in three pairs, two of them global.",
    ),
    _surface(
        key="monkey_saddle",
        name="Monkey saddle, stabilised",
        text="x^3 - 3x*y^2 + 1/2*(x^2 + y^2)^2",  # r³ cos 3θ + ½r⁴: its three valleys end at r = 3/2
        domain=((-2.5, 2.5), (-2.5, 2.5)),
        start=(1.8, 0.02),
        lr=0.02,
        steps=500,
        teaches="A saddle without curvature: the gradient fades, and leaving it takes far longer than reaching it.",
    ),
    _surface(
        key="equal_wells",
        name="Sharp and flat wells of equal depth",
        text="u*v/(u + v)",
        where={"u": "10((x + 1)^2 + y^2)", "v": "1/2*((x - 1.5)^2 + y^2)"},
        domain=((-3, 4), (-3, 3)),
        start=(-1.6, 1.2),
        lr=0.105,
        noise_scale=0.5,
        teaches="Curvature 20 against 1: at this lr SGD cannot stay in the sharp well, and slow weights can.",
    ),
    _surface(
        key="gaussian_wells",
        name="Two Gaussian wells",
        text="(x^2 + y^2)/20 - 3exp(-8((x - 1.2)^2 + y^2)) - 2exp(-((x + 1)^2 + y^2)/2.88)",
        latex=r"\tfrac1{20}\|p\|^2 - 3e^{-8\|p - (1.2, 0)\|^2} - 2e^{-\|p - (-1, 0)\|^2 / 2.88}",
        domain=((-4, 3), (-3, 3)),
        start=(2.9, 2.0),
        lr=0.05,
        noise_scale=1.0,
        teaches="The deeper well is the sharper one: SGD leaps past it, and slow weights, looking back, find it.",
    ),
    _surface(
        key="rastrigin",
        name="Rastrigin",
        text="20 + x^2 - 10cos(2*pi*x) + y^2 - 10cos(2*pi*y)",  # [SB]
        domain=((-5.12, 5.12), (-5.12, 5.12)),
        start=(4.4, -3.8),
        lr=0.011,
        teaches="121 minima and an lr too large for all of them: SGD hops about, and slow weights average the hops.",
    ),
    _surface(
        key="ackley",  # [SB]; a cone at its centre, where it has no gradient
        name="Ackley",
        text="-20exp(-0.2sqrt((x^2 + y^2)/2)) - exp((cos(2*pi*x) + cos(2*pi*y))/2) + 20 + e",
        domain=((-5, 5), (-5, 5)),
        start=(-4.2, 4.0),
        lr=0.1,
        noise_scale=2.0,
        teaches="A funnel under ripples with a kink at its centre: a constant lr rattles there, and slow weights less.",
    ),
    _surface(
        key="levy",
        name="Lévy",
        text="sin(pi*u)^2 + (u - 1)^2*(1 + 10sin(pi*u + 1)^2) + (v - 1)^2*(1 + sin(2*pi*v)^2)",  # [SB]
        where={"u": "1 + (x - 1)/4", "v": "1 + (y - 1)/4"},
        domain=((-10, 10), (-10, 10)),
        start=(-9.0, 3.0),
        lr=0.25,
        log_view=True,
        steps=300,
        teaches="Parallel ridges: across them there are many minima, along them few.",
    ),
    _surface(
        key="goldstein_price",  # [SB]
        name="Goldstein–Price",
        text=(
            "(1 + (x + y + 1)^2*(19 - 14x + 3x^2 - 14y + 6x*y + 3y^2))"
            "*(30 + (2x - 3y)^2*(18 - 32x + 12x^2 + 48y - 36x*y + 27y^2))"
        ),
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
