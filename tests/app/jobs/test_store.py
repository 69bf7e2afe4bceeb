from __future__ import annotations

import errno
import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from app.jobs import JobsError, RunStore, StoreError, TrainingRequest, request_from, store_from_environment
from app.jobs import worker as worker_module
from app.jobs.request import FORMAT
from app.jobs.worker import Order, run_order
from app.jobs.workspace import Workspace
from landscapes.tasks import ClassifierTask
from optim_core.layers import Layer
from optim_core.spec import OptimizerSpec, Schedule
from optim_core.training import train

TASK = ClassifierTask(network="mlp", train_size=100, batch_size=10, evaluation_size=50)
SPEC = OptimizerSpec("two layers", "momentum", 0.02, (Layer(2, 0.5), Layer(3, 0.5)))
REQUEST = TrainingRequest(TASK.describe(), SPEC, steps=30, evaluate_every=10, snapshot_every=5)


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def store(tmp_path: Path) -> RunStore:
    return RunStore(tmp_path / "store")


def order(store: RunStore, request: TrainingRequest = REQUEST, **changes: Any) -> Order:
    plain = Order(str(store.root), store.identity, store.limit, "attempt", request.to_json())
    return replace(plain, **changes)


def compute(store: RunStore, request: TrainingRequest = REQUEST) -> Any:
    assert run_order(order(store, request)) == "done"
    return store.find(request.key)


def request_of_size(steps: int) -> TrainingRequest:
    return replace(REQUEST, steps=steps, snapshot_every=1)


def test_a_stored_run_is_the_run_that_train_gives(store: RunStore) -> None:
    result = compute(store)
    run = train(TASK, SPEC, 30, 0, evaluate_every=10, snapshot_every=5)
    assert result.request == REQUEST
    assert (result.players, result.sizes, result.layers, result.diverged) == (run.players, run.sizes, SPEC.layers, None)
    np.testing.assert_array_equal(result.curves.loss, run.curves.loss)
    assert result.curves.metrics.keys() == run.curves.metrics.keys()
    for weights, columns in run.curves.metrics.items():
        for name, values in columns.items():
            np.testing.assert_array_equal(result.curves.metrics[weights][name], values)
    assert result.snapshots.step.tolist() == [0, 5, 10, 15, 20, 25, 30]
    for name, rows in run.snapshots.tracks.items():
        assert isinstance(result.snapshots.tracks[name], np.memmap)
        np.testing.assert_array_equal(result.snapshots.tracks[name], rows)


def test_a_finished_run_opens_in_another_process_and_leaves_nothing_unfinished(store: RunStore) -> None:
    compute(store)
    assert RunStore(store.root).find(REQUEST.key) is not None
    assert list((store.root / "work").iterdir()) == []
    assert not [path for path in store.root.rglob("*") if path.suffix in (".pkl", ".pt", ".pickle")]


def test_the_key_is_of_what_is_computed() -> None:
    others = [
        replace(REQUEST, seed=1),
        replace(REQUEST, steps=31),
        replace(REQUEST, ema=0.9),
        replace(REQUEST, evaluate_every=None),
        replace(REQUEST, snapshot_every=None),
        replace(REQUEST, snapshot_dtype="float16"),
        replace(REQUEST, task=replace(TASK, label_noise=0.1).describe()),
        replace(REQUEST, optimizers=SPEC.with_lr(0.03)),
        replace(REQUEST, optimizers=replace(SPEC, layers=SPEC.layers[:1])),
        replace(REQUEST, optimizers=replace(SPEC, schedule=Schedule("cosine"))),
        replace(REQUEST, optimizers=(("discriminator", SPEC), ("generator", SPEC))),
    ]
    assert len({REQUEST.key, *(other.key for other in others)}) == 12
    assert replace(REQUEST, optimizers=replace(SPEC, name="renamed")).key == REQUEST.key
    assert replace(REQUEST, optimizers=SPEC.with_lr(1)).key == replace(REQUEST, optimizers=SPEC.with_lr(1.0)).key


