"""What lessons say in numbers, measured on the runs of their cards."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import numpy as np

from app.runs import games as game_runs
from app.runs import surfaces as surface_runs
from app.runs import theory as theory_runs
from app.runs.cache import recent
from app.runs.family import has_closed_form
from app.runs.grid import Floats, distance
from app.state import GamesConfig, SurfacesConfig
from app.state.base import PageConfig
from app.state.lessons import Check, Choose, LessonCard, Quantity
from app.state.theory import TheoryConfig
from optim_core.theory import game_rate, why_not
from optim_core.trajectory import Trajectory

ARRIVAL_SHARE = 0.01  # of the distance at the start
Weights = Literal["fast", "slow"]


@dataclass(frozen=True, eq=False)
class Case:
    """A run with the places it is to come to: minima, or equilibria."""

    config: SurfacesConfig | GamesConfig
    run: Trajectory
    places: Floats


@recent(64, key=lambda config: config)
def case_of(config: SurfacesConfig | GamesConfig) -> Case:
    """The run of a card."""
    if isinstance(config, GamesConfig):
        return Case(config, game_runs.game_run(config), game_runs.game_scenery(config).places)
    return Case(config, surface_runs.surface_run(config), surface_runs.scenery(config).places)


def measurement(config: PageConfig, quantity: Quantity) -> float:
    """The quantity in the run of a config; NaN where there is no such thing, as a place after a run diverged.

    Raises:
        ValueError: the config's page has no such measure, its run no such step.
    """
    value = _measurement(config, quantity, quantity.optimizer)
    return value if quantity.over is None else value / _measurement(config, quantity, quantity.over)


def holds(config: PageConfig, check: Check) -> bool:
    """Whether a check does in the run of a config."""
    return check.holds(measurement(config, check))


def right_options(card: LessonCard, question: Choose) -> tuple[int, ...]:
    """Which of the answers are right, counted from 0: one, unless the lesson is wrong."""
    measure = question.least or question.most
    if measure is not None:
        places = range(1, len(answers(card, question)) + 1)
        values = [measurement(card.config, Quantity(measure=measure, optimizer=place)) for place in places]
        best = min if question.least else max
        finite = [value for value in values if not np.isnan(value)]
        return tuple(at for at, value in enumerate(values) if finite and value == best(finite))
    options = enumerate(question.options)
    return tuple(at for at, one in options if one.right or (one.when is not None and holds(card.config, one.when)))


def answers(card: LessonCard, question: Choose) -> tuple[str, ...]:
    """The answers to choose from."""
    config = card.config
    if not question.options and isinstance(config, SurfacesConfig | GamesConfig):
        return tuple(spec.name for spec in config.specs())
    return tuple(option.says for option in question.options)


def end_of(config: SurfacesConfig | GamesConfig, optimizer: int) -> tuple[float, float] | None:
    """Where an optimizer's outermost slow weights end, from the first start; None where the run diverged."""
    run = case_of(config).run
    if run.diverged[optimizer - 1, 0] >= 0:
        return None
    x, y = run.outermost(optimizer - 1)[-1, 0]
    return float(x), float(y)


def _measurement(config: PageConfig, quantity: Quantity, optimizer: int) -> float:
    if isinstance(config, TheoryConfig) and quantity.measure in THEORY:
        return THEORY[quantity.measure](config)
    if not isinstance(config, SurfacesConfig | GamesConfig) or quantity.measure not in RUN:
        raise ValueError(f"measure must be one of its page's, got {quantity.measure!r}")
    case = case_of(config)
    last = len(case.run.step) - 1
    row = last if quantity.step is None else quantity.step
    if row > last:
        raise ValueError(f"step must be at most the run's {last}, got {row}")
    return RUN[quantity.measure](case, optimizer - 1, row)


def _coordinate(axis: int, weights: Weights, case: Case, index: int, row: int) -> float:
    return float(_weights(case, index, weights)[row, 0, axis])


def _distance(weights: Weights, case: Case, index: int, row: int) -> float:
    return float(np.median(distance(_weights(case, index, weights)[row], case.places)))


def _jitter(weights: Weights, case: Case, index: int, row: int) -> float:
    """Root of the mean squared distance over the second half of the run up to the row."""
    late_places = _weights(case, index, weights)[row // 2 : row + 1]
    return float(np.sqrt(np.mean(distance(late_places, case.places) ** 2)))


def _loss(weights: Weights, case: Case, index: int, row: int) -> float:
    loss = case.run.loss if weights == "fast" else case.run.slow_loss
    return float(np.median(loss[row, index]))


def _diverged(case: Case, index: int, row: int) -> float:
    """1 where any run did by then."""
    ends = case.run.diverged[index]
    return float(((ends >= 0) & (ends <= row)).any())


def _rate(case: Case, index: int, row: int) -> float:
    """The closed form's factor per base step."""
    config = case.config
    spec = config.specs()[index]
    if not has_closed_form(spec):
        return np.nan
    if isinstance(config, GamesConfig):
        return game_runs.closed_rate(config, spec) or np.nan
    curvature = config.landscape.curvature
    return np.nan if curvature is None else game_rate(np.diag(curvature), spec)


def _arrival(case: Case, index: int, row: int) -> float:
    """The first base step from which on the slow weights are within a hundredth of the way."""
    away = np.median(distance(case.run.outermost(index), case.places), axis=1)
    outside = np.flatnonzero(away > ARRIVAL_SHARE * away[0])
    return np.nan if len(outside) and outside[-1] == len(away) - 1 else float(outside[-1] + 1)


def _evaluations(case: Case, index: int, row: int) -> float:
    return float(case.run.evaluations[row, index])


def _weights(case: Case, index: int, weights: Weights) -> Floats:
    return case.run.fast[:, index] if weights == "fast" else case.run.outermost(index)


RUN: dict[str, Callable[[Case, int, int], float]] = {
    "x": partial(_coordinate, 0, "slow"),
    "y": partial(_coordinate, 1, "slow"),
    "fast_x": partial(_coordinate, 0, "fast"),
    "fast_y": partial(_coordinate, 1, "fast"),
    "loss": partial(_loss, "slow"),
    "fast_loss": partial(_loss, "fast"),
    "distance": partial(_distance, "slow"),
    "fast_distance": partial(_distance, "fast"),
    "jitter": partial(_jitter, "slow"),
    "fast_jitter": partial(_jitter, "fast"),
    "diverged": _diverged,
    "rate": _rate,
    "arrival": _arrival,
    "evaluations": _evaluations,
}


def _coefficient(part: str, config: TheoryConfig) -> float:
    """Of the deepest stack, at the equal effective lr."""
    loss = theory_runs.coefficients(config)[1][-1]
    return np.nan if loss is None else float(getattr(loss, part))


def _gap(flow: Literal["flow", "plain_flow"], config: TheoryConfig) -> float:
    """Distance of the mean over orders from a flow, at the end."""
    if why_not(config.regularization.batches, config.stack):
        return np.nan
    descent = theory_runs.descent(config)
    path: Any = getattr(descent, flow)
    return np.nan if path is None else float(descent.gaps(path)[-1])


THEORY: dict[str, Callable[[TheoryConfig], float]] = {
    "penalty": partial(_coefficient, "variance"),
    "gradient_penalty": partial(_coefficient, "gradient"),
    "amplification": partial(_coefficient, "amplification"),
    "gap": partial(_gap, "flow"),
    "plain_gap": partial(_gap, "plain_flow"),
}
