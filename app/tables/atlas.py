"""The tables of a study: one row per cell, or one per cell and seed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from app.state.objectives import measure_of
from optim_core.study import StudyResult
from optim_core.study.axis import WHOLE
from optim_core.study.comparison import mean_interval

if TYPE_CHECKING:
    import pyarrow as pa


def measure_name(result: StudyResult) -> str:
    """What is measured, as a column's name."""
    objective = result.study.objective
    return f"{'validation ' * objective.is_task}{measure_of(objective.kind)}"


def cell_table(result: StudyResult) -> pa.Table:
    """One row per cell, over the seeds.

    lr, k_1, …    the values of the axes, by their names
    mean …        of the measure at the outermost slow weights after the last step; empty where a run diverged
    low, high     95 % interval of the mean (Student's t); empty for a single run
    median …      a diverged run counting as infinite; empty where that is the median
    deviation     over the seeds
    mean test     of a task the mean of the measure on test data, by which nothing is chosen; empty where a run diverged
    diverged      how many seeds' runs did
    seeds, evaluations    of every cell: draws of the noise, and gradient evaluations of a run
    note          "best", "not told apart" from the best, or why the cell failed
    """
    import pyarrow as pa

    low, high = mean_interval(result.value)
    single = result.value.shape[-1] < 2
    name = measure_name(result)
    numbers = {
        f"mean {name}": result.mean,
        "low": np.where(single | ~np.isfinite(result.mean), np.nan, low),
        "high": np.where(single | ~np.isfinite(result.mean), np.nan, high),
        f"median {name}": result.median,
        "deviation": result.spread,
        **_on_test_data(result, "mean "),
    }
    columns: dict[str, Any] = {axis: pa.array(values) for axis, values in _axes(result).items()}
    columns |= {column: _finite(values) for column, values in numbers.items()}
    columns["diverged"] = pa.array((result.diverged >= 0).sum(axis=-1).ravel().astype(np.int32))
    columns |= {
        "seeds": pa.array(np.full(result.study.cells, result.study.seeds, np.int32)),
        "evaluations": pa.array(np.full(result.study.cells, result.study.evaluations, np.int32)),
        "note": pa.array(_notes(result)),
    }
    return pa.table(columns)


def run_table(result: StudyResult) -> pa.Table:
    """One row per cell and seed.

    lr, k_1, …        the values of the two axes, by their names
    seed              the draw of the noise, from 0; of a task the seed of weights and batches
    loss, distance …  the measure at the outermost slow weights after the last step; empty where the run diverged
    test …            of a task the measure on test data
    diverged          the step at which it did; empty where it did not
    evaluations       gradient evaluations of the run
    failed            why the cell failed; empty where it did not
    """
    import pyarrow as pa

    study, seeds = result.study, result.value.shape[-1]
    first = study.objective.seed if study.objective.is_task else 0
    diverged = result.diverged.ravel()
    reasons = [result.reasons.get(study.place(cell)) for cell in range(study.cells)]
    columns: dict[str, Any] = {axis: pa.array(np.repeat(values, seeds)) for axis, values in _axes(result).items()}
    columns |= {
        "seed": pa.array(np.tile(np.arange(first, first + seeds, dtype=np.int64), study.cells)),
        measure_name(result): _finite(result.value),
        **{name: _finite(values) for name, values in _on_test_data(result).items()},
        "diverged": pa.array(diverged.astype(np.int32), mask=diverged < 0),
        "evaluations": pa.array(np.full(diverged.size, study.evaluations, np.int32)),
        "failed": pa.array([reason for reason in reasons for _ in range(seeds)], pa.string()),
    }
    return pa.table(columns)


def _on_test_data(result: StudyResult, of: str = "") -> dict[str, np.ndarray[Any, Any]]:
    """Of a task the measure on test data, every one or their mean; nothing of a field."""
    if not result.study.objective.is_task:
        return {}
    values = result.test.mean(axis=-1) if of else result.test
    return {f"{of}test {measure_of(result.study.objective.kind)}": values}


def _axes(result: StudyResult) -> dict[str, Any]:
    """The values of the axes in every cell, row by row; of k and layers as whole numbers."""
    study = result.study
    columns = {axis: [settings[axis.name] for settings in study.settings] for axis in study.axes}
    return {
        axis.name: np.array(values, np.int32 if axis.kind in WHOLE else np.float64) for axis, values in columns.items()
    }


def _finite(values: np.ndarray[Any, Any]) -> pa.Array:
    import pyarrow as pa

    return pa.array(np.where(np.isfinite(values), values, np.nan).ravel(), pa.float64(), from_pandas=True)


def _notes(result: StudyResult) -> list[str]:
    notes = [""] * result.study.cells
    for places, words in ((result.ties, "not told apart"), ((result.best,) if result.best else (), "best")):
        for place in places:
            notes[result.study.cell(place)] = words
    for place, reason in result.reasons.items():
        notes[result.study.cell(place)] = f"failed: {reason}"
    return notes
