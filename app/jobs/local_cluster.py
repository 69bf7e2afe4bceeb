"""The local cluster as a process of its own: `python -m app.jobs.local_cluster WORKERS`.

It prints its scheduler's address and lives until its standard input closes, so it never outlives the server that
started it. It is not part of the server's process because worker processes import their parent's main module, which
there is a page, and because training must not take time from pages.
"""

from __future__ import annotations

import os
import sys

PRELOADED = ["app.jobs.worker", "landscapes.tasks", "optim_core.training"]
NICENESS = 2  # pages come first


def main(workers: int) -> None:
    """Serve until standard input closes."""
    from distributed import LocalCluster

    if hasattr(os, "nice"):
        os.nice(NICENESS)
    cluster = LocalCluster(
        n_workers=workers,
        threads_per_worker=1,
        processes=True,
        host="127.0.0.1",
        dashboard_address=None,
        worker_dashboard_address=None,
        silence_logs="CRITICAL",
        preload=PRELOADED,
    )
    with cluster:
        sys.stdout.write(f"{cluster.scheduler_address}\n")
        sys.stdout.flush()
        sys.stdin.read()


if __name__ == "__main__":
    main(int(sys.argv[1]))
