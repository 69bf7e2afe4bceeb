"""The ready-made tasks, many networks at once: the runs of `train` up to single precision."""

from __future__ import annotations

import numpy as np
import pytest

from landscapes.tasks import ClassifierTask, GanTask, Task
from landscapes.tasks.splits import small_split
from optim_core.ensemble import Member, train_together
from optim_core.layers import Layer
from optim_core.spec import OptimizerSpec
from optim_core.training import train

STEPS = 12
TASKS: dict[str, Task] = {
    "mlp": ClassifierTask(network="mlp", train_size=100, evaluation_size=50),
    "cnn stacked": ClassifierTask(train_size=100, batch_size=4, evaluation_size=50),
    "cnn in turn": ClassifierTask(train_size=100, batch_size=20, evaluation_size=50),
    "ring": GanTask("ring"),
    "gan": GanTask(train_size=100),
    "wgan": GanTask(train_size=100, objective="wgan-gp"),
}


@pytest.mark.parametrize("name", TASKS)
def test_members_measure_what_train_measures(name: str) -> None:
    task = TASKS[name]
    base, lr = ("adam", 0.001) if isinstance(task, GanTask) else ("sgd", 0.05)
    stacks = ((), (Layer(2, 0.5), Layer(3, 0.8)))
    members = [
        Member(task, OptimizerSpec("", base, lr * (1 + seed), layers), seed)  # type: ignore[arg-type]
        for seed in (0, 1)
        for layers in stacks
    ]
    runs = train_together(members, STEPS, evaluate_every=STEPS)
    assert runs is not None
    for member, run in zip(members, runs, strict=True):
        single = train(task, member.optimizers, STEPS, member.seed, evaluate_every=STEPS).curves
        assert run.diverged is None
        for curve in ("loss", "gradient_norm", "from_start", "slow_from_start", "separation"):
            np.testing.assert_allclose(getattr(run.curves, curve), getattr(single, curve), rtol=2e-4, atol=2e-5)
        for weights, metrics in single.metrics.items():
            for metric in ("val_loss", "val_frechet"):
                if metric in metrics:
                    np.testing.assert_allclose(run.curves.metrics[weights][metric], metrics[metric], rtol=1e-3)


def test_members_may_differ_in_wrong_labels() -> None:
    tasks = [ClassifierTask(network="mlp", train_size=100, label_noise=share, evaluation_size=50) for share in (0, 0.4)]
    spec = OptimizerSpec("", "sgd", 0.05)
    runs = train_together([Member(task, spec, 0) for task in tasks], STEPS)
    assert runs is not None
    for task, run in zip(tasks, runs, strict=True):
        np.testing.assert_allclose(run.curves.loss, train(task, spec, STEPS, 0).curves.loss, rtol=2e-4)
    assert (runs[0].curves.loss != runs[1].curves.loss).any()


def test_tasks_with_many_shares_of_wrong_labels_divide_their_images_once_each() -> None:
    tasks = [ClassifierTask(network="mlp", train_size=90, label_noise=share / 10) for share in range(9)]
    small_split.cache_clear()
    train_together([Member(task, OptimizerSpec("", lr=0.05), 0) for task in tasks], 4, evaluate_every=4)
    assert small_split.cache_info().misses == 9
