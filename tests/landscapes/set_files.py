"""Files of exactly the published formats, made byte by byte, for tests."""

import gzip
import struct
from pathlib import Path

import numpy as np

MNIST_NAMES = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)
CIFAR10_NAMES = (*(f"data_batch_{number}.bin" for number in range(1, 6)), "test_batch.bin")


def idx(values: np.ndarray) -> bytes:
    """The IDX format, written from its description."""
    return bytes([0, 0, 8, values.ndim]) + struct.pack(f">{values.ndim}I", *values.shape) + values.tobytes()


def pixels(count: int, *shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (count, *shape), np.uint8)


def labels(count: int, classes: int = 10) -> np.ndarray:
    return (np.arange(count) % classes).astype(np.uint8)


def mnist_contents(train: int = 60, test: int = 20) -> dict[str, bytes]:
    arrays = (pixels(train, 28, 28), labels(train), pixels(test, 28, 28, seed=1), labels(test))
    return {name: idx(array) for name, array in zip(MNIST_NAMES, arrays, strict=True)}


def write_mnist(place: Path, train: int = 60, test: int = 20, *, compress: bool = False) -> None:
    place.mkdir(parents=True, exist_ok=True)
    for name, content in mnist_contents(train, test).items():
        path = place / (f"{name}.gz" if compress else name)
        path.write_bytes(gzip.compress(content) if compress else content)


def cifar10_contents(per_file: int = 10) -> dict[str, bytes]:
    return {
        name: np.concatenate([labels(per_file)[:, None], pixels(per_file, 3_072, seed=number)], 1).tobytes()
        for number, name in enumerate(CIFAR10_NAMES)
    }


def write_cifar10(place: Path, per_file: int = 10) -> None:
    place.mkdir(parents=True, exist_ok=True)
    for name, content in cifar10_contents(per_file).items():
        (place / name).write_bytes(content)


def cifar100_contents(per_file: int = 100) -> dict[str, bytes]:
    coarse, fine = np.full((per_file, 1), 19, np.uint8), labels(per_file, 100)[:, None]
    return {
        name: np.concatenate([coarse, fine, pixels(per_file, 3_072, seed=seed)], 1).tobytes()
        for seed, name in enumerate(("train.bin", "test.bin"))
    }
