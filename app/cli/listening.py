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
METRICS_PORT = "LOOKAHEAD_METRICS_PORT"
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


@dataclass(frozen=True)
class MetricsPlace:
    """Where metrics are served."""

    address: str
    port: int


def metrics_place(pages: Listening) -> MetricsPlace | None:
    """That of LOOKAHEAD_METRICS_PORT and LOOKAHEAD_METRICS_ADDRESS; None where no port is set.

    Raises:
        click.ClickException: a port that is none, that of the pages, or one that cannot be listened on.
    """
    text = os.environ.get(METRICS_PORT)
    if not text:
        return None
    place = MetricsPlace(os.environ.get("LOOKAHEAD_METRICS_ADDRESS") or "127.0.0.1", _port_of(METRICS_PORT, text))
    if place.port == pages.port:
        raise click.ClickException(f"{METRICS_PORT} must be another port than that of the pages, got {place.port}")
    require_free(place.address, place.port, METRICS_PORT)
    return place


def require_free(address: str, port: int, remedy: str = "--port or make app PORT=") -> None:
    """Refuse a port that cannot be listened on: Streamlit would say so only after its imports, amid log lines."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        socket.create_server((address, port), family=family).close()
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise click.ClickException(f"port {port} is taken; choose another: {remedy}") from error
        raise click.ClickException(f"cannot listen on {address}, port {port}: {error.strerror}") from error


def adopt_port() -> None:
    """Pass `PORT` on to Streamlit, which does not read it, unless Streamlit's own variable is set."""
    if port := os.environ.get("PORT"):
        os.environ.setdefault("STREAMLIT_SERVER_PORT", port)


def _port() -> int:
    adopt_port()
    text = str(_setting("port", DEFAULT_PORT))
    return _port_of("PORT" if text == os.environ.get("PORT") else "STREAMLIT_SERVER_PORT", text)


def _port_of(variable: str, text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) <= 5 and 1 <= int(text) <= 65535):
        raise click.ClickException(f"{variable} must be a whole number from 1 to 65535, got {text!r}")
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
