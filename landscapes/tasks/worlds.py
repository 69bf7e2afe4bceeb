"""What a GAN imitates: a ring of eight Gaussians, or images. Samples, features to compare them in, and their modes."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from landscapes.tasks.catalogue import DATASETS
from landscapes.tasks.data import load
from landscapes.tasks.frechet import Array, Features, principal_features, raw_features
from landscapes.tasks.sampling import batch_rows
from landscapes.tasks.splits import choose_rows, pixels

Samples = NDArray[np.float32]

RING_MODES, RING_RADIUS, RING_DEVIATION = 8, 2.0, 0.1
RING_EPOCH = 10_000  # samples called an epoch of the ring, which never repeats one
PCA_FEATURES = 20
NEIGHBOURS = 2_000  # training images, balanced over the classes, among which a sample finds its class


@dataclass(frozen=True, eq=False)
class World:
    """Real samples and how generated ones are judged. Images have intensities in [−1, 1].

    Attributes:
        shape: of one sample.
        size: samples in an epoch.
        modes: how many there are to cover.
        draw: real samples (rows, *shape) of a step: draw(step, seed, rows).
        held_out: real samples never trained on, "val" and "test".
        features: in which samples are compared.
        mode_of: the mode of each sample (rows,), −1 where it has none.
    """

    shape: tuple[int, ...]
    size: int
    modes: int
    draw: Callable[[int, int, int], Tensor]
    held_out: dict[str, Samples]
    features: Features
    mode_of: Callable[[Samples], NDArray[np.int64]]


@lru_cache(maxsize=1)
def ring() -> World:
    """Eight Gaussians of deviation .1 on a circle of radius 2; a sample beyond three deviations has no mode."""
    angles = 2 * math.pi * np.arange(RING_MODES) / RING_MODES
    centres = RING_RADIUS * np.stack([np.cos(angles), np.sin(angles)], 1)

    def sample(random: np.random.Generator, rows: int) -> Samples:
        means = centres[random.integers(RING_MODES, size=rows)]
        return (means + RING_DEVIATION * random.standard_normal((rows, 2))).astype(np.float32)

    def mode_of(samples: Samples) -> NDArray[np.int64]:
        distance = np.linalg.norm(samples[:, None] - centres, axis=2)
        return np.where(distance.min(1) <= 3 * RING_DEVIATION, distance.argmin(1), -1)

    return World(
        shape=(2,),
        size=RING_EPOCH,
        modes=RING_MODES,
        draw=lambda step, seed, rows: torch.from_numpy(sample(np.random.default_rng((seed, 5, step)), rows)),
        held_out={
            part: sample(np.random.default_rng((6, number)), 5_000) for number, part in enumerate(("val", "test"))
        },
        features=raw_features(2),
        mode_of=mode_of,
    )


@lru_cache(maxsize=2)
def images(dataset: str, train_size: int | None, seed: int) -> World:
    """Images in [−1, 1]; a mode is a class, told by the nearest training image among the principal components."""
    image_set = load(dataset)
    train, validation, test = choose_rows(image_set, dataset, train_size, np.random.default_rng((seed, 1)))
    samples = 2 * pixels(image_set, train) - 1
    features = principal_features(samples, PCA_FEATURES)
    references, labels = features(samples[:NEIGHBOURS]), image_set.labels[train[:NEIGHBOURS]]
    tensor = torch.from_numpy(samples)
    return World(
        shape=samples.shape[1:],
        size=len(samples),
        modes=DATASETS[dataset].classes,
        draw=lambda step, seed, rows: tensor[batch_rows(step, seed, len(tensor), rows)],
        held_out={"val": 2 * pixels(image_set, validation) - 1, "test": 2 * pixels(image_set, test) - 1},
        features=features,
        mode_of=lambda samples: labels[_nearest(references, features(samples))],
    )


def _nearest(references: Array, points: Array) -> NDArray[np.int64]:
    """The row of `references` (n, d) nearest to each of `points` (rows, d)."""
    squares = (references**2).sum(1) - 2 * points @ references.T
    return np.asarray(squares.argmin(1))
