"""Studies of 64 x 64 cells, 8 seeds and 500 steps: seconds and processor time, on surfaces and games.

python -m benchmarks.studies
"""

from __future__ import annotations

import statistics
import time

import torch

from app.runs import THREADS
from app.runs.atlas import problem_of
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


def main() -> None:
    """Print medians."""
    torch.set_num_threads(THREADS)
    for name, config in CASES.items():
        rounds = [measured(config) for _ in range(ROUNDS)]
        coarse, whole, processor = (statistics.median(column) for column in zip(*rounds, strict=True))
        cells = config.study().cells
        print(f"{name:40} {cells:6,} cells  coarse {coarse:5.2f} s  whole {whole:5.2f} s  processor {processor:5.2f} s")


if __name__ == "__main__":
    main()
