"""The command line through click's runner and, for the server, as a real process."""

import json
import re
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
        assert re.search(r"^  Examples?:\n    lookahead-lab " + name, result.output, re.MULTILINE)


@pytest.mark.parametrize("command", ["", "render", "run", "train", "app", "health", "list", "gallery"])
def test_help_imports_nothing_heavy(command):
    heavy = {"torch", "numpy", "streamlit", "plotly", "matplotlib", "dask", "pandas", "pydantic", "sklearn", "scipy"}
    arguments = [*([command] if command else []), "--help"]
    program = (
        f"import sys; sys.argv[1:] = {arguments}\ntry:\n from app.cli import main; main()\nfinally: print(*sys.modules)"
    )
    process = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert not heavy & set(process.stdout.split())


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


TRAINING_AT_EXIT = """
import atexit, threading, time, torch
from app.cli.serve import leave

def train():
    inputs, layer = torch.ones(8, 1, 8, 8), torch.nn.Conv2d(1, 8, 3)
    while True:
        layer(inputs).sum().backward()

atexit.register(leave)
threading.Thread(target=train, daemon=True).start()
time.sleep(0.5)
"""


def test_a_thread_that_is_still_training_does_not_abort_the_exit():
    process = subprocess.run([sys.executable, "-c", TRAINING_AT_EXIT], capture_output=True, text=True)
    assert process.returncode == 0, process.stderr


def answers(url: str, server: subprocess.Popen, seconds: float = 60) -> bool:
    deadline = time.monotonic() + seconds
    while server.poll() is None and time.monotonic() < deadline:
        try:
            return urllib.request.urlopen(url, timeout=2).read() == b"ok"
        except OSError:
            time.sleep(0.1)
    return False


def test_list_shows_every_entry_of_every_registry():
    from app.state.presets import PRESETS
    from landscapes.games import GAMES
    from landscapes.surfaces import SURFACES
    from landscapes.tasks import TASKS

    result = json.loads(invoke("list", "--json").stdout)
    assert [entry["key"] for entry in result["surfaces"]] == list(SURFACES)
    assert [entry["key"] for entry in result["games"]] == list(GAMES)
    assert [entry["key"] for entry in result["tasks"]] == list(TASKS)
    assert {entry["key"] for entry in result["presets"]} >= set(PRESETS["surfaces"])


def test_list_of_one_kind_has_a_line_for_each():
    lines = invoke("list", "surfaces").stdout.splitlines()
    keys = [entry["key"] for entry in json.loads(invoke("list", "surfaces", "--json").stdout)["surfaces"]]
    assert lines[0] == "surfaces"
    assert [line.split()[0] for line in lines[1 : 1 + len(keys)]] == keys


def test_a_listed_surface_says_where_it_is_customarily_started():
    surfaces = json.loads(invoke("list", "surfaces", "--json").stdout)["surfaces"]
    for surface in surfaces:
        assert all(low <= start <= high for start, (low, high) in zip(surface["start"], surface["domain"], strict=True))
        assert surface["lr"] > 0


def test_a_listed_preset_is_a_config_of_its_page():
    from app.state import SurfacesConfig

    presets = json.loads(invoke("list", "presets", "--json").stdout)["presets"]
    for entry in presets:
        if entry["page"] == "surfaces":
            assert SurfacesConfig.model_validate(entry["config"]).model_dump(mode="json") == entry["config"]


def test_list_of_something_else_is_a_usage_error():
    result = invoke("list", "optimizers")
    assert result.exit_code == 2
    assert "'surfaces', 'games', 'tasks', 'presets'" in result.output
