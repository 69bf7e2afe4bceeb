"""A basin map of 128 x 128 starts, 3 optimizers, 500 steps: the app's own way against a compiled loop, in one run.

python -m benchmarks.basin_map          # needs numba
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import numba
import numpy as np
import torch

from app.runs import surfaces as surface_runs
from app.runs.basins import basin_maps
from app.state import SurfacesConfig
from optim_core.trajectory import record

POINTS, STEPS, LR, ROUNDS = 128, 500, 0.01, 5


@numba.njit(parallel=True, fastmath=False)
def compiled_loop(starts: np.ndarray, steps: int, lr: float, k: tuple[int, int], alpha: float) -> np.ndarray:
    """Gradient descent on Himmelblau's function under two layers, start by start; a period of 0 is no layer."""
    ends = np.empty_like(starts)
    for row in numba.prange(len(starts)):
        x, y = starts[row]
        x1, y1, x2, y2 = x, y, x, y
        for step in range(1, steps + 1):
            a, b = x * x + y - 11, x + y * y - 7
            x, y = x - lr * (4 * x * a + 2 * b), y - lr * (2 * a + 4 * y * b)
            if k[0] and step % k[0] == 0:
                x1 += alpha * (x - x1)
                y1 += alpha * (y - y1)
                if k[1] and step % (k[0] * k[1]) == 0:
                    x2 += alpha * (x1 - x2)
                    y2 += alpha * (y1 - y2)
                    x1, y1 = x2, y2
                x, y = x1, y1
        ends[row, 0], ends[row, 1] = x, y
    return ends


def seconds_of(work: Callable[[], object]) -> float:
    """Seconds."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def main() -> None:
    """Print both, alternating."""
    torch.set_num_threads(2)
    numba.set_num_threads(2)
    config = SurfacesConfig(surface="himmelblau", steps=STEPS)
    config = config.model_copy(update={"cards": tuple(card.model_copy(update={"lr": LR}) for card in config.cards)})
    x, y = (np.linspace(low, high, POINTS) for low, high in config.landscape.domain)
    starts = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
    field, scenery = config.landscape.field(), surface_runs.scenery(config)

    def loop() -> list[np.ndarray]:
        return [compiled_loop(starts, STEPS, LR, k, 0.5) for k in ((0, 0), (5, 0), (5, 5))]

    ours = record(field, config.specs(), starts, STEPS, keep="last")
    for index, ends in enumerate(loop()):  # the same starts end at the same places, or the comparison means nothing
        is_finite = ours.diverged[index] < 0
        np.testing.assert_allclose(ours.fast[-1, index][is_finite], ends[is_finite], atol=1e-6)
    page = [seconds_of(lambda: list(basin_maps(config, scenery, POINTS))) for _ in range(ROUNDS)]
    loop_seconds, record_seconds = [], []
    for _ in range(ROUNDS):
        loop_seconds.append(seconds_of(loop))
        record_seconds.append(seconds_of(lambda: record(field, config.specs(), starts, STEPS, keep="last")))
    work = len(starts) * 3 * STEPS
    record_median, loop_median = statistics.median(record_seconds), statistics.median(loop_seconds)
    print(f"basin map as the page makes it, coarse and fine  {statistics.median(page):.2f} s")
    print(f"record()        {record_median:.2f} s   {work / record_median:.2e} row-steps/s")
    print(f"compiled loop   {loop_median:.2f} s   {work / loop_median:.2e} row-steps/s")
    print(f"record() takes {record_median / loop_median:.1f} x the compiled loop")


if __name__ == "__main__":
    main()
