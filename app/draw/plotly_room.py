"""Room for the numbers at an axis, where plotly is spared to measure them: their lengths are estimated."""

from __future__ import annotations

from math import floor, log10

from app.figures.chart import Pair, Panel

LETTERS = 12  # pixels: of the numbers at an axis, usually
TICKS = 5  # intervals of an axis, about
PLAIN = 6  # decimals; smaller numbers are written with an exponent
LEAST = 1e-300
MOST = 14  # letters that get room: the last digits of numbers tell of rounding
EXPONENT = 4  # letters, as in e−15
BESIDE = 14  # pixels: a tick, and a little air


def room_for(panel: Panel, size: float = LETTERS) -> int:
    """Pixels that the numbers at a panel's vertical axis take, in letters of this size."""
    values = panel.numbers(1)
    if not len(values) or panel.bare:
        return 0
    return room(letters((float(values.min()), float(values.max())), log=panel.scales[1] == "log"), size)


def room(count: int, size: float = LETTERS) -> int:
    """Pixels of numbers with this many letters."""
    return round(BESIDE + size / 2 * min(MOST, count))


def letters(span: Pair, *, log: bool = False) -> int:
    """Of the longest number at an axis: to tell neighbours apart, a narrow span far from 0 takes many digits."""
    low, high = span
    largest = max(abs(low), abs(high), LEAST)
    whole = max(1, _exponent(largest) + 1)
    if log and high > 5 * low:  # powers of ten, and few others
        return max(whole, 2 + min(PLAIN, -_exponent(max(low, LEAST))))
    decimals = max(0, -_exponent((high - low) / TICKS or largest))
    if _exponent(largest) < -PLAIN:
        return decimals + _exponent(largest) + 2 + EXPONENT + (low < 0)
    return whole + (decimals + 1 if decimals else 0) + (low < 0)


def _exponent(number: float) -> int:
    return floor(log10(number))
