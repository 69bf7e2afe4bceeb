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
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]

MOST_IMAGES = 1_000_000  # a header that claims more is damaged; bounds what is read into memory
CIFAR_PIXELS = 3 * 32 * 32


class DataFormatError(ValueError):
    """A file is not what its name says, is damaged, or was cut off."""


def read_idx(path: Path, item: tuple[int, ...]) -> Bytes:
    """The unsigned bytes of an IDX file, plain or gzip-compressed: shape (n, *item).

    Raises:
        DataFormatError: wrong magic number, other dimensions, fewer or more bytes than announced, damaged compression.
    """
    try:
        with _open(path) as file:
            count = _idx_header(file, path, item)
            expected = count * math.prod(item)
            content = file.read(expected + 1)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DataFormatError(f"{path} is damaged or cut off ({error}): fetch it again") from error
    if len(content) != expected:
        amount = f"only {len(content)}" if len(content) < expected else "more"
        raise DataFormatError(f"{path} announces {expected} bytes of data but holds {amount}: fetch it again")
    return np.frombuffer(content, np.uint8).reshape(count, *item)


def _idx_header(file: BinaryIO, path: Path, item: tuple[int, ...]) -> int:
    """How many items of the expected shape follow."""
    dimensions = 1 + len(item)
    expected = struct.pack(">HBB", 0, 8, dimensions)
    magic = file.read(4)
    if magic != expected:
        raise DataFormatError(
            f"{path} starts with {magic.hex() or 'nothing'}, not with {expected.hex()}: "
            f"it is not an IDX file of bytes with {dimensions} dimension{'s' if item else ''}"
        )
    sizes = file.read(4 * dimensions)
    if len(sizes) != 4 * dimensions:
        raise DataFormatError(f"{path} ends within its header: fetch it again")
    count, *shape = struct.unpack(f">{dimensions}I", sizes)
    if tuple(shape) != item:
        raise DataFormatError(f"{path} holds items of {_by(shape)}, not of {_by(item)}")
    if not 0 < count <= MOST_IMAGES:
        raise DataFormatError(f"{path} announces {count} items; between 1 and {MOST_IMAGES} are possible")
    return int(count)


def read_cifar(path: Path, label_bytes: int) -> tuple[Bytes, Bytes]:
    """Images (n, 3, 32, 32) and their last label byte (n,) of a file of CIFAR's binary version.

    Raises:
        DataFormatError: empty, or not a whole number of images.
    """
    row = label_bytes + CIFAR_PIXELS
    size = path.stat().st_size
    if size == 0 or size % row != 0 or size > MOST_IMAGES * row:
        raise DataFormatError(
            f"{path} has {size} bytes, not a whole number of images of {row} bytes: "
            "it was cut off, or is not CIFAR's binary version"
        )
    rows = np.fromfile(path, np.uint8).reshape(-1, row)
    return rows[:, label_bytes:].reshape(-1, 3, 32, 32), rows[:, label_bytes - 1]


def check_labels(labels: Bytes, classes: int, path: Path) -> None:
    """Refuse labels that no class has.

    Raises:
        DataFormatError: a label is `classes` or more.
    """
    if labels.max() >= classes:
        row = int((labels >= classes).argmax())
        raise DataFormatError(f"{path} has the label {labels[row]} at row {row}; labels run from 0 to {classes - 1}")


def _open(path: Path) -> BinaryIO:
    return cast(BinaryIO, gzip.open(path, "rb")) if path.suffix == ".gz" else path.open("rb")


def _by(shape: tuple[int, ...] | list[int]) -> str:
    return "x".join(map(str, shape)) or "one value"
