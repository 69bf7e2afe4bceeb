"""A visitor's own formula as part of a config."""

from __future__ import annotations

from functools import lru_cache
from typing import Annotated, Any

from pydantic import AfterValidator, Field, ValidationInfo, field_validator

from app.state.base import Finite, Frozen
from app.state.codecs import NONE, Codec, exact, numbers
from app.state.limits import current_limits
from landscapes.formula import MAX_LENGTH, MAX_PARAMETERS, parse
from landscapes.surfaces import Domain, Surface

DEFAULT_FORMULA = "(x^2 + y - 11)^2 / 40 + sin(3x) cos(2y)"
DEFAULT_DOMAIN = (-5.0, 5.0, -4.0, 14.0)
MAX_DOMAIN = MAX_VALUE = 1e6

Bounds = tuple[Finite, Finite, Finite, Finite]
Parameters = tuple[tuple[str, Annotated[Finite, Field(ge=-MAX_VALUE, le=MAX_VALUE)]], ...]


def _parse_domain(text: str) -> Any:
    bounds = numbers(text, 4)
    if bounds is None:
        raise ValueError("write x from, x to, y from, y to, as in -5, 5, -4, 14")
    return bounds


def _parse_parameters(text: str) -> Any:
    if text == NONE:
        return ()
    return tuple(tuple(part.strip() for part in pair.split(",")) for pair in text.split(";") if pair.strip())


DOMAIN = Codec(  # x from, x to, y from, y to, in links and in one widget; an example's has none
    text=lambda value: ",".join(map(repr, value)),
    read=_parse_domain,
    widgets=lambda name, value: {} if value is None else {name: ", ".join(map(exact, value))},
)
PARAMETERS = Codec(  # links have a,1.0;b,0.5; widgets are called parameters.a, parameters.b
    text=lambda value: ";".join(f"{name},{number!r}" for name, number in value) or NONE,
    read=_parse_parameters,
    widgets=lambda name, value: {f"{name}.{parameter}": number for parameter, number in value or ()},
    from_widgets=lambda name, value, widget_value: tuple(
        (parameter, widget_value(f"{name}.{parameter}", number)) for parameter, number in value or ()
    ),
)


def _with_a_size(value: Bounds | None) -> Bounds | None:
    if value is None or (value[0] < value[1] and value[2] < value[3] and max(map(abs, value)) <= MAX_DOMAIN):
        return value
    raise ValueError(f"must be x from, x to, y from, y to, each from below its to, all within ±{MAX_DOMAIN:g}")


class OwnFormula(Frozen):
    """f(x, y) with its domain and the values of its parameters; None stands for an example."""

    domain: Annotated[Bounds | None, AfterValidator(_with_a_size), DOMAIN] = None
    parameters: Annotated[Parameters | None, Field(max_length=MAX_PARAMETERS), PARAMETERS] = None
    formula: str | None = Field(None, max_length=min(MAX_LENGTH, current_limits().formula))

    @field_validator("formula")
    @classmethod
    def _is_a_surface(cls, value: str | None, info: ValidationInfo) -> str | None:
        """The last of the three fields: it is checked with the domain and the parameters."""
        if {"domain", "parameters"} <= info.data.keys():
            own_surface(value, info.data["domain"], info.data["parameters"])
        return value

    def own_surface(self) -> Surface:
        """The surface of the formula; parsed, never run as Python."""
        return own_surface(self.formula, self.domain, self.parameters)


@lru_cache(maxsize=64)
def own_surface(formula: str | None, bounds: Bounds | None, parameters: Parameters | None) -> Surface:
    """The surface of a formula over a domain.

    Raises:
        FormulaError: what is wrong with it, and where.
    """
    values = dict(parameters or ())
    return parse(formula if formula is not None else DEFAULT_FORMULA, values).surface(as_domain(bounds), values)


def as_domain(bounds: Bounds | None) -> Domain:
    """((x from, x to), (y from, y to))."""
    low_x, high_x, low_y, high_y = bounds or DEFAULT_DOMAIN
    return (low_x, high_x), (low_y, high_y)
