"""Cores and memory that this process may use: a container's quota where there is one."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from app.state.limits import current_limits

SERVER_MB = 1024  # left to the pages and to Dask's scheduler
SYSTEM = Path("/")


@dataclass(frozen=True)
class Machine:
    """Cores and bytes of memory."""

    cores: int
    memory: int


@dataclass(frozen=True)
class Crew:
    """The workers to start: their number, the bytes of each, and why they are fewer than requested or than cores."""

    workers: int
    memory: int
    reason: str = ""


def this_machine(system: Path = SYSTEM) -> Machine:
    """The host's cores and memory, bounded by affinity and by control groups of either version, with their parents.

    Args:
        system: the root of the file system; tests have one of their own.
    """
    import psutil

    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quotas = [math.ceil(quota) for group in _groups(system) if (quota := _cpu_quota(group)) is not None]
    bounds = [bytes_ for group in _groups(system) if (bytes_ := _memory_limit(group)) is not None]
    return Machine(max(1, min([cores, *quotas])), min([psutil.virtual_memory().total, *bounds]))


def crew_for(machine: Machine, worker_count: int | None = None) -> Crew:
    """As many workers as cores, or as requested, as long as each has the memory that a training needs.

    Raises:
        ValueError: fewer than one worker was requested.
    """
    goal = machine.cores if worker_count is None else worker_count
    if goal < 1:
        raise ValueError(f"workers must be at least 1, got {goal}")
    least, free = current_limits().worker_memory_mb * 10**6, machine.memory - SERVER_MB * 10**6
    workers = max(1, min(goal, free // least))
    share = max(least, free // workers)
    if workers == goal and free >= least:
        return Crew(workers, share)
    return Crew(
        workers,
        share,
        f"{workers} of {goal} workers start: of {machine.memory / 1e9:.1f} GB of memory {SERVER_MB / 1e3:.1f} are "
        f"the server's, and a worker needs {least / 1e9:.2f} (LOOKAHEAD_WORKER_MEMORY_MB)",
    )


def _groups(system: Path) -> Iterator[Path]:
    """The folders of the control groups that bound this process, of version 2 and of version 1's controllers."""
    root = system / "sys/fs/cgroup"
    try:
        lines = (system / "proc/self/cgroup").read_text().splitlines()
    except OSError:
        lines = ["0::/"]
    for line in lines:
        _, controllers, path = line.split(":", 2)
        base = root / controllers if controllers else root
        folder = base / path.lstrip("/")
        while folder != base:
            yield folder
            folder = folder.parent
        yield base  # all that a container sees of its own group, whatever its path on the host


def _cpu_quota(group: Path) -> float | None:
    """Cores, of version 2 or 1; None where there is no bound."""
    quota, period = [*_fields(group / "cpu.max"), "", ""][:2]
    if not quota:
        quota, period = ((_fields(group / f"cpu.cfs_{name}_us") or [""])[0] for name in ("quota", "period"))
    return int(quota) / int(period) if quota.isdecimal() and period.isdecimal() and int(period) else None


def _memory_limit(group: Path) -> int | None:
    """Bytes, of version 2 or 1; None where there is no bound."""
    for name in ("memory.max", "memory.limit_in_bytes"):
        fields = _fields(group / name)
        if fields and fields[0].isdecimal():
            return int(fields[0])
    return None


def _fields(file: Path) -> list[str]:
    try:
        return file.read_text().split()
    except (OSError, ValueError):
        return []