def test_a_request_survives_json() -> None:
    for request in (REQUEST, replace(REQUEST, optimizers={"discriminator": SPEC, "generator": SPEC.with_lr(0.5)})):
        again = request_from(json.loads(json.dumps(request.to_json())))
        assert again == request
        assert again.specs() == request.specs()


@pytest.mark.parametrize("name", ["meta.json", "curves.npz", "proposal.npy", "slow_2.npy", "step.npy"])
@pytest.mark.parametrize("damage", ["flip", "cut", "empty", "remove"])
def test_a_damaged_entry_is_set_aside_and_computed_again_with_a_note(store: RunStore, name: str, damage: str) -> None:
    before = np.array(compute(store).snapshots.proposal)
    path = store.folder(REQUEST.key) / name
    content = bytearray(path.read_bytes())
    content[-len(content) // 3] ^= 1
    contents = {"flip": bytes(content), "cut": bytes(content[:-5]), "empty": b""}
    path.write_bytes(contents[damage]) if damage in contents else path.unlink()
    fresh = RunStore(store.root)
    assert fresh.find(REQUEST.key) is None
    assert not fresh.has(REQUEST.key)
    assert len(list((store.root / "damaged").iterdir())) == 1
    again = compute(fresh)
    np.testing.assert_array_equal(again.snapshots.proposal, before)
    assert len(again.notes) == 1
    assert "damaged" in again.notes[0]
    assert name in again.notes[0]


def test_an_entry_appears_whole_or_not_at_all(store: RunStore, monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(*_: Any, **__: Any) -> None:
        assert not store.folder(REQUEST.key).exists()
        raise KeyboardInterrupt

    monkeypatch.setattr("app.jobs.store.write_atomically", crash)  # the last file before the rename
    with pytest.raises(KeyboardInterrupt):
        run_order(order(store))
    assert store.find(REQUEST.key) is None
    monkeypatch.undo()
    assert compute(store) is not None


def test_a_full_disk_is_a_clear_message_and_leaves_no_entry(store: RunStore, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    for target in ("optim_core.snapshots.FolderSink.append", "app.jobs.store.np.savez", "app.jobs.workspace.np.savez"):
        with monkeypatch.context() as patch:
            patch.setattr(target, full)
            with pytest.raises(
                StoreError, match=r"the disk of the run store .* is full: free some space .*LOOKAHEAD_DATA"
            ):
                run_order(order(store))
        assert not store.has(REQUEST.key)
    assert compute(store) is not None


def test_a_run_that_could_never_fit_is_refused_before_it_starts(store: RunStore) -> None:
    small = RunStore(store.root, limit=100_000)
    with pytest.raises(StoreError, match=r"need 0.00 GB, the limit is 0.00 GB: take fewer snapshots, or float16"):
        run_order(order(small, request_of_size(20)))
    store.check_room(10**6)
    with pytest.raises(StoreError, match="the disk has"):
        RunStore(store.root, limit=10**18).check_room(10**17)


def test_the_least_recently_used_entries_go_first(store: RunStore) -> None:
    requests = [request_of_size(steps) for steps in (11, 12, 13)]
    for age, request in enumerate(requests):
        compute(store, request)
        os.utime(store.folder(request.key) / "meta.json", (1_000_000 + age, 1_000_000 + age))
    one = store.total_size() // 3
    result = store.find(requests[0].key)  # which makes the second the oldest
    assert result is not None
    tight = RunStore(store.root, limit=3 * one)
    newest = request_of_size(14)
    compute(tight, newest)
    assert [tight.has(request.key) for request in [*requests, newest]] == [True, False, False, True]
    assert tight.total_size() <= tight.limit
    store.discard(store.folder(requests[0].key))
    assert np.isfinite(result.snapshots.proposal).all()  # a map that is open outlives its entry


def test_stale_leftovers_are_thrown_out_and_recent_ones_kept(store: RunStore) -> None:
    stale, recent = store.root / "work" / "stale", store.root / "work" / "recent"
    for folder in (stale, recent):
        folder.mkdir()
    os.utime(stale, (1_000_000, 1_000_000))
    store.evict()
    assert (stale.exists(), recent.exists()) == (False, True)


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (PermissionError(errno.EACCES, "denied"), "cannot be written .permission denied."),
        (OSError(errno.EROFS, "read-only"), "cannot be written .permission denied."),
        (NotADirectoryError(errno.ENOTDIR, "Not a directory"), "cannot be used .Not a directory."),
        (OSError(errno.ENOSPC, "full"), "is full"),
    ],
)
def test_a_store_that_cannot_be_made_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: OSError, message: str
) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise error

    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(StoreError, match=rf"{message}.*name another folder in LOOKAHEAD_DATA"):
        RunStore(tmp_path / "store")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_without_write_permission_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(StoreError, match="permission denied"):
        RunStore(tmp_path / "store")


