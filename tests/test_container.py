"""The image and the demo, as far as they can be read without an engine."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from app.cli.listening import DEFAULT_PORT

ROOT = Path(__file__).parents[1]
DOCKERFILE = (ROOT / "Dockerfile").read_text()
SERVICE = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]["lab"]


def test_hadolint_finds_nothing():
    hadolint = shutil.which("hadolint", path=str(Path(sys.executable).parent)) or shutil.which("hadolint")
    if hadolint is None:
        pytest.skip("hadolint is not installed (requirements-dev.txt brings it on Linux)")
    process = subprocess.run([hadolint, "Dockerfile"], cwd=ROOT, capture_output=True, text=True)
    assert process.returncode == 0, process.stdout


def test_the_base_is_named_by_an_exact_tag():
    assert re.findall(r"^FROM (\S+:\S+)", DOCKERFILE, re.MULTILINE) == ["python:3.11.14-slim-bookworm"]


def test_code_comes_after_the_dependencies():
    assert DOCKERFILE.index("-r /tmp/requirements.txt") < DOCKERFILE.index("COPY app")
    final = DOCKERFILE.rpartition("FROM ")[2]
    assert final.index("/opt/venv") < final.index("COPY app")


def test_the_app_runs_unprivileged():
    assert re.search(r"^USER [1-9]\d+$", DOCKERFILE, re.MULTILINE)
    assert SERVICE["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in SERVICE["security_opt"]


def test_only_the_run_store_outlives_the_container():
    (volume,) = re.findall(r"^VOLUME (\S+)$", DOCKERFILE, re.MULTILINE)
    assert f"LOOKAHEAD_DATA={volume}" in DOCKERFILE
    assert SERVICE["read_only"] is True
    assert SERVICE["volumes"] == [f"runs:{volume}"]


def test_both_files_agree_on_the_port_and_the_index():
    (port,) = re.findall(r"^EXPOSE (\d+)$", DOCKERFILE, re.MULTILINE)
    (index,) = re.findall(r"^ARG TORCH_INDEX=(\S+)$", DOCKERFILE, re.MULTILINE)
    assert int(port) == DEFAULT_PORT
    assert re.search(r'^HEALTHCHECK .*\\\n +CMD \["lookahead-lab", "health"\]$', DOCKERFILE, re.MULTILINE)
    assert SERVICE["ports"][0].endswith(f":{port}")
    assert SERVICE["build"]["args"]["TORCH_INDEX"] == f"${{TORCH_INDEX:-{index}}}"
