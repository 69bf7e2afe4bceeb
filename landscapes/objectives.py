"""The formulas of the surfaces, each a torch function of the last dimension: (..., 2) -> (...).

Where a formula is cheap, its gradient is written out beside it (`*_slope`, on plain arrays): there the bookkeeping of
autograd would cost ten times the arithmetic. Sources: [JY] Jamil & Yang 2013, arXiv 1308.4008; [SB] Surjanovic &
Bingham, Virtual Library of Simulation Experiments. What has no source was made for this project.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from landscapes.fields import Array, Objective, Slope

Slopes = tuple[Array, Array, Array]


def quadratic(a: float, b: float) -> Objective:
    """½(a x² + b y²): the Hessian is diag(a, b)."""

    def function(p: Tensor) -> Tensor:
        x, y = p.unbind(-1)
        return 0.5 * (a * x * x + b * y * y)

    return function


def quadratic_slope(a: float, b: float) -> Slope:
    """`quadratic` with its gradient (a x, b y)."""

    def slope(x: Array, y: Array) -> Slopes:
        dx, dy = a * x, b * y
        return 0.5 * (x * dx + y * dy), dx, dy

    return slope


def matyas(p: Tensor) -> Tensor:
    """.26(x² + y²) − .48xy [JY 71]."""
    x, y = p.unbind(-1)
    return 0.26 * (x * x + y * y) - 0.48 * x * y


def matyas_slope(x: Array, y: Array) -> Slopes:
    """`matyas` with its gradient."""
    dx, dy = 0.52 * x - 0.48 * y, 0.52 * y - 0.48 * x
    return 0.5 * (x * dx + y * dy), dx, dy  # a quadratic form is half its gradient along x


def booth(p: Tensor) -> Tensor:
    """(x + 2y − 7)² + (2x + y − 5)² [JY 17]."""
    x, y = p.unbind(-1)
    return (x + 2 * y - 7).square() + (2 * x + y - 5).square()


def booth_slope(x: Array, y: Array) -> Slopes:
    """`booth` with its gradient."""
    u, v = x + 2 * y - 7, 2 * x + y - 5
    return u * u + v * v, 2 * u + 4 * v, 4 * u + 2 * v


def rosenbrock(p: Tensor) -> Tensor:
    """(1 − x)² + 100(y − x²)² [JY 105]."""
    x, y = p.unbind(-1)
    return (1 - x).square() + 100 * (y - x * x).square()


def rosenbrock_slope(x: Array, y: Array) -> Slopes:
    """`rosenbrock` with its gradient."""
    u, v = 1 - x, y - x * x
    return u * u + 100 * v * v, -2 * u - 400 * x * v, 200 * v


def himmelblau(p: Tensor) -> Tensor:
    """(x² + y − 11)² + (x + y² − 7)² [JY 65]."""
    x, y = p.unbind(-1)
    return (x * x + y - 11).square() + (x + y * y - 7).square()


def himmelblau_slope(x: Array, y: Array) -> Slopes:
    """`himmelblau` with its gradient."""
    u, v = x * x + y - 11, x + y * y - 7
    return u * u + v * v, 4 * x * u + 2 * v, 2 * u + 4 * y * v


def beale(p: Tensor) -> Tensor:
    """(1.5 − x + xy)² + (2.25 − x + xy²)² + (2.625 − x + xy³)² [JY 10]."""
    x, y = p.unbind(-1)
    y2 = y * y
    return (1.5 - x + x * y).square() + (2.25 - x + x * y2).square() + (2.625 - x + x * y2 * y).square()


def beale_slope(x: Array, y: Array) -> Slopes:
    """`beale` with its gradient."""
    y2, y3 = y * y, y * y * y
    u, v, w = 1.5 - x + x * y, 2.25 - x + x * y2, 2.625 - x + x * y3
    dx = 2 * (u * (y - 1) + v * (y2 - 1) + w * (y3 - 1))
    return u * u + v * v + w * w, dx, 2 * x * (u + 2 * y * v + 3 * y2 * w)


def styblinski_tang(p: Tensor) -> Tensor:
    """½ Σ (x⁴ − 16x² + 5x) [JY 144]."""
    squares = p * p
    return 0.5 * (squares * squares - 16 * squares + 5 * p).sum(-1)


def styblinski_tang_slope(x: Array, y: Array) -> Slopes:
    """`styblinski_tang` with its gradient."""
    x2, y2 = x * x, y * y
    value = 0.5 * (x2 * (x2 - 16) + y2 * (y2 - 16) + 5 * (x + y))
    return value, 2 * x * (x2 - 8) + 2.5, 2 * y * (y2 - 8) + 2.5


def six_hump_camel(p: Tensor) -> Tensor:
    """(4 − 2.1x² + x⁴/3)x² + xy + (4y² − 4)y² [JY 30]."""
    x, y = p.unbind(-1)
    x2, y2 = x * x, y * y
    return (4 - 2.1 * x2 + x2 * x2 / 3) * x2 + x * y + (4 * y2 - 4) * y2


def six_hump_camel_slope(x: Array, y: Array) -> Slopes:
    """`six_hump_camel` with its gradient."""
    x2, y2 = x * x, y * y
    value = (4 - 2.1 * x2 + x2 * x2 / 3) * x2 + x * y + (4 * y2 - 4) * y2
    return value, (8 - 8.4 * x2 + 2 * x2 * x2) * x + y, x + (16 * y2 - 8) * y


def monkey_saddle(p: Tensor) -> Tensor:
    """x³ − 3xy² + ½(x² + y²)²: r³ cos 3θ + ½r⁴, so the three valleys of the saddle end at r = 3/2."""
    x, y = p.unbind(-1)
    r2 = x * x + y * y
    return x * (x * x - 3 * y * y) + 0.5 * r2 * r2


def monkey_saddle_slope(x: Array, y: Array) -> Slopes:
    """`monkey_saddle` with its gradient."""
    x2, y2 = x * x, y * y
    r2 = x2 + y2
    return x * (x2 - 3 * y2) + 0.5 * r2 * r2, 3 * (x2 - y2) + 2 * x * r2, 2 * y * (r2 - 3 * x)


def equal_wells(p: Tensor) -> Tensor:
    """uv/(u + v) with u = 10‖p − (−1, 0)‖² and v = ½‖p − (1.5, 0)‖².

    Both wells are exactly 0 deep. The curvature at each is that of its own bowl, 20 and 1, and between them lies one
    saddle point.
    """
    x, y = p.unbind(-1)
    y2 = y * y
    u, v = 10 * ((x + 1).square() + y2), 0.5 * ((x - 1.5).square() + y2)
    return u * v / (u + v)


def equal_wells_slope(x: Array, y: Array) -> Slopes:
    """`equal_wells` with its gradient (v/(u + v))² ∇u + (u/(u + v))² ∇v."""
    y2 = y * y
    u, v = 10 * ((x + 1) ** 2 + y2), 0.5 * ((x - 1.5) ** 2 + y2)
    share = u / (u + v)
    of_u, of_v = 20 * (1 - share) ** 2, share * share
    return share * v, of_u * (x + 1) + of_v * (x - 1.5), (of_u + of_v) * y


def gaussian_wells(p: Tensor) -> Tensor:
    """Two Gaussian wells in a shallow bowl: 3 deep and .25 wide at (1.2, 0); 2 deep and 1.2 wide at (−1, 0)."""
    x, y = p.unbind(-1)
    y2 = y * y
    sharp = 3 * torch.exp(-8 * ((x - 1.2).square() + y2))
    wide = 2 * torch.exp(-((x + 1).square() + y2) / 2.88)
    return 0.05 * (x * x + y2) - sharp - wide


def rastrigin(p: Tensor) -> Tensor:
    """20 + Σ (x² − 10 cos 2πx) [SB]."""
    return 20 + (p * p - 10 * torch.cos(2 * math.pi * p)).sum(-1)


def ackley(p: Tensor) -> Tensor:
    """−20 exp(−.2 √(½‖p‖²)) − exp(½ Σ cos 2πx) + 20 + e [SB]; a cone at its centre, where it has no gradient."""
    distance = torch.sqrt(0.5 * (p * p).sum(-1))
    ripple = torch.exp(0.5 * torch.cos(2 * math.pi * p).sum(-1))
    return -20 * torch.exp(-0.2 * distance) - ripple + 20 + math.e


def levy(p: Tensor) -> Tensor:
    """sin² πu + (u − 1)²(1 + 10 sin²(πu + 1)) + (v − 1)²(1 + sin² 2πv), (u, v) = 1 + (p − 1)/4 [SB]."""
    u, v = (0.75 + 0.25 * p).unbind(-1)
    first = torch.sin(math.pi * u).square()
    middle = (u - 1).square() * (1 + 10 * torch.sin(math.pi * u + 1).square())
    return first + middle + (v - 1).square() * (1 + torch.sin(2 * math.pi * v).square())


def goldstein_price(p: Tensor) -> Tensor:
    """The product of two quartics, from 3 to over 10⁶ within the domain [SB]."""
    x, y = p.unbind(-1)
    xx, xy, yy = x * x, x * y, y * y
    first = 1 + (x + y + 1).square() * (19 - 14 * x + 3 * xx - 14 * y + 6 * xy + 3 * yy)
    second = 30 + (2 * x - 3 * y).square() * (18 - 32 * x + 12 * xx + 48 * y - 36 * xy + 27 * yy)
    return first * second