def test_the_environment_names_folder_and_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOOKAHEAD_DATA", str(tmp_path / "here"))
    monkeypatch.setenv("LOOKAHEAD_DATA_LIMIT_GB", "0.5")
    store = store_from_environment()
    assert (store.root, store.limit) == (tmp_path / "here", 500_000_000)
    for wrong in ("-1", "many", "nan"):
        monkeypatch.setenv("LOOKAHEAD_DATA_LIMIT_GB", wrong)
        with pytest.raises(StoreError, match=f"must be a positive number of gigabytes, got '{wrong}'"):
            store_from_environment()


def test_a_cancelled_run_goes_on_from_its_checkpoint_to_the_same_numbers(
    store: RunStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker_module, "CANCEL_SECONDS", 0.0)
    work = Workspace(store.root / "work" / REQUEST.key)
    report = worker_module._Reporter.report

    def report_and_cancel(self: Any) -> None:
        report(self)
        if self.training.step >= 7:
            work.cancel("attempt")

    monkeypatch.setattr(worker_module, "PROGRESS_SECONDS", 0.0)
    monkeypatch.setattr(worker_module, "OVERHEAD", 1e9)
    monkeypatch.setattr(worker_module._Reporter, "report", report_and_cancel)
    assert run_order(order(store)) == "cancelled"
    progress = work.progress()
    assert progress is not None
    assert (progress.step, progress.steps, len(progress.curves.step)) == (7, 30, 7)
    monkeypatch.setattr(worker_module._Reporter, "report", report)
    assert run_order(order(store, attempt="another")) == "done"
    result = store.find(REQUEST.key)
    assert result is not None
    assert result.notes == ("Continued from the checkpoint at step 7.",)
    run = train(TASK, SPEC, 30, 0, evaluate_every=10, snapshot_every=5)
    np.testing.assert_array_equal(result.snapshots.proposal, run.snapshots.proposal)
    np.testing.assert_array_equal(result.curves.loss, run.curves.loss)


@pytest.mark.parametrize("content", [b"", b"garbage", b"PK\x03\x04 cut off"])
def test_a_checkpoint_of_no_use_counts_as_none(store: RunStore, content: bytes) -> None:
    work = Workspace(store.root / "work" / REQUEST.key)
    work.make()
    (work.folder / "checkpoint.pt").write_bytes(content)
    (work.folder / "progress.npz").write_bytes(content)
    assert work.progress() is None
    assert compute(store).notes == ()


def test_a_checkpoint_without_its_weights_counts_as_none(store: RunStore) -> None:
    with_weights = train(
        TASK, SPEC, 30, 0, evaluate_every=10, snapshot_every=5, should_stop=iter([False, True]).__next__
    )
    work = Workspace(store.root / "work" / REQUEST.key)
    work.make()
    state = {**with_weights.state, "snapshots": {"rows": 1}}  # as a folder's, but there is none
    work.save_checkpoint({"training": state, "seconds": 1.0})
    assert compute(store).notes == ()


def test_a_run_that_another_process_computes_is_waited_for(store: RunStore) -> None:
    outcomes: list[str] = []
    with store.lock(REQUEST.key) as mine:
        assert mine
        waiting = threading.Thread(target=lambda: outcomes.append(run_order(order(store))))
        waiting.start()
        time.sleep(0.3)
        assert outcomes == []
        assert not store.has(REQUEST.key)
    waiting.join()
    assert outcomes == ["done"]


