"""What is seen of a run on a surface."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch

from app.figures.narration.facts import Facts, Floats, Pull, half_way, lasting_for
from app.figures.narration.layers import of_layers
from app.figures.narration.observation import ARRIVAL, CAUSE, END, SYNCHRONISATION, Observation, timeline
from app.figures.narration.runs import RUN_RULES, noise_averaged, of_start
from app.runs.grid import distance
from app.runs.surfaces import scenery
from app.state import SurfacesConfig
from landscapes.fields import gradient_field
from optim_core.trajectory import Trajectory

FLIPS = 6  # steps in a row that land on the other side
NEAR = 0.02  # of the domain's size: at a minimum
CANCELLATION = 0.3  # of the slope across the valley that is left


def too_steep(facts: Facts) -> Iterator[Observation]:
    """Bare SGD diverges, since its lr is too large for the curvature where it ends."""
    for index, spec in enumerate(facts.specs):
        end = facts.diverged(index)
        if spec.layers or end < 0 or not facts.plain(index):
            continue
        falls = np.flatnonzero(np.diff(facts.run.loss[:end, index, 0]) <= 0)
        row = int(falls[-1]) + 1 if len(falls) else 0  # from which on the loss only grows
        steep = facts.steepness(index, row)
        if steep > 2:
            cause = f"{spec.name} diverges: lr · curvature = {steep:.3g} > 2"
            first = 1 if facts.steepness(index, 0) > 2 else max(1, row)
            yield Observation(f"{cause}.", first, max(first, min(first + 9, end)), CAUSE)
            text = f"{cause}, so each step overshoots further than the last. At step {end:,} its run ends."
            yield Observation(text, end, min(facts.steps, end + 25), END + 1)


def zigzags(facts: Facts) -> Iterator[Observation]:
    """Bare SGD lands on the other side of the valley at every step, and converges all the same."""
    for index, spec in enumerate(facts.specs):
        if spec.layers or facts.diverged(index) >= 0 or not facts.plain(index) or facts.steps < FLIPS:
            continue
        places = facts.run.fast[: FLIPS + 1, index, 0]
        curvature, direction = facts.curvature(places[:1])
        steep = spec.lr * float(curvature[0])
        across = facts.gradient(places) @ direction[0]
        lower = (np.diff(facts.run.loss[: FLIPS + 1, index, 0]) < 0).all()
        if 1 < steep < 2 and lower and (across[1:] * across[:-1] < 0).all():
            text = (
                f"{spec.name} zigzags: lr · curvature = {steep:.3g} lies between 1 and 2, so every step lands on the "
                "other side of the valley, a little lower."
            )
            yield Observation(text, 2, min(facts.steps, 14), CAUSE)


def cancels(facts: Facts) -> Iterator[Observation]:
    """Layer 1 goes back between two sides of the valley, and lands near its middle."""
    for pull in facts.pulls:
        old, target, new = _across(facts, pull)
        if old * target < 0 and abs(new) < CANCELLATION * min(abs(old), abs(target)):
            text = (
                f"Layer 1 of {facts.specs[pull.index].name} has just pulled back {half_way(pull.layer.alpha)}: "
                "the zigzag cancelled."
            )
            yield _at(facts, pull, text)


def does_not_cancel(facts: Facts) -> Iterator[Observation]:
    """After an even number of flips both ends lie on one side of the valley."""
    for pull in facts.pulls:
        if pull.layer.k % 2:
            continue
        old, target, _ = _across(facts, pull)
        if old * target > 0 and abs(target) > abs(old) and _steep(facts, pull) > 1 and facts.plain(pull.index):
            text = (
                f"k = {pull.layer.k} is even, so layer 1 of {facts.specs[pull.index].name} finds both ends on one side "
                "of the valley: the zigzag does not cancel."
            )
            yield _at(facts, pull, text)


def pulled_back(facts: Facts) -> Iterator[Observation]:
    """What a synchronisation is, at the first of each optimizer."""
    indices = set()
    for pull in facts.pulls:
        if pull.index not in indices and 0 < pull.layer.alpha < 1:
            indices.add(pull.index)
            text = (
                f"{pull.layer.k} steps are done: the slow weights of {facts.specs[pull.index].name} went "
                f"{half_way(pull.layer.alpha)} to the fast ones, which restart from there."
            )
            yield Observation(text, pull.step, _at(facts, pull, text).last_step, SYNCHRONISATION - 1)


def different_ends(facts: Facts) -> Iterator[Observation]:
    """From one start to two minima."""
    if len(facts.places) < 2 or not facts.lasting():
        return
    size = max(high - low for low, high in facts.domain)
    ends = {
        index: facts.run.outermost(index)[-1, 0]
        for index in facts.lasting()
        if distance(facts.run.outermost(index)[-1, 0], facts.places) < NEAR * size
    }
    labels = {index: int(np.linalg.norm(facts.places - end, axis=-1).argmin()) for index, end in ends.items()}
    for one, other in zip(labels, list(labels)[1:], strict=False):
        if labels[one] != labels[other]:
            text = (
                f"One start, different ends: {facts.specs[one].name} is at one minimum, {facts.specs[other].name} "
                "at another."
            )
            yield Observation(text, facts.steps - facts.steps // 6, facts.steps, ARRIVAL + 2)
            return


SURFACE_RULES = (*RUN_RULES, too_steep, zigzags, cancels, does_not_cancel, pulled_back, different_ends)


def surface_narration(config: SurfacesConfig, run: Trajectory) -> tuple[tuple[int, str], ...]:
    """The line under the player of the Surfaces page."""
    facts = surface_facts(config, run)
    events = [one for rule in SURFACE_RULES for one in rule(facts)]
    layers = of_layers(facts.specs, facts.steps, facts.run.diverged[:, 0].tolist())
    return timeline([*layers, *noise_averaged(facts), *of_start(facts, events)])


def surface_facts(config: SurfacesConfig, run: Trajectory) -> Facts:
    """The run as rules look at it."""
    surface = scenery(config)
    mean = config.noise == "minibatch"
    field = gradient_field(surface.function) if mean else config.landscape.field()

    def gradient(places: Floats) -> Floats:
        return np.asarray(field(torch.from_numpy(np.array(places, dtype=np.float64)), 0)[1].numpy())

    return Facts(
        run, config.specs(), gradient, surface.places, run.slow_loss[:, :, 0] - surface.floor, config.landscape.domain,
        noisy=config.noise != "none",
    )  # fmt: skip


def _across(facts: Facts, pull: Pull) -> tuple[float, float, float]:
    """The slope along the steepest direction at φ, at the fast weights, and where φ went."""
    places = np.stack([pull.old, pull.target, pull.new])
    slopes = facts.gradient(places) @ facts.curvature(places[:1])[1][0]
    return float(slopes[0]), float(slopes[1]), float(slopes[2])


def _steep(facts: Facts, pull: Pull) -> float:
    return facts.specs[pull.index].lr * float(facts.curvature(pull.old[None])[0][0])


def _at(facts: Facts, pull: Pull, text: str) -> Observation:
    last = lasting_for(pull.step, facts.specs[pull.index].layers, facts.steps)
    return Observation(text, pull.step, last, SYNCHRONISATION)
