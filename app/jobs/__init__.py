"""Long work outside the server: submit, status, cancel, result.

jobs = default_jobs()
ticket = jobs.submit(TrainingRequest(task.describe(), spec, steps=1_000, snapshot_every=5), visitor)
jobs.status(ticket)   # state, queue position, fraction, ETA, growing curves; never waits for training
jobs.result(ticket)   # curves, and weights mapped from the run store
"""

from app.jobs.cluster import Cluster, cluster_from_environment
from app.jobs.errors import DamagedError, JobsError, LimitError, SchedulerGoneError, StoreError
from app.jobs.queue import Limits
from app.jobs.request import TrainingRequest, request_from
from app.jobs.service import Jobs, Status, Ticket, default_jobs
from app.jobs.store import RunStore, TrainingResult, store_from_environment

__all__ = [
    "Cluster",
    "DamagedError",
    "Jobs",
    "JobsError",
    "LimitError",
    "Limits",
    "RunStore",
    "SchedulerGoneError",
    "Status",
    "StoreError",
    "Ticket",
    "TrainingRequest",
    "TrainingResult",
    "cluster_from_environment",
    "default_jobs",
    "request_from",
    "store_from_environment",
]
