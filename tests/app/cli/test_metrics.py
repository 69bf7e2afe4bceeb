"""What Prometheus reads of a server: the numbers of what was done there."""

from __future__ import annotations

import asyncio
import os
import re
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Mapping
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from app.runs.durations import BOUNDS, Durations
from tests.app.cli.test_serve import SERVE, bare, free_port, healthy, invoke, server  # noqa: F401  (bare is a fixture)
from tests.app.visitors import ask, connect

ROOT = Path(__file__).parents[3]
Samples = Mapping[tuple[str, str], float]  # by name and value of the one label


def scrape(port: int) -> Samples:
    text = urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=20).read().decode()
    return {
        (sample.name.removeprefix("lookahead_"), next(iter(sample.labels.values()), "")): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if "le" not in sample.labels
    }


def test_the_numbers_move_by_what_visitors_do_and_name_none_of_them(tmp_path):
    port, metrics = free_port(), free_port()
    environment = {"LOOKAHEAD_METRICS_PORT": str(metrics), "LOOKAHEAD_DATA": str(tmp_path / "data")}
    with server((*SERVE, "--port", str(port)), **environment) as process:
        assert healthy(process, "--port", str(port))
        before = scrape(metrics)
        assert before["sessions", ""] == 0
        assert ("page_seconds_count", "surfaces") not in before

        async def visit() -> Samples:
            connection = await connect(f"http://127.0.0.1:{port}")
            first = await ask(connection, "steps=321")
            await ask(connection, "steps=321", polls=first)  # a fragment, which has the whole page drawn
            await ask(connection, "steps=321", page="games")
            return scrape(metrics)

        after = asyncio.run(visit())
    assert after["sessions", ""] == 1
    assert after["turns_waiting", ""] == 0
    assert after["page_seconds_count", "surfaces"] == 2  # the first frame, then the whole page
    assert after["page_seconds_count", "games"] == 1
    assert after["page_seconds_count", "fragment"] == 1
    assert after["turn_wait_seconds_count", "turn"] == 4
    assert after["run_seconds_count", "surface_run"] - before["run_seconds_count", "surface_run"] == 1
    assert after["run_seconds_sum", "surface_run"] > before["run_seconds_sum", "surface_run"]
    assert after["cache_entries", "surface_run"] - before["cache_entries", "surface_run"] == 1
    assert after["trainings_waiting", ""] == after["trainings_running", ""] == after["store_bytes", ""] == 0
    assert after["process_resident_memory_bytes", ""] > 0
    assert names(after) == documented()
    assert "321" not in {label for _, label in after}


def names(samples: Samples) -> set[str]:
    return {
        re.sub("_(count|sum|created)$", "", name) for name, _ in samples if not name.startswith(("process_", "python_"))
    }


def documented() -> set[str]:
    text = (ROOT / "docs/deploy.md").read_text()
    return set(re.findall(r"^\| `lookahead_(\w+)", text, re.M))


@pytest.mark.parametrize("value", ["0", "65536", "http", "-1", "٨٠"])
def test_a_port_that_is_none_is_refused_in_one_line(monkeypatch, value):
    monkeypatch.setenv("LOOKAHEAD_METRICS_PORT", value)
    result = invoke("app", "--port", str(free_port()))
    assert result.exit_code == 1
    assert result.output == f"Error: LOOKAHEAD_METRICS_PORT must be a whole number from 1 to 65535, got {value!r}\n"


def test_a_port_that_is_taken_or_that_of_the_pages_is_refused_in_one_line(monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        taken = listener.getsockname()[1]
        monkeypatch.setenv("LOOKAHEAD_METRICS_PORT", str(taken))
        result = invoke("app", "--port", str(free_port()))
    assert result.exit_code == 1
    assert result.output == f"Error: port {taken} is taken; choose another: LOOKAHEAD_METRICS_PORT\n"
    result = invoke("app", "--port", str(taken))
    assert result.output == f"Error: LOOKAHEAD_METRICS_PORT must be another port than that of the pages, got {taken}\n"


def test_nothing_of_prometheus_is_imported_unless_it_is_asked_for():
    program = "import sys; import app.cli.serve; from app.views import preload; print(*sys.modules)"
    process = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env=dict(os.environ), capture_output=True, text=True, check=True
    )
    assert "prometheus_client" not in process.stdout.split()


def test_durations_are_counted_up_to_and_including_each_bound():
    durations = Durations()
    for seconds in (0.0, BOUNDS[0], 0.02, BOUNDS[-1], 1_000.0):
        durations.add("run", seconds)
    (histogram,) = durations.by_kind().values()
    assert histogram.counts == (2, 1, *[0] * (len(BOUNDS) - 3), 1, 1)
    assert histogram.total == 0.0 + BOUNDS[0] + 0.02 + BOUNDS[-1] + 1_000.0
