"""What became of a visitor's guesses: rows and a sentence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from optim_core.trajectory import Trajectory


def end_rows(run: Trajectory, guesses: Mapping[int, tuple[float, float]]) -> list[dict[str, str | float | None]]:
    """By optimizer, where its run from the first start ended, and how far that is from the guess.

    A run that diverged has no end, and an optimizer without a guess is off by None.
    """
    rows = []
    for index, name in enumerate(run.names):
        end, guess, diverged = run.outermost(index)[-1, 0], guesses.get(index), int(run.diverged[index, 0])
        row: dict[str, str | float | None] = {
            "optimizer": name,
            "your guess": "–" if guess is None else _place(guess),
            "ended at": _place(end) if diverged < 0 else f"diverged at step {diverged}",
            "off by": float(np.hypot(*(end - np.array(guess)))) if diverged < 0 and guess is not None else None,
        }
        rows.append(row)
    return rows


def leaders(scores: Sequence[float]) -> tuple[int, ...]:
    """Which have the highest score, several where they tie; NaN is none."""
    best = max((score for score in scores if not np.isnan(score)), default=np.nan)
    return tuple(index for index, score in enumerate(scores) if score == best)


def verdict(title: str, names: Sequence[str], ends: Sequence[str], first: Sequence[int], guess: int | None) -> str:
    """Who was ahead and whether the visitor said so, in Markdown.

    Args:
        title: what they were ahead in.
        names, ends: of all optimizers, and how each ended, in a few words.
        first: the `leaders`.
        guess: the optimizer that the visitor chose; None where there was no choice.
    """
    if not first:
        return f"{title}: none, all diverged."
    sentence = f"{title}: {' and '.join(f'**{names[index]}**' for index in first)}, {ends[first[0]]}."
    if guess is None:
        return sentence
    return f"{sentence} You said so." if guess in first else f"{sentence} You said **{names[guess]}**: {ends[guess]}."


def _place(place: Sequence[float]) -> str:
    return f"({place[0]:.3g}, {place[1]:.3g})"
