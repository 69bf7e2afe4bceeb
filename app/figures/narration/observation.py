"""An observation, and the line of a player that many of them make."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

# Priorities, the highest first.
END, FIRST_MOVE, SYNCHRONISATION, ARRIVAL, CAUSE, SETTING, WAITING, NOISE, THEORY, AHEAD = range(100, 0, -10)


@dataclass(frozen=True)
class Observation:
    """A sentence that is true of a run from `first_step` to `last_step`; of several, the highest priority is shown.

    Raises:
        ValueError: an empty text, or steps that are not ascending from 0.
    """

    text: str
    first_step: int
    last_step: int
    priority: int

    def __post_init__(self) -> None:
        if not self.text:
            raise ValueError("text must say something, got ''")
        if not 0 <= self.first_step <= self.last_step:
            raise ValueError(f"steps must be 0 <= first <= last, got {self.first_step} and {self.last_step}")


def timeline(observations: Sequence[Observation]) -> tuple[tuple[int, str], ...]:
    """From which base step on which line is shown, ascending, "" for none; of equal priorities the later begun."""
    changes = {0} | {one.first_step for one in observations} | {one.last_step + 1 for one in observations}
    lines: list[tuple[int, str]] = []
    for step in sorted(changes):
        holding = [one for one in observations if one.first_step <= step <= one.last_step]
        best = max(holding, key=lambda one: (one.priority, one.first_step), default=None)
        text = best.text if best else ""
        if not lines or lines[-1][1] != text:
            lines.append((step, text))
    return tuple(lines)
