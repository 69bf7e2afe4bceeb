"""Training of networks and its machinery: what recording costs, how soon curves show, how runs scale, memory.

    python -m benchmarks.training                       # everything, some minutes
    python -m benchmarks.training recording memory      # parts by name
    python -m benchmarks.training live scaling --cores 2

recording: the digits CNN, batch 32, two layers: without snapshots against snapshots at every step; wall time of one
    thread, in alternating blocks of steps, ratio of the medians.
live: three optimizers x 1,000 steps on the digits CNN: seconds to the first live curve, cold and with the cluster up,
    to the end, from a cancel to the free worker, and to open a finished run.
scaling: the same 16 runs on 1, 2 and 4 workers.
memory: 2,000 snapshots x 50,000 parameters x 4 tracks written to disk, mapped, and their principal components.
"""

from __future__ import annotations

import argparse
import itertools
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from app.jobs import Cluster, Jobs, RunStore, TrainingRequest
from landscapes.planes import pca_plane
from landscapes.tasks import ClassifierTask
from optim_core.layers import Layer
from optim_core.snapshots import FolderSink
from optim_core.spec import OptimizerSpec
from optim_core.training import MAX_TRAINING_STEPS as MANY
from optim_core.training import Plan, Training

FIVE = Layer(5, 0.5)
SPECS = tuple(OptimizerSpec(f"{depth} layers", "sgd", 0.05, (FIVE,) * depth) for depth in range(3))
DIGITS = ClassifierTask()
REQUEST = TrainingRequest(DIGITS.describe(), SPECS[0], steps=1_000, evaluate_every=100, snapshot_every=5)
ROWS, PARAMETERS, TRACKS = 2_000, 50_000, ("proposal", "slow_1", "slow_2", "ema")


def seconds(work: Callable[[], object]) -> float:
    """Wall time of one call."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def recording(blocks: int = 400, size: int = 5) -> None:
    """Two runs of the same training in one process, a few steps of one, then of the other."""
    torch.set_num_threads(1)
    times: tuple[list[float], list[float]] = ([], [])
    with tempfile.TemporaryDirectory() as folder:
        plain = Training(DIGITS, SPECS[2], Plan(MANY, 0, MANY))
        with_snapshots = Training(DIGITS, SPECS[2], Plan(MANY, 0, MANY, snapshot_every=1), FolderSink(Path(folder)))
        for training in (plain, with_snapshots):
            training.begin()
        for block in range(blocks):
            for which, training in ((0, plain), (1, with_snapshots))[:: 1 if block % 2 else -1]:
                times[which].append(seconds(lambda: training.run(should_stop=countdown(size))))  # noqa: B023
    without, with_all = (statistics.median(each) / size for each in times)
    print(f"recording: a step takes {without * 1e3:.2f} ms; ", end="")
    print(f"with a snapshot at every step {with_all / without:.3f}x that ({blocks} blocks of {size} steps each)")


def countdown(steps: int) -> Callable[[], bool]:
    """Lets a run take so many steps."""
    counter = itertools.count()
    return lambda: next(counter) >= steps


def live() -> None:
    """From a click to the first curve and to the end."""
    with tempfile.TemporaryDirectory() as folder:
        jobs = Jobs(RunStore(Path(folder)), Cluster(workers=2))
        first, end = comparison(jobs, seed=0)
        print(f"live, cold: first curve after {first:.2f} s, all three runs after {end:.2f} s")
        first, end = comparison(jobs, seed=1)
        print(f"live, cluster up: first curve after {first:.2f} s, all three runs after {end:.2f} s")
        print(f"live: a cancelled run frees its worker after {cancelling(jobs):.2f} s")
        jobs.close()
        store = RunStore(Path(folder))
        for which in ("first", "second"):
            duration = seconds(lambda: store.find(REQUEST.key))
            print(f"live: a finished run opens in {duration * 1e3:.0f} ms ({which} time in a process)")


def comparison(jobs: Jobs, seed: int) -> tuple[float, float]:
    """Seconds to the first curve with a step on it, and to the end of all three runs."""
    start = time.perf_counter()
    tickets = [jobs.submit(replace(REQUEST, optimizers=spec, seed=seed), "visitor") for spec in SPECS]
    until(lambda: any(c is not None and len(c.step) for c in (jobs.status(t).curves for t in tickets)))
    first = time.perf_counter() - start
    until(lambda: all(jobs.status(ticket).state == "done" for ticket in tickets))
    return first, time.perf_counter() - start


def cancelling(jobs: Jobs) -> float:
    """Seconds from a cancel until the worker has stopped."""
    ticket = jobs.submit(replace(REQUEST, steps=1_000_000, seed=2), "visitor")
    until(lambda: jobs.status(ticket).fraction > 0)
    start = time.perf_counter()
    jobs.cancel(ticket)
    until(lambda: not jobs.busy)
    return time.perf_counter() - start


def scaling(runs: int = 16, steps: int = 500) -> None:
    """The same comparison on more and more workers, each cluster warmed up first."""
    alone_duration = 0.0
    for workers in (1, 2, 4):
        with tempfile.TemporaryDirectory() as folder:
            jobs = Jobs(RunStore(Path(folder)), Cluster(workers=workers))
            first_tickets = [
                jobs.submit(replace(REQUEST, steps=10, seed=100 + seed), "visitor") for seed in range(2 * workers)
            ]
            until(lambda: all(jobs.status(ticket).state == "done" for ticket in first_tickets))  # noqa: B023
            start = time.perf_counter()
            tickets = [jobs.submit(replace(REQUEST, steps=steps, seed=seed), "visitor") for seed in range(runs)]
            until(lambda: all(jobs.status(ticket).state == "done" for ticket in tickets))  # noqa: B023
            duration = time.perf_counter() - start
            alone_duration = alone_duration or duration
            speedup = alone_duration / duration
            print(f"scaling: {runs} runs x {steps} steps on {workers} workers: {duration:.1f} s, {speedup:.2f}x")
            jobs.close()


def memory() -> None:
    """Peak memory of writing and of analysing a long run, each in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        for part in ("memory-idle", "memory-write", "memory-read"):
            command = [sys.executable, "-m", "benchmarks.training", part, "--folder", folder]
            subprocess.run(command, check=True)
        size = sum(path.stat().st_size for path in Path(folder).iterdir())
    print(f"memory: {ROWS} snapshots x {PARAMETERS} parameters x {len(TRACKS)} tracks take {size / 1e9:.2f} GB on disk")


