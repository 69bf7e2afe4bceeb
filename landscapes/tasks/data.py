"""The image sets: what each is, and one way to load it whatever its source.

scikit-learn's digits need no network and are the default. The larger sets come from a local folder in their original
formats (`formats.py`) or from OpenML (`download.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class ImageSet:
    """Images (n, channels, height, width) in [0, 1] and labels (n,); the last `tests` rows are the test part."""

    images: NDArray[np.float32]
    labels: NDArray[np.int64]
    tests: int

    def __post_init__(self) -> None:
        if len(self.images) != len(self.labels):
            raise ValueError(f"there are {len(self.images)} images but {len(self.labels)} labels")
        if not 0 < self.tests < len(self.labels):
            raise ValueError(f"tests must be between 1 and {len(self.labels) - 1}, got {self.tests}")


@dataclass(frozen=True)
class DataEntry:
    """An image set on offer. `trainable`: images outside the test part; `validation`: how many of them are held out."""

    key: str
    name: str
    shape: tuple[int, int, int]
    classes: int
    trainable: int
    validation: int
    openml: int | None = None


DATASETS: Mapping[str, DataEntry] = MappingProxyType(
    {entry.key: entry for entry in (DataEntry("digits", "digits (8x8, built in)", (1, 8, 8), 10, 1_300, 300),)}
)


@lru_cache(maxsize=4)
def load(key: str) -> ImageSet:
    """The image set of that name."""
    return _digits()


def _digits() -> ImageSet:
    from sklearn.datasets import load_digits

    bunch = load_digits()
    # The rows come writer by writer. Shuffled once and for all, so that every task has the same 497 test images.
    order = np.random.default_rng(0).permutation(len(bunch.target))
    images = (bunch.images[order, None] / 16).astype(np.float32)
    return ImageSet(images, bunch.target[order].astype(np.int64), tests=len(order) - DATASETS["digits"].trainable)
