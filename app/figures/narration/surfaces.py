"""What is seen of a run on a surface."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch

from app.figures.narration.layers import of_layers
from app.figures.narration.observation import ARRIVED, CAUSE, ENDED, SYNCHRONISED, Observation, timeline
from app.figures.narration.runs import RUN_RULES, noise_averaged, of_start
from app.figures.narration.told import Floats, Pull, Told, half_way, lasting_for
from app.runs.grid import distance
from app.runs.surfaces import scenery
from app.state import SurfacesConfig
from landscapes.fields import gradient_field
from optim_core.trajectory import Trajectory

FLIPS = 6  # steps in a row that land on the other side
NEAR = 0.02  # of the domain's size: at a minimum
CANCELLED = 0.3  # of the slope across the valley that is left


def too_steep(told: Told) -> Iterator[Observation]:
    """Bare SGD diverges, since its lr is too large for the curvature where it ends."""
    for index, spec in enumerate(told.specs):
        lost = told.diverged(index)
        if spec.layers or lost < 0 or not told.plain(index):
            continue
        falls = np.flatnonzero(np.diff(told.run.loss[:lost, index, 0]) <= 0)
        row = int(falls[-1]) + 1 if len(falls) else 0  # from which on the loss only grows
        steep = told.steepness(index, row)
        if steep > 2:
            cause = f"{spec.name} diverges: lr · curvature = {steep:.3g} > 2"
            first = 1 if told.steepness(index, 0) > 2 else max(1, row)
            yield Observation(f"{cause}.", first, max(first, min(first + 9, lost)), CAUSE)
            text = f"{cause}, so each step overshoots further than the last. At step {lost:,} its run ends."
            yield Observation(text, lost, min(told.steps, lost + 25), ENDED + 1)


def zigzags(told: Told) -> Iterator[Observation]:
    """Bare SGD lands on the other side of the valley at every step, and converges all the same."""
    for index, spec in enumerate(told.specs):
        if spec.layers or told.diverged(index) >= 0 or not told.plain(index) or told.steps < FLIPS:
            continue
        places = told.run.fast[: FLIPS + 1, index, 0]
        curvature, direction = told.curvature(places[:1])
        steep = spec.lr * float(curvature[0])
        across = told.gradient(places) @ direction[0]
        lower = (np.diff(told.run.loss[: FLIPS + 1, index, 0]) < 0).all()
        if 1 < steep < 2 and lower and (across[1:] * across[:-1] < 0).all():
            text = (
                f"{spec.name} zigzags: lr · curvature = {steep:.3g} lies between 1 and 2, so every step lands on the "
                "other side of the valley, a little lower."
            )
            yield Observation(text, 2, min(told.steps, 14), CAUSE)


def cancelled(told: Told) -> Iterator[Observation]:
    """Layer 1 goes back between two sides of the valley, and lands near its middle."""
    for pull in told.pulls:
        old, target, new = _across(told, pull)
        if old * target < 0 and abs(new) < CANCELLED * min(abs(old), abs(target)):
            text = (
                f"Layer 1 of {told.specs[pull.index].name} has just pulled back {half_way(pull.layer.alpha)}: "
                "the zigzag cancelled."
            )
            yield _at(told, pull, text)


def not_cancelled(told: Told) -> Iterator[Observation]:
    """After an even number of flips both ends lie on one side of the valley."""
    for pull in told.pulls:
        if pull.layer.k % 2:
            continue
        old, target, _ = _across(told, pull)
        if old * target > 0 and abs(target) > abs(old) and _steep(told, pull) > 1 and told.plain(pull.index):
            text = (
                f"k = {pull.layer.k} is even, so layer 1 of {told.specs[pull.index].name} finds both ends on one side "
                "of the valley: the zigzag does not cancel."
            )
            yield _at(told, pull, text)


def pulled_back(told: Told) -> Iterator[Observation]:
    """What a synchronisation is, at the first of each optimizer."""
    seen = set()
    for pull in told.pulls:
        if pull.index not in seen and 0 < pull.layer.alpha < 1:
            seen.add(pull.index)
            text = (
                f"{pull.layer.k} steps are done: the slow weights of {told.specs[pull.index].name} went "
                f"{half_way(pull.layer.alpha)} to the fast ones, which restart from there."
            )
            yield Observation(text, pull.step, _at(told, pull, text).last_step, SYNCHRONISED - 1)


def different_ends(told: Told) -> Iterator[Observation]:
    """From one start to two minima."""
    if len(told.places) < 2 or not told.lasting():
        return
    size = max(high - low for low, high in told.domain)
    ends = {
        index: told.run.outermost(index)[-1, 0]
        for index in told.lasting()
        if distance(told.run.outermost(index)[-1, 0], told.places) < NEAR * size
    }
    labels = {index: int(np.linalg.norm(told.places - end, axis=-1).argmin()) for index, end in ends.items()}
    for one, other in zip(labels, list(labels)[1:], strict=False):
        if labels[one] != labels[other]:
            text = (
                f"One start, different ends: {told.specs[one].name} is at one minimum, {told.specs[other].name} "
                "at another."
            )
            yield Observation(text, told.steps - told.steps // 6, told.steps, ARRIVED + 2)
            return


SURFACE_RULES = (*RUN_RULES, too_steep, zigzags, cancelled, not_cancelled, pulled_back, different_ends)


def surface_narration(config: SurfacesConfig, run: Trajectory) -> tuple[tuple[int, str], ...]:
    """The line under the player of the Surfaces page."""
    told = surface_told(config, run)
    seen = [one for rule in SURFACE_RULES for one in rule(told)]
    layers = of_layers(told.specs, told.steps, told.run.diverged[:, 0].tolist())
    return timeline([*layers, *noise_averaged(told), *of_start(told, seen)])


def surface_told(config: SurfacesConfig, run: Trajectory) -> Told:
    """The run as rules look at it."""
    shown = scenery(config)
    mean = config.noise == "minibatch"
    field = gradient_field(shown.function) if mean else config.landscape.field()

    def gradient(places: Floats) -> Floats:
        return np.asarray(field(torch.from_numpy(np.array(places, dtype=np.float64)), 0)[1].numpy())

    return Told(
        run, config.specs(), gradient, shown.places, run.slow_loss[:, :, 0] - shown.floor, config.landscape.domain,
        noisy=config.noise != "none",
    )  # fmt: skip


def _across(told: Told, pull: Pull) -> tuple[float, float, float]:
    """The slope along the steepest direction at φ, at the fast weights, and where φ went."""
    places = np.stack([pull.old, pull.target, pull.new])
    slopes = told.gradient(places) @ told.curvature(places[:1])[1][0]
    return float(slopes[0]), float(slopes[1]), float(slopes[2])


def _steep(told: Told, pull: Pull) -> float:
    return told.specs[pull.index].lr * float(told.curvature(pull.old[None])[0][0])


def _at(told: Told, pull: Pull, text: str) -> Observation:
    last = lasting_for(pull.step, told.specs[pull.index].layers, told.steps)
    return Observation(text, pull.step, last, SYNCHRONISED)
