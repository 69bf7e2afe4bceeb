"""The labelled sets on offer: what each holds, how many rows, and in which files it was published.

A table is a set, too: each of its rows is an "image" of one pixel, whose channels are the columns.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
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

    For "idx" names come in pairs, images before labels. For "cifar" each image comes after its `label_bytes`. `folder`
    is what the published archive unpacks to, or where torchvision keeps the files; `archive` is that archive, and
    `pickled` are names of the set's Python version, which is never read.
    """

    layout: str
    train: tuple[str, ...]
    test: tuple[str, ...]
    folder: str = ""
    label_bytes: int = 1
    archive: str = ""
    pickled: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """All of them."""
        return self.train + self.test


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


_MNIST = Files(
    "idx",
    ("train-images-idx3-ubyte", "train-labels-idx1-ubyte"),
    ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"),
    folder="MNIST/raw",
)
_FASHION = replace(_MNIST, folder="FashionMNIST/raw")
_CIFAR10 = Files(
    "cifar",
    tuple(f"data_batch_{number}.bin" for number in range(1, 6)),
    ("test_batch.bin",),
    folder="cifar-10-batches-bin",
    archive="cifar-10-binary.tar.gz",
    pickled=("cifar-10-python.tar.gz", "data_batch_1"),
)
_CIFAR100 = Files(
    "cifar",
    ("train.bin",),
    ("test.bin",),
    folder="cifar-100-binary",
    label_bytes=2,
    archive="cifar-100-binary.tar.gz",
    pickled=("cifar-100-python.tar.gz", "train"),
)

DATASETS: Mapping[str, DataEntry] = MappingProxyType(
    {
        entry.key: entry
        for entry in (
            DataEntry("digits", "digits (8x8, built in)", (1, 8, 8), 10, 1_300, 300),
            DataEntry("cancer", "breast cancer (30 measurements, built in)", (30, 1, 1), 2, 430, 100),
            DataEntry("mnist", "MNIST (28x28)", (1, 28, 28), 10, 60_000, 5_000, _MNIST, 554),
            DataEntry("fashion", "Fashion-MNIST (28x28)", (1, 28, 28), 10, 60_000, 5_000, _FASHION, 40_996),
            DataEntry("cifar10", "CIFAR-10 (32x32, colour)", (3, 32, 32), 10, 50_000, 5_000, _CIFAR10, 40_927),
            DataEntry("cifar100", "CIFAR-100 (32x32, colour)", (3, 32, 32), 100, 50_000, 5_000, _CIFAR100, 41_983),
        )
    }
)
