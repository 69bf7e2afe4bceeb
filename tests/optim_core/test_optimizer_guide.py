"""The examples of docs/optimizer.md print what the page says."""

import doctest
import re
from pathlib import Path

import optim_core.lookahead

GUIDE = Path(__file__).parents[2] / "docs" / "optimizer.md"


def test_the_guide():
    fences = re.findall(r"^```python\n(.*?)^```$", GUIDE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    examples = doctest.DocTestParser().get_doctest("\n".join(fences), {}, GUIDE.name, str(GUIDE), 0)
    assert len(examples.examples) > 30
    assert doctest.DocTestRunner().run(examples).failed == 0


def test_the_docstrings():
    result = doctest.testmod(optim_core.lookahead)
    assert result.attempted >= 5
    assert result.failed == 0
