"""The labelled sets on offer: what each holds, how many rows, and in which files it was published.

A table is a set, too: each of its rows is an "image" of one pixel, whose channels are the columns.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class ImageSet:
    """Images (n, channels, height, width), labels (n,); the last `tests` rows are the test part; white is `top`."""

    images: NDArray[np.uint8] | NDArray[np.float32]
    labels: NDArray[np.int64]
    tests: int
    top: int = 255


@dataclass(frozen=True)
class Files:
    """A set's original files: the layout ("idx" or "cifar"), the names of its training and of its test part.

    For "idx" names come in pairs, images before labels; each may end in ".gz". For "cifar" each image comes after its
    `label_bytes`; `folder` is what the published archive unpacks to.
    """

    layout: str
    train: tuple[str, ...]
    test: tuple[str, ...]
    folder: str = ""
    label_bytes: int = 1


@dataclass(frozen=True)
class DataEntry:
    """A labelled set on offer.

    Attributes:
        key: its name in settings.
        name: its name for people.
        shape: channels, height and width of an image.
        classes: their number.
        trainable: images outside the test part.
        validation: how many of those are held out.
        files: the original files; None for what scikit-learn brings along.
        openml: the number of the set on OpenML.
    """

    key: str
    name: str
    shape: tuple[int, int, int]
    classes: int
    trainable: int
    validation: int
    files: Files | None = None
    openml: int = 0

    @property
    def available(self) -> int:
        """How many images may be trained on."""
        return self.trainable - self.validation

    @property
    def is_table(self) -> bool:
        """Whether its rows have no height and width: neither convolutions nor augmentation make sense on them."""
        return self.shape[1:] == (1, 1)

    @property
    def items(self) -> str:
        """What its rows are called: "images" or "rows"."""
        return "rows" if self.is_table else "images"


_IDX = Files(
    "idx",
    ("train-images-idx3-ubyte", "train-labels-idx1-ubyte"),
    ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"),
)
_CIFAR10 = Files(
    "cifar",
    tuple(f"data_batch_{number}.bin" for number in range(1, 6)),
    ("test_batch.bin",),
    folder="cifar-10-batches-bin",
)
_CIFAR100 = Files("cifar", ("train.bin",), ("test.bin",), folder="cifar-100-binary", label_bytes=2)

DATASETS: Mapping[str, DataEntry] = MappingProxyType(
    {
        entry.key: entry
        for entry in (
            DataEntry("digits", "digits (8x8, built in)", (1, 8, 8), 10, 1_300, 300),
            DataEntry("cancer", "breast cancer (30 measurements, built in)", (30, 1, 1), 2, 430, 100),
            DataEntry("mnist", "MNIST (28x28)", (1, 28, 28), 10, 60_000, 5_000, _IDX, 554),
            DataEntry("fashion", "Fashion-MNIST (28x28)", (1, 28, 28), 10, 60_000, 5_000, _IDX, 40_996),
            DataEntry("cifar10", "CIFAR-10 (32x32, colour)", (3, 32, 32), 10, 50_000, 5_000, _CIFAR10, 40_927),
            DataEntry("cifar100", "CIFAR-100 (32x32, colour)", (3, 32, 32), 100, 50_000, 5_000, _CIFAR100, 41_983),
        )
    }
)
