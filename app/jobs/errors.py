"""What can go wrong with long work, each with a message for the person who asked for it."""


class JobsError(RuntimeError):
    """Base of all errors of this package."""


class StoreError(JobsError):
    """The run store cannot be used: no permission, no space, not the same folder everywhere."""


class DamagedError(JobsError):
    """A stored run is not what was written."""


class LimitError(JobsError):
    """More work was asked for than one visitor, or all together, may have waiting."""


class SchedulerGoneError(JobsError):
    """The scheduler does not answer."""
