"""The original file formats of the image sets, read byte by byte and refused with the reason where anything is wrong.

IDX (MNIST, Fashion-MNIST): two zero bytes, the type (8: unsigned byte), the number of dimensions, each dimension as a
big-endian 32-bit integer, then the values. CIFAR's binary version: per image its label bytes (CIFAR-100: coarse, then
fine) and 3,072 bytes, the red, green and blue plane. CIFAR's Python version is a pickle, which can run anything: it is
never read.
"""

from __future__ import annotations

import gzip
import math
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from landscapes.tasks.errors import DataFormatError, refuse_page, refuse_pickle
from landscapes.tasks.source import Source

Bytes = NDArray[np.uint8]

MOST_IMAGES = 1_000_000  # a header that claims more is damaged; bounds what is read into memory
MOST_CIFAR_IMAGES = 100_000  # in one file, twice as many as in any published one
CIFAR_PIXELS = 3 * 32 * 32
MAGIC_BYTES = 4


def read_idx(source: Source, item: tuple[int, ...]) -> Bytes:
    """The unsigned bytes of an IDX file: shape (n, *item).

    Raises:
        DataFormatError: wrong magic number, other dimensions, fewer or more bytes than announced, damaged compression.
    """
    with _opened(source) as file:
        count = _idx_header(file, source.name, item)
        expected = count * math.prod(item)
        content = file.read(expected + 1)
    if len(content) != expected:
        amount = f"only {len(content)}" if len(content) < expected else "more"
        raise DataFormatError(f"{source.name} announces {expected} bytes of data but holds {amount}: fetch it again")
    return np.frombuffer(content, np.uint8).reshape(count, *item)


def _idx_header(file: BinaryIO, name: str, item: tuple[int, ...]) -> int:
    """How many items of the expected shape follow."""
    dimensions = 1 + len(item)
    expected = struct.pack(">HBB", 0, 8, dimensions)
    magic = file.read(MAGIC_BYTES)
    if magic != expected:
        refuse_page(magic + file.read(100), name)
        raise DataFormatError(
            f"{name} starts with {magic.hex() or 'nothing'}, not with {expected.hex()}: "
            f"it is not an IDX file of bytes with {dimensions} dimension{'s' if item else ''}"
        )
    sizes = file.read(4 * dimensions)
    if len(sizes) != 4 * dimensions:
        raise DataFormatError(f"{name} ends within its header: fetch it again")
    count, *shape = struct.unpack(f">{dimensions}I", sizes)
    if tuple(shape) != item:
        raise DataFormatError(f"{name} holds items of {_by(shape)}, not of {_by(item)}")
    if not 0 < count <= MOST_IMAGES:
        raise DataFormatError(f"{name} announces {count} items; between 1 and {MOST_IMAGES} are possible")
    return int(count)


def read_cifar(source: Source, label_bytes: int, archive: str = "files that end in .bin") -> tuple[Bytes, Bytes]:
    """Images (n, 3, 32, 32) and their last label byte (n,) of a file of CIFAR's binary version.

    `archive` names the binary version, for who has the Python version.

    Raises:
        DataFormatError: empty, not a whole number of images, too many, a pickle, a web page, damaged compression.
    """
    row = label_bytes + CIFAR_PIXELS
    with _opened(source) as file:
        content = file.read(MOST_CIFAR_IMAGES * row + 1)
    if not content or len(content) % row != 0:
        refuse_page(content[:100], source.name)
        refuse_pickle(content[:1], source.name, archive)
        raise DataFormatError(
            f"{source.name} has {_size(content, row)} bytes, not a whole number of images of {row} bytes: "
            "it was cut off, or is not CIFAR's binary version"
        )
    rows = np.frombuffer(content, np.uint8).reshape(-1, row)
    return rows[:, label_bytes:].reshape(-1, 3, 32, 32), rows[:, label_bytes - 1]


def _size(content: bytes, row: int) -> str:
    most = MOST_CIFAR_IMAGES * row
    return f"more than {most}" if len(content) > most else str(len(content))


@contextmanager
def _opened(source: Source) -> Iterator[BinaryIO]:
    """The source's content; damage to its compression is explained."""
    try:
        with source.open() as file:
            yield file
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DataFormatError(f"{source.name} is damaged or cut off ({error}): fetch it again") from error


def check_labels(labels: Bytes, classes: int, name: str) -> None:
    """Refuse labels that no class has.

    Raises:
        DataFormatError: a label is `classes` or more.
    """
    if labels.max() >= classes:
        row = int((labels >= classes).argmax())
        raise DataFormatError(f"{name} has the label {labels[row]} at row {row}; labels run from 0 to {classes - 1}")


def _by(shape: tuple[int, ...] | list[int]) -> str:
    return "x".join(map(str, shape)) or "one value"
