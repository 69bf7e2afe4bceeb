"""An exponential moving average of recorded weights: the baseline that Lookahead has to be compared with."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Kind = TypeVar("Kind", bound=np.floating)


def exponential_average(path: NDArray[Kind], decay: float) -> NDArray[Kind]:
    """a_0 = θ_0, a_t = decay a_{t−1} + (1 − decay) θ_t along the first axis, as torch.optim.swa_utils averages.

    Args:
        path: (rows, ...), consecutive iterates.
        decay: in [0, 1); 0 gives the path itself.

    Raises:
        ValueError: decay outside [0, 1).
    """
    if not 0 <= decay < 1:
        raise ValueError(f"decay must be in [0, 1), got {decay}")
    average = np.empty_like(path)
    average[0] = path[0]
    for row in range(1, len(path)):
        average[row] = decay * average[row - 1] + (1 - decay) * path[row]
    return average
