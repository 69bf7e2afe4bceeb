"""A run that was computed is one line of JSON, without anything of who asked."""

from __future__ import annotations

import json
import os
import subprocess
import sys

PROGRAM = """
from app.runs.log import log_to_stderr
from app.runs.surfaces import surface_run
from app.state import SurfacesConfig

log_to_stderr()
config = SurfacesConfig(surface="formula", formula="x^2 + 12345 y^2", starts=((1, 1), (2, 2)), steps=20)
surface_run(config)
surface_run(config)
"""


def lines(**environment: str) -> list[str]:
    variables = os.environ | environment
    process = subprocess.run([sys.executable, "-c", PROGRAM], env=variables, capture_output=True, text=True, check=True)
    return process.stderr.splitlines()


def test_each_run_is_one_line_that_names_neither_formula_nor_visitor():
    (line,) = lines(LOOKAHEAD_LOG_RUNS="1")
    entry = json.loads(line)
    assert set(entry) == {"key", "seconds", "kind", "rows"}
    assert entry["kind"] == "Trajectory"
    assert entry["rows"] == 6  # three optimizers from two starts
    assert entry["seconds"] > 0
    assert "12345" not in line


def test_nothing_is_written_unless_it_is_asked_for():
    assert lines() == []
