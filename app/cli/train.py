"""The command that trains networks and GANs without a browser."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import click

from app.cli.recipe import recipe_of
from app.cli.settings import DEVICES, device_of, entries, format_of, progress, training_config, write
from app.cli.watching import latest_metrics, watching

if TYPE_CHECKING:
    from app.jobs.request import TrainingRequest
    from app.tables.networks import Run

    Comparison = Sequence[tuple[str, Sequence[TrainingRequest]]]
    """Names of optimizers, and the runs of each, one for each seed."""

FORMATS = ("csv", "parquet")


def complete_preset(context: click.Context, parameter: click.Parameter, prefix: str) -> list[str]:
    """Shell completion of --preset."""
    presets = entries("presets", ("networks", "gans"))(context, parameter, prefix)
    return [*entries("recipes")(context, parameter, prefix), *presets]


@click.command("train")
@click.argument("source", required=False)
@click.option(
    "--preset", metavar="NAME",
    help="A ready-made comparison: of `lookahead-lab list presets`, or a longer one of `lookahead-lab list recipes`.",
    shell_complete=complete_preset,
)  # fmt: skip
@click.option("--gan", is_flag=True, help="A GAN in place of a classifier, where neither SOURCE nor --preset says.")
@click.option("--steps", type=click.IntRange(1), help="Base steps.")
@click.option("--epochs", type=click.IntRange(1), help="Length of a recipe in epochs, in place of --steps.")
@click.option("--seed", type=click.IntRange(0), help="Of weights and batches.")
@click.option("--seeds", type=click.IntRange(1), help="How many seeds, from --seed on.")
@click.option(
    "--device", type=click.Choice(DEVICES), help="Where to train; LOOKAHEAD_DEVICE or the processor if not given."
)
@click.option(
    "-o", "--optimizer", "optimizers", multiple=True, metavar="'NAME=VALUE ...'",
    help="An optimizer, such as 'lr=0.1 layers=5:0.5'; repeat to compare. Replaces others.",
)  # fmt: skip
@click.option(
    "--set", "extra", multiple=True, metavar="NAME=VALUE",
    help="Any setting by its name in a link; of a recipe, any of its task's, such as train_size=5000.",
)  # fmt: skip
@click.option("--watch", is_flag=True, help="Show every evaluation while it trains, and keep the table up to date.")
@click.option("-O", "--output", default="curves.csv", show_default=True, help="File to write; - is standard output.")
@click.option("--format", "kind", type=click.Choice(FORMATS), help="If the file's name does not say.")
def train(source: str | None, output: str, kind: str | None, device: str | None, watch: bool, **options: Any) -> None:
    """Train a network or a GAN with each optimizer and write the curves as a table; results go to standard error.

    Runs are kept in the run store, LOOKAHEAD_DATA: a second request, here, by `render` or on the page, reads them from
    there, and an interrupted run continues from its checkpoint.

    SOURCE is a file saved by the app, a link to its Networks or GANs page, or - for a file on standard input.

    \b
    Examples:
      lookahead-lab train --steps 500 -O curves.csv
      lookahead-lab train --preset "Digits, clean labels" --seeds 3 -O clean.parquet
      lookahead-lab train --preset "A ring of eight Gaussians" -O ring.csv
      lookahead-lab train --preset cifar10 --seeds 3 --device auto --watch -O cifar10.parquet
      lookahead-lab train --preset cifar10 --epochs 2 --set train_size=2000 --set network=cnn -O quick.csv
      lookahead-lab train --gan --steps 300 -o 'lr=0.001 generator_lr=0.001 layers=5:0.5' -O gan.csv
      lookahead-lab train --set label_noise=0.4 -o 'lr=0.05' -o 'lr=0.2 layers=5:0.5,5:0.5' -O noisy.csv
    """
    kind = format_of(output, kind, FORMATS)
    if watch and output == "-":
        raise click.ClickException("--watch rewrites a file while it trains: name one with -O")

    def write_table(runs: list[Run], quietly: bool = False) -> None:
        from app.export import csv_of, parquet_of
        from app.tables.networks import curves_table

        write(output, (csv_of if kind == "csv" else parquet_of)(curves_table(runs)), quietly=quietly)

    comparison = _comparison(source, device_of(device), options)
    write_table(_train(comparison, (lambda runs: write_table(runs, quietly=True)) if watch else None))


def _comparison(source: str | None, device: str, options: dict[str, Any]) -> Comparison:
    """The runs that the arguments describe."""
    recipe = recipe_of(source, **options)
    if recipe is not None:
        _ensure_data(recipe.task.describe())
        seed, seeds = options["seed"] or 0, options["seeds"] or 1
        rows = recipe.requests(seed=seed, seeds=seeds, steps=options["steps"], epochs=options["epochs"], device=device)
        return list(zip(recipe.names, rows, strict=True))
    if options.pop("epochs") is not None:
        raise click.ClickException("--epochs is the length of a recipe, such as --preset cifar10; use --steps here")
    from app.runs.networks import requests

    config = training_config(source, **options)
    return list(zip((spec.name for spec in config.specs()), requests(config, device), strict=True))


def _ensure_data(task: dict[str, Any]) -> None:
    """Download the task's data set where it is not here; on a terminal with how much has arrived."""
    from landscapes.tasks import DATASETS
    from landscapes.tasks.data import ensure

    def tell(message: str) -> None:
        if sys.stderr.isatty():
            click.echo(f"\r\033[K{message}", nl=False, err=True)

    if (dataset := task.get("dataset", "")) in DATASETS:
        ensure(dataset, tell)


def _train(comparison: Comparison, write_early: Callable[[list[Run]], None] | None) -> list[Run]:
    """Every run of the comparison, one after the other; they stay in the run store, where the app finds them."""
    from app.jobs.store import store_from_environment
    from app.jobs.worker import compute_here

    store, runs = store_from_environment(), list[Any]()
    for name, request in ((name, request) for name, row in comparison for request in row):
        label = f"{name}, seed {request.seed}"
        if write_early is not None:
            run = compute_here(store, request, watching(store, request, name, runs, write_early))
        else:
            with progress(label) as on_progress:
                run = compute_here(store, request, on_progress)
        runs.append((name, request.seed, run.curves))
        end = latest_metrics(run.curves) if run.diverged is None else f"diverged at step {run.diverged}"
        click.echo(f"{label}: {end}", err=True)
    return runs
