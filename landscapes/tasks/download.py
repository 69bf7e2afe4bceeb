"""Image sets from OpenML, through scikit-learn, kept in a compressed numpy file of plain arrays."""

from __future__ import annotations

import tempfile
import zipfile
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from landscapes.tasks.catalogue import DataEntry, ImageSet
from landscapes.tasks.errors import DataFormatError, DataUnavailableError

OPENML = "https://www.openml.org/api/v1/json/data/"
ANSWER_SECONDS = 10.0
POLL_SECONDS = 0.5

OnProgress = Callable[[str], None]


def fetch(entry: DataEntry, target: Path, on_progress: OnProgress | None = None) -> None:
    """Download a set and keep it in `target`, written whole or not at all.

    `on_progress` gets a message every half second on how much has arrived; in this thread, so it may draw.

    Raises:
        DataUnavailableError: OpenML cannot be reached, or the set cannot be kept; names both ways to get the set.
        DataFormatError: what arrived is not the set.
    """
    tell = on_progress or (lambda _: None)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent) as folder:
            tell(f"{entry.name}: asking OpenML")
            images, labels = _arrays(_download(entry, Path(folder), tell), entry)
            part = Path(folder) / target.name
            np.savez_compressed(part, images=images, labels=labels)
            part.replace(target)
    except DataFormatError:
        raise
    except (OSError, ValueError) as error:  # URLError and TimeoutError are OSErrors, scikit-learn's own are ValueErrors
        raise DataUnavailableError(_advice(entry, target.parent, error)) from error


def read_cache(entry: DataEntry, path: Path) -> ImageSet:
    """What `fetch` left; a damaged file is removed, so that the next call downloads again.

    Raises:
        DataFormatError: the file is damaged.
    """
    try:
        with np.load(path, allow_pickle=False) as arrays:
            images, labels = arrays["images"], arrays["labels"]
        _check(images, labels, entry)
    except (OSError, EOFError, KeyError, ValueError, zipfile.BadZipFile) as error:
        path.unlink(missing_ok=True)
        raise DataFormatError(f"{path} was damaged ({error}) and has been removed: try again to download it") from error
    return ImageSet(images, labels, tests=len(labels) - entry.trainable)


def _download(entry: DataEntry, folder: Path, tell: OnProgress) -> Any:
    """scikit-learn's download, watched through the size of its folder."""
    import urllib.request

    from sklearn.datasets import fetch_openml

    # scikit-learn has no time limit where a network drops packets: ask with one first.
    urllib.request.urlopen(f"{OPENML}{entry.openml}", timeout=ANSWER_SECONDS).close()  # noqa: S310 - a constant https URL
    with ThreadPoolExecutor(1) as pool:
        download: Future[Any] = pool.submit(fetch_openml, data_id=entry.openml, as_frame=False, data_home=str(folder))
        while True:
            try:
                return download.result(timeout=POLL_SECONDS)
            except TimeoutError:
                if download.done():
                    raise
                tell(f"{entry.name}: {_size(folder) / 1e6:.1f} MB received")


def _arrays(bunch: Any, entry: DataEntry) -> tuple[np.ndarray, np.ndarray]:
    """The images and labels of scikit-learn's answer: rows of pixels, and classes that may be text."""
    pixels = np.asarray(bunch.data)
    if pixels.shape[1:] != (int(np.prod(entry.shape)),) or pixels.min() < 0 or pixels.max() > 255:
        raise DataFormatError(f"OpenML set {entry.openml} has rows of {pixels.shape[1:]} and is not {entry.name}")
    images, labels = pixels.astype(np.uint8).reshape(-1, *entry.shape), np.asarray(bunch.target).astype(np.int64)
    _check(images, labels, entry)
    return images, labels


def _check(images: np.ndarray, labels: np.ndarray, entry: DataEntry) -> None:
    if images.dtype != np.uint8 or images.shape != (len(labels), *entry.shape):
        raise DataFormatError(f"{entry.name} must be bytes of shape {(len(labels), *entry.shape)}, got {images.shape}")
    if len(labels) <= entry.trainable or labels.min() < 0 or labels.max() >= entry.classes:
        raise DataFormatError(f"{entry.name} must have more than {entry.trainable} labels below {entry.classes}")


def _size(folder: Path) -> int:
    sizes = 0
    for path in folder.rglob("*"):
        try:
            sizes += path.stat().st_size
        except OSError:  # moved to its final place meanwhile
            continue
    return sizes


def _advice(entry: DataEntry, folder: Path, error: Exception) -> str:
    files = "" if entry.files is None else ", ".join(entry.files.names)
    if entry.files is not None and entry.files.archive:
        files += f", or the archive {entry.files.archive} that holds them"
    other_names = sorted(path.name for path in folder.iterdir())[:5] if folder.is_dir() else []
    contents = f" (it holds {', '.join(other_names)}, of which none is one of them)" if other_names else ""
    return (
        f"{entry.name} is not on this machine and could not be fetched from OpenML ({error}). Either go online and "
        f"try again: it is then kept in {folder}. Or put its original files there: {files}{contents}"
    )
