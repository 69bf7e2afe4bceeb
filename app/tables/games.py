"""The table of the Games page: one column per optimizer, the middle run when there are several starts."""

from __future__ import annotations

import numpy as np

from app.runs.games import GameScenery, MeasuredRate, exit_steps
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
    measurements: list[MeasuredRate],
    closed_forms: list[float | None],
) -> dict[str, dict[str, str]]:
    """By optimizer, by quantity: distances, the measured rate and its closed form, evaluations, state at the end."""
    return {
        name: _distances(run, index, scenery)
        | _rates(config, run, index, measurements[index], closed_forms[index])
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
    config: GamesConfig, run: Trajectory, index: int, measurement: MeasuredRate, closed_form: float | None
) -> dict[str, str]:
    period, is_finite = base_steps(run.layers[index]), bool(np.isfinite(measurement.final))
    reason = f"needs {period:,} steps" if period > run.step[-1] else "too near to tell"
    cells = {"rate per base step, measured": f"{measurement.final:.6f}" if is_finite else reason}
    if not config.landscape.linear:
        return cells
    cells["closed form, derived here"] = "none" if closed_form is None else f"{closed_form:.6f}"
    if config.noise != "none" and config.noise_scale > 0:
        cells["relative error"] = "– (noise)"
    elif closed_form and is_finite:
        error = abs(measurement.final / closed_form - 1)
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
    """Whether an optimizer's runs diverged, left the view, or are in view."""
    if (run.diverged[index] >= 0).any():
        return f"diverged {divergence(run, index)}"
    exits = exit_steps(run, index, scenery.game.domain)
    steps = exits[exits >= 0]
    if not len(steps):
        return "in view"
    share = "" if len(exits) == 1 else f" ({len(steps)} of {len(exits)} runs)"
    return f"left the view at step {steps.min()}{share}"


def exit_text(run: Trajectory, scenery: GameScenery) -> str:
    """One sentence on every optimizer whose runs are no longer in view; empty where all are."""
    sentences = []
    for index, name in enumerate(run.names):
        text = ending(run, index, scenery)
        if text != "in view":
            away = np.median(distance(run.outermost(index)[-1], scenery.places))
            sentences.append(f"{name} {text}; it ends {_long(away)} from the equilibrium.")
    return " ".join(sentences)


def _long(distance: float) -> str:
    """Three digits, without powers of ten."""
    return f"{distance:,.0f}" if distance >= 100 else f"{distance:.3g}"
