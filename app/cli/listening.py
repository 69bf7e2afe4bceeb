"""The server's address, found as Streamlit finds it, but before Streamlit is imported.

Our own option comes first, then STREAMLIT_SERVER_…, then `PORT`, as hosting services set it, then config.toml beside
the app, in the current folder and in the home directory.
"""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

SCRIPT = Path(__file__).parents[1] / "main.py"
DEFAULT_PORT = 8501
LOOPBACK = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  (a client's address for a server on all addresses)


@dataclass(frozen=True)
class Listening:
    """The server's address, port and path; `tls` where it speaks HTTPS itself."""

    address: str
    port: int
    path: str
    tls: bool

    def url(self, route: str) -> str:
        """Of a route, for a client on this machine."""
        host = LOOPBACK.get(self.address, self.address)
        place = f"[{host}]" if ":" in host else host
        return "/".join(filter(None, [f"http{'s' * self.tls}://{place}:{self.port}", self.path, route]))


def listening(port: int | None, address: str | None) -> Listening:
    """Where a server started now would listen; options that were not given are None.

    Raises:
        click.ClickException: a port that is none, or a config file that cannot be read.
    """
    return Listening(
        address=address or str(_setting("address", "0.0.0.0")),  # noqa: S104  (Streamlit's default)
        port=port or _port(),
        path=str(_setting("baseUrlPath", "")).strip("/"),
        tls=bool(_setting("sslCertFile", "")),
    )


def require_free(address: str, port: int) -> None:
    """Refuse a port that cannot be listened on: Streamlit would say so only after its imports, amid log lines."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        socket.create_server((address, port), family=family).close()
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise click.ClickException(f"port {port} is taken; choose another: --port or make app PORT=") from error
        raise click.ClickException(f"cannot listen on {address}, port {port}: {error.strerror}") from error


def adopt_port() -> None:
    """Pass `PORT` on to Streamlit, which does not read it, unless Streamlit's own variable is set."""
    if port := os.environ.get("PORT"):
        os.environ.setdefault("STREAMLIT_SERVER_PORT", port)


def _port() -> int:
    adopt_port()
    text = str(_setting("port", DEFAULT_PORT))
    if not (text.isascii() and text.isdecimal() and 1 <= int(text) <= 65535):
        source = "PORT" if text == os.environ.get("PORT") else "STREAMLIT_SERVER_PORT"
        raise click.ClickException(f"{source} must be a whole number from 1 to 65535, got {text!r}")
    return int(text)


def _setting(name: str, default: Any) -> Any:
    """One of Streamlit's settings of the server."""
    variable = "".join(f"_{letter}" if letter.isupper() else letter for letter in name).upper()
    if f"STREAMLIT_SERVER_{variable}" in os.environ:
        return os.environ[f"STREAMLIT_SERVER_{variable}"]
    return next((section[name] for section in _config_files() if name in section), default)


def _config_files() -> Iterator[dict[str, Any]]:
    """The sections `server` of the config files, by precedence."""
    for folder in (SCRIPT.parent, Path.cwd(), Path("~")):
        with contextlib.suppress(RuntimeError):  # a user id without a home directory
            folder = folder.expanduser()  # noqa: PLW2901
        file = folder / ".streamlit" / "config.toml"
        if not file.is_file():
            continue
        try:
            yield tomllib.loads(file.read_text(encoding="utf-8")).get("server", {})
        except (tomllib.TOMLDecodeError, OSError) as error:
            raise click.ClickException(f"{file} cannot be read: {error}") from error
