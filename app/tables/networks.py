"""Training curves as a table in long format, for CSV and Parquet.

optimizer, seed     whose run
weights             fast, slow_1 (innermost) …, ema; empty for what belongs to the run as a whole
metric              loss and gradient_norm of the mini-batch, distances, and what the task measures
step                base step; 0 is the start
value               the number
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from optim_core.curves import Curves

if TYPE_CHECKING:
    import pyarrow as pa

COLUMNS = ("optimizer", "seed", "weights", "metric", "step", "value")
Run = tuple[str, int, Curves]
Row = tuple[str, int, str, str, int, float]


def curves_table(runs: Sequence[Run]) -> pa.Table:
    """One row per number that was measured; `runs` are (optimizer, seed, curves)."""
    import pyarrow as pa

    columns = zip(*(row for run in runs for row in _rows(*run)), strict=True)
    return pa.table(dict(zip(COLUMNS, map(list, columns), strict=True)))


def _rows(name: str, seed: int, curves: Curves) -> Iterator[Row]:
    run_metrics = {
        "from_start": curves.from_start,
        "slow_from_start": curves.slow_from_start,
        "separation": curves.separation,
    }
    for number, player in enumerate(curves.players):
        suffix = "" if len(curves.players) == 1 else f"_{player}"
        run_metrics |= {f"loss{suffix}": curves.loss[number], f"gradient_norm{suffix}": curves.gradient_norm[number]}
    for metric, values in run_metrics.items():
        for step, value in zip(curves.step.tolist(), values.tolist(), strict=True):
            yield name, seed, "", metric, step, value
    for weights, metrics in curves.metrics.items():
        for metric, values in metrics.items():
            for step, value in zip(curves.evaluated.tolist(), values.tolist(), strict=True):
                yield name, seed, weights, metric, step, value
