"""A fair queue over visitors, and the limits on waiting and running jobs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from app.jobs.errors import LimitError
from app.state.limits import DEFAULTS


@dataclass(frozen=True)
class Limits:
    """How much may wait and run at a time; running jobs of a visitor are only limited where `visitor_running` is given.

    Raises:
        ValueError: a limit below 1.
    """

    visitor_waiting: int = DEFAULTS.visitor_waiting
    waiting: int = DEFAULTS.waiting
    visitor_running: int | None = None

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if value is not None and value < 1:
                raise ValueError(f"{name} must be at least 1, got {value}")


class FairQueue:
    """Waiting keys. The visitor with the fewest running jobs goes first, then the earliest key."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._owners: dict[str, str] = {}  # in order of arrival

    def __len__(self) -> int:
        return len(self._owners)

    def __contains__(self, key: str) -> bool:
        return key in self._owners

    def add(self, key: str, visitor: str) -> None:
        """Add a key.

        Raises:
            LimitError: too many are waiting, of this visitor or in all.
        """
        count = sum(owner == visitor for owner in self._owners.values())
        if count >= self.limits.visitor_waiting:
            raise LimitError(f"you have {count} runs waiting, which is the limit: let some finish or cancel them first")
        if len(self) >= self.limits.waiting:
            raise LimitError(f"{len(self)} runs are waiting, which is the limit: try again when some have finished")
        self._owners[key] = visitor

    def put_back(self, key: str, visitor: str) -> None:
        """Put a key that was already running back to the front, without a check of the limits."""
        self._owners = {key: visitor, **self._owners}

    def remove(self, key: str) -> None:
        """Remove a key, if it waits."""
        self._owners.pop(key, None)

    def order(self, running: Mapping[str, int]) -> list[str]:
        """Keys in the order in which they start when nothing else arrives; `running` counts jobs of each visitor."""
        running_counts, waiting, order = Counter(running), dict(self._owners), []
        while waiting:
            key = min(waiting, key=lambda one: running_counts[waiting[one]])  # the first of the smallest
            running_counts[waiting.pop(key)] += 1
            order.append(key)
        return order

    def next(self, running: Mapping[str, int], busy: Collection[str] = ()) -> str | None:
        """The key to start now, or None; visitors at their limit wait, and so do keys that are still busy."""
        most = self.limits.visitor_running
        for key in self.order(running):
            if key not in busy and (most is None or running.get(self._owners[key], 0) < most):
                return key
        return None
