"""Networks trained together against `train`, one after the other: milliseconds a step and member, on one thread.

python -m benchmarks.ensemble [--steps 100]

Both without evaluations, which cost the same either way. Two layers of k = 5 around SGD, Adam for GANs of digits.
"""

from __future__ import annotations

import argparse
import statistics
import time

import torch

from landscapes.tasks import ClassifierTask, GanTask
from landscapes.tasks.registry import Task
from landscapes.tasks.regression import RegressionTask
from optim_core.ensemble import Ensemble, Member
from optim_core.layers import Layer
from optim_core.spec import OptimizerSpec
from optim_core.training import Plan, Training

SIZES = (8, 16, 64, 256)
ROUNDS = 3
SGD = OptimizerSpec("", "sgd", 0.01, (Layer(5, 0.5),) * 2)
ADAM = OptimizerSpec("", "adam", 0.001, SGD.layers, betas=(0.0, 0.999))
CASES: dict[str, tuple[Task, OptimizerSpec]] = {
    "MLP, digits, batch 32": (ClassifierTask(network="mlp", train_size=1000), SGD),
    "MLP, digits, batch 4": (ClassifierTask(network="mlp", train_size=1000, batch_size=4), SGD),
    "CNN, digits, batch 32": (ClassifierTask(train_size=1000), SGD),
    "CNN, digits, batch 4": (ClassifierTask(train_size=1000, batch_size=4), SGD),
    "MLP, regression, batch 10": (RegressionTask(), SGD),
    "GAN, ring, batch 64": (GanTask("ring"), SGD),
    "GAN, digits, batch 64": (GanTask(), ADAM),
    "GAN, digits, WGAN-GP": (GanTask(objective="wgan-gp"), ADAM),
}


def alone(task: Task, spec: OptimizerSpec, steps: int) -> float:
    """Seconds a step of `train`."""
    training = Training(task, spec, Plan(10_000, 0, 10_000))
    training.begin()
    training.run(should_stop=lambda: training.step >= 10)
    first = time.perf_counter()
    training.run(should_stop=lambda: training.step >= 10 + steps)
    return (time.perf_counter() - first) / steps


def together(task: Task, spec: OptimizerSpec, steps: int, size: int) -> float:
    """Seconds a step and member of an ensemble in which lr and seed differ, eight seeds to an lr."""
    members = [Member(task, spec.with_lr(spec.lr * (1 + index // 8 / size)), index % 8) for index in range(size)]
    ensemble = Ensemble(members, Plan(10_000, 0, 10_000))
    for _ in range(3):
        ensemble.advance()
    first = time.perf_counter()
    for _ in range(steps):
        ensemble.advance()
    return (time.perf_counter() - first) / steps / size


def main() -> None:
    """Print medians of rounds that alternate."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=100)
    steps = parser.parse_args().steps
    torch.set_num_threads(1)
    print(f"{'':28} {'train':>8}" + "".join(f"{f'{size} together':>20}" for size in SIZES))
    for name, (task, spec) in CASES.items():
        rounds = [
            [alone(task, spec, steps), *(together(task, spec, max(5, 8 * steps // size), size) for size in SIZES)]
            for _ in range(ROUNDS)
        ]
        single, *many = (1e3 * statistics.median(column) for column in zip(*rounds, strict=True))
        cells = "".join(f"{f'{one:.3f} ({single / one:.1f}x)':>20}" for one in many)
        print(f"{name:28} {single:8.3f}{cells}", flush=True)


if __name__ == "__main__":
    main()
