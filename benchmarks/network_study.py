"""The table of docs/networks.md: does nesting help a small network, with every lr tuned on a validation part?

    python -m benchmarks.network_study [--workers 4] [--seeds 12] [NAME ...]

For each setting and depth: the lr with the best mean validation accuracy of the outermost slow weights over the tuning
seeds, then fresh seeds at that lr; test accuracy of the outermost slow weights, and paired differences from SGD.
"""

from __future__ import annotations

import argparse
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch

from landscapes.tasks.classifier import ClassifierTask
from optim_core.layers import Layer
from optim_core.spec import OptimizerSpec
from optim_core.training import train

FIVE = Layer(5, 0.5)
DEPTHS = (0, 1, 2, 3)
TUNING_SEEDS = (1000, 1001, 1002)
LRS = {
    0: (0.005, 0.01, 0.02, 0.05, 0.1, 0.2),
    1: (0.01, 0.02, 0.05, 0.1, 0.2, 0.4),
    2: (0.02, 0.05, 0.1, 0.2, 0.4),
    3: (0.05, 0.1, 0.2, 0.4, 0.8),
}


@dataclass(frozen=True)
class Setting:
    """A task, how long it is trained, and the decay of an average kept beside (0: none)."""

    title: str
    epochs: int
    task: dict[str, Any] = field(default_factory=dict)
    ema: float | None = 0.99


SETTINGS = {
    "clean": Setting("clean, batch 32, 40 epochs", 40, {"train_size": 1000}),
    "noisy": Setting("40 % wrong labels, batch 32, 40 epochs", 40, {"train_size": 1000, "label_noise": 0.4}),
    "quick": Setting(
        "20 % wrong labels, batch 4, 10 epochs", 10, {"train_size": 1000, "label_noise": 0.2, "batch_size": 4}
    ),
    "few": Setting("100 images, batch 10, 100 epochs", 100, {"train_size": 100, "batch_size": 10}),
}


def accuracies(job: tuple[str, int, float, int]) -> dict[str, float]:
    """One run: validation and test accuracy of the outermost slow weights, and of the averaged fast ones."""
    name, depth, lr, seed = job
    torch.set_num_threads(1)
    setting = SETTINGS[name]
    task = ClassifierTask(**setting.task)
    steps = setting.epochs * task.steps_per_epoch
    spec = OptimizerSpec("", lr=lr, layers=(FIVE,) * depth)
    run = train(task, spec, steps, seed, evaluate_every=steps, ema=setting.ema)
    kept = run.curves.metrics[f"slow_{depth}" if depth else "fast"]
    averaged = run.curves.metrics["ema"]["test_accuracy"][-1]
    if run.diverged is not None:
        return {"validation": 0.0, "test": 0.0, "averaged": 0.0}
    return {"validation": kept["val_accuracy"][-1], "test": kept["test_accuracy"][-1], "averaged": averaged}


def study(name: str, pool: ProcessPoolExecutor, seeds: int) -> None:
    """Tune, measure on fresh seeds, print the rows."""
    setting = SETTINGS[name]
    jobs = [(name, depth, lr, seed) for depth in DEPTHS for lr in LRS[depth] for seed in TUNING_SEEDS]
    scores = dict(zip(jobs, pool.map(accuracies, jobs), strict=True))
    best = {
        depth: max(
            LRS[depth], key=lambda lr: np.mean([scores[name, depth, lr, seed]["validation"] for seed in TUNING_SEEDS])
        )
        for depth in DEPTHS
    }
    fresh = [(name, depth, best[depth], seed) for depth in DEPTHS for seed in range(seeds)]
    results = list(pool.map(accuracies, fresh))
    test = 100 * np.array([result["test"] for result in results]).reshape(len(DEPTHS), seeds)
    averaged = 100 * np.array([result["averaged"] for result in results]).reshape(len(DEPTHS), seeds)
    print(f"\n**{setting.title}** ({seeds} seeds)\n")
    print("| optimizer | lr | at the grid's edge | test accuracy % | from SGD | average of fast weights, from SGD |")
    print("|---|---|---|---|---|---|")
    for row, depth in enumerate(DEPTHS):
        edge = "yes" if best[depth] in (LRS[depth][0], LRS[depth][-1]) else "no"
        title = "SGD" if depth == 0 else f"{depth} layer{'s' * (depth > 1)} (5, .5)"
        spread = f"{test[row].mean():.2f} ± {test[row].std(ddof=1):.2f}"
        gaps = f"{paired(test[row] - test[0])} | {paired(averaged[row] - test[0])}"
        print(f"| {title} | {best[depth]:g} | {edge} | {spread} | {gaps} |", flush=True)


def paired(gap: np.ndarray[Any, np.dtype[np.float64]]) -> str:
    """Mean difference with its standard error."""
    return f"{gap.mean():+.2f} ± {gap.std(ddof=1) / np.sqrt(len(gap)):.2f}" if gap.any() else "—"


def main() -> None:
    """Run the named settings, or all."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", default=list(SETTINGS))
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seeds", type=int, default=12)
    chosen = parser.parse_args()
    with ProcessPoolExecutor(chosen.workers) as pool:
        for name in chosen.names:
            study(name, pool, chosen.seeds)


if __name__ == "__main__":
    main()
