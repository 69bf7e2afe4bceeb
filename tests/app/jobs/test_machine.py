"""Cores and memory as a container's quota leaves them, from control groups that are made up."""

from __future__ import annotations

import logging
import os
from pathlib import Path

import psutil
import pytest

from app.jobs.cluster import Cluster
from app.jobs.machine import Crew, Machine, crew_for, this_machine

GB = 10**9
HOST = Machine(64, 256 * GB)


@pytest.fixture(autouse=True)
def big_host(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(HOST.cores)), raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: HOST.cores)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: type("Memory", (), {"total": HOST.memory}))


def system(folder: Path, groups: str, **files: str) -> Path:
    """A file system with the control groups of a process"""
    contents = {"proc/self/cgroup": groups} | {f"sys/fs/cgroup/{name}": text for name, text in files.items()}
    for name, text in contents.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


CASES = {
    "no control groups": ("", {}, HOST),
    "v2, unbounded": ("0::/\n", {"cpu.max": "max 100000\n", "memory.max": "max\n"}, HOST),
    "v2, a container's own view": (
        "0::/\n",
        {"cpu.max": "200000 100000\n", "memory.max": f"{4 * GB}\n"},
        Machine(2, 4 * GB),
    ),
    "v2, part of a core": ("0::/\n", {"cpu.max": "150000 100000\n"}, Machine(2, HOST.memory)),
    "v2, the service's slice above": (
        "0::/lab.slice/app.service\n",
        {
            "lab.slice/cpu.max": "300000 100000\n",
            "lab.slice/app.service/cpu.max": "max 100000\n",
            "lab.slice/memory.max": "7000000000\n",
        },
        Machine(3, 7 * GB),
    ),
    "v1": (
        "5:cpu,cpuacct:/docker/1\n4:memory:/docker/1\n",
        {
            "cpu,cpuacct/docker/1/cpu.cfs_quota_us": "400000",
            "cpu,cpuacct/docker/1/cpu.cfs_period_us": "100000",
            "memory/docker/1/memory.limit_in_bytes": str(5 * GB),
        },
        Machine(4, 5 * GB),
    ),
    "v1, a container's own view": (
        "5:cpu,cpuacct:/docker/1\n4:memory:/docker/1\n",
        {
            "cpu,cpuacct/cpu.cfs_quota_us": "50000",
            "cpu,cpuacct/cpu.cfs_period_us": "100000",
            "memory/memory.limit_in_bytes": str(GB),
        },
        Machine(1, GB),
    ),
    "v1, unbounded": (
        "5:cpu,cpuacct:/\n4:memory:/\n",
        {
            "cpu,cpuacct/cpu.cfs_quota_us": "-1",
            "cpu,cpuacct/cpu.cfs_period_us": "100000",
            "memory/memory.limit_in_bytes": "9223372036854771712",
        },
        HOST,
    ),
    "nonsense": ("0::/\n", {"cpu.max": "0 0\n", "memory.max": "much\n"}, HOST),
}


@pytest.mark.parametrize(("groups", "files", "machine"), CASES.values(), ids=CASES)
def test_the_quota_bounds_what_the_host_has(tmp_path, groups, files, machine):
    assert this_machine(system(tmp_path, groups, **files)) == machine


def test_affinity_bounds_the_cores(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 3}, raising=False)
    assert this_machine(system(tmp_path, "0::/\n", **{"cpu.max": "400000 100000"})).cores == 2


def test_64_cores_and_4_gb_give_the_workers_that_fit():
    crew = crew_for(Machine(64, 4 * GB))
    assert crew.workers == 5  # (4.000 − 1.024) / 0.512 = 5.8
    assert crew.memory == (4 * GB - 1_024_000_000) // 5
    assert crew.reason == (
        "5 of 64 workers start: of 4.0 GB of memory 1.0 are the server's, and a worker needs 0.51 "
        "(LOOKAHEAD_WORKER_MEMORY_MB)"
    )


def test_enough_memory_gives_a_worker_a_core_or_what_is_asked_for_and_no_reason():
    assert crew_for(Machine(2, 9_024_000_000)) == Crew(2, 4 * GB)
    assert crew_for(Machine(2, 9_024_000_000), worker_count=8) == Crew(8, GB)


def test_a_machine_too_small_for_one_worker_starts_one_and_says_so():
    crew = crew_for(Machine(1, GB))
    assert (crew.workers, crew.memory) == (1, 512_000_000)
    assert crew.reason.startswith("1 of 1 workers start: of 1.0 GB of memory")


def test_the_least_memory_of_a_worker_can_be_set(monkeypatch):
    monkeypatch.setenv("LOOKAHEAD_WORKER_MEMORY_MB", "1024")
    assert crew_for(Machine(64, 4 * GB)).workers == 2


def test_the_cluster_starts_what_fits_and_the_log_says_why(monkeypatch, caplog):
    monkeypatch.setattr("app.jobs.cluster.this_machine", lambda: Machine(64, 4 * GB))
    with caplog.at_level(logging.WARNING):
        cluster = Cluster()
    assert cluster.workers == 5
    assert "5 of 64 workers start" in caplog.text
    caplog.clear()
    monkeypatch.setattr("app.jobs.cluster.this_machine", lambda: Machine(2, 16 * GB))
    assert Cluster().workers == 2
    assert caplog.text == ""
