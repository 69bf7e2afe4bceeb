"""The command line: the app's server, and the same runs and exports without a browser.

Heavy imports stay inside the commands that need them, so that `--help` answers at once.
"""

from __future__ import annotations

import errno
import socket
from pathlib import Path

import click


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="lookahead-lab", prog_name="lookahead-lab")
def main() -> None:
    """See how SGD, Lookahead and Multilayer Lookahead move."""


@main.command("app")
@click.option("--port", type=click.IntRange(1, 65535), default=8501, show_default=True, help="Port to listen on.")
@click.option("--address", default="127.0.0.1", show_default=True, help="Address to listen on; 0.0.0.0 lets others in.")
def serve(port: int, address: str) -> None:
    r"""Start the app's server and print its address.

    \b
    Examples:
      lookahead-lab app
      lookahead-lab app --port 8600 --address 0.0.0.0
    """
    require_free(address, port)
    from streamlit.web import cli as streamlit

    script = Path(__file__).with_name("main.py")
    streamlit.main(["run", str(script), f"--server.port={port}", f"--server.address={address}"])


def require_free(address: str, port: int) -> None:
    """Refuse a port that cannot be listened on: Streamlit would say so only after its imports, amid log lines."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        socket.create_server((address, port), family=family).close()
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise click.ClickException(f"port {port} is taken; choose another: --port or make app PORT=") from error
        raise click.ClickException(f"cannot listen on {address}, port {port}: {error.strerror}") from error


if __name__ == "__main__":
    main(prog_name="lookahead-lab")
