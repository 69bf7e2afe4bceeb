"""docs/export.md says what is so: its example runs, its commands parse, its table names the columns."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from app.cli import main
from app.export import document
from app.export.tables import COLUMNS
from app.state.links import LONG

PAGE = (Path(__file__).parents[3] / "docs" / "export.md").read_text(encoding="utf-8")


def block(language: str) -> str:
    return re.search(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)[1]


def test_the_python_example_runs(capsys: pytest.CaptureFixture[str]) -> None:
    results: dict[str, object] = {}
    exec(compile(block("python").replace("seconds=4", "seconds=0.5"), "docs/export.md", "exec"), results)
    assert results["gif"][:6] == b"GIF89a"
    assert results["svg"][:5] == b"<?xml"
    assert results["csv"][:5] == b'"run"'
    assert capsys.readouterr().out.splitlines()[-1] == "10 10"


@pytest.mark.parametrize("line", block("sh").splitlines())
def test_every_command_shown_parses(line: str) -> None:
    words = shlex.split(line.partition(" | ")[0])
    assert words[0] == "lookahead-lab"
    command = main.commands[words[1]]
    command.make_context(words[1], words[2:])


def test_the_columns_are_described() -> None:
    table = PAGE[PAGE.index("| Column |") : PAGE.index("## From the command line")]
    assert tuple(re.findall(r"`(\w+)`", table))[: len(COLUMNS)] == COLUMNS


def test_the_limits_are_those_of_the_code() -> None:
    assert f"{document.MOST_UPLOADED // 2**20} MiB" in PAGE
    assert f"{document.MOST_CONFIG // 2**10} KiB" in PAGE
    assert f"{document.MOST_UNPACKED // 2**20} MiB" in PAGE
    assert f"more than {document.MOST_FILES} files" in PAGE
    assert f"{LONG} characters" in PAGE
