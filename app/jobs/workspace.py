"""An unfinished run on disk: live progress, the last checkpoint, the weights so far, cancellation flags.

The files survive a killed worker, a lost scheduler and a restarted server, and are read without any of these.
"""

from __future__ import annotations

import io
import json
import pickle
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from app.jobs.files import write_atomically
from optim_core.curves import Curves, curves_from_arrays, curves_to_arrays


@dataclass(frozen=True)
class Progress:
    """Progress of a run. `eta` is in seconds, or None before the first step; `resumed_at` is a step, or 0."""

    attempt: str
    step: int
    steps: int
    eta: float | None
    resumed_at: int
    curves: Curves


class Workspace:
    """The folder of one unfinished run."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.weights = folder / "weights"

    def make(self) -> None:
        """Make the folders."""
        self.weights.mkdir(parents=True, exist_ok=True)

    def write_progress(self, progress: Progress) -> None:
        """Replace what `progress` reads."""
        arrays = curves_to_arrays(progress.curves)
        values = {name: value for name, value in vars(progress).items() if name != "curves"}
        values["players"] = list(progress.curves.players)
        buffer = io.BytesIO()
        np.savez(buffer, about=np.array(json.dumps(values)), **arrays)  # type: ignore[arg-type]
        write_atomically(self.folder / "progress.npz", buffer.getvalue())

    def progress(self) -> Progress | None:
        """The last progress written, or None; an unreadable file counts as none."""
        try:
            with np.load(self.folder / "progress.npz", allow_pickle=False) as file:
                arrays = dict(file)
            values = json.loads(str(arrays.pop("about")))
            return Progress(curves=curves_from_arrays(values.pop("players"), arrays), **values)
        except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile):
            return None

    def set_message(self, text: str) -> None:
        """Write what happens before the first progress."""
        write_atomically(self.folder / "message.txt", text.encode())

    def message(self) -> str:
        """The last message, or an empty text."""
        try:
            return (self.folder / "message.txt").read_text()
        except OSError:
            return ""

    def save_checkpoint(self, state: dict[str, Any]) -> None:
        """Replace the checkpoint."""
        import torch

        buffer = io.BytesIO()
        torch.save(state, buffer)
        write_atomically(self.folder / "checkpoint.pt", buffer.getvalue())

    def checkpoint(self) -> dict[str, Any] | None:
        """The last checkpoint, or None; an unreadable file counts as none."""
        import torch

        try:
            return dict(torch.load(self.folder / "checkpoint.pt", weights_only=True))
        except (OSError, EOFError, ValueError, KeyError, RuntimeError, TypeError, pickle.UnpicklingError):
            return None

    @property
    def has_checkpoint(self) -> bool:
        """Whether a run could continue here."""
        return (self.folder / "checkpoint.pt").exists()

    def cancel(self, attempt: str) -> None:
        """Ask the worker of this attempt to stop; it checks before every step."""
        self.make()
        self._flag(attempt).touch()

    def is_cancelled(self, attempt: str) -> bool:
        """Whether this attempt was asked to stop."""
        return self._flag(attempt).exists()

    def _flag(self, attempt: str) -> Path:
        return self.folder / f"cancel-{attempt}"
