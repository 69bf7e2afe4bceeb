"""Grids over layers, k, alpha, lr and seeds in one table, and fair tuning: every candidate has the same budget.

A candidate is an `OptimizerSpec`. All candidates run on the same starts and the same noise (a field's noise depends on
the start and the evaluation only), so their differences are paired. "Seeds" are rows of `starts`: repeat a start to run
it under several draws of the noise.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from optim_core.layers import Layer
from optim_core.spec import OptimizerSpec
from optim_core.trajectory import Field, Floats, Trajectory, record

Table = dict[str, NDArray[Any]]
Keep = Literal["last"] | int
Row = tuple[int, int, str, str, float, int, str, str, int, float, bool]
Measure = Callable[[Trajectory, int], Floats]
MeasureName = Literal["slow loss", "fast loss", "mean loss", "gradient norm"]

MAX_CANDIDATES = 4_096
CHUNK = 32  # candidates of the first batch of runs, so that results come early; each further one has GROWTH times
GROWTH, MOST_ROWS = 4, 16_384  # as many, as long as candidates times starts are no more than this
KEPT_ROWS = 100  # iterates that "mean loss" averages over


def grid(
    spec: OptimizerSpec,
    *,
    lr: Iterable[float] = (),
    k: Iterable[int] = (),
    alpha: Iterable[float] = (),
    layers: Iterable[Sequence[Layer]] = (),
) -> tuple[OptimizerSpec, ...]:
    """Every combination of the given values around `spec`; what is not given stays as it is.

    A value of k or alpha is given to all layers alike; `layers` are whole stacks, innermost first. An optimizer without
    layers has no k and alpha to vary, so it appears once per lr.

    Raises:
        ValueError: more than 4,096 combinations, or a value that `OptimizerSpec` or `Layer` refuses.
    """
    stacks: list[tuple[Layer, ...]] = []
    for stack in tuple(layers) or (spec.layers,):
        stacks += _stacks(stack, tuple(k), tuple(alpha))
    lrs = tuple(lr) or (spec.lr,)
    unique = list(dict.fromkeys(stacks))
    if len(unique) * len(lrs) > MAX_CANDIDATES:
        raise ValueError(f"a grid has at most {MAX_CANDIDATES} candidates, got {len(unique) * len(lrs)}: vary fewer")
    return tuple(replace(spec, lr=float(one_lr), layers=stack) for stack in unique for one_lr in lrs)


def _stacks(stack: Sequence[Layer], ks: Sequence[int], alphas: Sequence[float]) -> list[tuple[Layer, ...]]:
    choices = itertools.product(ks or (None,), alphas or (None,))
    return [
        tuple(replace(layer, k=layer.k if k is None else k, alpha=layer.alpha if a is None else a) for layer in stack)
        for k, a in choices
    ]


def sweep(
    field: Field,
    specs: Sequence[OptimizerSpec],
    starts: ArrayLike,
    evaluations: int,
    *,
    measure: MeasureName | Measure = "slow loss",
    escape: float = float("inf"),
    on_progress: Callable[[int, int], None] | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> Table:
    """Run every candidate from every start on the same number of gradient evaluations.

    Args:
        field: as for `record`; its noise must depend on the start and the evaluation only.
        specs: candidates, see `grid`.
        starts: (starts, dim); repeat a start for several seeds.
        evaluations: gradient evaluations of each run; a base that needs two per step gets half the steps.
        measure: after the last step "slow loss" (outermost), "fast loss" or "gradient norm"; "mean loss" over about a
            hundred iterates; or a function of the trajectory and the optimizer's index that gives one number per
            start. Smaller is better.
        escape: as for `record`.
        on_progress: called with (candidates done, candidates).
        should_stop: when true, the table holds the candidates done so far.

    Returns:
        `COLUMNS`, one row per candidate and start; k and alpha as text, innermost first; value infinite where the run
        diverged or the measure is not a number.

    Raises:
        ValueError: no candidate, unknown measure, too few evaluations for one step, or as `record`.
    """
    values_of, needs_path = _measure(measure), measure == "mean loss" or callable(measure)
    rows: list[Row] = []
    stop, count = should_stop or (lambda: False), 0
    for chunk in _chunks(specs, evaluations, len(np.atleast_2d(starts))):
        steps = evaluations // chunk[0][1].evaluations_per_step
        keep: Keep = max(1, steps // KEPT_ROWS) if needs_path else "last"
        run = record(field, [spec for _, spec in chunk], starts, steps, keep=keep, escape=escape, should_stop=stop)
        if run.step[-1] < steps:
            break
        for position, (index, spec) in enumerate(chunk):
            rows += _rows(index, spec, values_of(run, position), run.diverged[position], steps)
        count += len(chunk)
        if on_progress is not None:
            on_progress(count, len(specs))
        if count < len(specs) and stop():
            break
    return _table(sorted(rows))


def _chunks(specs: Sequence[OptimizerSpec], evaluations: int, starts: int) -> list[list[tuple[int, OptimizerSpec]]]:
    """Candidates that share a batch of runs: they take the same number of evaluations per step."""
    if not specs:
        raise ValueError("at least one candidate is needed, got none")
    largest_cost = max(spec.evaluations_per_step for spec in specs)
    if evaluations < largest_cost:
        raise ValueError(f"evaluations must be at least {largest_cost}, enough for one step, got {evaluations}")
    chunks: list[list[tuple[int, OptimizerSpec]]] = []
    for cost in sorted({spec.evaluations_per_step for spec in specs}):
        alike = [(index, spec) for index, spec in enumerate(specs) if spec.evaluations_per_step == cost]
        size = CHUNK
        while alike:
            chunks.append(alike[:size])
            alike, size = alike[size:], max(CHUNK, min(GROWTH * size, MOST_ROWS // starts))
    return chunks


def _rows(index: int, spec: OptimizerSpec, values: Floats, diverged: NDArray[np.int64], steps: int) -> list[Row]:
    ks = "·".join(str(layer.k) for layer in spec.layers)
    alphas = "·".join(f"{layer.alpha:g}" for layer in spec.layers)
    cost = steps * spec.evaluations_per_step
    finite = np.where((diverged < 0) & np.isfinite(values), values, np.inf)
    return [
        (index, start, spec.name, spec.base, spec.lr, spec.depth, ks, alphas, cost, value, bool(diverged_at >= 0))
        for start, (value, diverged_at) in enumerate(zip(finite.tolist(), diverged.tolist(), strict=True))
    ]


COLUMNS = {
    "candidate": int,
    "start": int,
    "name": str,
    "base": str,
    "lr": float,
    "depth": int,
    "k": str,
    "alpha": str,
    "evaluations": int,
    "value": float,
    "diverged": bool,
}


def _table(rows: list[Row]) -> Table:
    columns = zip(*rows, strict=True) if rows else ((),) * len(COLUMNS)
    return {name: np.array(column, dtype=kind) for (name, kind), column in zip(COLUMNS.items(), columns, strict=True)}


def _measure(measure: MeasureName | Measure) -> Measure:
    if callable(measure):
        return measure
    measures: dict[str, Measure] = {
        "slow loss": lambda run, index: run.slow_loss[-1, index],
        "fast loss": lambda run, index: run.loss[-1, index],
        "mean loss": lambda run, index: run.loss[1:, index].mean(axis=0),
        "gradient norm": lambda run, index: run.gradient_norm[-1, index],
    }
    if measure not in measures:
        raise ValueError(f"measure must be one of {get_args(MeasureName)} or a function, got {measure!r}")
    return measures[measure]


@dataclass(frozen=True)
class Tuning:
    """Outcome of a search over candidates that differ in lr, and maybe in k and alpha.

    candidates: in the order of `grid`
    mean, standard_error: of the measure over the starts, (candidates,); the mean is infinite where any run diverged
    diverged: share of the runs that did, (candidates,)
    best: index of the candidate of the smallest mean, None where all diverged
    ties: the others whose mean differs from the best by less than two standard errors of the paired difference
    edges: "lr", "k" or "alpha" where the best lies at an end of its grid, so that a wider one might do better
    evaluations: gradient evaluations spent by each single run
    """

    candidates: tuple[OptimizerSpec, ...]
    mean: Floats
    standard_error: Floats
    diverged: Floats
    best: int | None
    ties: tuple[int, ...]
    edges: tuple[str, ...]
    evaluations: int

    @property
    def spec(self) -> OptimizerSpec | None:
        """The best candidate."""
        return None if self.best is None else self.candidates[self.best]

    def lr_curve(self) -> tuple[Floats, Floats, Floats]:
        """Smallest mean at each lr (over k and alpha), with its standard error: three arrays (lrs,), lr ascending."""
        lrs = np.array([candidate.lr for candidate in self.candidates])
        unique = np.unique(lrs)
        picks = [np.flatnonzero(lrs == lr)[np.argmin(self.mean[lrs == lr])] for lr in unique]
        return unique, self.mean[picks], self.standard_error[picks]


def tune(
    field: Field,
    spec: OptimizerSpec,
    starts: ArrayLike,
    evaluations: int,
    *,
    lr: Sequence[float],
    k: Sequence[int] = (),
    alpha: Sequence[float] = (),
    measure: MeasureName | Measure = "slow loss",
    escape: float = float("inf"),
    on_progress: Callable[[int, int], None] | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> Tuning:
    """Search lr, and where given k and alpha of all layers alike, by the mean of a measure over the starts.

    To compare optimizers, call it for each with the same starts, evaluations, lr grid and measure: every candidate then
    costs the same. An optimizer that also searches k and alpha tries more of them; `candidates` says how many.

    Args and errors as `grid` and `sweep`. A stop judges the candidates done so far; the others have an infinite mean.
    """
    candidates = grid(spec, lr=lr, k=k, alpha=alpha)
    table = sweep(
        field, candidates, starts, evaluations, measure=measure, escape=escape, on_progress=on_progress,
        should_stop=should_stop,
    )  # fmt: skip
    return judge(candidates, table, evaluations)


def judge(candidates: Sequence[OptimizerSpec], table: Table, evaluations: int) -> Tuning:
    """Mean, standard error, best, ties and edges of a table that `sweep` made of `candidates`."""
    starts = int(table["start"].max()) + 1 if len(table["start"]) else 1
    values = np.full((len(candidates), starts), np.inf)
    values[table["candidate"], table["start"]] = table["value"]
    has_diverged = np.zeros_like(values)
    has_diverged[table["candidate"], table["start"]] = table["diverged"]
    mean = values.mean(axis=1)
    best = int(np.argmin(mean)) if np.isfinite(mean).any() else None
    return Tuning(
        candidates=tuple(candidates),
        mean=mean,
        standard_error=standard_error(values),
        diverged=has_diverged.mean(axis=1),
        best=best,
        ties=() if best is None else ties_of(values, best),
        edges=() if best is None else _edges(candidates, best),
        evaluations=evaluations,
    )


def standard_error(values: Floats) -> Floats:
    """Standard error of the mean over the last axis: 0 for a single value, NaN where a value is infinite."""
    count = values.shape[-1]
    if count == 1:
        return np.where(np.isfinite(values[..., 0]), 0.0, np.nan)
    with np.errstate(invalid="ignore"):
        return np.asarray(values.std(axis=-1, ddof=1) / np.sqrt(count))


def ties_of(values: Floats, best: int) -> tuple[int, ...]:
    """Candidates, rows of `values` (candidates, starts), that differ from the best by at most two standard errors.

    Of the paired differences; a row with a value that is not finite is no tie.
    """
    with np.errstate(invalid="ignore"):
        difference = values - values[best]
    error = standard_error(difference)
    is_tie = np.isfinite(difference).all(axis=1) & (difference.mean(axis=1) <= 2 * np.nan_to_num(error))
    return tuple(int(index) for index in np.flatnonzero(is_tie) if index != best)


def _edges(candidates: Sequence[OptimizerSpec], best: int) -> tuple[str, ...]:
    """Parameters with at least two values of which the best candidate has the smallest or the largest."""
    readings: dict[str, Callable[[OptimizerSpec], float | None]] = {
        "lr": lambda spec: spec.lr,
        "k": lambda spec: spec.layers[0].k if spec.layers else None,
        "alpha": lambda spec: spec.layers[0].alpha if spec.layers else None,
    }
    edges = []
    for name, reading in readings.items():
        values = {value for value in map(reading, candidates) if value is not None}
        if len(values) > 1 and reading(candidates[best]) in (min(values), max(values)):
            edges.append(name)
    return tuple(edges)
