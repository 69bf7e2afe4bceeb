"""The table of the Games page: one column per optimizer, the middle run when there are several starts."""

from __future__ import annotations

import numpy as np

from app.runs.games import GameScenery, MeasuredRate, left_view
from app.runs.grid import distance
from app.state import GamesConfig
from app.tables.surfaces import divergence
from optim_core.theory import base_steps
from optim_core.trajectory import Trajectory

EXACT = 1e-15


def game_table(
    config: GamesConfig,
    run: Trajectory,
    scenery: GameScenery,
    measured: list[MeasuredRate],
    closed: list[float | None],
) -> dict[str, dict[str, str]]:
    """By optimizer, by quantity: distances, the rate as measured and as the closed form says, cost, how it ended."""
    return {
        name: _distances(run, index, scenery)
        | _rates(config, run, index, measured[index], closed[index])
        | _ending(run, index, scenery)
        for index, name in enumerate(run.names)
    }


def _distances(run: Trajectory, index: int, scenery: GameScenery) -> dict[str, str]:
    slow = np.median(distance(run.outermost(index), scenery.places), axis=1)
    fast = np.median(distance(run.fast[-1, index], scenery.places))
    cells = {"distance, slow weights": f"{slow[-1]:.3g}", "distance, fast weights": f"{fast:.3g}"}
    budget = run.evaluations[-1].min()
    if run.evaluations[-1].max() > budget:  # compared fairly: after the same number of gradient evaluations
        row = np.searchsorted(run.evaluations[:, index], budget, side="right") - 1
        cells[f"distance after {budget:,} evaluations"] = f"{slow[row]:.3g}"
    return cells


def _rates(
    config: GamesConfig, run: Trajectory, index: int, measured: MeasuredRate, closed: float | None
) -> dict[str, str]:
    period, known = base_steps(run.layers[index]), bool(np.isfinite(measured.final))
    untold = f"needs {period:,} steps" if period > run.step[-1] else "too near to tell"
    cells = {"rate per base step, measured": f"{measured.final:.6f}" if known else untold}
    if not config.landscape.linear:
        return cells
    cells["closed form, derived here"] = "none" if closed is None else f"{closed:.6f}"
    if config.noise != "none" and config.noise_scale > 0:
        cells["relative error"] = "– (noise)"
    elif closed and known:
        error = abs(measured.final / closed - 1)
        cells["relative error"] = f"{error:.1e}" if error > EXACT else f"below {EXACT:g}"
    else:
        cells["relative error"] = "–"
    return cells


def _ending(run: Trajectory, index: int, scenery: GameScenery) -> dict[str, str]:
    return {
        "gradient evaluations": f"{run.evaluations[-1, index]:,}",
        "synchronisations by layer": " · ".join(map(str, run.synchronisations(index))) or "none",
        "at the end": ending(run, index, scenery),
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


def gone_text(run: Trajectory, scenery: GameScenery) -> str:
    """One sentence on every optimizer that the field shows no longer; empty where all are in view."""
    sentences = []
    for index, name in enumerate(run.names):
        words = ending(run, index, scenery)
        if words != "in view":
            away = np.median(distance(run.outermost(index)[-1], scenery.places))
            sentences.append(f"{name} {words}; it ends {_long(away)} from the equilibrium.")
    return " ".join(sentences)


def _long(distance: float) -> str:
    """Three digits, and no powers of ten for what is read in a sentence."""
    return f"{distance:,.0f}" if distance >= 100 else f"{distance:.3g}"
