"""The table of docs/networks.md: does nesting help a small network, with every lr tuned on a validation part?

    python -m benchmarks.network_study [--workers 4] [--seeds 30] [NAME ...]

For each setting and depth: the lr with the best mean validation accuracy of the outermost slow weights over the tuning
seeds, then fresh seeds at that lr; test accuracy and largest Hessian eigenvalue (on 512 training images, with the
labels trained on) of the outermost slow weights, and paired differences from SGD.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray

from landscapes.sharpness import largest_eigenvalue
from landscapes.tasks.classifier import ClassifierTask
from landscapes.weights import assign_weights
from optim_core.ensemble import Member, MemberRun, train_together
from optim_core.layers import Layer
from optim_core.spec import OptimizerSpec, Schedule

Floats = NDArray[np.float64]

FIVE = Layer(5, 0.5)
DEPTHS = (0, 1, 2, 3)
TUNING_SEEDS = (1000, 1001, 1002)
TOGETHER = 8  # runs of an ensemble: enough to gain, few enough that all workers have some
LRS = {
    0: (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.4, 0.8),
    1: (0.01, 0.02, 0.05, 0.1, 0.2, 0.4, 0.8, 1.6),
    2: (0.02, 0.05, 0.1, 0.2, 0.4, 0.8, 1.6),
    3: (0.05, 0.1, 0.2, 0.4, 0.8, 1.6),
}


@dataclass(frozen=True)
class Setting:
    """A task, how long it is trained, and the decay of an average kept beside (0: none)."""

    title: str
    epochs: int
    task: dict[str, Any] = field(default_factory=dict)
    ema: float | None = 0.99
    schedule: Schedule = field(default_factory=Schedule)


SETTINGS = {
    "clean": Setting("clean, batch 32, 41 epochs", 41, {"train_size": 1000}),
    "noisy": Setting("40 % wrong labels, batch 32, 41 epochs", 41, {"train_size": 1000, "label_noise": 0.4}),
    "cosine": Setting(
        "40 % wrong labels, batch 32, 41 epochs, cosine decay",
        41,
        {"train_size": 1000, "label_noise": 0.4},
        schedule=Schedule("cosine"),
    ),
    "quick": Setting(
        "20 % wrong labels, batch 4, 10 epochs", 10, {"train_size": 1000, "label_noise": 0.2, "batch_size": 4}
    ),
    "few": Setting("100 images, batch 10, 130 epochs", 130, {"train_size": 100, "batch_size": 10}),
}


Job = tuple[str, int, float, int]
"""Setting, depth, lr and seed of a run."""
AnyJob, Result = TypeVar("AnyJob"), TypeVar("Result")


def outcomes(jobs: Sequence[Job], *, sharp: bool = False) -> list[dict[str, float]]:
    """Runs of one setting, trained together: validation and test accuracy of the outermost slow weights.

    Beside them the test accuracy of the averaged fast weights and, where it is asked for, the largest Hessian
    eigenvalue at the outermost slow weights; a run that diverged has learned nothing.
    """
    torch.set_num_threads(1)
    setting = SETTINGS[jobs[0][0]]
    task = ClassifierTask(**setting.task)
    steps = setting.epochs * task.steps_per_epoch
    members = [
        Member(task, OptimizerSpec("", lr=lr, layers=(FIVE,) * depth, schedule=setting.schedule), seed)
        for _, depth, lr, seed in jobs
    ]
    runs = train_together(members, steps, evaluate_every=steps, ema=setting.ema)
    assert runs is not None
    return [measure(task, f"slow_{depth}" if depth else "fast", run, sharp=sharp)
            for (_, depth, _, _), run in zip(jobs, runs, strict=True)]  # fmt: skip


def measure(task: ClassifierTask, kept: str, run: MemberRun, *, sharp: bool) -> dict[str, float]:
    """What a run came to."""
    if run.diverged is not None:
        return {"validation": 0.0, "test": 0.0, "averaged": 0.0, "eigenvalue": np.nan}
    metrics = run.curves.metrics
    values = {"validation": metrics[kept]["val_accuracy"][-1], "test": metrics[kept]["test_accuracy"][-1]}
    values["averaged"] = metrics["ema"]["test_accuracy"][-1]
    if sharp:
        model = task.model(0)
        assign_weights(model, run.weights[kept])
        values["eigenvalue"] = largest_eigenvalue(model, task.losses(512, min(512, len(task.data.train))))
    return values


def computed(
    pool: ProcessPoolExecutor, outcomes_of: Callable[[Sequence[AnyJob]], list[Result]], jobs: Sequence[AnyJob]
) -> list[Result]:
    """The outcomes of jobs, in ensembles that the pool's workers share."""
    groups = [jobs[first : first + TOGETHER] for first in range(0, len(jobs), TOGETHER)]
    return [one for group in pool.map(outcomes_of, groups) for one in group]


