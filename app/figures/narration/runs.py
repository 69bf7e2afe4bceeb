"""What is seen of any run in the plane, on a surface or in a game."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np

from app.figures.narration.observation import AHEAD, ARRIVED, CAUSE, ENDED, NOISE, Observation
from app.figures.narration.told import Told, times
from app.runs.grid import distance

TOGETHER = {2: "Both", 3: "All three", 4: "All four"}
NUMBERS = ("no", "one", "two", "three", "four")
CLEAR = 1.2  # times as far: what counts as ahead
DEAR = 1.3  # times as many gradients: what counts as a price
CALMER = 1.15  # times nearer: what counts as averaged noise


def together(told: Told) -> Iterator[Observation]:
    """Where all begin."""
    count, layered = len(told.specs), any(spec.layers for spec in told.specs)
    weights = ", slow weights on top of fast ones" if layered else ""
    if count > 1:
        yield Observation(f"{TOGETHER[count]} optimizers start together{weights}.", 0, 0, CAUSE)
    elif layered:
        yield Observation(f"{told.specs[0].name} starts with its{weights[1:]}.", 0, 0, CAUSE)


def ends_early(told: Told) -> Iterator[Observation]:
    """A run has diverged."""
    for index, spec in enumerate(told.specs):
        if (lost := told.diverged(index)) >= 0:
            yield Observation(
                f"{spec.name} has diverged at step {lost:,}: its run ends here.",
                lost,
                min(told.steps, lost + 25),
                ENDED,
            )


def all_arrived(told: Told) -> Iterator[Observation]:
    """Everybody is nearly there for good."""
    lasting = told.lasting()
    arrivals = [told.arrival(index) for index in lasting]
    known = [step for step in arrivals if step is not None]
    if len(known) < len(arrivals) or len(known) < 2 or max(known) < 1:
        return
    last, left = max(known), "" if len(lasting) == len(told.specs) else " that did not diverge"
    text = f"All{left} have come 99 % of {told.way} by step {last:,}: what is left is fine print."
    yield Observation(text, last, told.steps, ARRIVED)


def price(told: Told) -> Iterator[Observation]:
    """Layers cost gradients, or save some, against the same base optimizer without layers."""
    for index, spec in enumerate(told.specs):
        bare = _bare_of(told, index)
        if bare is None:
            continue
        own, other = told.arrival(index), told.arrival(bare)
        if own is None or other is None or min(own, other) < 1:
            continue
        used, needed = (int(told.run.evaluations[row, at]) for row, at in ((own, index), (other, bare)))
        plural = "layer costs" if len(spec.layers) == 1 else "layers cost"
        ends = f"99 % of {told.way} took {told.specs[bare].name} {needed:,} gradients and {spec.name} {used:,}"
        if used >= DEAR * needed:
            layers = f"{NUMBERS[len(spec.layers)].capitalize()} {plural}"
            text = f"{layers} {times(used / needed)}x in speed per gradient here: {ends}."
        elif needed >= DEAR * used:
            text = f"{spec.name} saves gradients here: {ends}."
        else:
            continue
        first = max(own, other)
        yield Observation(text, first, min(told.steps, first + max(12, told.steps // 6)), ARRIVED + 1)


def ahead(told: Told) -> Iterator[Observation]:
    """Who leads at a quarter, half and three quarters of the run."""
    if told.steps < 20 or len(told.specs) < 2 or len(set(told.run.evaluations[-1].tolist())) > 1:
        return
    for quarter in (1, 2, 3):
        step = quarter * told.steps // 4
        standing = [
            (told.excess[step, index], index) for index in range(len(told.specs)) if not _gone(told, index, step)
        ]
        ranks = sorted(standing)
        if len(ranks) < 2 or not ranks[0][0] > 0 or not np.isfinite(ranks[1][0]):
            continue
        (least, best), (more, second) = ranks[:2]
        if not CLEAR * least <= more <= 1000 * least:
            continue
        luck = " in this draw of the noise" if told.noisy else ""
        text = (
            f"After {int(told.run.evaluations[step, best]):,} gradients {told.specs[best].name} is ahead{luck}: "
            f"the {told.height} is {times(more / least)} times as large for {told.specs[second].name}."
        )
        yield Observation(text, step, min(told.steps, step + told.steps // 4), AHEAD)


def noise_averaged(told: Told) -> Iterator[Observation]:
    """Slow weights settle nearer than the fast ones that they follow; over all starts."""
    if not told.noisy or not len(told.places) or told.steps < 20:
        return
    for index, spec in enumerate(told.specs):
        if not spec.layers or (told.run.diverged[index] >= 0).any():
            continue
        half = slice(told.steps // 2, None)
        fast, slow = (
            float(np.sqrt(np.mean(distance(places[half], told.places) ** 2)))
            for places in (told.run.proposal[:, index], told.run.outermost(index))
        )
        if slow > 0 and fast >= CALMER * slow:
            text = (
                f"Averaging at work: over the second half the slow weights of {spec.name} are "
                f"{times(fast / slow)} times nearer to {told.goal} than its fast weights (root mean square)."
            )
            first = told.steps // 2 + index * told.steps // 8
            yield Observation(text, first, min(told.steps, first + told.steps // 8), NOISE)


def _gone(told: Told, index: int, step: int) -> bool:
    return 0 <= told.diverged(index) <= step


def _bare_of(told: Told, index: int) -> int | None:
    """The same optimizer without layers."""
    spec = told.specs[index]
    if not spec.layers:
        return None
    same = (spec.base, spec.lr, spec.momentum, spec.weight_decay, spec.schedule, spec.alternating)
    for other, bare in enumerate(told.specs):
        values = (bare.base, bare.lr, bare.momentum, bare.weight_decay, bare.schedule, bare.alternating)
        if not bare.layers and values == same:
            return other
    return None


def of_start(told: Told, observations: Iterable[Observation]) -> list[Observation]:
    """The observations with the start that they are of, where there are several."""
    several = told.run.fast.shape[2] > 1
    return [replace(one, text=f"Start 1: {one.text}") if several else one for one in observations]


RUN_RULES = (together, ends_early, all_arrived, price, ahead)
