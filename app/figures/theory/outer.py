"""Where outer momentum overtakes plain slow weights, and where it diverges: the factor of a synchronisation over r."""

from __future__ import annotations

import math

import numpy as np

from app.figures.caption import Caption
from app.figures.chart import Chart, Mark, Panel
from app.figures.look import DASHED, DOTTED, MUTED, depth_color
from app.state.layers import layer_numbers
from optim_core.layers import Layer
from optim_core.theory import best_factors, least_stable, outer_factor

LOW, POINTS = -4.0, 1001
PLAIN, MOMENTUM = depth_color(1), depth_color(2)


def outer_chart(layer: Layer) -> Chart:
    """Factors of a synchronisation over r, the factor of the steps before it: the best ones and this layer's."""
    r = np.linspace(LOW, 1.0, POINTS)
    plain_factors, momentum_factors = best_factors(r)
    hover = "r {x:.3f}\nfactor {y:.4f}"
    marks = [
        Mark("boundary, factor 1", MUTED, np.array([LOW, 1.0]), np.ones(2), dash=DOTTED, width=1.1, quiet=True),
        Mark("plain", PLAIN, r, plain_factors, "best α ≤ 1", dash=DASHED, hover=hover),
        Mark("outer momentum", MOMENTUM, r, momentum_factors, "best α ≤ 1 and μ", dash=DASHED, hover=hover),
        Mark("plain", PLAIN, r, outer_factor(r, layer.without_momentum()), f"α = {layer.alpha:g}", hover=hover),
    ]
    if layer.has_momentum:
        marks.append(Mark("outer momentum", MOMENTUM, r, outer_factor(r, layer), layer_numbers(layer), hover=hover))
    marks += [_limit(one, color) for one, color in _limits(layer)]
    title = "Factor of one synchronisation, where the steps before it multiply a mode by r"
    panel = Panel(title, tuple(marks), labels=("r", "factor"), spans=((LOW, 1.0), (0.0, 1.6)))
    return Chart((panel,), Caption(title), columns=1, height=380)


def _limits(layer: Layer) -> list[tuple[Layer, str]]:
    pairs = [(layer.without_momentum(), PLAIN), *([(layer, MOMENTUM)] if layer.has_momentum else ())]
    return [(one, color) for one, color in pairs if math.isfinite(least_stable(one)) and least_stable(one) >= LOW]


def _limit(layer: Layer, color: str) -> Mark:
    edge = least_stable(layer)
    name = "outer momentum" if layer.has_momentum else "plain"
    return Mark(
        name, color, np.array([edge]), np.ones(1), "diverges to the left of", "dots", marker="diamond", size=7.0,
        hover="diverges where r < {x:.4g}",
    )  # fmt: skip
