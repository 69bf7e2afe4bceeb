"""The table of the GANs page: one line per optimizer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from app.jobs.store import TrainingResult
from app.runs.grid import Floats
from app.tables.surfaces import PAIRED, ending, finals, outermost, paired_difference, spread

FORMATS = (".3g", ".2g")


def gan_table(names: Sequence[str], results: Sequence[Sequence[TrainingResult]]) -> list[dict[str, Any]]:
    """Final Fréchet distance, modes and quality, over seeds, and the paired difference from the first optimizer."""
    first = finals(results[0], outermost(results[0]), "test_frechet")
    return [_row(name, row, first) for name, row in zip(names, results, strict=True)]


def _row(name: str, row: Sequence[TrainingResult], first: Floats) -> dict[str, Any]:
    weights = outermost(row)
    distance = finals(row, weights, "test_frechet")
    values: dict[str, Any] = {
        "optimizer": name,
        "Fréchet distance, outermost weights": spread(distance, *FORMATS),
        "fast weights": spread(finals(row, "fast", "test_frechet"), *FORMATS),
    }
    if "ema" in row[0].curves.metrics:
        values["averaged weights"] = spread(finals(row, "ema", "test_frechet"), *FORMATS)
    if len(row) > 1:
        values[PAIRED] = paired_difference(distance - first, "+.3f")
    values["modes"] = spread(finals(row, weights, "modes"), *FORMATS)
    values["near a mode"] = spread(finals(row, weights, "quality"), ".0%")
    return values | ending(row)
