"""The table of the Games page: one line per optimizer, the middle run when there are several starts."""

from __future__ import annotations

from typing import Any

import numpy as np

from app.figures.curves import distance
from app.game_runs import GameScenery, MeasuredRate, left_view
from app.state import GamesConfig
from app.summary import divergence
from optim_core.theory import base_steps
from optim_core.trajectory import Trajectory


def game_table(
    config: GamesConfig,
    run: Trajectory,
    scenery: GameScenery,
    measured: list[MeasuredRate],
    closed: list[float | None],
) -> list[dict[str, Any]]:
    """Rows of the table: distances, the rate as measured and as the closed form says, cost, how it ended."""
    return [
        _row(run, index, scenery)
        | _rates(config, run, index, measured[index], closed[index])
        | _ending(run, index, scenery)
        for index in range(len(run.names))
    ]


def _row(run: Trajectory, index: int, scenery: GameScenery) -> dict[str, Any]:
    slow, fast = (distance(place, scenery.places) for place in (run.outermost(index)[-1], run.fast[-1, index]))
    return {
        "optimizer": run.names[index],
        "distance, slow weights": f"{np.median(slow):.4g}",
        "distance, fast weights": f"{np.median(fast):.4g}",
    }


def _rates(
    config: GamesConfig, run: Trajectory, index: int, measured: MeasuredRate, closed: float | None
) -> dict[str, Any]:
    period = base_steps(run.layers[index])
    short = f"needs {period:,} steps" if period > run.step[-1] else "too near to tell"
    columns = {"rate per base step": short if np.isnan(measured.final) else f"{measured.final:.6f}"}
    if not config.landscape.linear:
        return columns
    noisy = config.noise != "none" and config.noise_scale > 0
    comparable = closed is not None and not noisy and np.isfinite(measured.final)
    error = abs(measured.final / closed - 1) if comparable and closed else np.nan
    return columns | {
        "closed form (derived here)": "none" if closed is None else f"{closed:.6f}",
        "relative error": f"{error:.1e}" if comparable else "noise" if noisy else "–",
    }


def _ending(run: Trajectory, index: int, scenery: GameScenery) -> dict[str, Any]:
    return {
        "gradient evaluations": int(run.evaluations[-1, index]),
        "at the end": ending(run, index, scenery),
        "synchronisations, layer 1, 2, …": " · ".join(map(str, run.synchronisations(index))) or "none",
    }


def ending(run: Trajectory, index: int, scenery: GameScenery) -> str:
    """Whether the middle of an optimizer's runs is still to be seen."""
    if (run.diverged[index] >= 0).any():
        return f"diverged {divergence(run, index)}"
    left = left_view(run, index, scenery.game.domain)
    gone = left[left >= 0]
    if not len(gone):
        return "in view"
    share = "" if len(left) == 1 else f" ({len(gone)} of {len(left)} runs)"
    return f"left the view at step {gone.min()}{share}"
