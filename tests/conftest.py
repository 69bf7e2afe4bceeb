"""What every test starts from: two torch threads, as the benchmarks have, and the same seeds."""

from __future__ import annotations

import random

import numpy as np
import pytest
import torch

torch.set_num_threads(2)


@pytest.fixture(autouse=True)
def same_seeds() -> None:
    """Seed the global generators, so that no test depends on the ones before it."""
    random.seed(0)
    np.random.seed(0)  # noqa: NPY002
    torch.manual_seed(0)
