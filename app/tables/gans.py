"""The table of the GANs page: one line per optimizer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from app.jobs.store import TrainingResult
from app.runs.grid import Floats
from app.runs.slow_motion import Moment, Turn
from app.tables.surfaces import PAIRED_DIFFERENCE, ending, finals, outermost, paired_difference, spread

FORMATS = (".3g", ".2g")


def gan_table(names: Sequence[str], results: Sequence[Sequence[TrainingResult]]) -> list[dict[str, Any]]:
    """Final Fréchet distance, modes and quality, over seeds, and the paired difference from the first optimizer."""
    first = finals(results[0], outermost(results[0]), "test_frechet")
    return [_row(name, row, first) for name, row in zip(names, results, strict=True)]


def _row(name: str, row: Sequence[TrainingResult], first: Floats) -> dict[str, Any]:
    weights = outermost(row)
    distance = finals(row, weights, "test_frechet")
    values: dict[str, Any] = {
        "optimizer": name,
        "Fréchet distance, outermost weights": spread(distance, *FORMATS),
        "fast weights": spread(finals(row, "fast", "test_frechet"), *FORMATS),
    }
    if "ema" in row[0].curves.metrics:
        values["averaged weights"] = spread(finals(row, "ema", "test_frechet"), *FORMATS)
    if len(row) > 1:
        values[PAIRED_DIFFERENCE] = paired_difference(distance - first, "+.3f")
    values["modes"] = spread(finals(row, weights, "modes"), *FORMATS)
    values["near a mode"] = spread(finals(row, weights, "quality"), ".0%")
    return values | ending(row)


MOVERS = {"discriminator": "D alone", "generator": "G alone", "both": "both"}


def turn_name(turn: Turn) -> str:
    """Such as D alone, 10 steps."""
    movers, steps = turn
    return f"{MOVERS[movers]}, {steps} step{'s' * (steps != 1)}"


def turns_table(turns: Sequence[Turn], moments: Sequence[Moment]) -> list[dict[str, Any]]:
    """One line for the start and for each turn, of `slow_motion`."""
    names = ["the start", *map(turn_name, turns)]
    befores = [moments[0], *moments[:-1]]
    return [
        {
            "turn": f"{name}, diverged" if moment.diverged else name,
            "D's loss": moment.losses[0],
            "G's loss": moment.losses[1],
            "D on real": moment.on_real,
            "D on generated": moment.on_generated,
            "samples moved by": _mean_distance(before, moment),
        }
        for name, before, moment in zip(names, befores, moments, strict=True)
    ]


def turn_text(turn: Turn, before: Moment, after: Moment) -> str:
    """One sentence on what a turn did."""
    loss = [f"{start:.3g} to {end:.3g}" for start, end in zip(before.losses, after.losses, strict=True)]
    output, distance = f"{before.on_generated:.3g} to {after.on_generated:.3g}", f"{_mean_distance(before, after):.3g}"
    if after.diverged:
        return f"{turn_name(turn)}: a step gave numbers that are not finite; the turn ended before it."
    if turn[0] == "discriminator":
        gap_grows = after.on_real - after.on_generated > before.on_real - before.on_generated
        which = "sharpens" if gap_grows else "does not sharpen"
        return f"{turn_name(turn)}: the discriminator {which} (its loss goes from {loss[0]}), and the samples stay."
    if turn[0] == "generator":
        direction = "to where" if after.on_generated > before.on_generated else "but not to where"
        return (
            f"{turn_name(turn)}: the samples move, by {distance} on average, {direction} the discriminator says real "
            f"(its output on them goes from {output}), and the discriminator stays."
        )
    return (
        f"{turn_name(turn)}: the discriminator's loss goes from {loss[0]}, the generator's from {loss[1]}, while the "
        f"samples move by {distance} on average."
    )


def _mean_distance(before: Moment, after: Moment) -> float:
    """Mean distance between the samples of the same latent vectors."""
    gaps = (after.samples - before.samples).reshape(len(after.samples), -1)
    return float(np.linalg.norm(gaps, axis=1).mean())
