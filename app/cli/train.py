"""The command that trains networks and GANs without a browser."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from app.cli.settings import entries, format_of, progress, training_config, write

if TYPE_CHECKING:
    from app.tables.networks import Run

FORMATS = ("csv", "parquet")
DEVICES = ("auto", "cpu", "cuda", "mps")  # of optim_core.device, which would import torch here


@click.command("train")
@click.argument("source", required=False)
@click.option(
    "--preset", metavar="NAME", help="A ready-made comparison of networks or GANs; see `lookahead-lab list presets`.",
    shell_complete=entries("presets", ("networks", "gans")),
)  # fmt: skip
@click.option("--gan", is_flag=True, help="A GAN in place of a classifier, where neither SOURCE nor --preset says.")
@click.option("--steps", type=int, help="Base steps.")
@click.option("--seed", type=int, help="Of weights and batches.")
@click.option("--seeds", type=int, help="How many seeds, from --seed on.")
@click.option(
    "--device", type=click.Choice(DEVICES), help="Where to train; LOOKAHEAD_DEVICE or the processor if not given."
)
@click.option(
    "-o", "--optimizer", "optimizers", multiple=True, metavar="'NAME=VALUE ...'",
    help="An optimizer, such as 'lr=0.1 layers=5:0.5'; repeat to compare. Replaces others.",
)  # fmt: skip
@click.option("--set", "extra", multiple=True, metavar="NAME=VALUE", help="Any setting by its name in a link.")
@click.option("-O", "--output", default="curves.csv", show_default=True, help="File to write; - is standard output.")
@click.option("--format", "kind", type=click.Choice(FORMATS), help="If the file's name does not say.")
def train(source: str | None, output: str, kind: str | None, device: str | None, **options: Any) -> None:
    """Train a network or a GAN with each optimizer and write the curves as a table; results go to standard error.

    Runs are kept in the run store, LOOKAHEAD_DATA: a second request, here, by `render` or on the page, reads them from
    there, and an interrupted run continues from its checkpoint.

    SOURCE is a file saved by the app, a link to its Networks or GANs page, or - for a file on standard input.

    \b
    Examples:
      lookahead-lab train --steps 500 -O curves.csv
      lookahead-lab train --preset "Digits, clean labels" --seeds 3 -O clean.parquet
      lookahead-lab train --preset "A ring of eight Gaussians" -O ring.csv
      lookahead-lab train --gan --steps 300 -o 'lr=0.001 generator_lr=0.001 layers=5:0.5' -O gan.csv
      lookahead-lab train --set label_noise=0.4 -o 'lr=0.05' -o 'lr=0.2 layers=5:0.5,5:0.5' -O noisy.csv
    """
    kind = format_of(output, kind, FORMATS)
    config = training_config(source, **options)
    runs = _train(config, _device(device))
    from app.export import csv_of, parquet_of
    from app.tables.networks import curves_table

    write(output, (csv_of if kind == "csv" else parquet_of)(curves_table(runs)))


def _device(name: str | None) -> str:
    """The device of --device, or the usual one.

    Raises:
        ValueError: it is not at hand.
    """
    from app.jobs.devices import usual_device
    from optim_core.device import resolved_device

    return usual_device() if name is None else resolved_device(name)


def _train(config: Any, device: str) -> list[Run]:
    """Every run of the comparison, one after the other; they stay in the run store, where the app finds them."""
    from app.jobs.store import store_from_environment
    from app.jobs.worker import compute_here
    from app.runs.networks import requests

    store, runs = store_from_environment(), []
    for spec, row in zip(config.specs(), requests(config, device), strict=True):
        for request in row:
            with progress(f"{spec.name}, seed {request.seed}") as on_progress:
                run = compute_here(store, request, on_progress)
            runs.append((spec.name, request.seed, run.curves))
            click.echo(f"{spec.name}, seed {request.seed}: {_outcome(run)}", err=True)
    return runs


def _outcome(run: Any) -> str:
    if run.diverged is not None:
        return f"diverged at step {run.diverged}"
    weights = f"slow_{len(run.layers)}" if run.layers else "fast"
    metrics = run.curves.metrics[weights]
    if "test_frechet" in metrics:
        return f"Fréchet distance {metrics['test_frechet'][-1]:.4g}"
    return f"test accuracy {metrics['test_accuracy'][-1]:.2%}"
