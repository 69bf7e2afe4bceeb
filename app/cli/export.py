"""Commands that make files: `render` a picture or an animation, `run` for the numbers, `gallery` for the docs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
from click.core import ParameterSource

from app.cli.settings import format_of, progress, run_config, settings_options, write

if TYPE_CHECKING:
    from app.export.offer import Offer

Use = TypeVar("Use")
PICTURES = ("png", "svg", "pdf")
FILMS = ("gif", "mp4")
PAGES = ("html",)
TABLES = ("csv", "parquet", "json", "py", "zip")
TAKES = {  # options of `render` that apply to a format
    "png": ("width", "height", "dpi", "style", "step", "figure"),
    **dict.fromkeys(("svg", "pdf"), ("width", "height", "style", "step", "figure")),
    **dict.fromkeys(FILMS, ("width", "height", "style", "seconds", "fps")),
    "html": ("plotly",),
}
FIGURES = (
    "Which figure: of trained networks weight space, training curves or (GANs) samples; of the theory a chart of its "
    "instrument. The first if not given."
)
SIZE = "In inches for PNG, SVG and PDF (6.4 by 4.8), in pixels for GIF and MP4 (640 by 480)."


@click.command("render")
@settings_options
@click.option("-O", "--output", default="run.png", show_default=True, help="File to write; - is standard output.")
@click.option(
    "--format", "kind", type=click.Choice([*PICTURES, *FILMS, *PAGES]), help="If the file's name does not say."
)
@click.option("--width", type=float, help=SIZE)
@click.option("--height", type=float, help="Likewise.")
@click.option("--dpi", type=float, default=150, show_default=True, help="Dots per inch of a PNG.")
@click.option("--style", type=click.Choice(["light", "dark", "print"]), default="light", show_default=True)
@click.option("--step", type=int, help="Draw the run up to this base step; the end if not given.")
@click.option("--figure", metavar="NAME", help=FIGURES)
@click.option("--seconds", type=float, default=5.0, show_default=True, help="Of an animation.")
@click.option("--fps", type=int, default=20, show_default=True, help="Frames per second of an animation.")
@click.option("--plotly", is_flag=True, help="HTML as an interactive chart instead of the player.")
def render(output: str, kind: str | None, **options: Any) -> None:
    """Draw a run as a figure, an animation or a page; no browser is needed.

    SOURCE is a file saved by the app (JSON or bundle), a link to a page, or - for a file on standard input. Networks
    and GANs are drawn from what the app has trained already.

    \b
    Examples:
      lookahead-lab render --surface himmelblau -O himmelblau.svg
      lookahead-lab render --preset "Many basins" -O basins.gif --seconds 8
      lookahead-lab render "http://localhost:8501/?surface=ravine&steps=60" -O ravine.pdf --style print
      lookahead-lab render --game bilinear --steps 300 -O bilinear.html
      lookahead-lab render run.json --step 100 -O step100.png --width 8 --height 5 --dpi 300
      lookahead-lab render "http://localhost:8501/theory?instrument=noise&depth=3" --figure trade-off -O cost.pdf
      lookahead-lab render --preset "A ring of eight Gaussians" --figure samples -O samples.png
      lookahead-lab render --surface beale -o 'lr=0.01' -o 'lr=0.01 layers=5:0.5,5:0.5' -O beale.mp4
    """
    kind = format_of(output, kind, (*PICTURES, *FILMS, *PAGES))
    _refuse_ignored(kind)
    drawing = {
        name: options.pop(name)
        for name in ("width", "height", "dpi", "style", "step", "figure", "seconds", "fps", "plotly")
    }
    config = run_config(**options)
    write(output, _render(config, kind, drawing))


@click.command("run")
@settings_options
@click.option("-O", "--output", default="run.parquet", show_default=True, help="File to write; - is standard output.")
@click.option("--format", "kind", type=click.Choice(TABLES), help="If the file's name does not say.")
def run(output: str, kind: str | None, **options: Any) -> None:
    """Run a comparison and write every iterate as a table, or its settings, script or bundle.

    CSV and Parquet have one row per run, layer and step. JSON is the settings alone, PY a script that repeats the run
    to the last bit, ZIP a bundle of everything.

    \b
    Examples:
      lookahead-lab run --surface rosenbrock --steps 2000 -O rosenbrock.parquet
      lookahead-lab run run.json --seed 7 --format csv -O - | head
      lookahead-lab run --preset "Side by side on Himmelblau" -O himmelblau.zip
    """
    kind = format_of(output, kind, TABLES)
    config = run_config(**options)
    write(output, _table(config, kind))


@click.command("gallery")
@click.argument("folder", type=click.Path(file_okay=False), default="docs/gallery")
def gallery(folder: str) -> None:
    """Render the gallery of the documentation: each surface, each preset.

    \b
    Example:
      lookahead-lab gallery docs/gallery
    """
    import torch

    from app.export.gallery import render_gallery
    from app.runs import THREADS

    torch.set_num_threads(THREADS)
    with progress("Rendering") as on_progress:
        count = render_gallery(Path(folder), on_progress)
    click.echo(f"{folder}: {count} pictures", err=True)


def _refuse_ignored(kind: str) -> None:
    """Refuse options that do not apply to the format.

    Raises:
        click.ClickException: names the option, and what it is for.
    """
    context = click.get_current_context()
    for name in sorted({name for names in TAKES.values() for name in names} - set(TAKES[kind])):
        if context.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            heeding = ", ".join(one for one, names in TAKES.items() if name in names)
            raise click.ClickException(f"--{name} is for {heeding}, not for {kind}: leave it out or change the format")


def _export(config: Any, use: Callable[[Offer], Use]) -> Use:
    """A part of a run's exports, with a progress bar while it is computed."""
    import torch

    from app.export import offer_of
    from app.jobs.store import store_from_environment
    from app.runs import THREADS, result_files
    from app.state import AtlasConfig

    torch.set_num_threads(THREADS)
    if isinstance(config, AtlasConfig) and config.task is not None:
        result_files.keep_in(store_from_environment())
    with progress("Running") as on_progress:
        return use(offer_of(config, on_progress))


