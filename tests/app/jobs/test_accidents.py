"""A server killed in mid-training, a disk that is full or read-only, files of others in the store."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from app.jobs import Cluster, Jobs, RunStore, StoreError, TrainingRequest
from app.jobs.worker import compute_here
from landscapes.tasks import ClassifierTask
from optim_core.layers import Layer
from optim_core.spec import OptimizerSpec

TASK = ClassifierTask(network="mlp", train_size=100, batch_size=10, evaluation_size=50)
SHORT = TrainingRequest(TASK.describe(), OptimizerSpec("one", "momentum", 0.02, (Layer(2, 0.5),)), 30, snapshot_every=5)
ENDLESS = replace(SHORT, steps=1_000_000, snapshot_every=100)  # a worker trains on for a while after its server

SERVER = """
import sys, time
from pathlib import Path
from app.jobs import Cluster, Jobs, RunStore
from tests.app.jobs.test_accidents import ENDLESS

if __name__ == "__main__":
    jobs = Jobs(RunStore(Path(sys.argv[1])), Cluster(workers=1), checkpoint_seconds=0.1)
    ticket = jobs.submit(ENDLESS, "a visitor")
    while not jobs._workspace(ticket.key).has_checkpoint:
        time.sleep(0.05)
    print("training", flush=True)
    time.sleep(600)
"""


def all_end(processes: list[psutil.Process], seconds: float) -> bool:
    _, alive = psutil.wait_procs(processes, timeout=seconds)
    return not [one for one in alive if one.status() != psutil.STATUS_ZOMBIE]


def test_a_killed_server_leaves_no_process_behind_and_the_next_one_goes_on(tmp_path: Path) -> None:
    command, root = [sys.executable, "-c", SERVER, str(tmp_path)], Path(__file__).parents[3]
    with subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout.readline() == "training\n"
        children = psutil.Process(server.pid).children(recursive=True)
        assert children
        server.send_signal(signal.SIGKILL)
    assert all_end(children, 30)
    jobs = Jobs(RunStore(tmp_path), Cluster(workers=1), checkpoint_seconds=0.2)
    try:
        ticket = jobs.submit(ENDLESS, "the next")
        deadline = time.monotonic() + 120
        while not (status := jobs.status(ticket)).message.startswith("continued from step "):
            assert time.monotonic() < deadline, status
            time.sleep(0.02)
        resumed_at = int(status.message.rsplit(maxsplit=1)[1])
        while jobs.status(ticket).fraction * ENDLESS.steps <= resumed_at:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        jobs.cancel(ticket)
    finally:
        jobs.close()


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 3 MB of its own."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = shutil.which("mount") or "mount"
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        pytest.skip("only root can mount a small disk")
    result = subprocess.run([mount, "-t", "tmpfs", "-o", "size=3m", "lab", str(folder)], capture_output=True, text=True)
    if result.returncode:
        pytest.skip(f"no small disk can be mounted here: {result.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_full_disk_stops_the_run_in_words_and_another_one_fits_when_there_is_room(disk: Path) -> None:
    store = RunStore(disk)
    filler = disk / "filler"
    filler.write_bytes(bytes(2_700_000))
    with pytest.raises(StoreError, match=r"left|is full"):
        compute_here(store, replace(SHORT, snapshot_every=1))
    assert not list((disk / "runs").iterdir())
    filler.unlink()
    assert compute_here(store, SHORT).curves.step[-1] == SHORT.steps


def test_a_read_only_store_still_opens_its_runs_and_refuses_new_ones_in_words(disk: Path) -> None:
    compute_here(RunStore(disk), SHORT)
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    store = RunStore(disk)
    result = store.find(SHORT.key)
    assert result is not None
    assert result.curves.step[-1] == SHORT.steps
    with pytest.raises(StoreError, match=rf"the run store {disk} cannot be written .permission denied.: mount"):
        compute_here(store, replace(SHORT, seed=1))


FOREIGN = {
    "notes.txt": b"",
    "runs/notes.txt": b"mine",
    "runs/.DS_Store": b"\x00" * 10,
    "runs/holiday/picture.jpg": b"\xff\xd8",
    "runs/empty/meta.json": b"",
    "runs/list/meta.json": b"[1, 2]",
    "runs/half/meta.json": b'{"content": {',
    "runs/binary/meta.json": bytes(range(256)),
    "runs/pickle/meta.json": b"cos\nsystem\n(S'true'\ntR.",
    "work/notes.txt": b"mine",
    "work/other/progress.npz": b"PK\x03\x04",
    "damaged/x": b"x",
    "trash/x/y/z": b"x",
    "locks/x": b"",
}


def test_foreign_files_are_no_runs_and_stand_in_nobodys_way(tmp_path: Path) -> None:
    store = RunStore(tmp_path, limit=10**9)
    for name, content in FOREIGN.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(content)
    for key in ("holiday", "empty", "list", "half", "binary", "pickle", "notes.txt", ".DS_Store"):
        assert store.find(key) is None
    assert compute_here(store, SHORT).curves.step[-1] == SHORT.steps
    again = RunStore(tmp_path, limit=10**9)
    assert again.find(SHORT.key) is not None
    again.evict()
    assert again.has(SHORT.key)
    assert again.total_size() > 0
