"""The Makefile's own answers, in a folder that holds nothing else."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")


@pytest.fixture
def folder(tmp_path):
    for name in ("Makefile", "requirements.txt", "requirements-dev.txt", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path)
    return tmp_path


def make(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {
        name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MAKELEVEL", "PORT", "PYTHON")
    }
    return subprocess.run(["make", *arguments], cwd=folder, env=environment, capture_output=True, text=True)


def script(path: Path, body: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return path


@pytest.mark.parametrize("answer", ["echo Python 3.9.18; exit 1", "echo no such thing >&2; exit 127"])
def test_an_old_or_missing_python_is_named_with_a_remedy(folder, answer):
    interpreter = script(folder / "old-python", answer)
    process = make(folder, "app", f"PYTHON={interpreter}")
    message = process.stderr.splitlines()[0]
    assert process.returncode != 0
    assert message.startswith(f"Python 3.11 or newer is needed; PYTHON={interpreter} gives: ")
    assert "make app PYTHON=" in message
    assert not (folder / ".venv").exists()


@pytest.fixture
def environment(folder):
    """A virtual environment whose python only notes how it was called; the probe of an index is its `-c`."""
    script(folder / ".venv/bin/python", 'echo "$@" >> calls; if [ "$1" = -c ]; then exit $(cat probe); fi')
    return folder


@pytest.mark.parametrize(("probe", "offer"), [(0, True), (1, False)])
def test_torch_index_is_offered_only_when_it_answers(environment, probe, offer):
    (environment / "probe").write_text(str(probe))
    process = make(environment, ".venv/.app", "TORCH_INDEX=https://index.invalid/cpu")
    (install,) = [line for line in (environment / "calls").read_text().splitlines() if "pip install" in line]
    assert process.returncode == 0
    assert ("--extra-index-url https://index.invalid/cpu" in install) == offer
    assert install.endswith("--config-settings editable_mode=compat -r requirements.txt -e .")


def test_an_empty_torch_index_is_not_asked(environment):
    assert make(environment, ".venv/.app", "TORCH_INDEX=").returncode == 0
    (install,) = (environment / "calls").read_text().splitlines()
    assert "index" not in install
    assert install.startswith("-m pip install --disable-pip-version-check ")
    assert install.endswith(" -r requirements.txt -e .")


def test_a_second_start_installs_nothing_until_the_requirements_change(environment):
    (environment / "probe").write_text("1")
    installs = []
    for _ in range(3):
        assert make(environment, "app", "PORT=8765").returncode == 0
        calls = (environment / "calls").read_text().splitlines()
        assert calls[-1] == "-m app.cli app --port 8765"
        installs.append(sum("pip install" in line for line in calls))
        if len(installs) == 2:
            os.utime(environment / "requirements.txt", (2e9, 2e9))
    assert installs == [1, 1, 2]


def test_an_interrupted_install_is_taken_up_again(environment):
    script(environment / ".venv/bin/python", "exit 1")
    assert make(environment, ".venv/.dev").returncode != 0
    assert not (environment / ".venv/.dev").exists()


def test_help_lists_every_command():
    process = make(ROOT, "help")
    for command in (
        "app",
        "test",
        "test-fast",
        "test-wide",
        "test-all",
        "lint",
        "format",
        "bench",
        "gallery",
        "docker",
        "clean",
    ):
        assert f"make {command} " in process.stdout
