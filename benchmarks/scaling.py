"""How studies grow: seconds, memory, messages and store at a thousand, ten thousand and a hundred thousand cells.

python -m benchmarks.scaling [--most 100000]

Families: a bowl, lr by k, one seed, 500 steps a cell, in one process of two threads. Trainings: a regression of 20
steps a cell over the local cluster, so short that what is measured is the way there and back. Each case is a process of
its own with an empty store; memory is that process's peak, the workers' not included.
"""

from __future__ import annotations

import argparse
import math
import os
import pickle
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

CASES = {"families": 500, "trainings": 20}  # base steps of a cell
UNLIMITED = {"LOOKAHEAD_STUDY_CELLS": "1048576", "LOOKAHEAD_STUDY_MILLIONS": "1000000"}
UNLIMITED |= {"LOOKAHEAD_STUDY_TRAINING_THOUSANDS": "100000000"}


def families(cells: int, steps: int, store: Path) -> None:
    """One study, its parts kept as on the page."""
    import torch

    from app.jobs.store import RunStore
    from app.runs import THREADS, result_files
    from app.runs.atlas import study_run

    torch.set_num_threads(THREADS)
    result_files.keep_in(RunStore(store))
    config = _config("bowl", cells, steps, up="k_1", up_low=1.0, noise="gaussian")
    start = time.perf_counter()
    result = study_run(config)
    _report("families", result.study.cells, time.perf_counter() - start, store, "")


def trainings(cells: int, steps: int, store: Path) -> None:
    """One study over the local cluster."""
    from app.jobs import Cluster, Jobs, RunStore
    from app.jobs.chunk import order_of
    from app.runs import result_files
    from app.runs.trained import train_on
    from optim_core.study import Trainings

    result_files.keep_in(RunStore(store))
    jobs = Jobs(RunStore(store), Cluster())
    train_on(jobs, _config("waves", 4, steps, up="alpha_1"))  # starts the workers
    config = _config("waves", cells, steps, up="alpha_1")
    chunks = Trainings(config.study()).chunks()
    size = sum(len(pickle.dumps(order_of(config.study(), chunk))) for chunk in chunks[:20]) / sum(map(len, chunks[:20]))
    start = time.perf_counter()
    result = train_on(jobs, config)
    seconds = time.perf_counter() - start
    jobs.close()
    words = f", {len(chunks):,} chunks, {size:.0f} bytes of order a training"
    _report("trainings", result.study.cells, seconds, store, words)


def _config(objective: str, cells: int, steps: int, **settings: object) -> AtlasConfig:  # type: ignore[name-defined]  # noqa: F821
    from app.state import AtlasConfig

    across = max(2, math.isqrt(cells))
    up = max(2, cells // across)
    if settings.get("up") == "k_1":
        settings["up_high"] = float(up)
    return AtlasConfig(objective=objective, across_points=across, up_points=up, seeds=1, steps=steps, **settings)  # type: ignore[arg-type]


def _report(name: str, cells: int, seconds: float, store: Path, words: str) -> None:
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    kept = sum(path.stat().st_size for path in (store / "results").rglob("*") if path.is_file())
    print(
        f"{name:10} {cells:8,} cells  {seconds:8.2f} s  {cells / seconds:8,.0f} a second  {memory:6,.0f} MB  "
        f"store {kept / 1e3:8,.0f} kB{words}",
        flush=True,
    )


def main() -> None:
    """Run every case, or the one that is named with its number of cells."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--most", type=int, default=100_000)
    parser.add_argument("--case", nargs=2, metavar=("NAME", "CELLS"))
    arguments = parser.parse_args()
    if arguments.case:
        name, cells = arguments.case
        with tempfile.TemporaryDirectory() as folder:
            {"families": families, "trainings": trainings}[name](int(cells), CASES[name], Path(folder))
        return
    for name in CASES:
        cells = 1_000
        while cells <= arguments.most:
            command = [sys.executable, "-m", "benchmarks.scaling", "--case", name, str(cells)]
            subprocess.run(command, env=os.environ | UNLIMITED, check=True)
            cells *= 10


if __name__ == "__main__":
    main()