def _render(config: Any, kind: str, drawing: dict[str, Any]) -> bytes:
    size = {name: drawing[name] for name in ("width", "height") if drawing[name] is not None}
    if kind in PAGES:
        return _export(config, lambda offer: _page(offer, plotly=drawing["plotly"]))
    if kind in PICTURES:
        look = {name: drawing[name] for name in ("dpi", "style", "step")} | size
        return _export(config, lambda offer: offer.figure(drawing["figure"])(kind, **look))
    from app.draw.animation import render_animation

    pixels = {name: _pixels(name, length) for name, length in size.items()}
    settings = {name: drawing[name] for name in ("seconds", "fps", "style")} | pixels
    scene = _export(config, lambda offer: offer.moving())
    with progress("Drawing") as on_progress:
        return render_animation(scene, kind, on_progress=on_progress, **settings)


def _pixels(name: str, length: float) -> int:
    """A length in pixels."""
    if not length.is_integer():
        raise ValueError(f"--{name} must be a whole number of pixels for an animation, got {length:g}")
    return int(length)


def _page(offer: Offer, *, plotly: bool) -> bytes:
    """The player; an interactive chart where there is no scene, or on request."""
    from app.draw.player_page import player_html

    if offer.interactive is not None and (plotly or offer.scene is None):
        return offer.interactive()
    return player_html(offer.moving())


def _table(config: Any, kind: str) -> bytes:
    from app.export import bundle, document, tables
    from app.export.pages import page_of

    if kind == "json":
        return document.to_json(config)
    if kind == "py":
        script = page_of(config).script
        if script is None:
            raise ValueError("runs of this page have no script")
        return script(config, "run.py").encode()
    if kind == "zip":
        offer = _export(config, _with_tables)
        with progress("Packing") as on_progress:
            return bundle.to_bundle(offer, config, on_progress=on_progress)
    write_table = tables.csv_of if kind == "csv" else tables.parquet_of
    return _export(config, lambda offer: write_table(next(iter(offer.tables.values()))()))


def _with_tables(offer: Offer) -> Offer:
    """The same offer after its tables were computed, which fills the caches."""
    for table in offer.tables.values():
        table()
    return offer
