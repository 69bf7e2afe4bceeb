"""Data sets under the names and in the forms that mirrors, browsers and unpackers leave: content decides."""

import gzip
import io
import pickle
import tarfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from landscapes.tasks import DATASETS, ClassifierTask
from landscapes.tasks import archives as archives_module
from landscapes.tasks.data import ensure, is_here, load
from landscapes.tasks.errors import DataFormatError, DataUnavailableError
from tests.landscapes.set_files import (
    CIFAR10_NAMES,
    cifar10_contents,
    cifar100_contents,
    labels,
    mnist_contents,
    pixels,
    write_cifar10,
    write_mnist,
)

PAGE = b"\n<!DOCTYPE html><html><head><title>403 Forbidden</title></head></html>"


pytestmark = pytest.mark.usefixtures("folder")


def write_archive(path: Path, members: Mapping[str, bytes], mode: str = "w:gz", inside: str = "x") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, mode) as archive:  # type: ignore[call-overload]
        for name, content in members.items():
            member = tarfile.TarInfo(f"{inside}/{name}")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return path


def check_mnist(key: str = "mnist") -> None:
    whole = load(key)
    assert np.array_equal(whole.images[:60, 0], pixels(60, 28, 28))
    assert np.array_equal(whole.images[60:, 0], pixels(20, 28, 28, seed=1))
    assert whole.labels.tolist() == [*labels(60), *labels(20)]


def check_cifar10() -> None:
    whole = load("cifar10")
    expected = [np.frombuffer(content, np.uint8).reshape(10, 3_073) for content in cifar10_contents().values()]
    assert np.array_equal(whole.images.reshape(60, 3_072), np.concatenate(expected)[:, 1:])
    assert whole.labels.tolist() == list(range(10)) * 6


@pytest.mark.parametrize("end", ["", ".gz"])
@pytest.mark.parametrize("is_compressed", [False, True])
def test_a_dot_for_a_hyphen_and_an_end_that_says_something_else(folder: Path, end: str, is_compressed: bool) -> None:
    (folder / "mnist").mkdir()
    for name, content in mnist_contents().items():
        path = folder / "mnist" / f"{name.replace('-idx', '.idx')}{end}"
        path.write_bytes(gzip.compress(content) if is_compressed else content)
    assert is_here("mnist")
    check_mnist()


@pytest.mark.parametrize(
    ("key", "place"),
    [
        ("mnist", "MNIST/raw"),
        ("fashion", "FashionMNIST/raw"),
        ("mnist", "mnist/MNIST/raw"),
        ("fashion", "fashion/FashionMNIST/raw"),
        ("mnist", "mnist/archive"),
    ],
)
def test_torchvisions_folders_and_unpacked_ones_are_found(folder: Path, key: str, place: str) -> None:
    write_mnist(folder / place)
    check_mnist(key)
    assert not is_here("fashion" if key == "mnist" else "mnist")


def test_each_file_in_a_folder_of_its_own_name_is_found(folder: Path) -> None:
    for name, content in mnist_contents().items():
        inside = folder / "mnist" / name
        inside.mkdir(parents=True)
        (inside / name.replace("-idx", ".idx")).write_bytes(content)
    check_mnist()


@pytest.mark.parametrize(
    "place",
    [
        "cifar10",
        "cifar10/cifar-10-batches-bin",
        "cifar10/cifar-10-binary/cifar-10-batches-bin",
        "cifar-10-batches-bin",
    ],
)
def test_cifar_is_found_unpacked_one_folder_deep_and_beside_its_folder(folder: Path, place: str) -> None:
    write_cifar10(folder / place)
    check_cifar10()


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:xz"])
@pytest.mark.parametrize(
    "name", ["cifar10/cifar-10-binary.tar.gz", "cifar-10-binary.tar.gz", "cifar10/cifar-10-binary.tar"]
)
def test_a_whole_archive_is_read_without_unpacking_it(folder: Path, name: str, mode: str) -> None:
    write_archive(folder / name, {"readme.html": PAGE, **cifar10_contents()}, mode, "cifar-10-batches-bin")
    before = sorted(folder.rglob("*"))
    assert is_here("cifar10")
    check_cifar10()
    assert sorted(folder.rglob("*")) == before


def test_cifar100s_archive_is_read(folder: Path) -> None:
    write_archive(folder / "cifar100" / "cifar-100-binary.tar.gz", cifar100_contents(), inside="cifar-100-binary")
    assert load("cifar100").labels.tolist() == [*range(100), *range(100)]


def test_an_archive_fills_in_what_an_interrupted_unpacking_left_out(folder: Path) -> None:
    archive = write_archive(folder / "cifar10" / "cifar-10-binary.tar.gz", cifar10_contents())
    (folder / "cifar10" / CIFAR10_NAMES[0]).write_bytes(cifar10_contents()[CIFAR10_NAMES[0]])
    check_cifar10()
    archive.unlink()
    load.cache_clear()
    with pytest.raises(DataFormatError, match=r"lacks data_batch_2\.bin"):
        load("cifar10")


