"""Weight snapshots of a training run: in memory, or streamed to plain .npy files that are read memory-mapped.

A track is one sequence of flat weight vectors: "proposal" (the fast weights as the base step left them, before any
synchronisation), "slow_1" … "slow_n" (innermost first, after the step's synchronisations) and "ema". The fast weights
after the step are not stored: they are the proposal, or the outermost slow weights that just synchronised.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from optim_core.layers import Layer, layers_due

Array = NDArray[Any]

SNAPSHOT_DTYPES = ("float16", "float32", "float64")
BUFFER = 1 << 20  # bytes of a track that are written at once: many small writes cost more than the copy


@dataclass(frozen=True)
class Snapshots:
    """Weights at the kept steps; row 0 is the start. Arrays may be memory-mapped and are read-only.

    step: (rows,) base steps      tracks: name -> (rows, parameters)      layers: innermost first
    """

    layers: tuple[Layer, ...]
    step: NDArray[np.int64]
    tracks: Mapping[str, Array]

    @property
    def proposal(self) -> Array:
        """(rows, parameters): the fast weights as the base step left them, before any synchronisation."""
        return self.tracks["proposal"]

    @property
    def slow(self) -> tuple[Array, ...]:
        """One (rows, parameters) array per layer, innermost first."""
        return tuple(self.tracks[f"slow_{number}"] for number in range(1, len(self.layers) + 1))

    @property
    def outermost(self) -> Array:
        """Slow weights of the outermost layer; without layers the fast weights."""
        return self.slow[-1] if self.layers else self.proposal

    @property
    def synchronised(self) -> NDArray[np.int64]:
        """(rows,): how many layers synchronised at that step; 0 at the start."""
        return np.array([layers_due(int(step), self.layers) if step else 0 for step in self.step], dtype=np.int64)

    def fast(self, row: int) -> Array:
        """(parameters,): the fast weights after the step, so after its synchronisations."""
        count = int(self.synchronised[row])
        return np.asarray(self.slow[count - 1][row] if count else self.proposal[row])


class SnapshotSink(Protocol):
    """Where `train` puts weights. Calls come in the order open, (restore), append …, close; `state` at any time."""

    def open(self, names: Sequence[str], parameters: int) -> None:
        """Prepare for rows of `parameters` numbers in each named track."""

    def append(self, step: int, tracks: Mapping[str, torch.Tensor]) -> None:
        """Add one row: a vector of shape (parameters,) for each track."""

    def state(self) -> dict[str, Any]:
        """What a checkpoint keeps, so that `restore` can continue from here: tensors and plain values."""

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go back to the rows there were when `state` was taken.

        Raises:
            ValueError: the rows are no longer there.
        """

    def close(self) -> tuple[NDArray[np.int64], dict[str, Array]]:
        """Steps (rows,) and tracks (rows, parameters), read-only."""


