"""How a map of amounts is shaded, the same in both painters: numbers, colours and the labels of its colour bar."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from app.figures.chart import Floats, Map
from app.figures.look import Style

DECADES = 12.0  # on a logarithmic scale, that are told apart
ABOVE = 0.07  # part of the colour bar for what is above its span
MARGIN = 0.02  # of the bar, so that the greatest value has the last colour below that part


@dataclass(frozen=True, eq=False)
class Shades:
    """z: (rows, columns) from `low` to `high`, NaN where a cell is empty.

    colors: along that range, from 0 to 1.      ticks: labels by place in it.
    """

    z: Floats
    low: float
    high: float
    colors: tuple[tuple[float, str], ...]
    ticks: dict[float, str]


def shades_of(map_: Map, style: Style) -> Shades:
    """The values, or their logarithms, inside the span; infinite ones in a part of their own above it."""
    scale = np.log10 if map_.log else np.asarray
    low, top = (float(scale(end)) for end in map_.span)
    high = top + (top - low) * ABOVE if map_.above else top
    with np.errstate(divide="ignore", invalid="ignore"):
        inside = np.clip(scale(map_.values), low, top)
    z = np.where(np.isposinf(map_.values), high, inside)
    places = np.linspace(0, (top - low) / (high - low), len(style.amounts)).tolist()
    colors = list(zip(places, style.amounts, strict=True))
    ticks = {float(scale(value)): f"{float(f'{value:.3g}'):g}" for value in _ticks(map_.span, log=map_.log)}
    if map_.above:
        edge = places[-1] + MARGIN
        colors += [(edge, style.amounts[-1]), (edge, style.beyond), (1.0, style.beyond)]
        ticks[(top + high) / 2] = map_.above
    return Shades(z, low, high, tuple(colors), ticks)


def _ticks(span: tuple[float, float], *, log: bool) -> list[float]:
    """Ends and middle or, on a logarithmic bar, powers of ten."""
    low, high = span
    if not log:
        return [low, (low + high) / 2, high]
    first, last = math.ceil(math.log10(low) - 1e-9), math.floor(math.log10(high) + 1e-9)
    powers = [10.0**power for power in range(first, last + 1, max(1, (last - first) // 4))]
    return powers if len(powers) > 1 else [low, high]


def span_of(values: Floats, *, log: bool) -> tuple[float, float]:
    """From the least to the greatest finite value; on a logarithmic scale positive ones, at most `DECADES` of them."""
    finite = values[np.isfinite(values) & ((values > 0) | (not log))]
    if not len(finite):
        return (1.0, 10.0) if log else (0.0, 1.0)
    low, high = float(finite.min()), float(finite.max())
    low = max(low, high / 10**DECADES) if log else low
    if low == high:
        return (low / 2, low * 2) if log else (low, low + 1)
    return low, high
