"""The table under the player: one line per optimizer, the middle run when there are several starts."""

from __future__ import annotations

from typing import Any

import numpy as np

from app.figures.curves import Floats, distance
from optim_core.trajectory import Trajectory


def summary(run: Trajectory, minima: Floats, target: float) -> list[dict[str, Any]]:
    """Rows of the table: final loss at the outermost slow weights, best loss, distance, evaluations to `target`, ...

    Args:
        run: the comparison.
        minima: (minima, 2) places.
        target: the loss to reach.
    """
    return [_row(run, index, minima, target) for index in range(len(run.names))]


def _row(run: Trajectory, index: int, minima: Floats, target: float) -> dict[str, Any]:
    loss, slow = run.loss[:, index], run.slow_loss[:, index]
    gap = distance(run.outermost(index)[-1], minima)
    return {
        "optimizer": run.names[index],
        "final loss, slow weights": float(np.median(slow[-1])),
        "final loss, fast weights": float(np.median(loss[-1])),
        "best loss": float(np.median(np.nanmin(loss, axis=0))),
        "distance to a minimum": float(np.median(gap)),
        f"evaluations to loss ≤ {target:.3g}": _reached(run, index, target),
        "diverged": _diverged(run, index),
        "synchronisations, layer 1, 2, …": " · ".join(map(str, run.synchronisations(index))) or "none",
    }


def _reached(run: Trajectory, index: int, target: float) -> str:
    """Evaluations after which the fast weights first had the loss, in the middle run; says how many runs did."""
    below = run.loss[:, index] <= target
    reached = below.any(axis=0)
    if not reached.any():
        return "not reached"
    first = run.evaluations[below.argmax(axis=0)[reached], index]
    share = "" if reached.all() else f" ({reached.sum()} of {len(reached)} runs)"
    return f"{int(np.median(first))}{share}"


def _diverged(run: Trajectory, index: int) -> str:
    steps = run.diverged[index]
    lost = steps[steps >= 0]
    if not len(lost):
        return "no"
    share = "" if len(steps) == 1 else f" ({len(lost)} of {len(steps)} runs)"
    return f"at step {lost.min()}{share}"
