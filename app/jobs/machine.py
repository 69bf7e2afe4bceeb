"""What this process may use of the machine: a container's quota where there is one, not all that the host has."""

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
    """The workers to start: how many, the bytes of each, and why they are fewer than asked for or than cores."""

    workers: int
    memory: int
    reason: str = ""


def this_machine(system: Path = SYSTEM) -> Machine:
    """What the host has, bounded by affinity and by control groups of either version, this process's and those above.

    Args:
        system: the root of the file system; tests have one of their own.
    """
    import psutil

    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quotas = [math.ceil(quota) for group in _groups(system) if (quota := _cpu_quota(group)) is not None]
    bounds = [bytes_ for group in _groups(system) if (bytes_ := _memory_limit(group)) is not None]
    return Machine(max(1, min([cores, *quotas])), min([psutil.virtual_memory().total, *bounds]))


def crew_for(machine: Machine, asked: int | None = None) -> Crew:
    """As many workers as cores, or as asked for, as long as each has the memory that a training needs.

    Raises:
        ValueError: fewer than one worker was asked for.
    """
    wanted = machine.cores if asked is None else asked
    if wanted < 1:
        raise ValueError(f"workers must be at least 1, got {wanted}")
    least, left = current_limits().worker_memory_mb * 10**6, machine.memory - SERVER_MB * 10**6
    workers = max(1, min(wanted, left // least))
    share = max(least, left // workers)
    if workers == wanted and left >= least:
        return Crew(workers, share)
    return Crew(
        workers,
        share,
        f"{workers} of {wanted} workers start: of {machine.memory / 1e9:.1f} GB of memory {SERVER_MB / 1e3:.1f} are "
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
    quota, period = [*_words(group / "cpu.max"), "", ""][:2]
    if not quota:
        quota, period = ((_words(group / f"cpu.cfs_{name}_us") or [""])[0] for name in ("quota", "period"))
    return int(quota) / int(period) if quota.isdecimal() and period.isdecimal() and int(period) else None


def _memory_limit(group: Path) -> int | None:
    """Bytes, of version 2 or 1; None where there is no bound."""
    for name in ("memory.max", "memory.limit_in_bytes"):
        words = _words(group / name)
        if words and words[0].isdecimal():
            return int(words[0])
    return None


def _words(file: Path) -> list[str]:
    try:
        return file.read_text().split()
    except (OSError, ValueError):
        return []
