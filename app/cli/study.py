"""The command that computes a study without a browser: how a result depends on two settings."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from app.cli.settings import DEVICES, device_of, entries, format_of, progress, study_config, write

if TYPE_CHECKING:
    from app.jobs.store import RunStore
    from app.runs.trained import Progress
    from app.state import AtlasConfig
    from optim_core.study import StudyResult

FORMATS = ("csv", "parquet")


@click.command("study")
@click.argument("source", metavar="[CONFIG]", required=False)
@click.option(
    "--preset", metavar="NAME", help="A ready-made study; see `lookahead-lab list presets`.",
    shell_complete=entries("presets", ("atlas",)),
)  # fmt: skip
@click.option("--steps", type=int, help="Base steps of each run.")
@click.option("--seed", type=int, help="Of the gradient noise; of a network the first of weights and batches.")
@click.option("--seeds", type=int, help="Draws of the noise in each cell; of a network seeds.")
@click.option("--set", "extra", multiple=True, metavar="NAME=VALUE", help="Any setting by its name in a link.")
@click.option(
    "--device", type=click.Choice(DEVICES), help="Where networks train; LOOKAHEAD_DEVICE or the processor if not given."
)
@click.option("--cells", is_flag=True, help="One row per cell, over its seeds, in place of one per run.")
@click.option(
    "-O", "--output", default="table.parquet", show_default=True,
    help="File to write; - is standard output. A name that ends in / is a folder of Parquet partitions.",
)  # fmt: skip
@click.option("--format", "kind", type=click.Choice(FORMATS), help="If the file's name does not say.")
def study(
    source: str | None, output: str, kind: str | None, device: str | None, *, cells: bool, **options: Any
) -> None:
    """Run an optimizer at every combination of two settings and write the table; the best goes to standard error.

    Cells are kept in the run store, LOOKAHEAD_DATA: a second request, here or on the Atlas page, also of a wider or
    finer grid, computes only those that are new.

    Networks and GANs (--set objective=digits, gan-ring, …; `lookahead-lab list tasks`) train in this process, or on the
    workers of the scheduler that LOOKAHEAD_SCHEDULER names.

    CONFIG is a file saved by the app, a link to its Atlas page, or - for a file on standard input. An axis is set by
    --set across=…, across_low=…, across_high=…, across_points=…, across_log=…, and likewise up.

    \b
    Examples:
      lookahead-lab study -O table.parquet
      lookahead-lab study --preset "Noise in a game: depth pays" --cells -O depth.csv
      lookahead-lab study --set objective=rastrigin --set up_points=128 -O partitions/
      lookahead-lab study --set objective=himmelblau --set across=lr --set up=alpha_1 --steps 200 -O himmelblau.csv
      lookahead-lab study --set objective=digits-noisy --set across=lr --set up=depth -O networks.parquet
      lookahead-lab study "http://localhost:8501/atlas?objective=bilinear&across_high=0.5" --seeds 16 -O bilinear.csv
    """
    kind = "parquet" if output.endswith("/") else format_of(output, kind, FORMATS)
    config = study_config(source, **options)
    result = _run(config, device)
    from app.export import csv_of, parquet_of
    from app.export.atlas import atlas_caption
    from app.export.tables import with_caption, write_partitions
    from app.tables.atlas import cell_table, run_table

    table = with_caption((cell_table if cells else run_table)(result), atlas_caption(config))
    click.echo(_summary(result), err=True)
    if output.endswith("/"):
        click.echo(f"{output}: {write_partitions(table, Path(output))} partitions", err=True)
        return
    write(output, (csv_of if kind == "csv" else parquet_of)(table))


def _run(config: AtlasConfig, device: str | None) -> StudyResult:
    import torch

    from app.jobs.cluster import SCHEDULER_VARIABLE
    from app.jobs.store import store_from_environment
    from app.runs import THREADS, result_files
    from app.runs.atlas import study_run
    from app.runs.trained import train_here

    torch.set_num_threads(THREADS)
    store = store_from_environment()
    result_files.keep_in(store)
    with progress("Study") as on_progress:
        if config.task is None:
            return study_run(config, on_progress)
        if not os.environ.get(SCHEDULER_VARIABLE):
            return train_here(config, on_progress, device_of(device))
        return _by_scheduler(config, store, on_progress, device_of(device))


def _by_scheduler(config: AtlasConfig, store: RunStore, on_progress: Progress | None, device: str) -> StudyResult:
    """Trainings by the workers of the scheduler that the environment names."""
    from app.jobs.cluster import cluster_from_environment
    from app.jobs.service import Jobs
    from app.runs.trained import train_on

    jobs = Jobs(store, cluster_from_environment())
    try:
        return train_on(jobs, config, on_progress, device, lambda message: click.echo(message, err=True))
    finally:
        jobs.close()


def _summary(result: StudyResult) -> str:
    """The work, the best cell, and how many cells failed."""
    study = result.study
    runs = "1 run" if study.seeds == 1 else f"{study.seeds} runs"
    what = "cell" if study.is_grid else "point"
    work = f"{study.cells:,} {what}s, each {runs} of {study.evaluations:,} gradient evaluations"
    failed = f"; {len(result.reasons):,} {what}s failed, see the table" if result.reasons else ""
    if result.best is None:
        return f"{work}; in every {what} some run diverged{failed}"
    settings = study.settings[study.cell(result.best)]
    place = ", ".join(f"{name} {value:.6g}" for name, value in settings.items())
    edge = f", at the edge of {' and '.join(result.edges)}" if result.edges else ""
    best = f"best at {place}{edge}: mean {result.mean[result.best]:.4g}"
    return f"{work}; {best}; {len(result.ties):,} other {what}s not told apart{failed}"
