"""Finding a set's own files under the names and in the places that mirrors and unpackers give them.

Looked through are the set's folder and the folders in it, two deep, and the folder that the published archive or
torchvision makes beside it; then the published archive itself. Names may have a dot for a hyphen, as in
train-images.idx3-ubyte, and may end in .gz.
"""

from __future__ import annotations

import itertools
from pathlib import Path

from landscapes.tasks.archives import read_archive
from landscapes.tasks.catalogue import DataEntry, Files
from landscapes.tasks.errors import PICKLE_START, DataFormatError, pickle_message
from landscapes.tasks.source import GZIP_START, Source, file_source, first_bytes

MOST_FOLDERS = 200  # that are looked through


def find_sources(entry: DataEntry, files: Files, folder: Path) -> dict[str, Source]:
    """All original files of a set by their published names: from one place, from several, or from the archive.

    Raises:
        DataFormatError: some are missing, or the archive is damaged.
    """
    paths, archive = _paths(files, folder), find_archive(files, folder)
    missing_names = [name for name in files.names if name not in paths]
    if not missing_names:
        return {name: file_source(path) for name, path in paths.items()}
    if archive is not None:
        return read_archive(archive, entry, files)
    raise DataFormatError(
        f"{folder} lacks {', '.join(missing_names)} of {entry.name}; all of {', '.join(files.names)} are needed"
    )


def has_originals(files: Files, folder: Path) -> bool:
    """Whether any of a set's original files, or its archive, is there."""
    return bool(_paths(files, folder)) or find_archive(files, folder) is not None


def find_archive(files: Files, folder: Path) -> Path | None:
    """The published archive, compressed or not, in the set's folder or beside it."""
    if not files.archive:
        return None
    stem = files.archive.removesuffix(".tar.gz")
    names = (f"{stem}.tar.gz", f"{stem}.tgz", f"{stem}.tar")
    candidates = (place / name for place in (folder, folder.parent) for name in names)
    return next((path for path in candidates if path.is_file()), None)


def refuse_pickled_version(entry: DataEntry, folder: Path) -> None:
    """Say why nothing is read where the set's folder holds its Python version.

    Raises:
        DataFormatError: it does.
    """
    files = entry.files
    if files is None or not files.pickled:
        return
    for path in (place / name for place in _folders(folder) for name in files.pickled):
        if path.is_file() and first_bytes(path, 1) in (PICKLE_START, GZIP_START[:1]):
            raise DataFormatError(f"{pickle_message(str(path), files.archive)}. Or remove it, to have it downloaded")


def _paths(files: Files, folder: Path) -> dict[str, Path]:
    """Those of the original files that are there: all from the first place that has all, or else from any place."""
    places = [*_folders(folder), folder.parent / files.folder]
    by_place = [
        {name: path for name in files.names if (path := _in(place, files, name)) is not None} for place in places
    ]
    whole = next((paths for paths in by_place if len(paths) == len(files.names)), None)
    if whole is not None:
        return whole
    return {name: path for paths in reversed(by_place) for name, path in paths.items()}


def _in(place: Path, files: Files, name: str) -> Path | None:
    spellings = (name, name.replace("-idx", ".idx")) if files.layout == "idx" else (name,)
    candidates = (place / f"{spelling}{end}" for spelling in spellings for end in ("", ".gz"))
    return next((path for path in candidates if path.is_file()), None)


def _folders(folder: Path) -> list[Path]:
    """A folder, those in it and those in these."""
    inner = [path for path in _listed(folder) if path.is_dir()]
    innermost = (path for place in inner for path in _listed(place) if path.is_dir())
    return list(itertools.islice(itertools.chain([folder], inner, innermost), MOST_FOLDERS))


def _listed(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError:  # not there, or not ours to read
        return []
