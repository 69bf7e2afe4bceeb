"""The run store: finished runs on disk, content-addressed, checked when opened, the least recently used evicted first.

    <root>/store.json              the store's identity, by which workers know that they see the same folder
    <root>/runs/<key>/             one finished run: meta.json, curves.npz and one .npy per track of weights
    <root>/work/<key>/             one unfinished run: progress.npz, checkpoint.pt and weights/ (see app.jobs.workspace)
    <root>/damaged/<key>-<n>/      damaged entries, with the reason
    <root>/locks/<key>.lock        held by the process that computes a run
    <root>/results/                heavy results of pages (see app.runs.result_files)

An entry appears by one rename, after all of it is on disk, so no partial entry is read. Nothing is pickled.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import shutil
import tempfile
import time
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock, Timeout

from app.jobs.errors import DamagedError, StoreError
from app.jobs.files import (
    DATA_VARIABLE,
    clear_errors,
    digest,
    file_digest,
    folder_size,
    gigabytes,
    modification_time,
    size_and_checksum,
    write_atomically,
)
from app.jobs.request import FORMAT, TrainingRequest, request_from
from app.state.limits import DEFAULTS
from optim_core.curves import Curves, curves_from_arrays, curves_to_arrays
from optim_core.layers import Layer
from optim_core.snapshots import Snapshots, read_folder

LIMIT_VARIABLE = "LOOKAHEAD_DATA_LIMIT_GB"
STALE_SECONDS = 7 * 24 * 3600  # after which unfinished work and damaged entries are thrown out
META, RESULTS = "meta.json", "results"

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class TrainingResult:
    """A finished run as it lies in the store; snapshots are memory-mapped.

    Weight vectors hold the players' parameters in order, `sizes` numbers for each. `diverged` is the step whose numbers
    were not finite, if any; the curves end before it. `notes` tell what happened on the way (a resumed run, a damaged
    copy), `seconds` how long the training took.
    """

    request: TrainingRequest
    players: tuple[str, ...]
    sizes: tuple[int, ...]
    layers: tuple[Layer, ...]
    curves: Curves
    snapshots: Snapshots
    diverged: int | None
    notes: tuple[str, ...]
    seconds: float


class RunStore:
    """Finished runs under one folder.

    Args:
        root: the folder; made when missing.
        limit: bytes that all entries together may take.

    Raises:
        StoreError: the folder cannot be made or written.
    """

    def __init__(self, root: Path, limit: int = int(DEFAULTS.data_limit_gb * 1e9)) -> None:
        self.root, self.limit = root, limit
        self._checked_stamps: dict[str, tuple[int, ...]] = {}
        with clear_errors(root):
            for folder in ("runs", "work", "damaged", "locks", "trash"):
                (root / folder).mkdir(parents=True, exist_ok=True)
            self.identity = _identity(root)

    def find(self, key: str) -> TrainingResult | None:
        """The finished run of this key, or None; a damaged entry is set aside and counts as none."""
        folder = self.folder(key)
        try:
            meta = _read_meta(folder)
            self._check_files(key, folder, meta)
            result = _open(folder, meta)
        except (FileNotFoundError, NotADirectoryError) as error:
            if not folder.exists():
                return None
            self.set_aside(key, f"{Path(error.filename).name} is missing")
            return None
        except (DamagedError, ValueError, KeyError, TypeError, EOFError) as error:
            self.set_aside(key, str(error))
            return None
        with contextlib.suppress(OSError):  # a store that another user owns can still be read
            os.utime(folder / META)
        return result

    def has(self, key: str) -> bool:
        """Whether an entry exists; it is not checked."""
        return (self.folder(key) / META).exists()

    def put(self, key: str, source: Path, meta: Mapping[str, Any], curves: Curves) -> None:
        """Make an entry of `source`, a folder on the same disk that holds the tracks; it is moved, not copied.

        Raises:
            StoreError: the disk is full or cannot be written.
        """
        with clear_errors(self.root):
            np.savez(source / "curves.npz", **curves_to_arrays(curves))  # type: ignore[arg-type]
            files = {path.name: size_and_checksum(path) for path in sorted(source.iterdir()) if path.name != META}
            content = {"format": FORMAT, **meta, "files": files}
            write_atomically(source / META, json.dumps({"content": content, "sha256": digest(content)}).encode())
            if self.has(key):
                self.discard(source)
            else:
                source.rename(self.folder(key))
        self.evict(keep=key)

    def set_aside(self, key: str, reason: str) -> None:
        """Move a damaged entry to `damaged/`, with the reason; the run will be computed again."""
        logger.warning("stored run %s is damaged and set aside: %s", key, reason)
        target = self.root / "damaged" / f"{key}-{time.time_ns()}"
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):  # another process was quicker; it was a file
            self.folder(key).rename(target)
            write_atomically(target / "reason.txt", reason.encode())

    def damage_notes(self, key: str) -> tuple[str, ...]:
        """What was wrong with earlier copies of this run."""
        reasons = sorted((self.root / "damaged").glob(f"{key}-*/reason.txt"))
        return tuple(f"An earlier copy was damaged ({path.read_text()}) and was computed again." for path in reasons)

    def evict(self, keep: str = "") -> None:
        """Delete stale unfinished work, then the least recently used entries until all fit the limit."""
        for area in ("work", "damaged", "trash"):
            for folder in (self.root / area).iterdir():
                if time.time() - modification_time(folder) > STALE_SECONDS:
                    self.discard(folder)
        entries = sorted(
            (p for p in (self.root / "runs").iterdir() if p.name != keep), key=lambda p: modification_time(p / META)
        )
        total = self.total_size()
        for folder in entries:
            if total <= self.limit:
                break
            total -= folder_size(folder)
            self.discard(folder)

    def total_size(self) -> int:
        """Bytes that all entries take, and results of pages beside them."""
        entries = sum(folder_size(folder) for folder in (self.root / "runs").iterdir())
        return entries + folder_size(self.root / RESULTS)

    def check_room(self, size: int) -> None:
        """Check that the weights of a run fit.

        Raises:
            StoreError: more than the limit, or more than the disk has left.
        """
        free = shutil.disk_usage(self.root).free
        advice = f"take fewer snapshots, or float16; the store is {self.root}, its limit is set by {LIMIT_VARIABLE}"
        if size > self.limit:
            raise StoreError(
                f"the weights of this run need {gigabytes(size)}, the limit is {gigabytes(self.limit)}: {advice}"
            )
        if size > free:
            raise StoreError(
                f"the weights of this run need {gigabytes(size)}, the disk has {gigabytes(free)} left: {advice}"
            )

    def folder(self, key: str) -> Path:
        """Where the entry of this key is or would be."""
        return self.root / "runs" / key

    @contextlib.contextmanager
    def lock(self, key: str) -> Iterator[bool]:
        """Whether this process may compute `key` now; the operating system frees the lock of a killed process."""
        lock = self._file_lock(key, timeout=0)
        try:
            lock.acquire()
        except Timeout:
            yield False
            return
        except OSError:
            with clear_errors(self.root):
                raise
        try:
            yield True
        finally:
            lock.release()

    def waiting_lock(self, name: str) -> FileLock:
        """A lock that waits until it is free, for a with statement."""
        return self._file_lock(name, timeout=-1)

    def _file_lock(self, name: str, timeout: float) -> FileLock:
        return FileLock(self.root / "locks" / f"{name}.lock", timeout=timeout)

    def _check_files(self, key: str, folder: Path, meta: Mapping[str, Any]) -> None:
        """Sizes every time; checksums when the files are not those this process has checked before."""
        stamp: list[int] = []
        for name, expected in meta["files"].items():
            status = (folder / name).stat()
            stamp += [status.st_mtime_ns, status.st_size]
            if status.st_size != expected["bytes"]:
                raise DamagedError(f"{name} has {status.st_size} bytes instead of {expected['bytes']}")
        if self._checked_stamps.get(key) != tuple(stamp):
            for name, expected in meta["files"].items():
                if file_digest(folder / name) != expected["sha256"]:
                    raise DamagedError(f"the checksum of {name} differs")
            self._checked_stamps[key] = tuple(stamp)

    def discard(self, folder: Path) -> None:
        """Move a folder to the trash by one rename, then delete it; open memory maps stay readable."""
        trash = self.root / "trash" / uuid.uuid4().hex
        with contextlib.suppress(OSError):
            folder.rename(trash)
            shutil.rmtree(trash, ignore_errors=True)


def store_from_environment() -> RunStore:
    """The store in LOOKAHEAD_DATA, or else in the platform's folder for user data.

    A user id without a home of its own, as hosting services and OpenShift give, has a temporary folder instead.

    Raises:
        StoreError: as `RunStore`; a limit that is no positive number.
    """
    root, limit = default_root(), _limit(os.environ.get(LIMIT_VARIABLE, ""))
    try:
        return RunStore(root, limit)
    except StoreError as error:
        if os.environ.get(DATA_VARIABLE):
            raise
        root = _temporary_root()
        logger.warning("%s; until this machine stops, runs are kept in %s", error, root)
        return RunStore(root, limit)


def default_root() -> Path:
    """LOOKAHEAD_DATA, or else the platform's folder for user data."""
    import platformdirs

    name = os.environ.get(DATA_VARIABLE, "")
    if name:
        return Path(name).expanduser()
    try:
        return Path(platformdirs.user_data_dir("lookahead-lab"))
    except RuntimeError:  # a user id without a home
        return _temporary_root()


