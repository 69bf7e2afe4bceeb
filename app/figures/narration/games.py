"""What is seen of a run of a game."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch

from app.figures.narration.layers import of_layers
from app.figures.narration.observation import CAUSE, ENDED, SETTING, SYNCHRONISED, THEORY, Observation, timeline
from app.figures.narration.runs import RUN_RULES, noise_averaged, of_start
from app.figures.narration.told import Floats, Pull, Told, half_way, lasting_for, times
from app.runs.family import has_closed_form
from app.runs.games import left_view
from app.runs.grid import distance
from app.state import GamesConfig
from optim_core.theory import game_rate
from optim_core.trajectory import Trajectory

SQUARE = 0.02  # of a cosine: what counts as a right angle
GREW = 1.2  # times: what counts as outward
ROUND = 1.5 * np.pi  # of turning: what counts as once round
ORBIT = 1e-9  # from 1: a rate that neither nears nor leaves


def turns(told: Told) -> Iterator[Observation]:
    """The field is at a right angle to the way to the equilibrium."""
    start = told.run.fast[0, 0, 0]
    way = _nearest(told, start) - start
    v = told.gradient(start[None])[0]
    sizes = np.linalg.norm(way) * np.linalg.norm(v)
    if sizes > 0 and abs(way @ v) < SQUARE * sizes:
        text = (
            "The gradients point past the equilibrium, at a right angle to the way there: the players turn around it."
        )
        yield Observation(text, 1, min(told.steps, 4), CAUSE + 2)


def spirals_out(told: Told) -> Iterator[Observation]:
    """A bare optimizer leaves, as fast as the closed form says where there is one."""
    for index, spec in enumerate(told.specs):
        gaps = _gaps(told, index)
        if spec.layers or told.noisy or not gaps[0] > 0 or gaps[-1] < GREW * gaps[0]:
            continue
        rate = _rate(told, index)
        measured = float((gaps[-1] / gaps[0]) ** (1 / (len(gaps) - 1)))
        if rate is not None and rate > 1 and abs(measured - rate) < 0.01:
            how = f"in theory and here, each step multiplies the distance by {rate:.4g}"
        else:
            farther = times(float(gaps[-1] / gaps[0]))
            how = f"after {len(gaps) - 1:,} steps it is {farther} times as far away as at the start"
        yield Observation(f"{spec.name} spirals outward: {how}.", min(5, told.steps), min(told.steps, 24), CAUSE)


def cuts_across(told: Told) -> Iterator[Observation]:
    """Layer 1 lands inside the turn."""
    for pull in told.pulls:
        old, target, new = distance(np.stack([pull.old, pull.target, pull.new]), told.places)
        if new < min(old, target) and 0 < pull.layer.alpha < 1:
            text = (
                f"Layer 1 of {told.specs[pull.index].name} cuts across the turn: {half_way(pull.layer.alpha)} between "
                "its ends it is nearer to the equilibrium than at either."
            )
            last = lasting_for(pull.step, told.specs[pull.index].layers, told.steps)
            yield Observation(text, pull.step, last, SYNCHRONISED)


def comes_round(told: Told) -> Iterator[Observation]:
    """The period is so long that the path is back before layer 1 moves."""
    for pull in told.pulls:
        centre = _nearest(told, pull.old)
        old, new = (np.linalg.norm(place - centre) for place in (pull.old, pull.new))
        if not told.noisy and new >= old > 0 and _turned(told, pull, centre) > ROUND:
            text = (
                f"After k = {pull.layer.k} steps the path has come round: layer 1 of {told.specs[pull.index].name} "
                "averages nothing away and is further out than before."
            )
            last = lasting_for(pull.step, told.specs[pull.index].layers, told.steps)
            yield Observation(text, pull.step, last, SYNCHRONISED)


def nears(told: Told) -> Iterator[Observation]:
    """How fast theory says that slow weights spiral in."""
    for index, spec in enumerate(told.specs):
        rate = _rate(told, index)
        if spec.layers and not told.noisy and rate is not None and rate < 1 and told.diverged(index) < 0:
            gaps = distance(told.run.outermost(index)[:, 0], told.places)
            if gaps[-1] < gaps[0]:
                text = (
                    f"{spec.name} spirals inward: in theory it nears by {1 - rate:.2%} of the distance per base step."
                )
                first = told.steps // 8 + (index * told.steps) // 16
                yield Observation(text, first, min(told.steps, first + told.steps // 16), THEORY)


def orbits(told: Told) -> Iterator[Observation]:
    """Players in turn neither near nor leave."""
    for index, spec in enumerate(told.specs):
        rate = _rate(told, index)
        if spec.alternating and not spec.layers and not told.noisy and rate is not None and abs(rate - 1) < ORBIT:
            text = f"{spec.name}: the second player answers the first, so that they neither near nor leave the middle."
            yield Observation(text, min(5, told.steps), min(told.steps, 40), CAUSE + 1)


def two_gradients(told: Told) -> Iterator[Observation]:
    """Steps that cost twice as much."""
    used = told.run.evaluations[-1]
    for index, spec in enumerate(told.specs):
        if used[index] > used.min() and told.steps > 2:
            text = (
                f"{spec.name} takes {used[index] / told.steps:.2g} gradients a step: "
                "compare at equal gradients, not at equal steps."
            )
            yield Observation(text, 2, min(told.steps, 20), SETTING)


def leaves(told: Told) -> Iterator[Observation]:
    """A run has left the picture for good."""
    for index, spec in enumerate(told.specs):
        step = int(left_view(told.run, index, told.domain)[0])
        if step >= 0 and told.diverged(index) != step:
            text = f"{spec.name} has left the picture for good."
            yield Observation(text, step, min(told.steps, step + 20), ENDED - 5)


GAME_RULES = (*RUN_RULES, turns, spirals_out, cuts_across, comes_round, nears, orbits, two_gradients, leaves)


def game_narration(config: GamesConfig, run: Trajectory) -> tuple[tuple[int, str], ...]:
    """The line under the player of the Games page."""
    told = game_told(config, run)
    seen = [one for rule in GAME_RULES for one in rule(told)]
    layers = of_layers(told.specs, told.steps, told.run.diverged[:, 0].tolist())
    return timeline([*layers, *noise_averaged(told), *of_start(told, seen)])


def game_told(config: GamesConfig, run: Trajectory) -> Told:
    """The run as rules look at it."""
    game = config.landscape
    field = game.field()
    places = np.array([equilibrium.place for equilibrium in game.equilibria], dtype=np.float64).reshape(-1, 2)

    def v(where: Floats) -> Floats:
        return np.asarray(field(torch.from_numpy(np.array(where, dtype=np.float64)), 0)[1].numpy())

    gaps = [distance(run.outermost(index)[:, 0], places) for index in range(len(run.names))]
    return Told(
        run, config.specs(), v, places, np.stack(gaps, axis=-1), game.domain,
        noisy=config.noise != "none",
        way="the way to the equilibrium",
        goal="the equilibrium",
        height="distance to the equilibrium",
        jacobian=np.array(game.equilibria[0].jacobian) if game.linear else None,
    )  # fmt: skip


def _rate(told: Told, index: int) -> float | None:
    """In theory, of the distance per base step."""
    spec = told.specs[index]
    if told.jacobian is None or not has_closed_form(spec):
        return None
    return game_rate(told.jacobian, spec)


def _gaps(told: Told, index: int) -> Floats:
    """Distances of the fast weights to the nearest equilibrium, until the run diverged."""
    lost = told.diverged(index)
    return distance(told.run.fast[: lost if lost > 0 else None, index, 0], told.places)


def _nearest(told: Told, place: Floats) -> Floats:
    nearest: Floats = told.places[np.linalg.norm(told.places - place, axis=-1).argmin()]
    return nearest


def _turned(told: Told, pull: Pull, centre: Floats) -> float:
    """The angle, in radians, through which the fast weights went round a place before a synchronisation."""
    places = [told.run.fast[pull.step - pull.layer.k : pull.step, pull.index, 0], pull.target[None]]
    x, y = (np.concatenate(places) - centre).T
    return abs(float(np.diff(np.unwrap(np.arctan2(y, x))).sum()))
