"""The examples of docs/optimizer.md print what the page says."""

import doctest
import importlib
import pkgutil
import re
from pathlib import Path

import optim_core

GUIDE = Path(__file__).parents[2] / "docs" / "optimizer.md"


def test_the_guide():
    fences = re.findall(r"^```python\n(.*?)^```$", GUIDE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    examples = doctest.DocTestParser().get_doctest("\n".join(fences), {}, GUIDE.name, str(GUIDE), 0)
    assert len(examples.examples) > 30
    assert doctest.DocTestRunner().run(examples).failed == 0


def test_the_docstrings():
    names = [module.name for module in pkgutil.walk_packages(optim_core.__path__, "optim_core.")]
    results = [doctest.testmod(importlib.import_module(name)) for name in names]
    assert sum(result.attempted for result in results) >= 5
    assert sum(result.failed for result in results) == 0