def test_a_damaged_archive_is_refused_with_its_name_and_the_remedy(folder: Path) -> None:
    path = write_archive(folder / "cifar10" / "cifar-10-binary.tar.gz", cifar10_contents())
    whole = path.read_bytes()
    for content in (whole[: len(whole) // 2], b"no archive at all" * 100, b""):
        path.write_bytes(content)
        with pytest.raises(DataFormatError, match=r"cifar-10-binary\.tar\.gz .*fetch it again"):
            load("cifar10")


def test_an_archive_without_a_file_says_which(folder: Path) -> None:
    contents = cifar10_contents()
    del contents["test_batch.bin"]
    write_archive(folder / "cifar10" / "cifar-10-binary.tar.gz", contents)
    with pytest.raises(DataFormatError, match=r"binary\.tar\.gz lacks test_batch\.bin of CIFAR-10"):
        load("cifar10")


def test_an_archive_of_boundless_members_is_refused_before_they_are_read(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archives_module, "MOST_BYTES", 30_000)
    write_archive(folder / "cifar10" / "cifar-10-binary.tar.gz", cifar10_contents())
    with pytest.raises(DataFormatError, match=r"it is not cifar-10-binary\.tar\.gz"):
        load("cifar10")


def test_a_damaged_member_is_named_with_its_archive(folder: Path) -> None:
    contents = cifar10_contents() | {"data_batch_4.bin": bytes(100)}
    write_archive(folder / "cifar10" / "cifar-10-binary.tar.gz", contents)
    with pytest.raises(DataFormatError, match=r"binary\.tar\.gz: data_batch_4\.bin has 100 bytes"):
        load("cifar10")


@pytest.mark.parametrize(
    "page", [PAGE, gzip.compress(PAGE, mtime=0), b"\xef\xbb\xbf<HTML>", b"<?xml version='1.0'?><Error/>"]
)
def test_a_web_page_saved_as_data_is_called_one(folder: Path, page: bytes) -> None:
    write_mnist(folder / "mnist", compress=True)
    (folder / "mnist" / "train-images-idx3-ubyte.gz").write_bytes(page)
    with pytest.raises(DataFormatError, match=r"train-images-idx3-ubyte\.gz is a web page, not data.*fetch the file"):
        load("mnist")
    write_cifar10(folder / "cifar10")
    (folder / "cifar10" / "test_batch.bin").write_bytes(page)
    with pytest.raises(DataFormatError, match=r"test_batch\.bin is a web page"):
        load("cifar10")


def test_a_web_page_saved_as_an_archive_is_called_one(folder: Path) -> None:
    (folder / "cifar-10-binary.tar.gz").write_bytes(PAGE)
    with pytest.raises(DataFormatError, match=r"cifar-10-binary\.tar\.gz is a web page"):
        load("cifar10")


class Loaded:
    """An object that says when it is unpickled."""

    count = 0

    def __setstate__(self, state: object) -> None:
        Loaded.count += 1


def python_version() -> bytes:
    return pickle.dumps({"data": [1, 2, 3], "thing": Loaded()}, protocol=2)


@pytest.mark.parametrize(
    ("key", "place"),
    [
        ("cifar10", "cifar10/cifar-10-batches-py/data_batch_1"),
        ("cifar10", "cifar10/data_batch_1"),
        ("cifar100", "cifar100/cifar-100-python/train"),
    ],
)
def test_the_python_version_is_named_and_refused_with_reason_and_remedy(folder: Path, key: str, place: str) -> None:
    (folder / place).parent.mkdir(parents=True)
    (folder / place).write_bytes(python_version())
    archive = DATASETS[key].files.archive  # type: ignore[union-attr]
    for read in (load, ensure):
        with pytest.raises(DataFormatError, match=rf"{place} is the Python version.*can run any program.*{archive}"):
            read(key)
    assert Loaded.count == 0


@pytest.mark.parametrize("name", ["cifar-10-python.tar.gz", "cifar-10-binary.tar.gz"])
def test_the_archive_of_the_python_version_is_refused_by_name_and_by_content(folder: Path, name: str) -> None:
    write_archive(folder / "cifar10" / name, {"data_batch_1": python_version()}, inside="cifar-10-batches-py")
    with pytest.raises(DataFormatError, match=rf"{name}.* is the Python version.*cifar-10-binary\.tar\.gz"):
        load("cifar10")
    assert Loaded.count == 0


def test_a_pickle_under_the_name_of_a_binary_file_is_known_by_its_content(folder: Path) -> None:
    write_cifar10(folder / "cifar10")
    (folder / "cifar10" / "data_batch_2.bin").write_bytes(python_version())
    with pytest.raises(DataFormatError, match=r"data_batch_2\.bin is the Python version"):
        load("cifar10")


def test_lack_of_memory_is_said_in_a_sentence_with_a_remedy(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def exhausted(*_: object) -> None:
        raise MemoryError

    write_cifar10(folder / "cifar10", per_file=100)
    monkeypatch.setattr("landscapes.tasks.splits.pixels", exhausted)
    with pytest.raises(DataUnavailableError, match=r"CIFAR-10 .* with 100 training images does not fit .*train_size"):
        _ = ClassifierTask("cifar10", train_size=100).data
    load.cache_clear()
    monkeypatch.setattr("landscapes.tasks.data.read_folder", exhausted)
    with pytest.raises(DataUnavailableError, match=r"CIFAR-10 .* does not fit .*smaller data set"):
        load("cifar10")
