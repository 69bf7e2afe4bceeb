"""A file of a data set as a source of bytes: compressed or not is decided by what it holds, whatever its name says."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import BinaryIO, NamedTuple, cast

GZIP_START = b"\x1f\x8b"


class Source(NamedTuple):
    """A file's content: its name in messages, and a function that opens it."""

    name: str
    open: Callable[[], BinaryIO]


def file_source(path: Path) -> Source:
    """A file on disk."""
    return Source(str(path), partial(_open, path))


def _open(path: Path) -> BinaryIO:
    is_compressed = first_bytes(path, len(GZIP_START)) == GZIP_START
    return cast(BinaryIO, gzip.open(path, "rb")) if is_compressed else path.open("rb")


def first_bytes(path: Path, count: int) -> bytes:
    """How a file begins, as it lies on disk."""
    with path.open("rb") as file:
        return file.read(count)
