"""Classifier tasks: determined by their settings, with a test part that nothing else touches."""

import dataclasses
import json
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits
from torch import nn

from landscapes.tasks import MODELS, TASKS, ClassifierTask, task_from
from landscapes.tasks.models import build_model
from landscapes.tasks.sampling import augment, batch_rows
from landscapes.tasks.splits import corrupt, split

DIGITS = ClassifierTask()


def count(model: nn.Module) -> int:
    return sum(parameter.numel() for parameter in model.parameters())


def test_the_small_networks_have_the_sizes_worked_out_by_hand() -> None:
    # conv 1·16·9 + 16, conv 16·32·9 + 32, linear 32·4·4·10 + 10
    assert count(DIGITS.model(0)) == (144 + 16) + (4_608 + 32) + (5_120 + 10) == 9_930
    assert count(ClassifierTask(network="mlp").model(0)) == (64 * 64 + 64) + (640 + 10)
    # At 28 pixels two poolings leave 7·7.
    assert count(build_model("cnn", (1, 28, 28), 10, 0)) == 160 + 4_640 + 32 * 49 * 10 + 10


def test_resnet18_has_the_parameters_of_the_cifar_kind() -> None:
    # The published count of this network with 10 classes, independent of the kind of normalisation.
    assert count(build_model("resnet18-gn", (3, 32, 32), 10, 0)) == 11_173_962
    assert count(build_model("resnet18-bn", (3, 32, 32), 10, 0)) == 11_173_962


@pytest.mark.parametrize("key", MODELS)
def test_a_model_is_its_seed_and_leaves_torchs_random_state_alone(key: str) -> None:
    before = torch.get_rng_state()
    first, again, other = (build_model(key, (1, 8, 8), 10, seed) for seed in (3, 3, 4))
    assert torch.equal(before, torch.get_rng_state())
    assert all(torch.equal(a, b) for a, b in zip(first.parameters(), again.parameters(), strict=True))
    assert not all(torch.equal(a, b) for a, b in zip(first.parameters(), other.parameters(), strict=True))
    assert first(torch.zeros(2, 1, 8, 8)).shape == (2, 10)


def test_an_epoch_visits_every_image_once_in_an_order_of_its_own() -> None:
    epochs = [torch.cat([batch_rows(step, 7, 100, 10) for step in range(e * 10, e * 10 + 10)]) for e in range(2)]
    for epoch in epochs:
        assert torch.equal(epoch.sort().values, torch.arange(100))
    assert not torch.equal(*epochs)


def test_a_remainder_is_left_out_and_the_next_epoch_starts_on_time() -> None:
    task = ClassifierTask(train_size=105, batch_size=10)
    assert task.steps_per_epoch == 10
    assert torch.equal(batch_rows(10, 0, 105, 10), batch_rows(10, 0, 105, 10))
    assert len(torch.cat([batch_rows(step, 0, 105, 10) for step in range(10)]).unique()) == 100


def test_a_batch_depends_on_step_and_seed_alone() -> None:
    task = ClassifierTask(augmentation="flip-shift")
    forwards = [task.batch(step, 5) for step in range(40)]
    for step in reversed(range(40)):
        again = task.batch(step, 5)
        assert torch.equal(again.images, forwards[step].images)
        assert torch.equal(again.labels, forwards[step].labels)
    assert not torch.equal(task.batch(0, 6).labels, forwards[0].labels)


def test_the_test_part_is_the_same_for_every_split_and_nothing_else_holds_its_images() -> None:
    parts = [split("digits", 1_000, 0.0, seed) for seed in range(3)]
    raw = load_digits().data
    for each in parts:
        assert (len(each.train), len(each.validation), len(each.test)) == (1_000, 300, 497)
        assert torch.equal(each.test.labels, parts[0].test.labels)
        # Undo the standardisation of this split by matching extremes: pixels are whole sixteenths.
        rows = torch.cat([each.train.images, each.validation.images, each.test.images]).flatten(1).numpy()
        pixels = np.rint((rows - rows.min()) / (rows.max() - rows.min()) * 16)
        assert np.array_equal(pixels[np.lexsort(pixels.T)], raw[np.lexsort(raw.T)])
    assert not torch.equal(parts[0].validation.labels, parts[1].validation.labels)


def test_training_images_are_standardised_and_balanced() -> None:
    train = split("digits", 100, 0.0, 0).train
    assert train.images.mean().item() == pytest.approx(0, abs=1e-6)
    assert train.images.std(correction=0).item() == pytest.approx(1, abs=1e-5)
    assert train.labels.bincount().tolist() == [10] * 10


def test_exactly_the_asked_share_of_labels_is_wrong_and_only_in_training() -> None:
    clean, noisy = split("digits", 1_000, 0.0, 0), split("digits", 1_000, 0.4, 0)
    wrong = clean.train.labels != noisy.train.labels
    assert wrong.sum() == 400
    assert torch.equal(wrong, noisy.noisy)
    assert torch.equal(clean.train.images, noisy.train.images)
    assert torch.equal(clean.validation.labels, noisy.validation.labels)
    assert torch.equal(clean.test.labels, noisy.test.labels)


