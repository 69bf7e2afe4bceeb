"""Studies of 64 x 64 cells, 8 seeds and 500 steps: seconds and processor time, on surfaces and games.

python -m benchmarks.studies
python -m benchmarks.studies --networks    trainings a second of a regression over the local cluster, by their number
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from pathlib import Path

import torch

from app.jobs import Cluster, Jobs, RunStore
from app.runs import THREADS, result_files
from app.runs.atlas import problem_of
from app.runs.trained import train_on
from app.state import AtlasConfig, LayerConfig
from optim_core.study import run_study

ROUNDS = 5
MAP = {"across_points": 64, "up_points": 64, "seeds": 8, "steps": 500, "noise": "gaussian"}
K, ALPHA = {"up": "k_1", "up_low": 1, "up_high": 64}, {"up": "alpha_1", "up_low": 0.05, "up_high": 1}
TWO = (LayerConfig(k=5), LayerConfig(k=5))
CASES = {
    "bowl, lr x k": AtlasConfig(objective="bowl", **K, **MAP),
    "bowl, lr x k of layer 2": AtlasConfig(objective="bowl", layers=TWO, **{**K, "up": "k_2", **MAP}),
    "bowl, noise scale x k": AtlasConfig(
        objective="bowl", across="noise_scale", across_low=0, across_high=2, **K, **MAP
    ),
    "ravine, momentum x k": AtlasConfig(objective="ravine", base="momentum", across="momentum", **K, **MAP),
    "Himmelblau, lr x α": AtlasConfig(objective="himmelblau", **ALPHA, **MAP),
    "Rastrigin, lr x k": AtlasConfig(objective="rastrigin", **K, **MAP),
    "Levy, lr x k": AtlasConfig(objective="levy", **K, **MAP),
    "bilinear game, lr x k": AtlasConfig(objective="noisy_bilinear", **K, **MAP),
    "bilinear game, extragradient, lr x α": AtlasConfig(
        objective="noisy_bilinear", base="extragradient", **ALPHA, **MAP
    ),
}


def measured(config: AtlasConfig) -> tuple[float, float, float]:
    """Seconds to the first, coarse map, to the whole one, and of processor time."""
    study, problem, levels = config.study(), problem_of(config), []
    start, processor = time.perf_counter(), time.process_time()
    run_study(study, problem, on_level=lambda _: levels.append(time.perf_counter() - start))
    return levels[0], time.perf_counter() - start, time.process_time() - processor


def networks() -> None:
    """Print how many trainings of 50 steps a second come back from the workers, in studies of 100 to 10,000."""
    with tempfile.TemporaryDirectory() as folder:
        store = RunStore(Path(folder))
        result_files.keep_in(store)
        jobs = Jobs(store, Cluster())
        train_on(jobs, _regression(2, 1))  # starts the workers
        for points, seeds in ((10, 1), (10, 10), (32, 10)):
            config = _regression(points, seeds)
            start, processor = time.perf_counter(), time.process_time()
            train_on(jobs, config)
            seconds, own = time.perf_counter() - start, time.process_time() - processor
            count = config.study().cells * seeds
            size = sum(path.stat().st_size for path in Path(folder, "results").iterdir())
            print(
                f"{count:6,} trainings  {seconds:6.2f} s  {count / seconds:6,.0f} a second  processor of the server "
                f"{own:5.2f} s  store {size / 1e3:6,.0f} kB"
            )
        jobs.close()


def _regression(points: int, seeds: int) -> AtlasConfig:
    return AtlasConfig(objective="waves", across_points=points, up="alpha_1", up_points=points, seeds=seeds, steps=50)


def main() -> None:
    """Print medians."""
    torch.set_num_threads(THREADS)
    if "--networks" in sys.argv:
        networks()
        return
    for name, config in CASES.items():
        rounds = [measured(config) for _ in range(ROUNDS)]
        coarse, whole, processor = (statistics.median(column) for column in zip(*rounds, strict=True))
        cells = config.study().cells
        print(f"{name:40} {cells:6,} cells  coarse {coarse:5.2f} s  whole {whole:5.2f} s  processor {processor:5.2f} s")


if __name__ == "__main__":
    main()
