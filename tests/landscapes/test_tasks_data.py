"""Image sets from files of exactly the published formats, made here byte by byte, and from a stand-in for OpenML."""

import io
import struct
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn import datasets as sklearn_datasets
from sklearn.utils import Bunch

from landscapes.tasks import DATASETS, ClassifierTask
from landscapes.tasks.data import cache_file, datasets_folder, ensure, is_here, load, read_folder
from landscapes.tasks.errors import DataFormatError, DataUnavailableError
from landscapes.tasks.formats import read_cifar, read_idx
from landscapes.tasks.source import file_source
from tests.landscapes.set_files import cifar100_contents, idx, labels, pixels, write_cifar10, write_mnist

TRAIN_IMAGES, TRAIN_LABELS = "train-images-idx3-ubyte", "train-labels-idx1-ubyte"
TEST_IMAGES, TEST_LABELS = "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"


pytestmark = pytest.mark.usefixtures("folder")


@pytest.mark.parametrize("compress", [False, True])
def test_mnist_comes_back_from_its_files_pixel_by_pixel(folder: Path, compress: bool) -> None:
    write_mnist(folder / "mnist", compress=compress)
    whole = load("mnist")
    assert np.array_equal(whole.images[:60, 0], pixels(60, 28, 28))
    assert np.array_equal(whole.images[60:, 0], pixels(20, 28, 28, seed=1))
    assert whole.labels.tolist() == [*labels(60), *labels(20)]
    assert (whole.tests, whole.top) == (20, 255)


@pytest.mark.parametrize("inside", ["", "cifar-10-batches-bin"])
def test_cifar10_comes_back_in_channels_rows_and_columns(folder: Path, inside: str) -> None:
    write_cifar10(folder / "cifar10" / inside)
    whole = load("cifar10")
    assert whole.images.shape == (60, 3, 32, 32)
    # Red comes first, row by row: pixel (row 2, column 5) of the green plane is byte 1,024 + 2·32 + 5.
    assert whole.images[13, 1, 2, 5] == pixels(10, 3_072, seed=1)[3, 1_024 + 69]
    assert whole.labels.tolist() == list(range(10)) * 6
    assert whole.tests == 10


def test_cifar100_takes_the_fine_label_not_the_coarse_one(folder: Path) -> None:
    place = folder / "cifar100"
    place.mkdir()
    for name, content in cifar100_contents().items():
        (place / name).write_bytes(content)
    assert load("cifar100").labels.tolist() == [*range(100), *range(100)]


def test_a_task_trains_on_a_local_set(folder: Path) -> None:
    write_mnist(folder / "fashion")
    task = ClassifierTask(dataset="fashion", train_size=50, batch_size=5)
    assert task.batch(0, 0).images.shape == (5, 1, 28, 28)
    assert len(task.data.test) == 20
    assert len(task.data.validation) == 5  # a twelfth, as of the full set


def test_a_local_set_that_is_too_small_is_refused_with_its_size(folder: Path) -> None:
    write_mnist(folder / "mnist")
    with pytest.raises(ValueError, match="train_size must be at most 55 for mnist, got 1000"):
        _ = ClassifierTask(dataset="mnist", train_size=1_000).data
    with pytest.raises(ValueError, match="batch_size must be at most the 55 training images there are, got 64"):
        _ = ClassifierTask(dataset="mnist", batch_size=64).steps_per_epoch


def test_a_class_without_a_training_image_is_refused_by_number(folder: Path) -> None:
    write_mnist(folder / "mnist")
    (folder / "mnist" / TRAIN_LABELS).write_bytes(idx(labels(60, classes=7)))
    with pytest.raises(ValueError, match="class 7 of mnist has no training image among 55"):
        _ = ClassifierTask(dataset="mnist").data


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "starts with nothing, not with 00000803"),
        (b"\x89PNG\r\n\x1a\n" + bytes(30), "starts with 89504e47, not with 00000803"),
        (idx(labels(60)), "starts with 00000801, not with 00000803: it is not an IDX file of bytes with 3 dimensions"),
        (idx(pixels(60, 28, 28))[:10], "ends within its header"),
        (idx(pixels(60, 28, 28))[:-1], "announces 47040 bytes of data but holds only 47039"),
        (idx(pixels(60, 28, 28)) + b"x", "announces 47040 bytes of data but holds more"),
        (idx(pixels(60, 8, 8)), "holds items of 8x8, not of 28x28"),
        (bytes([0, 0, 8, 3]) + struct.pack(">3I", 2**32 - 1, 28, 28), "announces 4294967295 items"),
        (bytes([0, 0, 8, 3]) + struct.pack(">3I", 0, 28, 28), "announces 0 items"),
        (idx(pixels(50, 28, 28)), "holds 50 images, but .*train-labels-idx1-ubyte 60 labels"),
    ],
)
def test_a_wrong_image_file_is_refused_by_name(folder: Path, content: bytes, message: str) -> None:
    write_mnist(folder / "mnist")
    (folder / "mnist" / TRAIN_IMAGES).write_bytes(content)
    with pytest.raises(DataFormatError, match=rf"train-images-idx3-ubyte {message}"):
        load("mnist")


