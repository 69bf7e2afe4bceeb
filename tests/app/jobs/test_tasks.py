"""The library's training on the landscapes' own tasks, which neither room knows of the other."""

from __future__ import annotations

import io
import itertools
from typing import Any

import numpy as np
import pytest
import torch

from landscapes.tasks import ClassifierTask, GanTask, RegressionTask
from optim_core.layers import Layer
from optim_core.spec import OptimizerSpec
from optim_core.task import Task
from optim_core.training import TrainingRun, train

SPEC = OptimizerSpec("two layers", "adam", 0.002, (Layer(2, 0.5), Layer(3, 0.5)), betas=(0.0, 0.999))

TASKS = {
    "ring": GanTask("ring", hidden=32),
    "wgan-gp": GanTask("ring", "wgan-gp", hidden=32),
    "digits gan": GanTask("digits", train_size=200, hidden=32),
    "cnn": ClassifierTask(train_size=100, batch_size=10, augmentation="shift", label_noise=0.2, evaluation_size=50),
    "table": ClassifierTask("cancer", "mlp", batch_size=10, label_noise=0.2),
    "regression": RegressionTask("friedman", train_size=100),
}


def run(task: Task, **options: Any) -> TrainingRun:
    return train(task, SPEC, 14, 0, evaluate_every=7, snapshot_every=1, ema=0.9, **options)


@pytest.mark.parametrize("name", TASKS)
def test_runs_are_finite_and_reproducible_and_resume_bit_for_bit(name: str) -> None:
    task = TASKS[name]
    whole, again = run(task), run(task)
    steps = itertools.count()
    part = run(task, should_stop=lambda: next(steps) >= 8)
    checkpoint = io.BytesIO()
    torch.save(dict(part.state), checkpoint)
    rest = run(task, resume_from=torch.load(io.BytesIO(checkpoint.getvalue()), weights_only=True))
    assert (whole.diverged, part.done) == (None, 8)
    assert np.isfinite(whole.curves.loss).all()
    for other in (again, rest):
        np.testing.assert_array_equal(other.curves.loss, whole.curves.loss)
        for track, rows in whole.snapshots.tracks.items():
            np.testing.assert_array_equal(other.snapshots.tracks[track], rows)
        for weights, columns in whole.curves.metrics.items():
            for metric, values in columns.items():
                np.testing.assert_array_equal(other.curves.metrics[weights][metric], values)


def test_both_players_of_a_gan_synchronise_at_the_same_steps() -> None:
    whole = run(TASKS["ring"])
    changes = np.diff(whole.snapshots.outermost, axis=0) != 0
    discriminator, generator = np.split(changes, [whole.sizes[0]], axis=1)
    assert np.flatnonzero(discriminator.any(axis=1)).tolist() == [5, 11]
    assert np.flatnonzero(generator.any(axis=1)).tolist() == [5, 11]


def test_every_optimizer_sees_the_same_first_weights_and_batches() -> None:
    task = TASKS["cnn"]
    bare = train(task, OptimizerSpec("sgd", "sgd", 0.02), 4, 3, snapshot_every=1)
    with_layers = train(task, OptimizerSpec("lookahead", "sgd", 0.02, (Layer(4, 0.5),)), 4, 3, snapshot_every=1)
    np.testing.assert_array_equal(bare.snapshots.proposal, with_layers.snapshots.proposal)
    np.testing.assert_array_equal(bare.curves.loss, with_layers.curves.loss)


def test_batch_norm_is_recomputed_for_slow_weights() -> None:
    task = ClassifierTask(network="resnet18-bn", train_size=20, batch_size=10, evaluation_size=10)
    one = train(task, OptimizerSpec("one", "sgd", 0.01, (Layer(2, 1.0),)), 2, 0, evaluate_every=2)
    fast, slow = one.curves.metrics["fast"]["test_loss"], one.curves.metrics["slow_1"]["test_loss"]
    assert fast[-1] != slow[-1]  # with alpha = 1 the weights are equal: only the statistics differ
    assert one.state["model"].keys() == task.model(0).state_dict().keys()
