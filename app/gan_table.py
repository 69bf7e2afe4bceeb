"""The table of the GANs page: one line per optimizer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from app.figures.curves import Floats
from app.jobs.store import TrainingResult
from app.summary import outer_cycles


def gan_table(names: Sequence[str], results: Sequence[Sequence[TrainingResult]]) -> list[dict[str, Any]]:
    """Final Fréchet distance, modes and quality, over seeds, and the paired difference from the first optimizer."""
    first = _final(results[0], _outermost(results[0]), "test_frechet")
    return [_row(name, row, first) for name, row in zip(names, results, strict=True)]


def _row(name: str, row: Sequence[TrainingResult], first: Floats) -> dict[str, Any]:
    outermost = _outermost(row)
    distance = _final(row, outermost, "test_frechet")
    values: dict[str, Any] = {
        "optimizer": name,
        "Fréchet distance, slow weights": _spread(distance),
        "Fréchet distance, fast weights": _spread(_final(row, "fast", "test_frechet")),
    }
    if "ema" in row[0].curves.metrics:
        values["Fréchet distance, averaged weights"] = _spread(_final(row, "ema", "test_frechet"))
    values["modes, slow weights"] = _spread(_final(row, outermost, "modes"))
    values["samples near a mode, slow weights"] = f"{_final(row, outermost, 'quality').mean():.0%}"
    if len(row) > 1:
        gap = distance - first
        values["paired difference from the first, ± standard error"] = (
            f"{gap.mean():+.3f} ± {gap.std(ddof=1) / np.sqrt(len(gap)):.3f}"
        )
    values["outer cycles"] = outer_cycles(row)
    lost = [result.diverged for result in row if result.diverged is not None]
    values["diverged"] = f"{len(lost)} of {len(row)}, first at step {min(lost)}" if lost else "no"
    return values


def _outermost(row: Sequence[TrainingResult]) -> str:
    """The outermost slow weights; the fast ones without layers."""
    return f"slow_{len(row[0].layers)}" if row[0].layers else "fast"


def _final(row: Sequence[TrainingResult], weights: str, metric: str) -> Floats:
    """The last measurement of each seed."""
    return np.array([result.curves.metrics[weights][metric][-1] for result in row])


def _spread(values: Floats) -> str:
    return f"{values.mean():.3g} ± {values.std(ddof=1):.2g}" if len(values) > 1 else f"{values[0]:.3g}"
