"""The run of a command: from a saved file, a link, a preset, options, or several of these."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

import click
from click.exceptions import NoArgsIsHelpError

if TYPE_CHECKING:
    from app.state.base import PageConfig

Command = Callable[..., Any]
DEVICES = ("auto", "cpu", "cuda", "mps")  # of optim_core.device, which would import torch here
LANDSCAPES = ("surface", "game")  # settings of the pages `surfaces` and `games`
SIMPLE = (*LANDSCAPES, "steps", "seed", "noise", "noise_scale")


class Number(click.ParamType[float]):
    """A float with any dash, and with a decimal comma where that is no thousand."""

    name = "float"

    def convert(self, value: Any, param: click.Parameter | None, context: click.Context | None) -> float:
        """As click does."""
        from app.state.codecs import as_number

        try:
            return float(as_number(str(value)))
        except ValueError:
            self.fail(f"{value!r} is not a valid float.", param, context)


NUMBER = Number()


def entries(kind: str, pages: tuple[str, ...] = ()) -> Callable[..., list[str]]:
    """Shell completion of an option from the registry; with `pages`, only entries of these."""

    def complete(context: click.Context, parameter: click.Parameter, prefix: str) -> list[str]:
        from app.cli.catalogue import KINDS

        matching = [entry for entry in KINDS[kind]() if not pages or entry["page"] in pages]
        return [entry["key"] for entry in matching if entry["key"].startswith(prefix)]

    return complete


def settings_options(command: Command) -> Command:
    """The argument and the options that say which run; `run_config` reads them."""
    options = (
        click.argument("source", required=False),
        click.option(
            "--preset", metavar="NAME", help="A ready-made comparison or view; see `lookahead-lab list presets`.",
            shell_complete=entries("presets"),
        ),
        click.option(
            "--surface", metavar="KEY", help="See `lookahead-lab list surfaces`.", shell_complete=entries("surfaces")
        ),
        click.option(
            "--game", metavar="KEY", help="See `lookahead-lab list games`.", shell_complete=entries("games")
        ),
        click.option("--start", "starts", multiple=True, metavar="X,Y", help="Start point; may be repeated."),
        click.option("--steps", type=int, help="Base steps."),
        click.option("--seed", type=int, help="Of the gradient noise."),
        click.option("--noise", metavar="KIND", help="none, gaussian, multiplicative, student or minibatch."),
        click.option("--noise-scale", type=NUMBER, help="Of the gradient noise."),
        click.option(
            "-o", "--optimizer", "optimizers", multiple=True, metavar="'NAME=VALUE ...'",
            help="An optimizer, such as 'lr=0.02 layers=5:0.5,5:0.5 base=adam'; repeat to compare. Replaces others.",
        ),
        click.option(
            "--set", "extra", multiple=True, metavar="NAME=VALUE",
            help="Any setting by its name in a link, such as 2.lr=0.02 or panels=1; may be repeated.",
        ),
    )  # fmt: skip
    for option in reversed(options):
        command = option(command)
    return command


def run_config(source: str | None, preset: str | None, starts: tuple[str, ...], **options: Any) -> PageConfig:
    """The config that the arguments of `settings_options` describe, later ones over earlier ones.

    Raises:
        click.ClickException: one of them cannot be read; one line says which and why.
    """
    from app.state.links import decode, encode

    config = _base_config(source, preset, page="games" if options["game"] is not None else "surfaces")
    changes = {name: str(value) for name in SIMPLE if (value := options.pop(name)) is not None}
    if starts:
        changes["starts"] = ";".join(starts)
    changes |= dict(pair(text) for text in options["extra"])
    params = encode(config) if source or preset else _default_params(changes, type(config))
    if set(LANDSCAPES) & changes.keys() and "starts" not in changes:
        params.pop("starts", None)  # they belong to another landscape
    if options["optimizers"]:
        params = {key: text for key, text in params.items() if not key[0].isdigit()}
        params |= card_params(options["optimizers"])
    result, problems = decode(params | changes, type(config))
    if problems:
        raise click.ClickException("; ".join(problem.split(", so ")[0] for problem in problems))
    return result


def training_config(source: str | None, preset: str | None, **options: Any) -> Any:
    """The config of the Networks or the GANs page that the arguments of `train` describe, later ones over earlier ones.

    Raises:
        click.ClickException: one of them cannot be read; one line says which and why.
    """
    from app.state import GansConfig, NetworksConfig
    from app.state.links import decode, encode

    default = GansConfig() if options["gan"] else NetworksConfig()
    config = _base_config(source, preset, page="networks") if source or preset else default
    if not isinstance(config, NetworksConfig | GansConfig):
        raise click.ClickException("train needs settings of the Networks or GANs page; for others use run or render")
    params = encode(config)
    if options["optimizers"]:
        params = {key: text for key, text in params.items() if not key[0].isdigit()} | card_params(
            options["optimizers"]
        )
    params |= dict(pair(text) for text in options["extra"])
    params |= {name: str(options[name]) for name in ("steps", "seed", "seeds") if options[name] is not None}
    training, problems = decode(params, type(config))
    if problems:
        raise click.ClickException("; ".join(problem.split(", so ")[0] for problem in problems))
    return training


def study_config(source: str | None, preset: str | None, **options: Any) -> Any:
    """The config of the Atlas page that the arguments of `study` describe, later ones over earlier ones.

    Raises:
        click.ClickException: one of them cannot be read; one line says which and why.
    """
    from app.state import AtlasConfig
    from app.state.links import decode, encode

    config = _base_config(source, preset, page="atlas") if source or preset else None
    if not isinstance(config, AtlasConfig | None):
        raise click.ClickException("study needs settings of the Atlas page; for others use run, render or train")
    changes = dict(pair(text) for text in options["extra"])
    changes |= {name: str(options[name]) for name in ("steps", "seed", "seeds") if options[name] is not None}
    params = {} if config is None else encode(config)
    for side in {"across", "up"} & changes.keys():  # another axis has other values
        params = {name: text for name, text in params.items() if not name.startswith(f"{side}_")}
    study, problems = decode(params | changes, AtlasConfig)
    if problems:
        raise click.ClickException("; ".join(problem.split(", so ")[0] for problem in problems))
    return study


def device_of(name: str | None) -> str:
    """The device of --device, or the usual one.

    Raises:
        ValueError: it is not at hand.
    """
    from app.jobs.devices import usual_device
    from optim_core.device import resolved_device

    return usual_device() if name is None else resolved_device(name)


@contextmanager
def progress(label: str) -> Iterator[Callable[[int, int], None] | None]:
    """A bar on a terminal, nothing in a pipe; gives a callback (done, total)."""
    if not sys.stderr.isatty():
        yield None
        return
    with click.progressbar(length=1000, label=label, file=sys.stderr) as bar:

        def report(count: int, total: int) -> None:
            bar.update(1000 * count // total - bar.pos)

        yield report


class OneLine(click.Group):
    """Commands that report wrong arguments in one line, where click writes four."""

    def make_context(self, *args: Any, **settings: Any) -> click.Context:
        """As click does."""
        with _one_line_usage():
            return super().make_context(*args, **settings)

    def invoke(self, context: click.Context) -> Any:
        """As click does; errors of commands are reported in one line, too."""
        with _one_line_usage(), _one_line_errors():
            return super().invoke(context)


@contextmanager
def _one_line_usage() -> Iterator[None]:
    try:
        yield
    except NoArgsIsHelpError:
        raise
    except click.UsageError as error:
        raise click.UsageError(" ".join(error.format_message().split())) from error


@contextmanager
def _one_line_errors() -> Iterator[None]:
    """Errors of the library and of the disk as one line on stderr and exit code 1."""
    try:
        yield
    except (click.exceptions.Exit, click.Abort):  # RuntimeErrors by class, but click's normal exit
        raise
    except (ValueError, OSError, RuntimeError) as error:
        if isinstance(error, RuntimeError) and not _is_ours(error):
            raise
        raise click.ClickException(" ".join(str(error).split())) from error


def _is_ours(error: RuntimeError) -> bool:
    from app.jobs.errors import JobsError
    from landscapes.tasks.errors import DataUnavailableError

    return isinstance(error, JobsError | DataUnavailableError)


def write(output: str, data: bytes, *, quietly: bool = False) -> None:
    """To a file, whose folder is made if need be, or to standard output for "-"."""
    if output == "-":
        sys.stdout.buffer.write(data)
        return
    path = Path(output)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    if not quietly:
        click.echo(f"{path}: {len(data):,} bytes", err=True)


def format_of(output: str, name: str | None, formats: tuple[str, ...]) -> str:
    """The requested format, or the one of the file's suffix.

    Raises:
        click.ClickException: neither is a known format.
    """
    kind = name or Path(output).suffix.removeprefix(".").lower()
    if kind not in formats:
        raise click.ClickException(f"the format must be one of {', '.join(formats)}, got {kind!r}; see --format")
    return kind


def _base_config(source: str | None, preset: str | None, *, page: str) -> PageConfig:
    """The config of a file, a link or a preset; without any, the default of a page."""
    if source and preset:
        raise click.ClickException("give a file or link, or --preset, not both")
    if preset:
        return _preset(preset)
    if source is None:
        from app.export.pages import PAGES

        return PAGES[page].model()
    if not _names_a_file(source):
        return _from_link(source)
    from app.export.document import restore

    return restore(sys.stdin.buffer.read() if source == "-" else Path(source).read_bytes()).config


def _names_a_file(source: str) -> bool:
    """Whether it is standard input or a file that is there; a compressed link is longer than any file's name."""
    try:
        return source == "-" or Path(source).is_file()
    except OSError:
        return False


