"""Connection to the workers: a local cluster started on first use, or the scheduler in LOOKAHEAD_SCHEDULER."""

from __future__ import annotations

import contextlib
import importlib
import logging
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from app.jobs.errors import SchedulerGoneError
from app.jobs.machine import crew_for, this_machine

if TYPE_CHECKING:
    from distributed import Client

SCHEDULER_VARIABLE = "LOOKAHEAD_SCHEDULER"
WORKERS_VARIABLE = "LOOKAHEAD_WORKERS"
CONNECT_SECONDS = 3.0

logger = logging.getLogger(__name__)


class Cluster:
    """A connection to a Dask scheduler, made when first needed and made again after a loss. For one thread at a time.

    Args:
        address: of a scheduler, such as "tcp://10.0.0.7:8786"; None starts a local cluster.
        workers: processes of the local cluster; one for each core if not given, fewer where memory does not suffice.

    Raises:
        ValueError: fewer than one worker.
    """

    def __init__(self, address: str | None = None, workers: int | None = None) -> None:
        self.address = address
        crew = crew_for(this_machine(), workers)
        self.workers, self._worker_memory = crew.workers, crew.memory
        if crew.reason and address is None:
            logger.warning(crew.reason)
        self._client: Client | None = None
        self._process: subprocess.Popen[str] | None = None

    @property
    def connected(self) -> bool:
        """Whether the scheduler answered until now."""
        return self._client is not None and self._client.status == "running"

    def client(self) -> Client:
        """The connection; futures of an earlier one are lost after a reconnection.

        Raises:
            SchedulerGoneError: no scheduler answers, or the local cluster does not start.
        """
        if not self.connected:
            self._disconnect()
            self._client = _connect(self.address or self._local_address())
        assert self._client is not None  # noqa: S101  (for the type checker)
        return self._client

    def close(self) -> None:
        """Disconnect; a local cluster ends, its runs can continue from their checkpoints."""
        self._disconnect()

    def _disconnect(self) -> None:
        if self._client is not None:
            with contextlib.suppress(Exception):  # it is lost anyway
                self._client.close(timeout=1)
            self._client = None
        if self._process is not None:
            _end(self._process)
            self._process = None

    def _local_address(self) -> str:
        from optim_core.device import available_devices

        accelerators = len(available_devices()) - 1
        numbers = map(str, (self.workers, self._worker_memory, accelerators))
        command = [sys.executable, "-m", "app.jobs.local_cluster", *numbers]
        root = str(Path(__file__).parents[2])  # so that the packages import where they are not installed
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH")]))}
        self._process = subprocess.Popen(  # noqa: S603  (our own interpreter and module)
            command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        importlib.import_module("distributed")  # while the workers start
        assert self._process.stdout is not None  # noqa: S101  (for the type checker)
        address = self._process.stdout.readline().strip()
        if not address:
            raise SchedulerGoneError(f"the local cluster did not start (exit status {self._process.wait()})")
        return address


def cluster_from_environment() -> Cluster:
    """The cluster that LOOKAHEAD_SCHEDULER names, or a local one of LOOKAHEAD_WORKERS processes.

    Raises:
        ValueError: LOOKAHEAD_WORKERS is no whole number from 1.
    """
    workers = os.environ.get(WORKERS_VARIABLE, "")
    if workers and not (workers.isdecimal() and int(workers) >= 1):
        raise ValueError(f"{WORKERS_VARIABLE} must be a whole number from 1, got {workers!r}")
    return Cluster(os.environ.get(SCHEDULER_VARIABLE) or None, int(workers) if workers else None)


def _connect(address: str) -> Client:
    from distributed import Client

    for name in ("distributed", "distributed.client"):
        logging.getLogger(name).setLevel(logging.CRITICAL)  # a loss is reported to the visitors instead
    try:
        return Client(address, timeout=CONNECT_SECONDS, set_as_default=False, name="lookahead-lab")
    except (OSError, ValueError, TimeoutError) as error:
        raise SchedulerGoneError(
            f"the scheduler at {address} does not answer ({error}); nothing is lost: "
            "runs go on from their checkpoints when it is back"
        ) from None


def _end(process: subprocess.Popen[str]) -> None:
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            pipe.close()
    try:
        process.wait(timeout=5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