def test_all_labels_can_be_wrong_and_wrong_ones_are_uniform() -> None:
    labels = np.zeros(9_000, np.int64)
    noisy, wrong = corrupt(labels, 1.0, 10, np.random.default_rng(0))
    assert noisy.all()
    counts = np.bincount(wrong, minlength=10)
    assert counts[0] == 0
    assert np.abs(counts[1:] - 1_000).max() < 150  # five deviations of a binomial count


def test_shifts_stay_within_an_eighth_and_repeat_the_edge() -> None:
    image = torch.arange(64.0).view(1, 1, 8, 8)
    images = augment(image.repeat(200, 1, 1, 1), "shift", 0, 0)
    offsets = {(int(row[0, 4, 4]) // 8 - 4, int(row[0, 4, 4]) % 8 - 4) for row in images}
    assert offsets == {(down, right) for down in (-1, 0, 1) for right in (-1, 0, 1)}
    assert set(images.unique().tolist()) <= set(range(64))


def test_half_of_the_images_are_mirrored() -> None:
    images = torch.arange(8.0).expand(1_000, 3, 8, 8)
    count = (augment(images, "flip-shift", 0, 0)[:, 0, 0].diff() <= 0).all(1).sum()
    assert 420 < count < 580  # five deviations


def test_evaluation_gives_the_loss_of_its_definition_and_leaves_the_mode() -> None:
    model, test = DIGITS.model(0), DIGITS.data.test
    scores = DIGITS.evaluate(model)
    with torch.no_grad():
        log_probabilities = model(test.images).log_softmax(1)
    expected = -log_probabilities[torch.arange(len(test)), test.labels].mean()
    assert scores["test_loss"] == pytest.approx(expected.item(), rel=1e-5)
    assert scores["test_accuracy"] == (log_probabilities.argmax(1) == test.labels).double().mean().item()
    assert model.training


def test_a_few_epochs_learn_the_digits() -> None:
    model = DIGITS.model(0)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
    for step in range(4 * DIGITS.steps_per_epoch):
        optimizer.zero_grad()
        DIGITS.loss(model, DIGITS.batch(step, 0), "model").backward()
        optimizer.step()
    assert DIGITS.evaluate(model)["test_accuracy"] > 0.9


def test_refreshed_statistics_are_those_of_the_present_weights() -> None:
    task = ClassifierTask(network="resnet18-bn", train_size=100, batch_size=10)
    model = task.model(0)
    model.train()
    task.refresh_statistics(model)
    stem, norm = model[0], model[1]
    with torch.no_grad():
        features = stem(task.data.train.images)
    assert torch.allclose(norm.running_mean, features.mean((0, 2, 3)), atol=1e-6)
    assert torch.allclose(norm.running_var, features.var((0, 2, 3)), rtol=1e-3)
    assert norm.momentum == 0.1
    assert model.training


def test_refreshing_a_network_without_batch_norm_changes_nothing() -> None:
    model = DIGITS.model(0)
    before = [parameter.clone() for parameter in model.parameters()]
    DIGITS.refresh_statistics(model)
    assert all(torch.equal(a, b) for a, b in zip(before, model.parameters(), strict=True))


@pytest.mark.parametrize("key", TASKS)
def test_every_ready_made_task_survives_json(key: str) -> None:
    task = TASKS[key].task
    assert task_from(json.loads(json.dumps(task.describe()))) == task


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("dataset", "imagenet", "dataset must be one of .*digits.* got 'imagenet'"),
        ("network", "vgg", "network must be one of .*cnn.* got 'vgg'"),
        ("augmentation", "mixup", "augmentation must be one of .* got 'mixup'"),
        ("train_size", 5_000, "train_size must be between 10 and 1000, got 5000"),
        ("train_size", 5, "train_size must be between 10 and 1000, got 5"),
        ("label_noise", 1.2, "label_noise must be between 0 and 1, got 1.2"),
        ("label_noise", float("nan"), "label_noise must be between 0 and 1, got nan"),
        ("batch_size", 1_001, "batch_size must be between 1 and 1000, got 1001"),
        ("batch_size", 0, "batch_size must be between 1 and 1000, got 0"),
        ("split_seed", -1, "split_seed must be at least 0, got -1"),
        ("evaluation_size", 0, "evaluation_size must be at least 1, got 0"),
    ],
)
def test_a_bad_value_is_refused_by_name(field: str, value: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        dataclasses.replace(DIGITS, **{field: value})


@pytest.mark.parametrize(
    ("field", "value"), [("batch_size", 2.5), ("batch_size", True), ("label_noise", "much"), ("train_size", "all")]
)
def test_a_value_of_the_wrong_type_is_refused_by_name(field: str, value: Any) -> None:
    with pytest.raises(TypeError, match=field):
        dataclasses.replace(DIGITS, **{field: value})


def test_a_batch_above_a_smaller_training_set_is_refused() -> None:
    with pytest.raises(ValueError, match="batch_size must be between 1 and 20, got 32"):
        ClassifierTask(train_size=20)


def test_a_description_with_unknown_parts_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="has no field colour"):
        task_from({"kind": "classifier", "colour": "red"})
    with pytest.raises(ValueError, match="kind must be one of"):
        task_from({"kind": "clustering"})


def test_an_unknown_player_or_part_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="player must be one of model"):
        DIGITS.parameters(DIGITS.model(0), "generator")
    with pytest.raises(ValueError, match="part must be one of"):
        DIGITS.probe(10, "everything")
