"""Errors of long work, with messages for the visitor."""


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
