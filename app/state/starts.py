"""Start points as part of a config."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, Field

from app.state.base import Finite
from app.state.codecs import NONE, Codec, exact, numbers
from app.state.limits import current_limits

MAX_STARTS = current_limits().starts
Place = tuple[Finite, Finite]
Range = tuple[float, float]


def _parse(text: str) -> Any:
    pairs = [] if text.strip() == NONE else [pair for pair in text.split(";") if pair.strip()]
    places = tuple(numbers(pair, 2) for pair in pairs)
    if None in places:
        raise ValueError("write x, y; x, y; …, as in 1, 3.5; -2, 0")
    return places


def _some(value: tuple[Place, ...]) -> tuple[Place, ...]:
    if not value:
        raise ValueError("write at least one start, as in 1, 3.5")
    return value


STARTS = Codec(  # links have x,y;x,y; one widget shows x, y; x, y
    text=lambda value: ";".join(f"{x!r},{y!r}" for x, y in value) or NONE,
    read=_parse,
    widgets=lambda name, value: {name: "; ".join(f"{exact(x)}, {exact(y)}" for x, y in value)},
)
Starts = Annotated[tuple[Place, ...], Field(max_length=MAX_STARTS), AfterValidator(_some), STARTS]


def check_inside(place: Range, domain: tuple[Range, Range], where: str = "on this surface") -> None:
    """Check that a start is inside the domain; `where` ends the message.

    Raises:
        ValueError: names the coordinate, the value and the range.
    """
    for axis, value, (low, high) in zip("xy", place, domain, strict=True):
        if not low <= value <= high:
            raise ValueError(f"start {axis} must be in [{low:g}, {high:g}] {where}, got {value:g}")
