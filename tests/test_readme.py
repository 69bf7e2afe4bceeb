"""What the documentation quotes is what there is."""

import re
import subprocess
import sys
from pathlib import Path

from app.state.presets import PRESETS

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"


def test_the_library_example_prints_its_numbers():
    (code, output) = re.search(r"```python\n(.*?)```\n\n```text\n(.*?)```", README.read_text(), re.DOTALL).groups()
    process = subprocess.run(
        [sys.executable, "-c", code], cwd=README.parent, capture_output=True, text=True, check=True
    )
    assert process.stdout == output


def test_figures_of_ready_made_trainings_are_those_of_their_documentation() -> None:
    measured = (ROOT / "docs" / "networks.md").read_text()
    quotes = [
        (name, figure)
        for name, preset in (PRESETS["networks"] | PRESETS["gans"]).items()
        for figure in re.findall(r"[+-]?\d+\.\d+ ± \d+\.\d+", preset.shows)
    ]
    assert len(quotes) >= 15
    assert [pair for pair in quotes if pair[1] not in measured] == []
