"""Failures of a worker in words."""

from __future__ import annotations

from typing import Any

from app.jobs.errors import JobsError


def explanation(error: Any) -> str:
    """What a visitor is told about an error that a worker raised."""
    from distributed import KilledWorker

    from landscapes.tasks.errors import DataUnavailableError

    if isinstance(error, KilledWorker):
        return "its worker process died again and again, probably for lack of memory"
    if isinstance(error, (JobsError, DataUnavailableError, ValueError, TypeError)):
        return str(error)
    return f"{type(error).__name__}: {error}"
