"""A layer of slow weights: its synchronisation period and its slow step size."""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Real


@dataclass(frozen=True)
class Layer:
    """One level of slow weights: every `k` steps of the level below it moves a fraction `alpha` towards them.

    Raises:
        TypeError: `k` is not a whole number (a bool is not one), or `alpha` is not a real number.
        ValueError: `k` < 1, or `alpha` is outside [0, 1] or NaN.
    """

    k: int
    alpha: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "k", _whole(self.k))
        object.__setattr__(self, "alpha", _fraction(self.alpha))


def make_layers(k: int | Sequence[int], alpha: float | Sequence[float]) -> tuple[Layer, ...]:
    """Pair periods with slow step sizes, innermost first; a scalar beside a sequence serves every layer.

    Raises:
        ValueError: the sequences are empty or differ in length, or a value is refused by `Layer`.
        TypeError: as `Layer`.
    """
    ks = list(k) if isinstance(k, Sequence) else None
    alphas = list(alpha) if isinstance(alpha, Sequence) else None
    depth = len(ks) if ks is not None else len(alphas) if alphas is not None else 1
    if ks is not None and alphas is not None and len(ks) != len(alphas):
        raise ValueError(
            f"k and alpha must have one entry per layer each, got {len(ks)} and {len(alphas)}: {k}, {alpha}"
        )
    if depth == 0:
        raise ValueError(
            f"at least one layer is needed, got k={k!r}, alpha={alpha!r}; use the base optimizer alone for none"
        )
    ks = [k] * depth if ks is None else ks  # type: ignore[list-item]
    alphas = [alpha] * depth if alphas is None else alphas  # type: ignore[list-item]
    return tuple(Layer(one_k, one_alpha) for one_k, one_alpha in zip(ks, alphas, strict=True))


def periods(layers: Sequence[Layer]) -> tuple[int, ...]:
    """Base steps between the synchronisations of each layer, innermost first: k_1, k_1 k_2, ..."""
    totals: list[int] = []
    for layer in layers:
        totals.append(layer.k * (totals[-1] if totals else 1))
    return tuple(totals)


def layers_due(step: int, layers: Sequence[Layer]) -> int:
    """How many layers synchronise at base step `step` (counted from 1): the outermost whose period divides it."""
    for due, layer in enumerate(layers):
        step, rest = divmod(step, layer.k)
        if rest:
            return due
    return len(layers)


def _whole(k: int) -> int:
    if isinstance(k, bool):
        raise TypeError(f"k must be a whole number of steps, got {k!r}")
    try:
        value = operator.index(k)
    except TypeError:
        raise TypeError(f"k must be a whole number of steps, got {k!r}") from None
    if value < 1:
        raise ValueError(f"k must be at least 1, got {value}")
    return value


def _fraction(alpha: float) -> float:
    if isinstance(alpha, bool) or not isinstance(alpha, Real):
        raise TypeError(f"alpha must be a number in [0, 1], got {alpha!r}")
    value = float(alpha)
    if math.isnan(value) or not 0 <= value <= 1:
        raise ValueError(f"alpha must be in [0, 1], got {value}")
    return value
