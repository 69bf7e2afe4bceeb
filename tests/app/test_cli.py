"""The command line through click's runner and, for the server, as a real process."""

import socket
import subprocess
import sys
import time
import urllib.request

import pytest
from click.testing import CliRunner, Result

from app.cli import main


def invoke(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments)


@pytest.fixture
def taken_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


@pytest.fixture
def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def test_help_names_every_command():
    result = invoke("--help")
    assert result.exit_code == 0
    assert set(main.commands) <= set(result.output.split())


def test_each_command_explains_itself():
    for name in main.commands:
        result = invoke(name, "--help")
        assert result.exit_code == 0
        assert result.output.startswith("Usage:")


def test_help_imports_nothing_heavy():
    heavy = {"torch", "numpy", "streamlit", "plotly", "matplotlib", "dask", "pandas", "pydantic", "sklearn", "scipy"}
    program = (
        "import sys; sys.argv[1:] = ['--help']\ntry:\n from app.cli import main; main()\nfinally: print(*sys.modules)"
    )
    finished = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert not heavy & set(finished.stdout.split())


def test_a_taken_port_is_refused_in_one_line(taken_port):
    result = invoke("app", "--port", str(taken_port))
    assert result.exit_code == 1
    assert result.output == f"Error: port {taken_port} is taken; choose another: --port or make app PORT=\n"


@pytest.mark.parametrize("port", ["0", "65536", "http"])
def test_a_port_that_is_none_is_a_usage_error(port):
    result = invoke("app", "--port", port)
    assert result.exit_code == 2
    assert port in result.output


def test_an_address_of_another_machine_is_refused(free_port):
    result = invoke("app", "--port", str(free_port), "--address", "192.0.2.1")
    assert result.exit_code == 1
    assert "192.0.2.1" in result.output


def test_app_serves_from_any_folder_and_stops_when_told(free_port, tmp_path):
    command = [sys.executable, "-m", "app.cli", "app", "--port", str(free_port)]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as server:
        try:
            assert answers(f"http://127.0.0.1:{free_port}/_stcore/health", server)
        finally:
            server.terminate()
        output, _ = server.communicate(timeout=15)
    assert f"http://localhost:{free_port}" in output
    assert server.returncode == 0


def answers(url: str, server: subprocess.Popen, seconds: float = 60) -> bool:
    deadline = time.monotonic() + seconds
    while server.poll() is None and time.monotonic() < deadline:
        try:
            return urllib.request.urlopen(url, timeout=2).read() == b"ok"
        except OSError:
            time.sleep(0.1)
    return False
