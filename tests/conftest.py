"""What every test starts from: the same seeds, and two torch threads, or one in each of several workers."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import settings

settings.register_profile("repeatable", derandomize=True)
settings.load_profile("repeatable")

INTEGRATION = (
    *("app/cli", "app/draw", "app/export", "app/jobs", "app/views", "app/test_faults.py"),
    *("app/runs/test_atlas.py", "app/runs/test_cache.py", "app/runs/test_lessons.py", "app/runs/test_log.py"),
    *("app/runs/test_study_trainings.py", "app/runs/test_trained.py"),
    *("app/runs/test_plane.py", "app/runs/test_result_files.py", "app/runs/test_shipped.py"),
    *("landscapes/test_tasks_data.py", "landscapes/test_tasks_gan.py", "optim_core/test_training.py"),
    *("app/state/test_limits.py", "optim_core/test_package.py", "optim_core/test_outer_workers.py"),
    *("test_project.py", "test_readme.py"),
)
"""Tests that open pages, draw files, train networks or start processes."""


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """`make test-fast` does not even read what it leaves out, which would take a fifth of its time."""
    is_fast = "not integration" in config.option.markexpr
    return True if is_fast and _is_below(collection_path, (*INTEGRATION, "e2e", "ecosystem")) else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """`make test-fast` leaves these out."""
    for item in items:
        if _is_below(item.path, INTEGRATION):
            item.add_marker(pytest.mark.integration)


def _is_below(path: Path, places: tuple[str, ...]) -> bool:
    here = Path(__file__).parent
    return any(path.is_relative_to(here / place) for place in places)


def pytest_collection_finish() -> None:
    """Workers with two threads each would wait for one another."""
    torch.set_num_threads(1 if "PYTEST_XDIST_WORKER" in os.environ else 2)


@pytest.fixture(autouse=True)
def same_beginning() -> Iterator[None]:
    """Seed the global generators and keep the number of threads, so that no test depends on the ones before it."""
    random.seed(0)
    np.random.seed(0)  # noqa: NPY002
    torch.manual_seed(0)
    threads = torch.get_num_threads()
    yield
    torch.set_num_threads(threads)
