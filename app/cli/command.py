"""The command line: the app's server, and the same runs and exports without a browser.

Heavy imports stay inside the commands that need them, so that `--help` answers at once.
"""

from __future__ import annotations

import atexit
import errno
import json
import os
import socket
import sys
from pathlib import Path

import click

from app.cli import export, settings, train


@click.group(cls=settings.OneLine, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="lookahead-lab", prog_name="lookahead-lab")
def main() -> None:
    """See how SGD, Lookahead and Multilayer Lookahead move."""


@main.command("app")
@click.option("--port", type=click.IntRange(1, 65535), default=8501, show_default=True, help="Port to listen on.")
@click.option("--address", default="127.0.0.1", show_default=True, help="Address to listen on; 0.0.0.0 lets others in.")
def serve(port: int, address: str) -> None:
    """Start the app's server and print its address.

    \b
    Examples:
      lookahead-lab app
      lookahead-lab app --port 8600 --address 0.0.0.0
    """
    require_free(address, port)
    # NumPy's own threads wait for one another, which on busy cores takes longer than the work; torch's do the rest.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    atexit.register(leave)  # before anybody else, so that it is called after everybody else
    from streamlit.web import cli as streamlit

    script = Path(__file__).parents[1] / "main.py"
    try:
        streamlit.main(["run", str(script), f"--server.port={port}", f"--server.address={address}"])
    except SystemExit as end:
        if end.code:
            atexit.unregister(leave)
        raise


@main.command("list")
@click.argument("kind", type=click.Choice(["surfaces", "games", "tasks", "presets"]), required=False)
@click.option("--json", "as_json", is_flag=True, help="Everything known about each, as JSON.")
def list_(kind: str | None, as_json: bool) -> None:
    """List what there is to choose from: all of it, or one KIND.

    \b
    Examples:
      lookahead-lab list surfaces
      lookahead-lab list --json | jq '.games[].key'
    """
    from app.cli.catalogue import KINDS

    found = {name: entries() for name, entries in KINDS.items() if kind in (None, name)}
    if as_json:
        click.echo(json.dumps(found, indent=2, ensure_ascii=False))
        return
    for name, entries in found.items():
        width = max(len(entry["key"]) for entry in entries)
        click.secho(name, bold=True)
        click.echo("".join(f"  {entry['key']:<{width}}  {entry['teaches']}\n" for entry in entries))


def leave() -> None:
    """End the process at once: a daemon thread that is inside torch would abort the interpreter's own way out."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


def require_free(address: str, port: int) -> None:
    """Refuse a port that cannot be listened on: Streamlit would say so only after its imports, amid log lines."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        socket.create_server((address, port), family=family).close()
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise click.ClickException(f"port {port} is taken; choose another: --port or make app PORT=") from error
        raise click.ClickException(f"cannot listen on {address}, port {port}: {error.strerror}") from error


for command in (export.render, export.run, export.gallery, train.train):
    main.add_command(command)
