"""Curves over gradient evaluations, for the charts beside a player."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from app.figures import look
from app.figures.chart import Mark, Pair, Panel, Scale
from app.runs.grid import Floats
from optim_core.trajectory import Trajectory

POINTS = 400  # per line: more than a panel has pixels for, few enough to send on every change
EVALUATIONS = "gradient evaluations"
HOVER = "{x} evaluations\n{y:.4g}"
LOOKS: dict[str, tuple[float, tuple[float, ...]]] = {  # width and dash by kind of weights
    "fast": (look.stroke(0).width, look.stroke(0).dash),
    "slow": (look.stroke(1).width, look.stroke(1).dash),
    "ema": (1.5, (1.5, 1.5)),
}
NAMES = {"fast": "fast weights", "slow": "slow weights", "ema": "averaged weights"}


def evaluations_panel(
    title: str, marks: Sequence[Mark], *, scale: Scale = "log", span: Pair | None = None, remark: str = ""
) -> Panel:
    """Lines over gradient evaluations; without lines, only the remark."""
    return Panel(
        title, tuple(marks), labels=(EVALUATIONS, ""), scales=("linear", scale), spans=(None, span), remark=remark,
        bare=bool(remark) and not marks,
    )  # fmt: skip


def curve(name: str, color: str, x: NDArray[np.int64], y: Floats, kind: str, *, part: str = "") -> Mark:
    """A line in the look of a kind of weights, thinned."""
    width, dash = LOOKS[kind]
    return Mark(name, color, *thin(x, y), part=part or NAMES[kind], width=width, dash=dash, hover=HOVER)


def median(run: Trajectory, index: int, runs: Floats, color: str, *, slow: bool, least: float = 0.0) -> Mark:
    """The median over starts of (rows, starts): thin for fast, thick and dashed for slow weights.

    Values below `least` are left out, as are all after the last run diverged.
    """
    diverged = run.diverged[index]
    with np.errstate(all="ignore"):
        middle = np.median(runs, axis=1)
        visible = np.isfinite(middle) & (middle >= least)
    if (diverged >= 0).all():
        visible &= run.step < diverged.max()
    values = np.where(visible, middle, np.nan)
    return curve(run.names[index], color, run.evaluations[:, index], values, "slow" if slow else "fast")


def thin(x: NDArray[np.int64], y: Floats, points: int = POINTS) -> tuple[NDArray[np.int64], Floats]:
    """At most `points` of a curve: the lowest and the highest of each stretch, so that no spike is lost."""
    if len(y) <= points:
        return x, y
    edges = np.linspace(0, len(y), points // 2 + 1).astype(int)
    picks = {0, len(y) - 1}
    for low, high in pairwise(edges):
        piece = np.where(np.isfinite(y[low:high]), y[low:high], -np.inf)
        picks |= {low + int(piece.argmin()), low + int(piece.argmax())}
    rows = np.array(sorted(picks))
    return x[rows], y[rows]


def up_to(marks: Sequence[Mark], ceiling: float) -> tuple[Mark, ...]:
    """The marks without values farther from 0 than `ceiling`."""
    with np.errstate(all="ignore"):
        return tuple(replace(mark, y=np.where(np.abs(mark.y) <= ceiling, mark.y, np.nan)) for mark in marks)


def in_sight(marks: Sequence[Mark], run: Trajectory) -> tuple[Mark, ...]:
    """Values above 100 times the largest start are left out, so that a diverging run does not stretch the axis."""
    if (run.diverged < 0).all():
        return tuple(marks)
    return up_to(marks, 100 * float(np.nanmax([mark.y[0] for mark in marks], initial=0.0)))


def without_far(marks: Sequence[Mark]) -> tuple[Mark, ...]:
    """Values beyond ten times those of the longest curves are left out: a diverged run would flatten the others."""
    lengths = [max(mark.x, default=0) for mark in marks]
    other_values = [mark.y for mark, length in zip(marks, lengths, strict=True) if length == max(lengths)]
    if not other_values:
        return tuple(marks)
    with np.errstate(all="ignore"):
        ceiling = 10 * np.nanmax(np.abs(np.concatenate(other_values)), initial=0.0)
    return up_to(marks, float(ceiling))
