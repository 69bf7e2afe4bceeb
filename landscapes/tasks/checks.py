"""Checks of a task's settings: each names the field, what arrived and what is allowed."""

from __future__ import annotations

import math
import operator
from collections.abc import Collection
from numbers import Real


def whole_number(field: str, value: object, low: int, high: int | None = None) -> int:
    """`value` as an int in [low, high].

    Raises:
        TypeError: not a whole number (a bool is not one).
        ValueError: outside the range.
    """
    if isinstance(value, bool):
        raise TypeError(f"{field} must be a whole number, got {value!r}")
    try:
        number = operator.index(value)  # type: ignore[arg-type]
    except TypeError:
        raise TypeError(f"{field} must be a whole number, got {value!r}") from None
    if number < low or (high is not None and number > high):
        interval = f"at least {low}" if high is None else f"between {low} and {high}"
        raise ValueError(f"{field} must be {interval}, got {number}")
    return number


def real_number(field: str, value: object, low: float, high: float) -> float:
    """`value` as a float in [low, high].

    Raises:
        TypeError: not a real number (a bool is not one).
        ValueError: NaN or outside the range.
    """
    if isinstance(value, bool) or not isinstance(value, Real):
        raise TypeError(f"{field} must be a number, got {value!r}")
    number = float(value)
    if math.isnan(number) or not low <= number <= high:
        raise ValueError(f"{field} must be between {low:g} and {high:g}, got {number:g}")
    return number


def choice(field: str, value: object, names: Collection[str]) -> str:
    """`value` if it is one of the `names`.

    Raises:
        ValueError: it is not.
    """
    if not isinstance(value, str) or value not in names:
        raise ValueError(f"{field} must be one of {', '.join(sorted(names))}, got {value!r}")
    return value
