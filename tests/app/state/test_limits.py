"""The table of limits: read from the environment, refused where impossible, and as the documents show it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import asdict, fields
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from app.cli import main
from app.state.limits import DEFAULTS, OTHERS, PREFIX, TABLE, Limits, limits_from

ROOT = Path(__file__).parents[3]


def test_the_table_and_the_value_have_the_same_names():
    assert [limit.name for limit in TABLE] == [field.name for field in fields(Limits)]
    assert all(limit.least <= limit.default <= limit.most for limit in TABLE)


@pytest.mark.parametrize("limit", TABLE, ids=lambda limit: limit.name)
def test_each_limit_is_set_by_its_variable_up_to_both_ends_and_no_further(limit):
    for value in (limit.least, limit.most):
        assert asdict(limits_from({limit.variable: str(value)}))[limit.name] == value
    for wrong in (limit.least - 1, limit.most + 1, "nan", "inf", "", " ", "many", "١٢"):
        if wrong == "":
            assert limits_from({limit.variable: ""}) == DEFAULTS
            continue
        with pytest.raises(ValueError, match=rf"^{limit.variable} must be {re.escape(limit.range)}, got '{wrong}'$"):
            limits_from({limit.variable: str(wrong)})


@given(st.text(max_size=20))
def test_any_text_is_a_value_in_range_or_refused_in_one_line(text):
    message = ""
    try:
        steps = limits_from({"LOOKAHEAD_STEPS": text}).steps
    except ValueError as error:
        message = str(error)
    assert ("\n" not in message) if message else (3_000 <= steps <= 100_000)


def test_a_variable_that_does_not_exist_is_refused_with_the_nearest_that_does():
    with pytest.raises(ValueError, match=r"LOOKAHEAD_STEP='9' is no setting; did you mean LOOKAHEAD_STEPS"):
        limits_from({"LOOKAHEAD_STEP": "9"})
    with pytest.raises(ValueError, match=r"is no setting; docs/deploy\.md lists all"):
        limits_from({"LOOKAHEAD_QQQQQQQQQQQQQ": "9"})


@pytest.mark.parametrize("name", OTHERS)
def test_settings_that_are_no_limits_are_known(name):
    assert limits_from({PREFIX + name: "anything"}) == DEFAULTS


def test_a_folder_of_lessons_that_is_not_there_stops_the_start_in_one_line(monkeypatch):
    monkeypatch.setenv("LOOKAHEAD_LESSONS", "/nowhere")
    result = CliRunner().invoke(main, ["app"])
    assert result.exit_code == 1
    assert result.output == "Error: LOOKAHEAD_LESSONS must be a folder with lessons, got '/nowhere'\n"


def test_an_impossible_setting_stops_the_start_in_one_line(monkeypatch):
    monkeypatch.setenv("LOOKAHEAD_STEPS", "0")
    result = CliRunner().invoke(main, ["app"])
    assert result.exit_code == 1
    assert result.output == "Error: LOOKAHEAD_STEPS must be a whole number from 3,000 to 100,000, got '0'\n"


SET = {
    "STEPS": ("4000", "from app.state import MAX_STEPS as limit"),
    "STARTS": ("5", "from app.state import MAX_STARTS as limit"),
    "TRAINING_STEPS": ("4000", "from app.state import MAX_TRAINING_STEPS as limit"),
    "SEEDS": ("20", "from app.state import MAX_SEEDS as limit"),
    "CLOUD_RUNS": ("300", "from app.runs.cloud import MAX_RUNS as limit"),
    "MAP_POINTS": ("128", "from app.views.surfaces.basins import RESOLUTIONS as r; limit = r[-1]"),
    "STUDY_CELLS": ("5000", "from app.state.axes import LIMITS as t; limit = t.study_cells"),
    "STUDY_SEEDS": ("100", "from app.state import AtlasConfig as C; limit = C.model_fields['seeds'].metadata[1].le"),
    "STUDY_MILLIONS": ("30", "from app.state.axes import LIMITS as t; limit = t.study_millions"),
    "STUDY_TRAINING_THOUSANDS": (
        "600",
        "from app.state.axes import LIMITS as t; limit = t.study_training_thousands",
    ),
    "FORMULA": (
        "77",
        "from app.state import SurfacesConfig as C; f = C.model_fields; limit = f['formula'].metadata[0].max_length",
    ),
    "CACHE_ENTRIES": ("3", "from app.runs.surfaces import surface_run as t; limit = t._size"),
    "VISITOR_WAITING": ("7", "from app.jobs import default_jobs as j; limit = j()._queue.limits.visitor_waiting"),
    "WAITING": ("9", "from app.jobs import default_jobs as j; limit = j()._queue.limits.waiting"),
    "DATA_LIMIT_GB": ("2", "from app.jobs import store_from_environment as s; limit = s().limit // 10**9"),
}


def test_what_is_set_holds_where_it_is_used(tmp_path):
    """All at once: a process that imports torch takes seconds."""
    environment = {PREFIX + name: value for name, (value, _) in SET.items()} | {"LOOKAHEAD_DATA": str(tmp_path)}
    program = "\n".join(f"{line}; print({name!r}, limit)" for name, (_, line) in SET.items())
    process = subprocess.run(
        [sys.executable, "-c", program], env=os.environ | environment, cwd=ROOT, capture_output=True, text=True
    )
    limits = dict(line.split() for line in process.stdout.splitlines())
    assert limits == {name: value for name, (value, _) in SET.items()}, process.stderr


def test_every_preset_fits_the_least_limits():
    environment = {limit.variable: str(limit.least) for limit in TABLE}
    program = "from app.state.presets import PRESETS; print(sum(map(len, PRESETS.values())))"
    process = subprocess.run(
        [sys.executable, "-c", program], env=os.environ | environment, cwd=ROOT, capture_output=True, text=True
    )
    assert process.returncode == 0, process.stderr
    assert int(process.stdout) > 10


def test_the_documents_show_the_table():
    rows = re.findall(r"^\| `(LOOKAHEAD_\w+)` \| (.+) \| (.+) \| (.+) \|$", (ROOT / "docs/deploy.md").read_text(), re.M)
    table = {row[0]: row[1:] for row in rows}
    for limit in TABLE:
        bounds = f"{limit.least:,} to {limit.most:,}"
        assert table[limit.variable] == (limit.meaning, f"{limit.default:,}", bounds)
    assert set(table) == {limit.variable for limit in TABLE}


CROWD = """
import streamlit as st
from app.views.parts import admission

st.write("in" if admission.take_seat() else "out")
"""


def test_beyond_the_last_place_a_visitor_is_asked_to_come_back_until_one_is_free(monkeypatch):
    from streamlit.testing.v1 import AppTest

    from app.views.parts import admission

    monkeypatch.setenv("LOOKAHEAD_SESSIONS", "2")
    monkeypatch.setattr(admission, "_seats", type(admission._seats)())
    first, second, third = (AppTest.from_string(CROWD) for _ in range(3))
    assert [text(visitor) for visitor in (first, second, third)] == ["in", "in", "out"]
    assert text(first) == "in"
    assert "All places are taken" in third.warning[0].value
    del second.session_state["seat"]
    assert text(third) == "in"


def text(visitor):
    visitor.run()
    return visitor.markdown[0].value
