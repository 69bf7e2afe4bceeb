"""A layer of slow weights: its synchronisation period, its slow step size and its outer momentum."""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from numbers import Real
from typing import Any, Literal, get_args

InnerBuffers = Literal["keep", "reset"]
"""What becomes of the outer momentum of the layers inside when a layer around them synchronises."""


@dataclass(frozen=True, repr=False)
class Layer:
    """One level of slow weights: every `k` steps of the level below it moves a fraction `alpha` towards them.

    With an outer momentum μ the move is a step of SGD with momentum on s = φ_i − φ_{i−1}, and b starts at zero:

        b ← μ b + s;    φ_i ← φ_i − α b,    or by Nesterov's rule    φ_i ← φ_i − α (s + μ b)

    Args:
        k: steps of the level below from one synchronisation to the next.
        alpha: slow step size, in [0, 1].
        outer_momentum: μ in [0, 1); 0 is plain Lookahead.
        outer_nesterov: whether the move follows Nesterov's rule; the same where μ is 0.
        allow_overshoot: lets alpha be above 1, beyond the weights of the level below.

    Raises:
        TypeError: `k` is not a whole number (a bool is not one), or `alpha` or `outer_momentum` is not a real number.
        ValueError: `k` < 1, `alpha` is outside [0, 1] (negative or infinite with `allow_overshoot`) or NaN, or
            `outer_momentum` is outside [0, 1).
    """

    k: int
    alpha: float
    outer_momentum: float = 0.0
    outer_nesterov: bool = False
    allow_overshoot: bool = field(default=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "k", _checked_period(self.k))
        object.__setattr__(self, "alpha", _slow_step_size(self.alpha, self.allow_overshoot))
        object.__setattr__(self, "outer_momentum", _outer_momentum(self.outer_momentum))
        object.__setattr__(self, "outer_nesterov", bool(self.outer_nesterov))

    def __repr__(self) -> str:
        momentum = f", outer_momentum={self.outer_momentum}" if self.outer_momentum else ""
        nesterov = ", outer_nesterov=True" if self.outer_nesterov else ""
        overshoot = ", allow_overshoot=True" if self.alpha > 1 else ""
        return f"Layer(k={self.k}, alpha={self.alpha}{momentum}{nesterov}{overshoot})"

    @property
    def has_momentum(self) -> bool:
        """Whether the layer keeps a momentum buffer."""
        return self.outer_momentum > 0

    @property
    def effective_alpha(self) -> float:
        """α / (1 − μ), the slow step size that a layer arrives at where s does not change."""
        return self.alpha / (1 - self.outer_momentum)

    @property
    def numbers(self) -> list[float]:
        """The first arguments, no more than needed: k, α, and with outer momentum μ and 1 for Nesterov's rule or 0."""
        return [self.k, self.alpha, *([self.outer_momentum, int(self.outer_nesterov)] if self.has_momentum else ())]

    def without_momentum(self) -> Layer:
        """The same layer with plain interpolation."""
        return replace(self, outer_momentum=0.0, outer_nesterov=False) if self.has_momentum else self


def make_layers(
    k: int | Sequence[int],
    alpha: float | Sequence[float],
    outer_momentum: float | Sequence[float] = 0.0,
    outer_nesterov: bool | Sequence[bool] = False,
    *,
    allow_overshoot: bool = False,
) -> tuple[Layer, ...]:
    """One layer per entry of the sequences, innermost first; a scalar beside a sequence serves every layer.

    Raises:
        ValueError: the sequences are empty or differ in length, or a value is refused by `Layer`.
        TypeError: as `Layer`.
    """
    settings: dict[str, Any] = {
        "k": k,
        "alpha": alpha,
        "outer_momentum": outer_momentum,
        "outer_nesterov": outer_nesterov,
    }
    lengths = {name: len(value) for name, value in settings.items() if isinstance(value, Sequence)}
    if len(set(lengths.values())) > 1:
        counts = " and ".join(map(str, lengths.values()))
        values = ", ".join(str(settings[name]) for name in lengths)
        raise ValueError(f"{' and '.join(lengths)} must have one entry per layer each, got {counts}: {values}")
    depth = next(iter(lengths.values()), 1)
    if depth == 0:
        raise ValueError(
            f"at least one layer is needed, got k={k!r}, alpha={alpha!r}; use the base optimizer alone for none"
        )
    ks, alphas, momenta, nesterovs = (
        list(value) if isinstance(value, Sequence) else [value] * depth for value in settings.values()
    )
    return tuple(
        Layer(one_k, one_alpha, one_momentum, one_nesterov, allow_overshoot)
        for one_k, one_alpha, one_momentum, one_nesterov in zip(ks, alphas, momenta, nesterovs, strict=True)
    )


def periods(layers: Sequence[Layer]) -> tuple[int, ...]:
    """Base steps between the synchronisations of each layer, innermost first: k_1, k_1 k_2, ..."""
    totals: list[int] = []
    for layer in layers:
        totals.append(layer.k * (totals[-1] if totals else 1))
    return tuple(totals)


def layers_due(step: int, layers: Sequence[Layer]) -> int:
    """How many layers synchronise at base step `step` (counted from 1): the outermost whose period divides it."""
    for count, layer in enumerate(layers):
        step, remainder = divmod(step, layer.k)
        if remainder:
            return count
    return len(layers)


def checked_inner_buffers(inner_buffers: str) -> InnerBuffers:
    """The same; ValueError where there is no such mode."""
    if inner_buffers not in get_args(InnerBuffers):
        raise ValueError(f"inner_buffers must be one of {', '.join(get_args(InnerBuffers))}, got {inner_buffers!r}")
    return inner_buffers  # type: ignore[return-value]


def _checked_period(k: int) -> int:
    if isinstance(k, bool):
        raise TypeError(f"k must be a whole number of steps, got {k!r}")
    try:
        value = operator.index(k)
    except TypeError:
        raise TypeError(f"k must be a whole number of steps, got {k!r}") from None
    if value < 1:
        raise ValueError(f"k must be at least 1, got {value}")
    return value


def _slow_step_size(alpha: float, allow_overshoot: bool) -> float:
    maximum, interval = (math.inf, "[0, ∞)") if allow_overshoot else (1, "[0, 1]")
    value = _checked_number("alpha", alpha, f"a number in {interval}")
    if not 0 <= value <= maximum or math.isinf(value):
        hint = "; above 1 only with allow_overshoot=True" if 1 < value < math.inf else ""
        raise ValueError(f"alpha must be in {interval}, got {value}{hint}")
    return value


def _outer_momentum(momentum: float) -> float:
    value = _checked_number("outer_momentum", momentum, "a number in [0, 1)")
    if not 0 <= value < 1:
        raise ValueError(f"outer_momentum must be in [0, 1), got {value}")
    return value


def _checked_number(name: str, value: float, what: str) -> float:
    if isinstance(value, bool) or not isinstance(value, Real):
        raise TypeError(f"{name} must be {what}, got {value!r}")
    return float(value)
