"""How much a whole comparison costs: record() against one bare loop, and against the same runs one by one.

python -m benchmarks.record
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import numpy as np
import torch

from landscapes.surfaces import SURFACES
from optim_core.layers import Layer
from optim_core.spec import OptimizerSpec
from optim_core.trajectory import record

FIVE = Layer(5, 0.5)
LR, STEPS, REPEATS = 0.01, 1000, 7
SPECS = tuple(OptimizerSpec(f"{depth} layers", lr=LR, layers=(FIVE,) * depth) for depth in range(3))
SURFACE = SURFACES["himmelblau"]


def bare_loop(start: np.ndarray, spec: OptimizerSpec = SPECS[0]) -> None:
    """One optimizer from one start, as anybody would write it."""
    weight = torch.nn.Parameter(torch.from_numpy(start[None].copy()))
    optimizer = spec.build([weight])
    for _ in range(STEPS):
        optimizer.zero_grad()
        loss = SURFACE.function(weight).sum()
        loss.backward()
        optimizer.step()


def one_by_one(starts: np.ndarray) -> None:
    """The comparison without batching."""
    for spec in SPECS:
        for start in starts:
            bare_loop(start, spec)


def timed(work: Callable[[], object]) -> float:
    """Seconds."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def main() -> None:
    """Print the table of benchmarks/README.md."""
    torch.set_num_threads(2)
    starts = np.random.default_rng(0).uniform(-4, 4, (16, 2))
    field = SURFACE.field()
    bare, batch = [], []
    for _ in range(REPEATS):  # alternating, so that a busy moment hits both
        bare.append(timed(lambda: bare_loop(starts[0])))
        batch.append(timed(lambda: record(field, SPECS, starts, STEPS)))
    apart = timed(lambda: one_by_one(starts))
    many = np.random.default_rng(1).uniform(-4, 4, (16384, 2))
    steps = 200
    wide = [timed(lambda: record(field, SPECS, many, steps, keep="last")) for _ in range(3)]
    one, batched = statistics.median(bare), statistics.median(batch)
    rate = len(SPECS) * len(many) * steps / statistics.median(wide)
    rows = {
        f"one bare SGD loop, one start, {STEPS} steps": f"{1000 * one:.0f} ms",
        f"record(), 3 optimizers x 16 starts, {STEPS} steps": f"{1000 * batched:.0f} ms, {batched / one:.2f} x bare",
        "the same one by one": f"{1000 * apart:.0f} ms, {apart / batched:.0f} x record()",
        "row-steps per second, 16,384 starts x 3 optimizers": f"{rate:.2e}",
    }
    for what, figure in rows.items():
        print(f"{what:52} {figure}")


if __name__ == "__main__":
    main()