def test_a_worker_that_waits_can_be_cancelled(store: RunStore) -> None:
    with store.lock(REQUEST.key):
        Workspace(store.root / "work" / REQUEST.key).cancel("attempt")
        assert run_order(order(store)) == "cancelled"


def test_a_worker_that_sees_another_store_or_speaks_another_format_refuses(store: RunStore, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"does not see the run store .*: mount the same folder there"):
        run_order(replace(order(store), store="another"))
    with pytest.raises(StoreError, match="does not see the run store"):
        run_order(order(store, root=str(tmp_path / "nowhere")))
    with pytest.raises(JobsError, match=f"stores runs in format {FORMAT}, the server asks for {FORMAT + 1}"):
        run_order(order(store, format=FORMAT + 1))


def test_a_worker_finds_the_store_where_its_own_environment_says(
    store: RunStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOOKAHEAD_DATA", str(store.root))
    assert run_order(order(store, root=str(tmp_path / "as mounted on the server"))) == "done"


def test_a_download_is_told_where_the_status_is_read(store: RunStore, monkeypatch: pytest.MonkeyPatch) -> None:
    work, messages = Workspace(store.root / "work" / REQUEST.key), []
    assert work.message() == ""

    def ensure(dataset: str, say: Any) -> None:
        messages.append(work.message())
        say(f"{dataset}: 3.2 MB received")
        messages.append(work.message())

    monkeypatch.setattr("landscapes.tasks.data.ensure", ensure)
    compute(store)
    assert messages == ["preparing", "digits: 3.2 MB received"]


def test_a_diverged_run_is_stored_with_its_step(store: RunStore) -> None:
    request = replace(REQUEST, optimizers=OptimizerSpec("hot", "sgd", 1e9))
    result = compute(store, request)
    assert result.diverged is not None
    assert len(result.curves.step) == result.diverged - 1


def test_a_request_refuses_bad_numbers() -> None:
    with pytest.raises(ValueError, match="steps must be a whole number"):
        replace(REQUEST, steps=0)
    with pytest.raises(ValueError, match="snapshot_dtype must be one of"):
        replace(REQUEST, snapshot_dtype="int8")
    with pytest.raises(TypeError, match="not JSON serializable"):
        replace(REQUEST, task={"kind": object()})


@pytest.mark.skipif(not hasattr(os, "setuid") or os.getuid() != 0, reason="only root can become another user")
@pytest.mark.parametrize("named", [True, False])
@pytest.mark.parametrize("home", ["/root", None])
def test_an_arbitrary_user_id_has_a_store_it_can_write_or_is_told_what_to_mount(
    tmp_path: Path, named: bool, home: str | None
) -> None:
    tmp_path.chmod(0o700)
    temporary = Path("/tmp", f"lookahead-lab-test-{os.getpid()}")
    temporary.mkdir(mode=0o777)
    temporary.chmod(0o777)
    program = (
        "import logging, os; logging.basicConfig(); from app.jobs.store import store_from_environment as store\n"
        "os.setgid(54321); os.setuid(54321)\ntry:\n print(store().root)\nexcept Exception as error:\n print(error)"
    )
    environment = {"PATH": os.environ["PATH"], "TMPDIR": str(temporary), "PYTHONPATH": str(Path(__file__).parents[3])}
    environment |= {"LOOKAHEAD_DATA": str(tmp_path / "data")} if named else {}
    environment |= {"HOME": home} if home else {}
    try:
        process = subprocess.run(
            [sys.executable, "-c", program], env=environment, cwd="/", capture_output=True, text=True
        )
    finally:
        shutil.rmtree(temporary)
    if named:
        assert process.stdout == (
            f"the run store {tmp_path}/data cannot be written (permission denied): mount a folder that user id "
            "54321 can write, or name another folder in LOOKAHEAD_DATA\n"
        )
    else:
        assert process.stdout == f"{temporary}/lookahead-lab-54321\n", process.stderr