class MemorySink:
    """Snapshots in memory, in the weights' own dtype; its state carries the rows themselves."""

    def __init__(self) -> None:
        self._steps: list[int] = []
        self._rows: dict[str, list[torch.Tensor]] = {}

    def open(self, names: Sequence[str], parameters: int) -> None:
        """Start empty."""
        self._steps, self._rows, self._parameters = [], {name: [] for name in names}, parameters

    def append(self, step: int, tracks: Mapping[str, torch.Tensor]) -> None:
        """Keep a copy of each vector."""
        self._steps.append(step)
        for name, rows in self._rows.items():
            rows.append(tracks[name].detach().to("cpu", copy=True))

    def state(self) -> dict[str, Any]:
        """Steps and rows as tensors."""
        return {"steps": list(self._steps), "rows": {name: self._stack(rows) for name, rows in self._rows.items()}}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take over the rows of a state."""
        self._steps = list(state["steps"])
        self._rows = {name: list(rows) for name, rows in state["rows"].items()}

    def close(self) -> tuple[NDArray[np.int64], dict[str, Array]]:
        """Stack the rows."""
        arrays = {name: self._stack(rows).numpy() for name, rows in self._rows.items()}
        for array in arrays.values():
            array.flags.writeable = False
        return np.array(self._steps, dtype=np.int64), arrays

    def _stack(self, rows: list[torch.Tensor]) -> torch.Tensor:
        return torch.stack(rows) if rows else torch.empty((0, self._parameters))


class FolderSink:
    """Snapshots streamed to `folder` as step.npy and one <track>.npy each, by plain appending, so RAM stays flat.

    Args:
        folder: an existing folder of its own.
        dtype: of the stored numbers; float16 halves the space at a relative error of 5e-4 a number (beyond ±65,504 it
            stores that bound).

    Raises:
        ValueError: unknown dtype.
    """

    def __init__(self, folder: Path, dtype: str = "float32") -> None:
        if dtype not in SNAPSHOT_DTYPES:
            raise ValueError(f"snapshot dtype must be one of {SNAPSHOT_DTYPES}, got {dtype!r}")
        self.folder, self.dtype = folder, np.dtype(dtype)
        self._files: dict[str, _GrowingArray] = {}

    def open(self, names: Sequence[str], parameters: int) -> None:
        """Open the files, keeping the rows of an earlier run until `restore` or the first `append`."""
        self._files = {name: _GrowingArray(self._path(name), self.dtype, (parameters,)) for name in names}
        self._steps = _GrowingArray(self._path("step"), np.dtype(np.int64), ())

    def append(self, step: int, tracks: Mapping[str, torch.Tensor]) -> None:
        """Write one row of each track."""
        self._steps.append(np.array(step))
        for name, file in self._files.items():
            file.append(_as_array(tracks[name], self.dtype))

    def state(self) -> dict[str, Any]:
        """The number of rows, all of which are on disk when this returns."""
        for file in (self._steps, *self._files.values()):
            file.flush()
        return {"rows": self._steps.rows}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Cut the files back to the rows of a state."""
        for file in (self._steps, *self._files.values()):
            file.cut(int(state["rows"]))

    def close(self) -> tuple[NDArray[np.int64], dict[str, Array]]:
        """Finish the files and map them read-only."""
        for file in (self._steps, *self._files.values()):
            file.close()
        return read_folder(self.folder, tuple(self._files))

    def _path(self, name: str) -> Path:
        return self.folder / f"{name}.npy"


def read_folder(folder: Path, names: Sequence[str]) -> tuple[NDArray[np.int64], dict[str, Array]]:
    """The rows that a `FolderSink` wrote, memory-mapped read-only; also those flushed so far by one still writing."""
    tracks = {name: np.load(folder / f"{name}.npy", mmap_mode="r", allow_pickle=False) for name in names}
    return np.load(folder / "step.npy", allow_pickle=False), tracks


class _GrowingArray:
    """A .npy file that grows by rows; numpy leaves room in the header for the row count to change in place."""

    def __init__(self, path: Path, dtype: np.dtype[Any], row_shape: tuple[int, ...]) -> None:
        self.dtype, self.row_shape = dtype, row_shape
        self.row_bytes = dtype.itemsize * int(np.prod(row_shape, dtype=np.int64))
        self.rows = 0
        self.fresh = True
        self.file = path.open("r+b" if path.exists() else "w+b", buffering=BUFFER)

    def append(self, row: Array) -> None:
        if self.fresh:
            self.cut(0)
        self.file.write(np.ascontiguousarray(row, dtype=self.dtype).data)
        self.rows += 1

    def cut(self, rows: int) -> None:
        self.rows, self.fresh = rows, False
        self._write_header()
        end = self.file.tell() + rows * self.row_bytes
        if self.file.seek(0, os.SEEK_END) < end:
            raise ValueError(f"snapshots must hold {rows} rows to continue from, {self.file.name} holds fewer")
        self.file.truncate(end)
        self.file.seek(end)

    def flush(self) -> None:
        end = self.file.tell()
        self._write_header()
        self.file.seek(max(end, self.file.tell()))
        self.file.flush()

    def close(self) -> None:
        self.flush()
        self.file.close()

    def _write_header(self) -> None:
        self.file.seek(0)
        shape = (self.rows, *self.row_shape)
        header = {"descr": np.lib.format.dtype_to_descr(self.dtype), "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(self.file, header)


def _as_array(vector: torch.Tensor, dtype: np.dtype[Any]) -> Array:
    if dtype == np.float16:
        vector = vector.clamp(-65504.0, 65504.0)
    return np.asarray(vector.detach().cpu().to(getattr(torch, dtype.name)).numpy())
