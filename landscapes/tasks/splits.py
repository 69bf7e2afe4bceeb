"""Train, validation and test parts of an image set, with noisy labels; deterministic in its arguments."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from landscapes.tasks.catalogue import DATASETS, ImageSet
from landscapes.tasks.data import load
from landscapes.tasks.errors import memory_explained

Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Part:
    """Images (n, channels, height, width), standardised; labels (n,)."""

    images: Tensor
    labels: Tensor

    def __len__(self) -> int:
        return len(self.labels)

    def head(self, size: int | None) -> Part:
        """The first `size` images; all of them where `size` is None."""
        return self if size is None else Part(self.images[:size], self.labels[:size])


@dataclass(frozen=True)
class Split:
    """The three parts. `noisy` marks the training images whose label was replaced; only training labels ever are."""

    train: Part
    validation: Part
    test: Part
    noisy: Tensor


@lru_cache(maxsize=4)
def split(dataset: str, train_size: int | None, label_noise: float, seed: int) -> Split:
    """Divide an image set.

    The test part is the same for every seed: what was tuned on one split's validation part has seen no test image.
    Training images are balanced over the classes. Pixels are standardised per channel by the training part.

    Raises:
        ValueError: fewer images than `train_size`, or a class without a training image.
        DataUnavailableError: too large for this machine's memory.
    """
    with memory_explained(
        f"{DATASETS[dataset].name} with {train_size or 'all'} training {DATASETS[dataset].items}",
        "choose fewer of them (train_size), or a smaller data set",
    ):
        return _divide(dataset, train_size, label_noise, seed)


small_split = lru_cache(maxsize=64)(split.__wrapped__)
"""`split` for sets that come with scikit-learn: one for each of many tasks that train together."""


def _divide(dataset: str, train_size: int | None, label_noise: float, seed: int) -> Split:
    image_set = load(dataset)
    random = np.random.default_rng((seed, 1))
    train, validation, test = choose_rows(image_set, dataset, train_size, random)
    labels = image_set.labels[train]
    _check_classes(labels, dataset)
    noisy, labels = corrupt(labels, label_noise, DATASETS[dataset].classes, random)
    training = pixels(image_set, train)
    mean, deviation = training.mean((0, 2, 3), keepdims=True), training.std((0, 2, 3), keepdims=True).clip(min=1e-6)

    def part(rows: Rows, labels: NDArray[np.int64]) -> Part:
        return Part(torch.from_numpy((pixels(image_set, rows) - mean) / deviation), torch.from_numpy(labels))

    return Split(
        train=part(train, labels),
        validation=part(validation, image_set.labels[validation]),
        test=part(test, image_set.labels[test]),
        noisy=torch.from_numpy(noisy),
    )


def corrupt(
    labels: NDArray[np.int64], share: float, classes: int, random: np.random.Generator
) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
    """Replace exactly round(share · n) labels by another class, uniformly; which ones, and the new labels."""
    count = round(share * len(labels))
    rows = random.permutation(len(labels))[:count]
    shift = random.integers(1, classes, count)
    noisy = np.zeros(len(labels), bool)
    noisy[rows] = True
    new_labels = labels.copy()
    new_labels[rows] = (labels[rows] + shift) % classes
    return noisy, new_labels


def choose_rows(
    image_set: ImageSet, dataset: str, train_size: int | None, random: np.random.Generator
) -> tuple[Rows, Rows, Rows]:
    """Rows of the training, validation and test part; the test part is always the set's last rows.

    Raises:
        ValueError: fewer images than `train_size`.
    """
    entry = DATASETS[dataset]
    outside = len(image_set.labels) - image_set.tests
    pool = random.permutation(outside)
    held_out = round(len(pool) * entry.validation / entry.trainable)
    validation, remaining_rows = pool[:held_out], pool[held_out:]
    if train_size is not None and train_size > len(remaining_rows):
        raise ValueError(f"train_size must be at most {len(remaining_rows)} for {dataset}, got {train_size}")
    return (
        _balance(image_set.labels, remaining_rows)[:train_size],
        validation,
        np.arange(outside, len(image_set.labels)),
    )


def pixels(image_set: ImageSet, rows: Rows) -> NDArray[np.float32]:
    """Images in [0, 1], or a table's values, shape (rows, channels, height, width)."""
    return image_set.images[rows].astype(np.float32) / np.float32(image_set.top)


def _balance(labels: NDArray[np.int64], rows: Rows) -> NDArray[np.int64]:
    """`rows` in an order of which every beginning holds each class about equally often."""
    rank = np.empty(len(rows), np.int64)
    for label in np.unique(labels[rows]):
        members = labels[rows] == label
        rank[members] = np.arange(members.sum())
    return rows[np.argsort(rank, kind="stable")]


def _check_classes(labels: NDArray[np.int64], dataset: str) -> None:
    counts = np.bincount(labels, minlength=DATASETS[dataset].classes)
    if counts.min() == 0:
        raise ValueError(
            f"class {int(counts.argmin())} of {dataset} has no training image among {len(labels)}: raise train_size"
        )
