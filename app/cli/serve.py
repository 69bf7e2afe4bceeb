"""The app's server: `app` starts it, `health` asks whether it is up."""

from __future__ import annotations

import atexit
import os
import ssl
import sys
import tempfile
import urllib.error
import urllib.request
from pathlib import Path

import click

from app.cli.listening import SCRIPT, listening, metrics_place, require_free

PORT = click.option("--port", type=click.IntRange(1, 65535), help="Port to listen on; 8501 if nothing says otherwise.")
ADDRESS = "Address to listen on; 127.0.0.1 if nothing says otherwise, 0.0.0.0 lets others in."


@click.command("app")
@PORT
@click.option("--address", help=ADDRESS)
def serve(port: int | None, address: str | None) -> None:
    """Start the app's server and print its address.

    Streamlit's own settings hold, from the environment (STREAMLIT_SERVER_PORT) and from config.toml; so does PORT. It
    listens when everything that a first visitor needs is there.

    \b
    Examples:
      lookahead-lab app
      lookahead-lab app --port 8600 --address 0.0.0.0
    """
    from app.jobs.devices import usual_device
    from app.state.limits import current_limits, lessons_folder

    current_limits()
    usual_device()
    lessons_folder(os.environ)
    place = listening(port, address)
    require_free(place.address, place.port)
    metrics = metrics_place(place)
    if "LOOKAHEAD_UPLOAD_MB" in os.environ:
        os.environ.setdefault("STREAMLIT_SERVER_MAX_UPLOAD_SIZE", os.environ["LOOKAHEAD_UPLOAD_MB"])
    # NumPy's own threads wait for one another, which on busy cores takes longer than the work; torch's do the rest.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    _settle_home()
    atexit.register(leave)  # the first to be registered is the last to be called
    try:
        from app.views.preload import warm_up

        warm_up()
        if metrics is not None:
            from app.cli.metrics import serve as serve_metrics

            serve_metrics(metrics)
    except BaseException:
        atexit.unregister(leave)  # it would report success
        raise
    _run_streamlit([*_flag("port", port), *_flag("address", address)])


@click.command("health")
@PORT
@click.option("--address", help="Address that the server listens on.")
def health(port: int | None, address: str | None) -> None:
    """Ask the server on this machine whether it is up, wherever its settings put it.

    \b
    Example:
      lookahead-lab health --port 8600
    """
    url = listening(port, address).url("_stcore/health")
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # it is this machine, by another name
    try:
        with urllib.request.urlopen(url, timeout=4, context=context) as answer:  # noqa: S310  (ours, over HTTP)
            click.echo(answer.read().decode(errors="replace"))
    except (urllib.error.URLError, OSError) as error:
        raise click.ClickException(f"{url} does not answer: {getattr(error, 'reason', error)}") from error


def leave() -> None:
    """End the process at once: a daemon thread inside torch would abort the interpreter's shutdown."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


def _settle_home() -> None:
    """A user id without a home, as OpenShift gives, keeps caches in the temporary folder."""
    try:
        Path.home()
    except RuntimeError:
        os.environ["HOME"] = tempfile.gettempdir()


def _flag(name: str, value: object) -> list[str]:
    """A flag overrides Streamlit's environment and files, so it is passed only where it was given."""
    return [] if value is None else [f"--server.{name}={value}"]


def _run_streamlit(flags: list[str]) -> None:
    from streamlit import net_util
    from streamlit.web import cli as streamlit

    # A websocket of a foreign page would have the server ask an outside host who it is, while all visitors wait.
    net_util.get_external_ip = lambda: None
    try:
        streamlit.main(["run", str(SCRIPT), *flags])
    except SystemExit as end:
        if end.code:
            atexit.unregister(leave)
        raise
