"""Every limit of a deployment in one table: limits for one visitor, and for all visitors together.

Each is set by the environment variable of its name, LOOKAHEAD_STEPS for `steps`. docs/deploy.md shows this table.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

PREFIX = "LOOKAHEAD_"
METRICS = ("METRICS_PORT", "METRICS_ADDRESS")
OTHERS = (
    "DATA",
    "DATASETS",
    "DEVICE",
    "LESSONS",
    "SCHEDULER",
    "WORKERS",
    "LOG_RUNS",
    *METRICS,
)  # settings that are no limits


@dataclass(frozen=True)
class Limit:
    """One limit: its default and the range that an environment may choose from."""

    name: str
    default: float
    least: float
    most: float
    meaning: str

    @property
    def variable(self) -> str:
        """The environment variable that sets it."""
        return PREFIX + self.name.upper()

    @property
    def range(self) -> str:
        """The range in words."""
        kind = "a whole number" if isinstance(self.default, int) else "a number"
        return f"{kind} from {self.least:,} to {self.most:,}"

    def read(self, text: str) -> float:
        """The value of a variable's text.

        Raises:
            ValueError: it is no number of that kind, or out of range; names variable, value and range.
        """
        try:
            value = type(self.default)(text) if text.isascii() else None
        except ValueError:
            value = None
        if value is None or not self.least <= value <= self.most:
            raise ValueError(f"{self.variable} must be {self.range}, got {text!r}")
        return value


TABLE = (
    Limit("steps", 5_000, 3_000, 100_000, "base steps of a run on Surfaces and Games"),
    Limit("starts", 16, 4, 64, "starts of a run"),
    Limit("cloud_runs", 500, 200, 10_000, "runs of a seed cloud, each a row of the computation"),
    Limit("map_points", 256, 64, 512, "starts along each axis of a basin map, whose cells are its square"),
    Limit("study_cells", 16_384, 4_096, 1_048_576, "cells of a study's map on the Atlas page"),
    Limit("study_seeds", 64, 64, 10_000, "draws of the noise in each cell of a study"),
    Limit("study_millions", 500, 20, 1_000_000, "millions of base steps of a study, over all of its cells and seeds"),
    Limit("study_training_thousands", 3_000, 500, 100_000_000, "thousands of base steps of a study of networks"),
    Limit("training_steps", 20_000, 3_000, 1_000_000, "base steps of a training"),
    Limit("seeds", 12, 1, 100, "seeds of a training"),
    Limit("formula", 300, 50, 300, "characters of a visitor's formula"),
    Limit("upload_mb", 5, 1, 200, "megabytes of an uploaded file"),
    Limit("visitor_waiting", 64, 1, 10_000, "trainings that one visitor may have waiting"),
    Limit("waiting", 256, 1, 100_000, "trainings that may wait in all"),
    Limit("visitor_seconds", 30, 1, 600, "processor seconds a minute beyond which a visitor waits for others"),
    Limit("cache_entries", 64, 1, 10_000, "results that any one cache keeps for all visitors"),
    Limit("sessions", 500, 1, 100_000, "visitors at a time; the next is asked to come back later"),
    Limit(
        "worker_memory_mb", 512, 128, 1_000_000, "megabytes that each worker must have; fewer start where they have not"
    ),
    Limit("data_limit_gb", 10.0, 0.001, 1_000_000.0, "size of the run store; the least recently used runs go first"),
)


@dataclass(frozen=True)
class Limits:
    """The limits as they are set."""

    steps: int
    starts: int
    cloud_runs: int
    map_points: int
    study_cells: int
    study_seeds: int
    study_millions: int
    study_training_thousands: int
    training_steps: int
    seeds: int
    formula: int
    upload_mb: int
    visitor_waiting: int
    waiting: int
    visitor_seconds: int
    cache_entries: int
    sessions: int
    worker_memory_mb: int
    data_limit_gb: float


def limits_from(environment: Mapping[str, str]) -> Limits:
    """The limits that an environment sets; an empty variable counts as none.

    Raises:
        ValueError: a variable of ours that does not exist or is out of range; names variable, value and range.
    """
    names = {limit.variable for limit in TABLE} | {PREFIX + name for name in OTHERS}
    for variable in sorted(name for name in environment if name.startswith(PREFIX)):
        if variable not in names:
            raise ValueError(f"{variable}={environment[variable]!r} is no setting{_nearest(variable, names)}")
    values = {limit.name: limit.read(environment.get(limit.variable) or str(limit.default)) for limit in TABLE}
    return Limits(**values)  # type: ignore[arg-type]  # each is of its default's type


def current_limits() -> Limits:
    """The limits that this process's environment sets.

    Raises:
        ValueError: as `limits_from`.
    """
    return limits_from(os.environ)


def lessons_folder(environment: Mapping[str, str]) -> Path | None:
    """The folder of a teacher's own lessons, LOOKAHEAD_LESSONS; None where none is named.

    Raises:
        ValueError: there is no such folder.
    """
    variable = PREFIX + "LESSONS"
    folder = environment.get(variable)
    if folder and not Path(folder).is_dir():
        raise ValueError(f"{variable} must be a folder with lessons, got {folder!r}")
    return Path(folder) if folder else None


def _nearest(variable: str, names: set[str]) -> str:
    nearest = difflib.get_close_matches(variable, sorted(names), n=1)
    return f"; did you mean {nearest[0]}?" if nearest else f"; docs/deploy.md lists all {len(names)}"


DEFAULTS = limits_from({})