def _preset(name: str) -> PageConfig:
    from app.state.presets import PRESETS

    preset = next((presets[name] for presets in PRESETS.values() if name in presets), None)
    if preset is None:
        raise click.ClickException(f"no such preset: {name!r}; `lookahead-lab list presets` names them{_hint(name)}")
    return preset.config


def _hint(name: str) -> str:
    from app.runs.recipes import RECIPES

    return f", and {name} is a recipe of `lookahead-lab train`" if name in RECIPES else ""


def _from_link(link: str) -> PageConfig:
    from app.export.pages import PAGES
    from app.state.links import decode

    parts = urlsplit(link)
    if "=" not in parts.query:
        raise click.ClickException(f"no such file, and not a link with settings: {link!r}")
    page = PAGES.get(parts.path.rstrip("/").rpartition("/")[2], PAGES["surfaces"])
    config, problems = decode(dict(parse_qsl(parts.query)), page.model)
    if problems:
        raise click.ClickException("; ".join(problem.split(", so ")[0] for problem in problems))
    return config


def _default_params(changes: dict[str, str], model: type[PageConfig]) -> dict[str, str]:
    """The page's defaults for a surface or a game."""
    from app.state.links import decode, encode

    return encode(decode({key: text for key, text in changes.items() if key in LANDSCAPES}, model)[0])


def card_params(optimizers: tuple[str, ...]) -> dict[str, str]:
    """Parameters of the cards that --optimizer describes."""
    params: dict[str, str] = {}
    for number, text in enumerate(optimizers, start=1):
        params[f"{number}.color"] = str(number - 1)
        params |= {f"{number}.{name}": value for name, value in map(pair, text.split())}
    return params


def pair(text: str) -> tuple[str, str]:
    """Name and value of NAME=VALUE.

    Raises:
        click.ClickException: it reads otherwise.
    """
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise click.ClickException(f"settings must read NAME=VALUE, got {text!r}")
    return name, value
