"""The tables under the players: one line per optimizer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from app.jobs.store import TrainingResult
from app.runs.grid import Floats, distance
from optim_core.layers import periods
from optim_core.trajectory import Trajectory

PAIRED_DIFFERENCE = "from the first, paired ± s.e."


def summary(run: Trajectory, minima: Floats, target: float) -> list[dict[str, Any]]:
    """Rows of the table: evaluations to `target`, final loss at the outermost slow weights, best loss, ...

    Args:
        run: the comparison.
        minima: (minima, 2) places.
        target: the loss to reach.
    """
    return [_row(run, index, minima, target) for index in range(len(run.names))]


def _row(run: Trajectory, index: int, minima: Floats, target: float) -> dict[str, Any]:
    loss, slow, on_the_way = run.loss[:, index], run.slow_loss[:, index], _loss_on_the_way(run, index)
    gap = distance(run.outermost(index)[-1], minima)
    return {
        "optimizer": run.names[index],
        f"evaluations to loss ≤ {target:.3g}": _evaluations_to(run, index, target),
        "final loss, slow weights": float(np.median(slow[-1])),
        "final loss, fast weights": float(np.median(loss[-1])),
        "best loss": float(np.median(np.nanmin(on_the_way, axis=0))),
        "distance to a minimum": float(np.median(gap)),
        "diverged": divergence(run, index),
        "synchronisations, layer 1, 2, …": " · ".join(map(str, run.synchronisations(index))) or "none",
    }


def _loss_on_the_way(run: Trajectory, index: int) -> Floats:
    """(rows, starts): at the fast weights, with which slow ones agree at synchronisations; or at the average."""
    return run.slow_loss[:, index] if run.averages(index) else run.loss[:, index]


def _evaluations_to(run: Trajectory, index: int, target: float) -> str:
    """Evaluations after which a run first had the loss on its way, in the middle run; says how many runs did."""
    below = _loss_on_the_way(run, index) <= target
    reaches = below.any(axis=0)
    if not reaches.any():
        return "not reached"
    first = run.evaluations[below.argmax(axis=0)[reaches], index]
    share = "" if reaches.all() else f" ({reaches.sum()} of {reaches.size} runs)"
    return f"{int(np.median(first))}{share}"


def divergence(run: Trajectory, index: int) -> str:
    """The first step at which a run diverged, and how many of them did; "no" where none."""
    steps = run.diverged[index]
    diverged = steps[steps >= 0]
    if not len(diverged):
        return "no"
    share = "" if len(steps) == 1 else f" ({len(diverged)} of {len(steps)} runs)"
    return f"at step {diverged.min()}{share}"


def training_table(names: Sequence[str], results: Sequence[Sequence[TrainingResult]]) -> list[dict[str, Any]]:
    """Final test accuracy of trained networks, over seeds, and the paired difference from the first optimizer."""
    first = 100 * finals(results[0], outermost(results[0]), "test_accuracy")
    return [_training_row(name, row, first) for name, row in zip(names, results, strict=True)]


def _training_row(name: str, row: Sequence[TrainingResult], first: Floats) -> dict[str, Any]:
    accuracy = 100 * finals(row, outermost(row), "test_accuracy")
    values: dict[str, Any] = {
        "optimizer": name,
        "test accuracy %, outermost weights": spread(accuracy, ".2f"),
        "fast weights": spread(100 * finals(row, "fast", "test_accuracy"), ".2f"),
    }
    if any("ema" in result.curves.metrics for result in row):
        values["averaged weights"] = spread(100 * finals(row, "ema", "test_accuracy"), ".2f")
    if len(row) > 1:
        values[PAIRED_DIFFERENCE] = paired_difference(accuracy - first, "+.2f")
    return values | ending(row)


def final_accuracies(results: Sequence[Sequence[TrainingResult]]) -> list[float]:
    """In per cent, as in `training_table`: means over the seeds that lasted; NaN where none did."""
    accuracies = [100 * finals(row, outermost(row), "test_accuracy") for row in results]
    return [float(np.nanmean(row)) if np.isfinite(row).any() else np.nan for row in accuracies]


def ending(row: Sequence[TrainingResult]) -> dict[str, str]:
    """The last columns of a table of trainings: cycles done, and which seeds diverged."""
    diverged = [result.diverged for result in row if result.diverged is not None]
    return {
        "outer cycles": outer_cycles(row),
        "diverged": f"{len(diverged)} of {len(row)}, first at step {min(diverged)}" if diverged else "no",
    }


def outermost(row: Sequence[TrainingResult]) -> str:
    """The metrics' name of the outermost slow weights; of the fast ones without layers."""
    return f"slow_{len(row[0].layers)}" if row[0].layers else "fast"


def finals(row: Sequence[TrainingResult], weights: str, metric: str) -> Floats:
    """The last measurement of each seed; NaN for one that diverged, whose last one is from before."""
    return np.array(
        [np.nan if result.diverged is not None else result.curves.metrics[weights][metric][-1] for result in row]
    )


def spread(values: Floats, mean: str, deviation: str = "") -> str:
    """Mean and standard deviation over the seeds that lasted, in the formats given."""
    values = values[~np.isnan(values)]
    if len(values) < 2:
        return f"{values[0]:{mean}}" if len(values) else "diverged"
    return f"{values.mean():{mean}} ± {values.std(ddof=1):{deviation or mean}}"


def paired_difference(gap: Floats, form: str) -> str:
    """Mean difference and its standard error, over the seeds that lasted in both."""
    gap = gap[~np.isnan(gap)]
    return f"{gap.mean():{form}} ± {gap.std(ddof=1) / np.sqrt(len(gap)):{form[1:]}}" if len(gap) > 1 else "—"


def outer_cycles(row: Sequence[TrainingResult]) -> str:
    """How often the outermost layer synchronised; an optimizer without layers has no cycles."""
    layers = row[0].layers
    return str(min(len(result.curves.step) for result in row) // periods(layers)[-1]) if layers else "none"
