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
from landscapes.tasks.formats import Bytes, DataFormatError, check_labels, read_cifar, read_idx

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
    """
    if not is_here(key):
        fetch(DATASETS[key], cache_file(key), on_progress)


@lru_cache(maxsize=2)
def load(key: str) -> ImageSet:
    """The image set of that name; downloads it where it is not on this machine.

    Raises:
        DataFormatError: a file that is damaged, cut off, missing, or not what its name says.
        DataUnavailableError: not on this machine, and OpenML cannot be reached.
    """
    entry = DATASETS[key]
    if entry.files is None:
        return read_built_in(entry)
    folder = datasets_folder() / key
    if has_originals(entry.files, folder):
        return read_folder(entry, folder)
    ensure(key)
    return read_cache(entry, cache_file(key))


def has_originals(files: Files, folder: Path) -> bool:
    """Whether any of a set's original files is in `folder`."""
    return any(_find(folder, files, name) is not None for name in files.train + files.test)


def read_folder(entry: DataEntry, folder: Path) -> ImageSet:
    """A set from its original files.

    Raises:
        DataFormatError: a file that is missing, damaged, cut off, or not what its name says.
    """
    if entry.files is None:
        raise ValueError(f"{entry.key} comes with scikit-learn and has no files of its own")
    (images, labels), (test_images, test_labels) = (
        _read_part(entry, entry.files, _locate(entry, entry.files, names, folder))
        for names in (entry.files.train, entry.files.test)
    )
    return ImageSet(
        np.concatenate([images, test_images]),
        np.concatenate([labels, test_labels]).astype(np.int64),
        tests=len(test_labels),
    )


def _locate(entry: DataEntry, files: Files, names: tuple[str, ...], folder: Path) -> list[Path]:
    paths = {name: _find(folder, files, name) for name in names}
    if missing_names := [name for name, path in paths.items() if path is None]:
        raise DataFormatError(
            f"{folder} lacks {', '.join(missing_names)} of {entry.name}; "
            f"all of {', '.join(files.train + files.test)} are needed"
        )
    return [path for path in paths.values() if path is not None]


def _find(folder: Path, files: Files, name: str) -> Path | None:
    """The file of that name in the folder or in the one that its archive unpacks to, compressed or not."""
    names = (name, f"{name}.gz") if files.layout == "idx" else (name,)
    candidates = (place / each for place in (folder, folder / files.folder) for each in names)
    return next((path for path in candidates if path.is_file()), None)


def _read_part(entry: DataEntry, files: Files, paths: list[Path]) -> tuple[Bytes, Bytes]:
    if files.layout == "idx":
        images, labels = read_idx(paths[0], entry.shape[1:])[:, None], read_idx(paths[1], ())
        if len(images) != len(labels):
            raise DataFormatError(f"{paths[0]} holds {len(images)} images, but {paths[1]} {len(labels)} labels")
        check_labels(labels, entry.classes, paths[1])
        return images, labels
    batches = []
    for path in paths:
        images, labels = read_cifar(path, files.label_bytes)
        check_labels(labels, entry.classes, path)
        batches.append((images, labels))
    return np.concatenate([images for images, _ in batches]), np.concatenate([labels for _, labels in batches])
