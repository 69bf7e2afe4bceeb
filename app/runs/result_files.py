"""Results that take seconds to compute and milliseconds to read, kept in the run store's folder for all its servers.

    <root>/results/<digest of kind, settings and code>.npz
    <root>/results/<such a digest>-<unique>.npz               parts of a result that grows, see `find_parts`

A result may vanish at any time, and a damaged one counts as none: it is computed again. Nothing is pickled. Kept are
only results that are much quicker to read (docs/deploy.md has the figures), and only once a server has said where.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import io
import logging
import os
import uuid
import zipfile
import zlib
from collections.abc import Callable, Hashable, Mapping
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from app.jobs.files import modification_time, size_of, write_atomically
from app.jobs.store import RESULTS, RunStore

SHARE = 20  # results take at most one part in so many of the store's limit
MOST_PARTS, SMALL_PART = 24, 4_000_000  # small parts of a result, each a file; bytes of such a one
CODE = ("optim_core", "landscapes", "app/runs")
DAMAGE = (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile, zlib.error)

Result = TypeVar("Result")
logger = logging.getLogger(__name__)
_stores: list[RunStore] = []


def keep_in(store: RunStore | None) -> None:
    """Keep results in this store's folder from now on, or nowhere."""
    _stores[:] = [] if store is None else [store]


def find(kind: type[Result], key: Hashable) -> Result | None:
    """The result of a key whose text says all that it depends on; `kind` is a dataclass of arrays and numbers."""
    return next((result for store in _stores for result in _read(_path(store, kind, key), kind)), None)


def put(key: Hashable, result: Any) -> None:
    """Keep a result; those used longest ago go where there is no room."""
    for store in _stores:
        _write(_path(store, type(result), key), result, store)


def find_parts(
    kind: type[Result], key: Hashable, is_wanted: Callable[[Mapping[str, Any]], bool] = lambda arrays: True
) -> list[Result]:
    """The parts of a result that are kept and wanted, by their arrays, which are read when they are asked for.

    No part ever changes, so two servers may add some at once.
    """
    paths = (path for store in _stores for path in _parts(_path(store, kind, key)))
    return [part for path in paths for part in _read(path, kind, is_wanted)]


def add_part(key: Hashable, part: Any, merge: Callable[[list[Any]], Any]) -> None:
    """Keep one more part of a result; `merge` makes one of MOST_PARTS small ones."""
    for store in _stores:
        whole = _path(store, type(part), key)
        small_paths = [path for path in _parts(whole) if size_of(path) < SMALL_PART]
        if len(small_paths) < MOST_PARTS:
            small_paths = []
        parts = [one for path in small_paths for one in _read(path, type(part))]
        _write(whole.with_stem(f"{whole.stem}-{uuid.uuid4().hex}"), merge([*parts, part]) if parts else part, store)
        for path in small_paths:
            path.unlink(missing_ok=True)


def _parts(whole: Path) -> list[Path]:
    return sorted(whole.parent.glob(f"{whole.stem}-*.npz"))


def _read(
    path: Path, kind: type[Result], is_wanted: Callable[[Mapping[str, Any]], bool] = lambda arrays: True
) -> list[Result]:
    """The result in a file; none where it is not wanted, there is no such file, or a damaged one."""
    with contextlib.suppress(*DAMAGE), np.load(path, allow_pickle=False) as arrays:
        if not is_wanted(arrays):
            return []
        result = kind(**{name: array if array.ndim else array.item() for name, array in arrays.items()})
        os.utime(path)
        return [result]
    return []


def _write(path: Path, result: Any, store: RunStore) -> None:
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **{one.name: getattr(result, one.name) for one in dataclasses.fields(result)})
    try:
        path.parent.mkdir(exist_ok=True)
        write_atomically(path, buffer.getvalue())
        _evict(path.parent, store.limit // SHARE)
    except OSError as error:
        logger.warning("a result cannot be kept: %s", error)


def _evict(folder: Path, limit: int) -> None:
    files = sorted(folder.iterdir(), key=modification_time, reverse=True)
    total = 0
    for file in files:
        with contextlib.suppress(FileNotFoundError):  # another server was quicker
            total += file.stat().st_size
            if total > limit:
                file.unlink()


def _path(store: RunStore, kind: type, key: Hashable) -> Path:
    text = f"{kind.__name__} {key!r} {_code()}"
    return store.root / RESULTS / f"{hashlib.sha256(text.encode()).hexdigest()}.npz"


@cache
def _code() -> str:
    """A digest of the code that computes, and the versions that the last bit depends on."""
    root, content = Path(__file__).parents[2], hashlib.sha256()
    for folder in CODE:
        for file in sorted((root / folder).rglob("*.py")):
            content.update(file.read_bytes())
    return f"{content.hexdigest()} {version('torch')} {version('numpy')}"
