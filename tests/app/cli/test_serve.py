"""Where the server listens, how its health is asked, and what its first visitors find."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from click import ClickException
from click.testing import CliRunner, Result

from app.cli import main
from app.cli.listening import SCRIPT, Listening, listening
from tests.app.visitors import first_visits

ROOT = Path(__file__).parents[3]
SERVE = (sys.executable, "-m", "app.cli", "app")
PLAIN = (sys.executable, "-m", "streamlit", "run", str(SCRIPT))


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No setting from outside, no config file but the app's own."""
    for name in [name for name in os.environ if name.startswith("STREAMLIT_SERVER_") or name == "PORT"]:
        monkeypatch.delenv(name)
    monkeypatch.setattr(os, "environ", dict(os.environ))  # what the code sets goes with the test
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)


def invoke(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@contextlib.contextmanager
def server(command: tuple[str, ...], **environment: str) -> Iterator[subprocess.Popen[str]]:
    """A server, until the end of the block."""
    variables = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"} | environment
    with subprocess.Popen(
        command, env=variables, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        try:
            yield process
        finally:
            process.terminate()
            process.communicate(timeout=15)


def healthy(process: subprocess.Popen[str], *arguments: str, seconds: float = 60) -> bool:
    deadline = time.monotonic() + seconds
    while process.poll() is None and time.monotonic() < deadline:
        if invoke("health", *arguments).exit_code == 0:
            return True
        time.sleep(0.1)
    return False


def test_the_apps_own_settings_hold_where_nothing_else_is_said():
    assert listening(None, None) == Listening("127.0.0.1", 8501, "", tls=False)


def test_an_option_outdoes_streamlits_variable_which_outdoes_port(monkeypatch):
    monkeypatch.setenv("PORT", "8003")
    assert listening(None, None).port == 8003
    monkeypatch.setenv("STREAMLIT_SERVER_PORT", "8002")
    monkeypatch.setenv("STREAMLIT_SERVER_ADDRESS", "::")
    assert listening(None, None) == Listening("::", 8002, "", tls=False)
    assert listening(8001, "0.0.0.0") == Listening("0.0.0.0", 8001, "", tls=False)


def test_a_config_file_of_the_folder_or_of_the_home_is_heeded(tmp_path):
    write(tmp_path / "home", "port = 8004\nbaseUrlPath = 'lab'")
    assert listening(None, None) == Listening("127.0.0.1", 8004, "lab", tls=False)
    write(tmp_path, "port = 8005")
    assert listening(None, None) == Listening("127.0.0.1", 8005, "lab", tls=False)


def write(folder: Path, lines: str) -> None:
    (folder / ".streamlit").mkdir(parents=True)
    (folder / ".streamlit" / "config.toml").write_text(f"[server]\n{lines}\n")


@pytest.mark.parametrize("file", ["port = ", "[server\n"])
def test_a_config_file_that_cannot_be_read_is_named(tmp_path, file):
    write(tmp_path, file)
    with pytest.raises(ClickException, match=r"\.streamlit/config\.toml cannot be read"):
        listening(None, None)


@pytest.mark.parametrize("variable", ["PORT", "STREAMLIT_SERVER_PORT"])
@pytest.mark.parametrize("value", ["0", "65536", "http", "٨٥٠١"])
def test_a_variable_that_is_no_port_is_named_in_one_line(monkeypatch, variable, value):
    monkeypatch.setenv(variable, value)
    result = invoke("app")
    assert result.exit_code == 1
    assert result.output == f"Error: {variable} must be a whole number from 1 to 65535, got {value!r}\n"


@pytest.mark.parametrize(
    ("place", "url"),
    [
        (Listening("127.0.0.1", 8501, "", tls=False), "http://127.0.0.1:8501/_stcore/health"),
        (Listening("0.0.0.0", 80, "a/b", tls=False), "http://127.0.0.1:80/a/b/_stcore/health"),
        (Listening("::", 443, "lab", tls=True), "https://[::1]:443/lab/_stcore/health"),
    ],
)
def test_the_health_route_is_under_the_path(place, url):
    assert place.url("_stcore/health") == url


def test_health_of_nobody_is_one_line_and_a_failure():
    port = free_port()
    result = invoke("health", "--port", str(port))
    assert result.exit_code == 1
    assert result.output.startswith(f"Error: http://127.0.0.1:{port}/_stcore/health does not answer: ")
    assert result.output.count("\n") == 1


def test_a_port_from_the_environment_that_is_taken_is_refused_in_one_line(monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        monkeypatch.setenv("STREAMLIT_SERVER_PORT", str(port))
        result = invoke("app")
    assert result.exit_code == 1
    assert result.output == f"Error: port {port} is taken; choose another: --port or make app PORT=\n"


def test_a_hosted_server_under_a_path_is_healthy_and_greets_its_visitors_with_the_run_computed(monkeypatch, tmp_path):
    monkeypatch.setenv("PORT", str(free_port()))
    monkeypatch.setenv("STREAMLIT_SERVER_BASE_URL_PATH", "lab")
    with server(SERVE, LOOKAHEAD_DATA=str(tmp_path / "data")) as process:
        assert healthy(process)
        visits = asyncio.run(first_visits(f"http://127.0.0.1:{os.environ['PORT']}/lab", 4))
    assert [fault for visit in visits for fault in visit.faults] == []
    assert all("plotly_chart" in visit.kinds and "progress" not in visit.kinds for visit in visits)


def test_many_first_visitors_at_once_of_a_cold_server_see_no_error(tmp_path):
    port = str(free_port())
    with server((*PLAIN, f"--server.port={port}"), LOOKAHEAD_DATA=str(tmp_path / "data")) as process:
        assert healthy(process, "--port", port)
        visits = asyncio.run(first_visits(f"http://127.0.0.1:{port}", 8))
    assert [fault for visit in visits for fault in visit.faults] == []
    assert all("plotly_chart" in visit.kinds for visit in visits)


def test_what_libraries_look_up_unasked_is_imported_before_any_page():
    program = "import sys; from app.views import preload; print(*sys.modules)"
    process = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert {"pandas", "pyarrow", "numpy", "torch", "plotly"} <= set(process.stdout.split())
    imports = re.findall(r"^(?:from|import) (app[\w.]*)", SCRIPT.read_text(), re.MULTILINE)
    assert imports == ["app.runs", "app.views.preload"]  # and app.runs itself is two lines