def _temporary_root() -> Path:
    return Path(tempfile.gettempdir(), f"lookahead-lab-{os.getuid() if hasattr(os, 'getuid') else 'runs'}")


def _identity(root: Path) -> str:
    path = root / "store.json"
    if not path.exists():
        write_atomically(path, json.dumps({"store": uuid.uuid4().hex}).encode())
    try:
        return str(json.loads(path.read_text())["store"])
    except (ValueError, KeyError, TypeError):
        raise StoreError(f"{path} is not a run store's; remove it, or name another folder in {DATA_VARIABLE}") from None


def _read_meta(folder: Path) -> dict[str, Any]:
    try:
        file = json.loads((folder / META).read_text())
        content: dict[str, Any] = file["content"]
    except (ValueError, KeyError, TypeError) as error:
        raise DamagedError(f"{META} cannot be read ({error})") from None
    if file.get("sha256") != digest(content):
        raise DamagedError(f"the checksum of {META} differs")
    return content


def _open(folder: Path, meta: Mapping[str, Any]) -> TrainingResult:
    players, layers = tuple(meta["players"]), tuple(Layer(*numbers) for numbers in meta["layers"])
    with np.load(folder / "curves.npz", allow_pickle=False) as arrays:
        curves = curves_from_arrays(players, dict(arrays))
    steps, tracks = read_folder(folder, meta["tracks"])
    return TrainingResult(
        request=request_from(meta["request"]),
        players=players,
        sizes=tuple(meta["sizes"]),
        layers=layers,
        curves=curves,
        snapshots=Snapshots(layers, steps, tracks),
        diverged=meta["diverged"],
        notes=tuple(meta["notes"]),
        seconds=float(meta["seconds"]),
    )


def _limit(text: str) -> int:
    try:
        value = float(text) if text else DEFAULTS.data_limit_gb
    except ValueError:
        value = -1.0
    if not 0 < value < 1e9:
        raise StoreError(f"{LIMIT_VARIABLE} must be a positive number of gigabytes, got {text!r}")
    return int(value * 1e9)