def memory_write(folder: Path) -> None:
    """Stream a random walk to disk."""
    torch.set_num_threads(1)
    sink, random = FolderSink(folder), torch.Generator().manual_seed(0)
    sink.open(TRACKS, PARAMETERS)
    weights = torch.randn(PARAMETERS, generator=random)
    start = time.perf_counter()
    for step in range(ROWS):
        weights = weights + 0.01 * torch.randn(PARAMETERS, generator=random)
        sink.append(step, dict.fromkeys(TRACKS, weights))
    sink.close()
    print(f"memory: written in {time.perf_counter() - start:.1f} s, peak {peak():.2f} GB")


def memory_read(folder: Path) -> None:
    """Principal components of every fifth step, and what float16 would have cost."""
    track = np.load(folder / "slow_2.npy", mmap_mode="r")
    start = time.perf_counter()
    pca_plane(track, every=5)
    duration = time.perf_counter() - start
    rows = np.array(track[::100])
    error = np.linalg.norm(rows.astype(np.float16).astype(np.float32) - rows) / np.linalg.norm(rows)
    print(f"memory: principal components of every fifth step in {duration:.2f} s, peak {peak():.2f} GB; ", end="")
    print(f"float16 costs {error:.1e}")


def peak() -> float:
    """Largest resident memory of this process so far, in GB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9


def until(condition: Callable[[], bool]) -> None:
    """Look every few milliseconds."""
    while not condition():
        time.sleep(0.01)


PARTS = {"recording": recording, "live": live, "scaling": scaling, "memory": memory}


def main() -> None:
    """Run the parts that are named, or all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", default=list(PARTS))
    parser.add_argument("--cores", type=int, help="use only so many cores")
    parser.add_argument("--folder", type=Path, default=Path())
    options = parser.parse_args()
    if options.cores:
        os.sched_setaffinity(0, set(list(os.sched_getaffinity(0))[: options.cores]))
    for part in options.parts:
        if part == "memory-idle":
            print(f"memory: {peak():.2f} GB with the libraries loaded")
        elif part == "memory-write":
            memory_write(options.folder)
        elif part == "memory-read":
            memory_read(options.folder)
        else:
            PARTS[part]()


if __name__ == "__main__":
    main()