def test_damaged_compression_is_refused_by_name(folder: Path) -> None:
    write_mnist(folder / "mnist", compress=True)
    path = folder / "mnist" / f"{TRAIN_IMAGES}.gz"
    whole = path.read_bytes()
    other_byte = bytearray(whole)
    other_byte[len(whole) // 2] ^= 0xFF
    for content in (whole[: len(whole) // 2], b"not gzip at all", bytes(other_byte)):
        path.write_bytes(content)
        with pytest.raises(DataFormatError, match=r"train-images-idx3-ubyte\.gz"):
            load("mnist")


def test_labels_that_no_class_has_are_refused_with_their_row(folder: Path) -> None:
    write_mnist(folder / "mnist")
    wrong = labels(20)
    wrong[7] = 12
    (folder / "mnist" / TEST_LABELS).write_bytes(idx(wrong))
    with pytest.raises(
        DataFormatError, match="t10k-labels-idx1-ubyte has the label 12 at row 7; labels run from 0 to 9"
    ):
        load("mnist")


@pytest.mark.parametrize("size", [0, 3_072, 3_073 * 10 - 1])
def test_a_cut_off_cifar_file_is_refused_by_name(folder: Path, size: int) -> None:
    write_cifar10(folder / "cifar10")
    (folder / "cifar10" / "data_batch_3.bin").write_bytes(bytes(size))
    with pytest.raises(DataFormatError, match=rf"data_batch_3.bin has {size} bytes, not a whole number of images"):
        load("cifar10")


def test_missing_files_are_named_along_with_all_that_are_needed(folder: Path) -> None:
    write_cifar10(folder / "cifar10")
    (folder / "cifar10" / "data_batch_2.bin").unlink()
    with pytest.raises(DataFormatError, match=r"lacks data_batch_2.bin of CIFAR-10.*; all of data_batch_1.bin.*needed"):
        load("cifar10")


def test_the_pickled_version_of_cifar_is_not_read(folder: Path) -> None:
    write_cifar10(folder / "cifar10")
    for path in (folder / "cifar10").glob("*.bin"):
        path.rename(path.with_suffix(""))
    assert not is_here("cifar10")
    with pytest.raises(DataFormatError, match=r"lacks data_batch_1\.bin"):
        read_folder(DATASETS["cifar10"], folder / "cifar10")


def test_digits_need_no_folder() -> None:
    with pytest.raises(ValueError, match="digits comes with scikit-learn"):
        read_folder(DATASETS["digits"], Path())
    assert is_here("digits")


@pytest.mark.parametrize("key", [key for key, entry in DATASETS.items() if entry.files])
def test_an_offline_machine_is_told_both_ways_to_get_a_set(
    key: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise urllib.error.URLError("no route to host")

    monkeypatch.setattr(urllib.request, "urlopen", refuse)
    with pytest.raises(DataUnavailableError) as refusal:
        load(key)
    message = str(refusal.value)
    assert "no route to host" in message
    assert f"it is then kept in {folder / key}" in message
    assert f"put its original files there: {DATASETS[key].files.train[0]}" in message  # type: ignore[union-attr]
    assert not list((folder / key).iterdir())


def test_a_folder_with_the_wrong_files_is_told_what_it_holds(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise urllib.error.URLError("no route to host")

    write_cifar10(folder / "cifar10")
    for path in (folder / "cifar10").glob("*.bin"):
        path.rename(path.with_suffix(""))
    monkeypatch.setattr(urllib.request, "urlopen", refuse)
    with pytest.raises(
        DataUnavailableError, match=r"data_batch_1\.bin, .*\(it holds data_batch_1, data_batch_2, .* none is"
    ):
        load("cifar10")


def openml(monkeypatch: pytest.MonkeyPatch, answer: Bunch | Exception) -> list[dict[str, Any]]:
    """Stand in for OpenML; returns the calls that it will have seen."""
    calls: list[dict[str, Any]] = []

    def fetch(**arguments: Any) -> Bunch:
        calls.append(arguments)
        (Path(arguments["data_home"]) / "data.gz").write_bytes(bytes(2_000_000))
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(urllib.request, "urlopen", lambda *_, **__: io.BytesIO())
    monkeypatch.setattr(sklearn_datasets, "fetch_openml", fetch)
    return calls


def answer(count: int = 60_010) -> Bunch:
    """As scikit-learn gives MNIST: rows of floating-point pixels, classes as text. Most pixels are not stored twice."""
    data = np.broadcast_to(pixels(1, 784).astype(np.float32), (count, 784))
    return Bunch(data=data, target=np.array([str(label) for label in labels(10)] * (count // 10), dtype=object))


def test_a_download_is_kept_and_asked_for_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls, messages = openml(monkeypatch, answer()), list[str]()
    monkeypatch.setattr("landscapes.tasks.download.POLL_SECONDS", 0.0)
    assert not is_here("mnist")
    ensure("mnist", messages.append)
    assert is_here("mnist")
    whole = load("mnist")
    load.cache_clear()
    assert np.array_equal(load("mnist").images, whole.images)
    assert np.array_equal(whole.images[5, 0], pixels(1, 784).reshape(28, 28))
    assert (whole.labels[:10].tolist(), whole.tests) == (list(range(10)), 10)
    assert [call["data_id"] for call in calls] == [554]
    assert messages[0] == "MNIST (28x28): asking OpenML"
    assert [path.name for path in (folder / "mnist").iterdir()] == ["openml.npz"]


def test_the_size_of_what_arrived_is_told_while_it_arrives(monkeypatch: pytest.MonkeyPatch) -> None:
    import threading

    arrival, messages = threading.Event(), list[str]()
    openml(monkeypatch, answer())
    quick = sklearn_datasets.fetch_openml

    def slow(**arguments: Any) -> Bunch:
        result = quick(**arguments)
        assert arrival.wait(30)
        return result

    def tell(message: str) -> None:
        messages.append(message)
        if "2.0 MB" in message:
            arrival.set()

    monkeypatch.setattr(sklearn_datasets, "fetch_openml", slow)
    monkeypatch.setattr("landscapes.tasks.download.POLL_SECONDS", 0.02)
    ensure("mnist", tell)
    assert "MNIST (28x28): 2.0 MB received" in messages


@pytest.mark.parametrize(
    "failure", [TimeoutError("slow"), OSError("no space left on device"), ValueError("md5 differs")]
)
def test_a_failed_download_leaves_nothing_behind(
    folder: Path, monkeypatch: pytest.MonkeyPatch, failure: Exception
) -> None:
    openml(monkeypatch, failure)
    with pytest.raises(DataUnavailableError, match=str(failure)):
        ensure("mnist")
    assert not list((folder / "mnist").iterdir())


@pytest.mark.parametrize(
    "wrong",
    [
        Bunch(data=np.zeros((60_010, 100)), target=np.zeros(60_010)),
        Bunch(data=np.zeros((20, 784)), target=np.zeros(20)),
        Bunch(data=np.full((60_010, 784), -1, np.int8), target=np.zeros(60_010)),
    ],
)
def test_an_answer_that_is_another_set_is_refused(wrong: Bunch, monkeypatch: pytest.MonkeyPatch) -> None:
    openml(monkeypatch, wrong)
    with pytest.raises(DataFormatError, match="MNIST"):
        ensure("mnist")
    assert not is_here("mnist")


def test_a_damaged_download_is_removed_and_fetched_again(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = openml(monkeypatch, answer())
    ensure("mnist")
    path = cache_file("mnist")
    path.write_bytes(path.read_bytes()[:1_000])
    with pytest.raises(DataFormatError, match=r"openml\.npz was damaged .* has been removed"):
        load("mnist")
    assert load("mnist").tests == 10
    assert len(calls) == 2


def test_a_pickle_in_the_cache_is_refused(folder: Path) -> None:
    cache_file("mnist").parent.mkdir(parents=True)
    objects = np.array([{"any": "object"}], dtype=object)
    np.savez(cache_file("mnist"), images=objects, labels=objects)
    with pytest.raises(DataFormatError, match="damaged"):
        load("mnist")


def test_the_folder_follows_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LOOKAHEAD_DATASETS")
    monkeypatch.setenv("LOOKAHEAD_DATA", "/somewhere")
    assert datasets_folder() == Path("/somewhere/datasets")
    monkeypatch.delenv("LOOKAHEAD_DATA")
    assert datasets_folder().name == "datasets"
    assert datasets_folder().parent.name == "lookahead-lab"


def test_readers_take_single_files_too(tmp_path: Path) -> None:
    (tmp_path / "labels").write_bytes(idx(labels(5)))
    assert read_idx(file_source(tmp_path / "labels"), ()).tolist() == [0, 1, 2, 3, 4]
    (tmp_path / "batch.bin").write_bytes(bytes([4]) + bytes(3_072))
    images, label = read_cifar(file_source(tmp_path / "batch.bin"), 1)
    assert (images.shape, label.tolist()) == ((1, 3, 32, 32), [4])
