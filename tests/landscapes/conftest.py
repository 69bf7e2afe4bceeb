"""What the tests of data sets share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from landscapes.tasks.data import load
from landscapes.tasks.splits import split


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty folder for data sets, and nothing remembered from other tests."""
    monkeypatch.setenv("LOOKAHEAD_DATASETS", str(tmp_path))
    load.cache_clear()
    split.cache_clear()
    yield tmp_path
    load.cache_clear()
    split.cache_clear()
