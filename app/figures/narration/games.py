"""What is seen of a run of a game."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch

from app.figures.narration.facts import Facts, Floats, Pull, half_way, lasting_for, times
from app.figures.narration.layers import of_layers
from app.figures.narration.observation import CAUSE, END, SETTING, SYNCHRONISATION, THEORY, Observation, timeline
from app.figures.narration.runs import RUN_RULES, noise_averaged, of_start
from app.runs.family import has_closed_form
from app.runs.games import exit_steps
from app.runs.grid import distance
from app.state import GamesConfig
from optim_core.theory import game_rate
from optim_core.trajectory import Trajectory

SQUARE = 0.02  # of a cosine: what counts as a right angle
OUTWARD_GROWTH = 1.2  # times: what counts as outward
ROUND = 1.5 * np.pi  # of turning: what counts as once round
ORBIT = 1e-9  # from 1: a rate that neither nears nor leaves


def turns(facts: Facts) -> Iterator[Observation]:
    """The field is at a right angle to the way to the equilibrium."""
    start = facts.run.fast[0, 0, 0]
    way = _nearest(facts, start) - start
    v = facts.gradient(start[None])[0]
    sizes = np.linalg.norm(way) * np.linalg.norm(v)
    if sizes > 0 and abs(way @ v) < SQUARE * sizes:
        text = (
            "The gradients point past the equilibrium, at a right angle to the way there: the players turn around it."
        )
        yield Observation(text, 1, min(facts.steps, 4), CAUSE + 2)


def spirals_out(facts: Facts) -> Iterator[Observation]:
    """A bare optimizer leaves, as fast as the closed form says where there is one."""
    for index, spec in enumerate(facts.specs):
        gaps = _gaps(facts, index)
        if spec.layers or facts.noisy or not gaps[0] > 0 or gaps[-1] < OUTWARD_GROWTH * gaps[0]:
            continue
        rate = _rate(facts, index)
        measured_rate = float((gaps[-1] / gaps[0]) ** (1 / (len(gaps) - 1)))
        if rate is not None and rate > 1 and abs(measured_rate - rate) < 0.01:
            manner = f"in theory and here, each step multiplies the distance by {rate:.4g}"
        else:
            farther = times(float(gaps[-1] / gaps[0]))
            manner = f"after {len(gaps) - 1:,} steps it is {farther} times as far away as at the start"
        yield Observation(f"{spec.name} spirals outward: {manner}.", min(5, facts.steps), min(facts.steps, 24), CAUSE)


def cuts_across(facts: Facts) -> Iterator[Observation]:
    """Layer 1 lands inside the turn."""
    for pull in facts.pulls:
        old, target, new = distance(np.stack([pull.old, pull.target, pull.new]), facts.places)
        if new < min(old, target) and 0 < pull.layer.alpha < 1:
            text = (
                f"Layer 1 of {facts.specs[pull.index].name} cuts across the turn: {half_way(pull.layer.alpha)} between "
                "its ends it is nearer to the equilibrium than at either."
            )
            last = lasting_for(pull.step, facts.specs[pull.index].layers, facts.steps)
            yield Observation(text, pull.step, last, SYNCHRONISATION)


def comes_round(facts: Facts) -> Iterator[Observation]:
    """The period is so long that the path is back before layer 1 moves."""
    for pull in facts.pulls:
        centre = _nearest(facts, pull.old)
        old, new = (np.linalg.norm(place - centre) for place in (pull.old, pull.new))
        if not facts.noisy and new >= old > 0 and _turning_angle(facts, pull, centre) > ROUND:
            text = (
                f"After k = {pull.layer.k} steps the path has come round: layer 1 of {facts.specs[pull.index].name} "
                "averages nothing away and is further out than before."
            )
            last = lasting_for(pull.step, facts.specs[pull.index].layers, facts.steps)
            yield Observation(text, pull.step, last, SYNCHRONISATION)


def nears(facts: Facts) -> Iterator[Observation]:
    """How fast theory says that slow weights spiral in."""
    for index, spec in enumerate(facts.specs):
        rate = _rate(facts, index)
        if spec.layers and not facts.noisy and rate is not None and rate < 1 and facts.diverged(index) < 0:
            gaps = distance(facts.run.outermost(index)[:, 0], facts.places)
            if gaps[-1] < gaps[0]:
                text = (
                    f"{spec.name} spirals inward: in theory it nears by {1 - rate:.2%} of the distance per base step."
                )
                first = facts.steps // 8 + (index * facts.steps) // 16
                yield Observation(text, first, min(facts.steps, first + facts.steps // 16), THEORY)


def orbits(facts: Facts) -> Iterator[Observation]:
    """Players in turn neither near nor leave."""
    for index, spec in enumerate(facts.specs):
        rate = _rate(facts, index)
        if spec.alternating and not spec.layers and not facts.noisy and rate is not None and abs(rate - 1) < ORBIT:
            text = f"{spec.name}: the second player answers the first, so that they neither near nor leave the middle."
            yield Observation(text, min(5, facts.steps), min(facts.steps, 40), CAUSE + 1)


def two_gradients(facts: Facts) -> Iterator[Observation]:
    """Steps that cost twice as much."""
    evaluations = facts.run.evaluations[-1]
    for index, spec in enumerate(facts.specs):
        if evaluations[index] > evaluations.min() and facts.steps > 2:
            text = (
                f"{spec.name} takes {evaluations[index] / facts.steps:.2g} gradients a step: "
                "compare at equal gradients, not at equal steps."
            )
            yield Observation(text, 2, min(facts.steps, 20), SETTING)


def leaves(facts: Facts) -> Iterator[Observation]:
    """A run has left the picture for good."""
    for index, spec in enumerate(facts.specs):
        step = int(exit_steps(facts.run, index, facts.domain)[0])
        if step >= 0 and facts.diverged(index) != step:
            text = f"{spec.name} has left the picture for good."
            yield Observation(text, step, min(facts.steps, step + 20), END - 5)


GAME_RULES = (*RUN_RULES, turns, spirals_out, cuts_across, comes_round, nears, orbits, two_gradients, leaves)


def game_narration(config: GamesConfig, run: Trajectory) -> tuple[tuple[int, str], ...]:
    """The line under the player of the Games page."""
    facts = game_facts(config, run)
    events = [one for rule in GAME_RULES for one in rule(facts)]
    layers = of_layers(facts.specs, facts.steps, facts.run.diverged[:, 0].tolist())
    return timeline([*layers, *noise_averaged(facts), *of_start(facts, events)])


def game_facts(config: GamesConfig, run: Trajectory) -> Facts:
    """The run as rules look at it."""
    game = config.landscape
    field = game.field()
    places = np.array([equilibrium.place for equilibrium in game.equilibria], dtype=np.float64).reshape(-1, 2)

    def v(where: Floats) -> Floats:
        return np.asarray(field(torch.from_numpy(np.array(where, dtype=np.float64)), 0)[1].numpy())

    gaps = [distance(run.outermost(index)[:, 0], places) for index in range(len(run.names))]
    return Facts(
        run, config.specs(), v, places, np.stack(gaps, axis=-1), game.domain,
        noisy=config.noise != "none",
        way="the way to the equilibrium",
        goal="the equilibrium",
        height="distance to the equilibrium",
        jacobian=np.array(game.equilibria[0].jacobian) if game.linear else None,
    )  # fmt: skip


def _rate(facts: Facts, index: int) -> float | None:
    """In theory, of the distance per base step."""
    spec = facts.specs[index]
    if facts.jacobian is None or not has_closed_form(spec):
        return None
    return game_rate(facts.jacobian, spec)


def _gaps(facts: Facts, index: int) -> Floats:
    """Distances of the fast weights to the nearest equilibrium, until the run diverged."""
    end = facts.diverged(index)
    return distance(facts.run.fast[: end if end > 0 else None, index, 0], facts.places)


def _nearest(facts: Facts, place: Floats) -> Floats:
    nearest: Floats = facts.places[np.linalg.norm(facts.places - place, axis=-1).argmin()]
    return nearest


def _turning_angle(facts: Facts, pull: Pull, centre: Floats) -> float:
    """The angle, in radians, through which the fast weights went round a place before a synchronisation."""
    places = [facts.run.fast[pull.step - pull.layer.k : pull.step, pull.index, 0], pull.target[None]]
    x, y = (np.concatenate(places) - centre).T
    return abs(float(np.diff(np.unwrap(np.arctan2(y, x))).sum()))
