"""The regression task: known functions, noise on the training targets alone."""

import dataclasses
import json
import math
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.datasets import make_friedman1

from landscapes.tasks import FUNCTIONS, PointBatch, RegressionTask, task_from
from landscapes.weights import flat_weights

WAVES = RegressionTask()


def test_friedmans_function_is_scikit_learns() -> None:
    points, values = make_friedman1(200, random_state=0)
    assert np.allclose(FUNCTIONS["friedman"].values(points), values)


def test_waves_at_points_worked_out_by_hand() -> None:
    points = np.array([[0.5, 0.0], [-0.5, 0.0], [0.5, 1.0], [0.0, 0.3], [0.25, 0.25]])
    assert FUNCTIONS["waves"].values(points) == pytest.approx([1, -1, -1, 0, 0.5])


@pytest.mark.parametrize("key", FUNCTIONS)
def test_inputs_and_true_values_are_standardised(key: str) -> None:
    data = RegressionTask(key, train_size=100_000, noise=0).data.train
    assert data.points.shape == (100_000, FUNCTIONS[key].inputs)
    for tensor in (data.points, data.targets):
        assert torch.allclose(tensor.mean(0), torch.zeros(tensor.shape[1]), atol=0.02)  # six standard errors
        assert torch.allclose(tensor.std(0), torch.ones(tensor.shape[1]), atol=0.02)


def test_noise_has_its_deviation_and_touches_training_targets_alone() -> None:
    clean, noisy = (RegressionTask(train_size=10_000, noise=noise).data for noise in (0.0, 0.5))
    added = noisy.train.targets - clean.train.targets
    assert added.std().item() == pytest.approx(0.5, abs=0.02)  # five standard errors of it
    assert added.mean().item() == pytest.approx(0, abs=0.025)
    assert torch.equal(clean.train.points, noisy.train.points)
    assert torch.equal(clean.validation.targets, noisy.validation.targets)
    assert torch.equal(clean.test.targets, noisy.test.targets)


def test_the_test_part_is_the_same_for_every_split() -> None:
    first, second = (RegressionTask(split_seed=seed).data for seed in (0, 1))
    assert torch.equal(first.test.points, second.test.points)
    assert not torch.equal(first.validation.points, second.validation.points)
    assert not torch.equal(first.train.points, second.train.points)


def test_a_model_is_its_seed_and_leaves_torchs_random_state_alone() -> None:
    before = torch.get_rng_state()
    first, again, other = (WAVES.model(seed) for seed in (3, 3, 4))
    assert torch.equal(before, torch.get_rng_state())
    assert torch.equal(first[0].weight, again[0].weight)  # type: ignore[index]
    assert not torch.equal(first[0].weight, other[0].weight)  # type: ignore[index]
    assert sum(p.numel() for p in first.parameters()) == (2 * 32 + 32) + (32 * 32 + 32) + 33


def test_a_batch_depends_on_step_and_seed_alone() -> None:
    forwards = [WAVES.batch(step, 5) for step in range(60)]
    for step in reversed(range(60)):
        again = WAVES.batch(step, 5)
        assert torch.equal(again.points, forwards[step].points)
        assert torch.equal(again.targets, forwards[step].targets)
    assert forwards[0].points.shape == (10, 2)
    assert forwards[0].targets.shape == (10, 1)
    assert not torch.equal(WAVES.batch(0, 6).points, forwards[0].points)


def test_loss_and_metrics_are_mean_squared_errors() -> None:
    model, test = WAVES.model(0), WAVES.data.test
    with torch.no_grad():
        errors = (model(test.points) - test.targets).double()
    assert WAVES.evaluate(model)["test_loss"] == pytest.approx((errors**2).mean().item(), rel=1e-5)
    batch = WAVES.batch(0, 0)
    assert WAVES.loss(model, batch).item() == pytest.approx(((model(batch.points) - batch.targets) ** 2).mean().item())


def test_training_goes_well_below_the_loss_of_the_mean() -> None:
    task = RegressionTask(noise=0.1)
    model = task.model(0)
    assert task.evaluate(model)["test_loss"] > 0.9  # a loss of 1 is that of the function's mean
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for step in range(600):
        optimizer.zero_grad()
        task.loss(model, task.batch(step, 0)).backward()
        optimizer.step()
    assert task.evaluate(model)["test_loss"] < 0.2


def test_the_landscape_and_its_parts_are_the_training_loss_over_fixed_points() -> None:
    model, train_part = WAVES.model(3), WAVES.data.train
    expected = WAVES.loss(model, PointBatch(train_part.points[:100], train_part.targets[:100])).item()
    score = WAVES.landscape(100)(flat_weights(model))
    assert score.loss == pytest.approx(expected)
    assert math.isnan(score.accuracy)
    parts = WAVES.losses(100, 20)
    assert len(parts) == 5
    assert np.mean([part(model).item() for part in parts]) == pytest.approx(expected)
    assert len(WAVES.losses(100, 30)) == 3  # the remainder is left out
    with pytest.raises(ValueError, match="rows must be between 1 and 100, got 101"):
        WAVES.losses(100, 101)


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("function", "sinc", "function must be one of friedman, waves, got 'sinc'"),
        ("train_size", 0, "train_size must be between 1 and 100000, got 0"),
        ("noise", -0.1, "noise must be between 0 and 100, got -0.1"),
        ("batch_size", 501, "batch_size must be between 1 and 500, got 501"),
        ("hidden", 0, "hidden must be between 1 and 4096, got 0"),
        ("split_seed", -1, "split_seed must be at least 0, got -1"),
    ],
)
def test_a_bad_value_is_refused_by_name(field: str, value: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        dataclasses.replace(WAVES, **{field: value})


def test_a_regression_survives_json() -> None:
    task = RegressionTask("friedman", 200, 1.0, 20, 16, 3)
    assert task_from(json.loads(json.dumps(task.describe()))) == task
    with pytest.raises(ValueError, match="a regression has no field label_noise"):
        task_from({"kind": "regression", "label_noise": 0.2})
