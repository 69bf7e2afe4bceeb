"""What is seen of any run in the plane, on a surface or in a game."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np

from app.figures.narration.facts import Facts, times
from app.figures.narration.observation import AHEAD, ARRIVAL, CAUSE, END, NOISE, Observation
from app.runs.grid import distance

TOGETHER = {2: "Both", 3: "All three", 4: "All four"}
NUMBERS = ("no", "one", "two", "three", "four")
CLEAR = 1.2  # times as far: what counts as ahead
DEAR = 1.3  # times as many gradients: what counts as a price
CALMER = 1.15  # times nearer: what counts as averaged noise


def together(facts: Facts) -> Iterator[Observation]:
    """Where all begin."""
    count, have_layers = len(facts.specs), any(spec.layers for spec in facts.specs)
    weights = ", slow weights on top of fast ones" if have_layers else ""
    if count > 1:
        yield Observation(f"{TOGETHER[count]} optimizers start together{weights}.", 0, 0, CAUSE)
    elif have_layers:
        yield Observation(f"{facts.specs[0].name} starts with its{weights[1:]}.", 0, 0, CAUSE)


def ends_early(facts: Facts) -> Iterator[Observation]:
    """A run has diverged."""
    for index, spec in enumerate(facts.specs):
        if (end := facts.diverged(index)) >= 0:
            yield Observation(
                f"{spec.name} has diverged at step {end:,}: its run ends here.",
                end,
                min(facts.steps, end + 25),
                END,
            )


def all_arrived(facts: Facts) -> Iterator[Observation]:
    """Everybody is nearly there for good."""
    lasting = facts.lasting()
    arrivals = [facts.arrival(index) for index in lasting]
    steps = [step for step in arrivals if step is not None]
    if len(steps) < len(arrivals) or len(steps) < 2 or max(steps) < 1:
        return
    last, which = max(steps), "" if len(lasting) == len(facts.specs) else " that did not diverge"
    text = f"All{which} have come 99 % of {facts.way} by step {last:,}: what is left is fine print."
    yield Observation(text, last, facts.steps, ARRIVAL)


def price(facts: Facts) -> Iterator[Observation]:
    """Layers cost gradients, or save some, against the same base optimizer without layers."""
    for index, spec in enumerate(facts.specs):
        bare_index = _bare_of(facts, index)
        if bare_index is None:
            continue
        own_arrival, bare_arrival = facts.arrival(index), facts.arrival(bare_index)
        if own_arrival is None or bare_arrival is None or min(own_arrival, bare_arrival) < 1:
            continue
        cost, bare_cost = (
            int(facts.run.evaluations[row, at]) for row, at in ((own_arrival, index), (bare_arrival, bare_index))
        )
        plural = "layer costs" if len(spec.layers) == 1 else "layers cost"
        ends = (
            f"99 % of {facts.way} took {facts.specs[bare_index].name} {bare_cost:,} gradients and {spec.name} {cost:,}"
        )
        if cost >= DEAR * bare_cost:
            layers = f"{NUMBERS[len(spec.layers)].capitalize()} {plural}"
            text = f"{layers} {times(cost / bare_cost)}x in speed per gradient here: {ends}."
        elif bare_cost >= DEAR * cost:
            text = f"{spec.name} saves gradients here: {ends}."
        else:
            continue
        first = max(own_arrival, bare_arrival)
        yield Observation(text, first, min(facts.steps, first + max(12, facts.steps // 6)), ARRIVAL + 1)


def ahead(facts: Facts) -> Iterator[Observation]:
    """Who leads at a quarter, half and three quarters of the run."""
    if facts.steps < 20 or len(facts.specs) < 2 or len(set(facts.run.evaluations[-1].tolist())) > 1:
        return
    for quarter in (1, 2, 3):
        step = quarter * facts.steps // 4
        standing = [
            (facts.excess[step, index], index)
            for index in range(len(facts.specs))
            if not _has_diverged(facts, index, step)
        ]
        ranks = sorted(standing)
        if len(ranks) < 2 or not ranks[0][0] > 0 or not np.isfinite(ranks[1][0]):
            continue
        (least, best), (more, second) = ranks[:2]
        if not CLEAR * least <= more <= 1000 * least:
            continue
        luck = " in this draw of the noise" if facts.noisy else ""
        text = (
            f"After {int(facts.run.evaluations[step, best]):,} gradients {facts.specs[best].name} is ahead{luck}: "
            f"the {facts.height} is {times(more / least)} times as large for {facts.specs[second].name}."
        )
        yield Observation(text, step, min(facts.steps, step + facts.steps // 4), AHEAD)


def noise_averaged(facts: Facts) -> Iterator[Observation]:
    """Slow weights, or an average, settle nearer than the fast ones that they follow; over all starts."""
    if not facts.noisy or not len(facts.places) or facts.steps < 20:
        return
    for index, spec in enumerate(facts.specs):
        if not facts.run.slow[index] or (facts.run.diverged[index] >= 0).any():
            continue
        half = slice(facts.steps // 2, None)
        fast, slow = (
            float(np.sqrt(np.mean(distance(places[half], facts.places) ** 2)))
            for places in (facts.run.proposal[:, index], facts.run.outermost(index))
        )
        if slow > 0 and fast >= CALMER * slow:
            result = f"average of {spec.name} is" if spec.averages else f"slow weights of {spec.name} are"
            text = (
                f"Averaging at work: over the second half the {result} {times(fast / slow)} times nearer to "
                f"{facts.goal} than its fast weights (root mean square)."
            )
            first = facts.steps // 2 + index * facts.steps // 8
            yield Observation(text, first, min(facts.steps, first + facts.steps // 8), NOISE)


def _has_diverged(facts: Facts, index: int, step: int) -> bool:
    return 0 <= facts.diverged(index) <= step


def _bare_of(facts: Facts, index: int) -> int | None:
    """The same optimizer without layers."""
    spec = facts.specs[index]
    if not spec.layers:
        return None
    same = (spec.base, spec.lr, spec.momentum, spec.weight_decay, spec.schedule, spec.alternating)
    for other, bare in enumerate(facts.specs):
        values = (bare.base, bare.lr, bare.momentum, bare.weight_decay, bare.schedule, bare.alternating)
        if not bare.layers and values == same:
            return other
    return None


def of_start(facts: Facts, observations: Iterable[Observation]) -> list[Observation]:
    """The observations with the start that they are of, where there are several."""
    several = facts.run.fast.shape[2] > 1
    return [replace(one, text=f"Start 1: {one.text}") if several else one for one in observations]


RUN_RULES = (together, ends_early, all_arrived, price, ahead)
