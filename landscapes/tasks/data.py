"""Loading a labelled set from any source.

What scikit-learn brings along is always there. The larger sets are looked for in `datasets_folder() / key`: their
original files, or else what an earlier download left there; or else they are fetched from OpenML (`download.py`).
"""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path

import numpy as np

from landscapes.tasks.built_in import read_built_in
from landscapes.tasks.catalogue import DATASETS, DataEntry, Files, ImageSet
from landscapes.tasks.download import OnProgress, fetch, read_cache
from landscapes.tasks.errors import DataFormatError, memory_explained
from landscapes.tasks.finding import find_sources, has_originals, refuse_pickled_version
from landscapes.tasks.formats import Bytes, check_labels, read_cifar, read_idx
from landscapes.tasks.source import Source

FOLDER_VARIABLE = "LOOKAHEAD_DATASETS"


def datasets_folder() -> Path:
    """LOOKAHEAD_DATASETS, or else "datasets" in LOOKAHEAD_DATA or in the platform's folder for user data."""
    import platformdirs

    if folder := os.environ.get(FOLDER_VARIABLE, ""):
        return Path(folder).expanduser()
    data = os.environ.get("LOOKAHEAD_DATA", "") or platformdirs.user_data_dir("lookahead-lab")
    return Path(data).expanduser() / "datasets"


def is_here(key: str) -> bool:
    """Whether the set can be loaded without a network."""
    entry, folder = DATASETS[key], datasets_folder() / key
    return entry.files is None or has_originals(entry.files, folder) or cache_file(key).exists()


def cache_file(key: str) -> Path:
    """Where a download is kept."""
    return datasets_folder() / key / "openml.npz"


def ensure(key: str, on_progress: OnProgress | None = None) -> None:
    """Download the set unless it is on this machine; `on_progress` gets messages on how far that is.

    Raises:
        DataUnavailableError: OpenML cannot be reached; names both ways to get the set.
        DataFormatError: the set's folder holds its pickled version alone, which is not read.
    """
    if not is_here(key):
        refuse_pickled_version(DATASETS[key], datasets_folder() / key)
        fetch(DATASETS[key], cache_file(key), on_progress)


@lru_cache(maxsize=2)
def load(key: str) -> ImageSet:
    """The image set of that name; downloads it where it is not on this machine.

    Raises:
        DataFormatError: a file that is damaged, cut off, missing, or not what its name says.
        DataUnavailableError: not on this machine, and OpenML cannot be reached; or too large for its memory.
    """
    entry, folder = DATASETS[key], datasets_folder() / key
    if entry.files is None:
        return read_built_in(entry)
    with memory_explained(entry.name, "choose a smaller data set, or end other programs"):
        if has_originals(entry.files, folder):
            return read_folder(entry, folder)
        ensure(key)
        return read_cache(entry, cache_file(key))


def read_folder(entry: DataEntry, folder: Path) -> ImageSet:
    """A set from its original files.

    Raises:
        DataFormatError: a file that is missing, damaged, cut off, or not what its name says.
    """
    if entry.files is None:
        raise ValueError(f"{entry.key} comes with scikit-learn and has no files of its own")
    sources = find_sources(entry, entry.files, folder)
    (images, labels), (test_images, test_labels) = (
        _read_part(entry, entry.files, [sources[name] for name in names])
        for names in (entry.files.train, entry.files.test)
    )
    return ImageSet(
        np.concatenate([images, test_images]),
        np.concatenate([labels, test_labels]).astype(np.int64),
        tests=len(test_labels),
    )


def _read_part(entry: DataEntry, files: Files, sources: list[Source]) -> tuple[Bytes, Bytes]:
    if files.layout == "idx":
        images, labels = read_idx(sources[0], entry.shape[1:])[:, None], read_idx(sources[1], ())
        if len(images) != len(labels):
            raise DataFormatError(
                f"{sources[0].name} holds {len(images)} images, but {sources[1].name} {len(labels)} labels"
            )
        check_labels(labels, entry.classes, sources[1].name)
        return images, labels
    batches = []
    for source in sources:
        images, labels = read_cifar(source, files.label_bytes, files.archive)
        check_labels(labels, entry.classes, source.name)
        batches.append((images, labels))
    return np.concatenate([images for images, _ in batches]), np.concatenate([labels for _, labels in batches])