def study(name: str, pool: ProcessPoolExecutor, seeds: int) -> None:
    """Tune, measure on fresh seeds, print the rows."""
    best = tune(name, pool)
    jobs = [(name, depth, best[depth], seed) for depth in DEPTHS for seed in range(seeds)]
    results = computed(pool, partial(outcomes, sharp=True), jobs)
    test, average, eigenvalue = (
        np.array([result[key] for result in results]).reshape(len(DEPTHS), seeds)
        for key in ("test", "averaged", "eigenvalue")
    )
    print(f"\n**{SETTINGS[name].title}** ({seeds} seeds)\n")
    titles = ("optimizer", "lr", "test accuracy %", "from SGD", "from SGD's average", "its own average, from SGD")
    print(f"| {' | '.join(titles)} | largest eigenvalue |\n|{'---|' * (len(titles) + 1)}")
    for row, depth in enumerate(DEPTHS):
        edge = " (edge of its grid)" if best[depth] in (LRS[depth][0], LRS[depth][-1]) else ""
        title = "SGD" if depth == 0 else f"{depth} layer{'s' * (depth > 1)} (5, .5)"
        pairs = (test[row], test[0]), (test[row], average[0]), (average[row], test[0])
        gaps = " | ".join(difference(100 * (one - other)) for one, other in pairs)
        eigenvalue_text = spread(eigenvalue[row], 1)
        print(
            f"| {title} | {best[depth]:g}{edge} | {spread(100 * test[row], 2)} | {gaps} | {eigenvalue_text} |",
            flush=True,
        )


def tune(name: str, pool: ProcessPoolExecutor) -> dict[int, float]:
    """For each depth the lr with the best mean validation accuracy."""
    jobs = [(name, depth, lr, seed) for depth in DEPTHS for lr in LRS[depth] for seed in TUNING_SEEDS]
    scores = dict(zip(jobs, computed(pool, outcomes, jobs), strict=True))

    def mean(depth: int, lr: float) -> float:
        return float(np.mean([scores[name, depth, lr, seed]["validation"] for seed in TUNING_SEEDS]))

    return {depth: max(LRS[depth], key=lambda lr: mean(depth, lr)) for depth in DEPTHS}


def spread(values: Floats, digits: int) -> str:
    """Mean and standard deviation."""
    return f"{values.mean():.{digits}f} ± {values.std(ddof=1):.{digits}f}"


def difference(gap: Floats) -> str:
    """Mean difference with its standard error."""
    return f"{gap.mean():+.2f} ± {gap.std(ddof=1) / np.sqrt(len(gap)):.2f}" if gap.any() else "—"


def main() -> None:
    """Run the named settings, or all."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", default=list(SETTINGS))
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seeds", type=int, default=30)
    arguments = parser.parse_args()
    with ProcessPoolExecutor(arguments.workers) as pool:
        for name in arguments.names:
            study(name, pool, arguments.seeds)


if __name__ == "__main__":
    main()
