"""What the documentation quotes is what there is."""

import re
import subprocess
import sys
from pathlib import Path

from app.state.presets import PRESETS

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"


def test_the_library_example_prints_its_numbers():
    (code, printed) = re.search(r"```python\n(.*?)```\n\n```text\n(.*?)```", README.read_text(), re.DOTALL).groups()
    finished = subprocess.run(
        [sys.executable, "-c", code], cwd=README.parent, capture_output=True, text=True, check=True
    )
    assert finished.stdout == printed


def test_figures_of_ready_made_trainings_are_those_of_their_documentation() -> None:
    measured = (ROOT / "docs" / "networks.md").read_text()
    quoted = [
        (name, figure)
        for name, preset in (PRESETS["networks"] | PRESETS["gans"]).items()
        for figure in re.findall(r"[+-]?\d+\.\d+ ± \d+\.\d+", preset.shows)
    ]
    assert len(quoted) >= 15
    assert [pair for pair in quoted if pair[1] not in measured] == []
