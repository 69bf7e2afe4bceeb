"""A table as a labelled set: columns are channels of one pixel."""

import re

import numpy as np
import pytest
import torch
from sklearn.datasets import load_breast_cancer

from landscapes.tasks import DATASETS, ClassifierTask
from landscapes.tasks.data import is_here, load
from landscapes.tasks.splits import split

CANCER = ClassifierTask("cancer", "mlp", batch_size=10)


def test_the_table_is_scikit_learns_in_another_order() -> None:
    whole, original = load("cancer"), load_breast_cancer()
    rows = np.column_stack([whole.images.reshape(569, 30), whole.labels])
    expected = np.column_stack([original.data.astype(np.float32), original.target])
    assert np.array_equal(rows[np.lexsort(rows.T)], expected[np.lexsort(expected.T)])
    assert whole.tests == 139
    assert is_here("cancer")


def test_every_column_is_standardised_by_the_training_rows() -> None:
    data = CANCER.data
    assert (len(data.train), len(data.validation), len(data.test)) == (330, 100, 139)
    assert torch.allclose(data.train.images.mean((0, 2, 3)), torch.zeros(30), atol=1e-4)
    assert torch.allclose(data.train.images.std((0, 2, 3), correction=0), torch.ones(30), atol=1e-4)


def test_wrong_labels_are_the_other_class() -> None:
    clean, noisy = split("cancer", None, 0.0, 0), split("cancer", None, 0.2, 0)
    assert noisy.noisy.sum() == 66
    assert torch.equal(clean.train.labels != noisy.train.labels, noisy.noisy)


def test_a_few_epochs_learn_the_table() -> None:
    model = CANCER.model(0)
    assert sum(p.numel() for p in model.parameters()) == (30 * 64 + 64) + (64 * 2 + 2)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
    for step in range(4 * CANCER.steps_per_epoch):
        optimizer.zero_grad()
        CANCER.loss(model, CANCER.batch(step, 0)).backward()
        optimizer.step()
    assert CANCER.evaluate(model)["test_accuracy"] > 0.93


@pytest.mark.parametrize("network", ["cnn", "resnet18-gn", "resnet18-bn"])
def test_a_network_for_images_is_refused_and_the_right_one_named(network: str) -> None:
    name = re.escape(DATASETS["cancer"].name)
    with pytest.raises(ValueError, match=f"network must be mlp for {name}, which is a table, got '{network}'"):
        ClassifierTask("cancer", network)


@pytest.mark.parametrize("augmentation", ["shift", "flip-shift"])
def test_augmentation_of_a_table_is_refused(augmentation: str) -> None:
    with pytest.raises(ValueError, match=f"augmentation must be none for .* got '{augmentation}'"):
        ClassifierTask("cancer", "mlp", augmentation=augmentation)
