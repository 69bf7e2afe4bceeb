"""An early look at trainings: a line for each evaluation, and the table so far, while they run."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from app.jobs.request import TrainingRequest
    from app.jobs.store import RunStore
    from app.tables.networks import Run
    from optim_core.curves import Curves

LOOK_SECONDS = 1.0  # between two looks at what the training has written
OnProgress = Callable[[int, int], None]


def latest_metrics(curves: Curves) -> str:
    """The last metrics of the outermost slow weights, of the fast ones without layers, in a few words."""
    metrics = {name: values[-1] for name, values in curves.outermost.items()}
    if "test_frechet" in metrics:
        return f"Fréchet distance {metrics['test_frechet']:.4g}"
    if "test_accuracy" in metrics:
        return f"test accuracy {metrics['test_accuracy']:.2%}"
    return f"test loss {metrics['test_loss']:.4g}"


def watching(
    store: RunStore,
    request: TrainingRequest,
    name: str,
    finished_runs: Sequence[Run],
    write: Callable[[list[Run]], None],
) -> OnProgress:
    """A callback that shows each evaluation of a run, and writes the table of what there is.

    Args:
        store: where the run reports its progress.
        request: the run.
        name: its optimizer's.
        finished_runs: the runs before it.
        write: writes a table of runs.
    """
    from app.jobs.workspace import Workspace
    from app.runs.durations import in_words

    work, shown, next_look = Workspace(store.root / "work" / request.key), 0, 0.0

    def look(step: int, steps: int) -> None:
        nonlocal shown, next_look
        if time.monotonic() < next_look:
            return
        progress = work.progress()
        next_look = time.monotonic() + LOOK_SECONDS
        if progress is None or len(progress.curves.evaluated) <= shown:
            return
        shown = len(progress.curves.evaluated)
        evaluated = int(progress.curves.evaluated[-1])
        rest = "" if progress.eta is None else f", {in_words(progress.eta)} left"
        label = f"{name}, seed {request.seed}: step {evaluated:,} of {steps:,}"
        click.echo(f"{label}: {latest_metrics(progress.curves)}{rest}", err=True)
        write([*finished_runs, (name, request.seed, progress.curves)])

    return look
