"""The local cluster as a process of its own: `python -m app.jobs.local_cluster WORKERS MEMORY [ACCELERATORS]`.

MEMORY is in bytes, of each worker. Beside them each accelerator has a worker that announces it (`app.jobs.devices`).
It prints its scheduler's address and lives until its standard input closes, so it never outlives the server that
started it. It is not part of the server's process because worker processes import their parent's main module, which
there is a page, and because training must not take time from pages.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
from typing import TYPE_CHECKING

from app.jobs.devices import ACCELERATOR

if TYPE_CHECKING:
    from distributed import LocalCluster

# torch's optimizers import its compiler at their first step, although nothing is compiled: import it once for all.
PRELOADED_MODULES = ["distributed", "app.jobs.worker", "landscapes.tasks", "optim_core.training", "torch._dynamo"]
PRELOADED_MODULES += ["app.jobs.chunk", "optim_core.study"]
NICENESS = 2  # pages come first
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
# Activations are freed and allocated again at every step: returning them to the system in between costs a quarter of
# the training time.
KEPT_MEMORY = {"MALLOC_MMAP_THRESHOLD_": str(2**25), "MALLOC_TRIM_THRESHOLD_": str(2**27)}
CONFIGURATION = {
    "distributed.scheduler.http.routes": [],  # nothing over HTTP
    "distributed.worker.http.routes": [],
    "distributed.nanny.pre-spawn-environ": ONE_THREAD | KEPT_MEMORY,
    "distributed.worker.profile.enabled": False,  # nobody looks at Dask's own profiles, ticks and memory statistics
    "distributed.admin.tick.interval": "2s",
    "distributed.admin.system-monitor.interval": "5s",
    "distributed.scheduler.active-memory-manager.start": False,
}


def main(workers: int, memory: int, accelerators: int = 0) -> None:
    """Serve until standard input closes."""
    import dask
    from distributed import LocalCluster

    os.environ.update(ONE_THREAD | KEPT_MEMORY)
    if hasattr(os, "nice"):
        os.nice(NICENESS)
    dask.config.set(CONFIGURATION)
    _fork_from_preloaded()
    cluster = LocalCluster(
        n_workers=workers,
        threads_per_worker=1,
        memory_limit=memory,  # Dask would give each the share of one of the host's cores
        processes=True,
        host="127.0.0.1",
        scheduler_kwargs={"dashboard": False, "dashboard_address": "127.0.0.1:0"},  # no port that others may want
        worker_dashboard_address=None,
        silence_logs="CRITICAL",
    )
    with cluster:
        _add_accelerator_workers(cluster, accelerators)
        sys.stdout.write(f"{cluster.scheduler_address}\n")
        sys.stdout.flush()
        sys.stdin.read()


def _add_accelerator_workers(cluster: LocalCluster, count: int) -> None:
    usual = next(iter(cluster.worker_spec.values()))
    options = usual["options"] | {"resources": {ACCELERATOR: 1}}
    for number in range(count):
        cluster.worker_spec[f"accelerator-{number}"] = usual | {"options": options}
    if count:
        cluster.scale(len(cluster.worker_spec))


def _fork_from_preloaded() -> None:
    """Where the system can, import torch once and fork the workers from there: also those that replace killed ones."""
    import dask
    from distributed.utils import get_mp_context

    if "forkserver" in multiprocessing.get_all_start_methods():
        dask.config.set({"distributed.worker.multiprocessing-method": "forkserver"})
        get_mp_context().set_forkserver_preload(PRELOADED_MODULES)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
