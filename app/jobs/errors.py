"""Errors of long work, with messages for the visitor."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


class JobsError(RuntimeError):
    """Base of all errors of this package."""


class StoreError(JobsError):
    """The run store cannot be used: no permission, no space, not the same folder everywhere."""


class DamagedError(JobsError):
    """A stored run is damaged."""


class LimitError(JobsError):
    """More runs were submitted than one visitor, or all together, may have waiting."""


class SchedulerGoneError(JobsError):
    """The scheduler does not answer."""


@contextmanager
def asking_scheduler(waiting: str = "runs wait for it") -> Iterator[None]:
    """A context in which the scheduler is asked something.

    Raises:
        SchedulerGoneError: it does not answer; says what waits for it.
    """
    try:
        yield
    except (OSError, TimeoutError) as error:
        raise SchedulerGoneError(f"the scheduler does not answer ({error}); {waiting}") from None
