"""The sets that scikit-learn brings along, read without its imports: these take longer than a short training."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from landscapes.tasks.catalogue import DataEntry, ImageSet

DIGITS_TOP = 16  # the intensity of white


def read_built_in(entry: DataEntry) -> ImageSet:
    """The digits, as `sklearn.datasets.load_digits` has them, or the table of `load_breast_cancer`.

    The digits come writer by writer, so rows are shuffled once and for all: every task has the same test rows.

    Raises:
        ModuleNotFoundError: scikit-learn is not installed.
    """
    folder = _package_folder("sklearn") / "datasets" / "data"
    if entry.key == "digits":
        table = _shuffled(np.loadtxt(folder / "digits.csv.gz", delimiter=","))
        return _set_of(entry, table, table[:, :-1].astype(np.uint8), DIGITS_TOP)
    table = _shuffled(np.loadtxt(folder / "breast_cancer.csv", delimiter=",", skiprows=1))
    return _set_of(entry, table, table[:, :-1].astype(np.float32), 1)


def _set_of(
    entry: DataEntry, table: NDArray[np.float64], values: NDArray[np.uint8] | NDArray[np.float32], top: int
) -> ImageSet:
    """The label is the table's last column."""
    labels = table[:, -1].astype(np.int64)
    return ImageSet(values.reshape(-1, *entry.shape), labels, tests=len(table) - entry.trainable, top=top)


def _shuffled(table: NDArray[np.float64]) -> NDArray[np.float64]:
    return table[np.random.default_rng(0).permutation(len(table))]


def _package_folder(name: str) -> Path:
    """Where a package lies, without importing it."""
    spec = find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError(f"the package {name!r} is needed and not installed")
    return Path(spec.submodule_search_locations[0])
