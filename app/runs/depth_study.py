"""The study that comes with the application: do more layers help, and where?

docs/study.md says what came out; `python -m benchmarks.depth_study` computes it. What is kept is the measure of every
contender on every fresh seed, from which all differences and verdicts here follow.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np

from optim_core.study.comparison import Difference, holm, paired_difference
from optim_core.trajectory import Floats

FILE = Path(__file__).parent / "shipped" / "study.json"
LEVEL = 0.05
NUMBERS = ("one", "two", "three", "four")
AVERAGE = "average"
COLUMNS = ("1", "2", "3", "4", AVERAGE, "2 against average")

Verdict = Literal["better", "worse", "not told apart", "diverged"]


@dataclass(frozen=True, eq=False)
class Contender:
    """A stack of so many layers, or the base's average, at its best lr; `values` (seeds,), infinite where diverged."""

    depth: int
    averaged: bool
    lr: float
    edge: bool
    values: Floats

    @property
    def name(self) -> str:
        """Such as 2; AVERAGE for the average."""
        return AVERAGE if self.averaged else str(self.depth)


@dataclass(frozen=True, eq=False)
class BestOver:
    """The least mean over the lr of one layer, (alphas, ks)."""

    ks: tuple[int, ...]
    alphas: tuple[float, ...]
    best: Floats


@dataclass(frozen=True, eq=False)
class Comparison:
    """One contender against another on one objective.

    difference: of the measure, of which less is better.      p: corrected for the number of comparisons of the study.
    share: the mean difference as a share of the other's mean, and its interval.
    """

    difference: Difference
    p: float
    share: tuple[float, float, float]

    @property
    def verdict(self) -> Verdict:
        """Better or worse where that is told apart."""
        if np.isnan(self.p):
            return "diverged"
        if self.p >= LEVEL:
            return "not told apart"
        return "better" if self.difference.mean < 0 else "worse"


@dataclass(frozen=True, eq=False)
class Objective:
    """What was minimised: measure, such as test error, base method, base steps of every run, the contenders by name."""

    key: str
    title: str
    measure: str
    base: str
    steps: int
    contenders: Mapping[str, Contender]
    map: BestOver | None

    @property
    def seeds(self) -> int:
        """Fresh ones."""
        return len(self.contenders["0"].values)

    @property
    def best_depth(self) -> int:
        """The depth, from 1, of the least mean."""
        return min(range(1, len(NUMBERS) + 1), key=lambda depth: float(self.contenders[str(depth)].values.mean()))

    def pair(self, column: str) -> tuple[Floats, Floats]:
        """The values that a column of the table compares."""
        if column == COLUMNS[-1]:
            return self.contenders["2"].values, self.contenders[AVERAGE].values
        return self.contenders[column].values, self.contenders["0"].values


@dataclass(frozen=True, eq=False)
class DepthStudy:
    """All objectives, and every comparison by objective and column."""

    objectives: tuple[Objective, ...]

    @cached_property
    def comparisons(self) -> Mapping[tuple[str, str], Comparison]:
        """Keyed by the objective's key and one of `COLUMNS`."""
        cells = [(one, column) for one in self.objectives for column in COLUMNS]
        differences = [paired_difference(*one.pair(column)) for one, column in cells]
        adjusted = holm([difference.p for difference in differences])
        return {
            (one.key, column): Comparison(difference, p, _share(difference, one.pair(column)[1]))
            for (one, column), difference, p in zip(cells, differences, adjusted, strict=True)
        }

    def verdicts(self, column: str) -> Counter[Verdict]:
        """How often each verdict fell."""
        return Counter(self.comparisons[one.key, column].verdict for one in self.objectives)

    @property
    def sentences(self) -> tuple[str, str, str]:
        """What came out, in three sentences."""
        count = len(self.objectives)
        two, average, against = (self.verdicts(column) for column in ("2", AVERAGE, COLUMNS[-1]))
        depths = Counter(one.best_depth for one in self.objectives)
        best = ", ".join(f"{word} on {depths[depth]}" for depth, word in enumerate(NUMBERS, start=1))
        return (
            f"Two layers did better than their base alone at its own best lr on {two['better']} of {count} objectives, "
            f"worse on {two['worse']}, and on {_others(two, count)} the two were not told apart.",
            f"Which of one to four layers had the least mean depends on the objective: {best}.",
            f"An average of the base's own weights, from which nothing restarts, did better than the base on "
            f"{average['better']}; two layers did better than that average on {against['better']}, worse on "
            f"{against['worse']}.",
        )


def _others(verdicts: Counter[Verdict], count: int) -> int:
    return count - verdicts["better"] - verdicts["worse"]


def _share(difference: Difference, rival: Floats) -> tuple[float, float, float]:
    scale = float(rival.mean())
    return difference.mean / scale, difference.low / scale, difference.high / scale


@cache
def depth_study(file: Path = FILE) -> DepthStudy:
    """The study as it was computed."""
    raw = json.loads(file.read_text(encoding="utf-8"))
    return DepthStudy(tuple(_objective(key, values) for key, values in raw.items()))


def _objective(key: str, raw: Mapping[str, Any]) -> Objective:
    rows = [
        Contender(row["depth"], row["averaged"], row["lr"], row["edge"], _floats(row["values"]))
        for row in raw["contenders"]
    ]
    over = raw.get("map")
    best = None if over is None else BestOver(tuple(over["k"]), tuple(over["alpha"]), _floats(over["best"]))
    about = {name: raw[name] for name in ("title", "measure", "base", "steps")}
    return Objective(key, **about, contenders={row.name: row for row in rows}, map=best)


def _floats(values: Any) -> Floats:
    """None stands for infinity, which JSON has not."""
    array = np.array(values, dtype=np.float64)
    return np.where(np.isnan(array), np.inf, array)
