"""One JSON line a run for the server's operator: what was computed and for how long, without visitor data."""

from __future__ import annotations

import hashlib
import json
import logging
import math
import os
import sys
from collections.abc import Hashable
from typing import Any

VARIABLE = "LOOKAHEAD_LOG_RUNS"

logger = logging.getLogger("lookahead.runs")


def log_to_stderr() -> None:
    """Write the lines to standard error where LOOKAHEAD_LOG_RUNS is 1."""
    if os.environ.get(VARIABLE) == "1" and not logger.handlers:
        logger.addHandler(logging.StreamHandler(sys.stderr))
        logger.setLevel(logging.INFO)
        logger.propagate = False


def log_run(key: Hashable, seconds: float, result: Any) -> None:
    """Note a run that was computed: a digest of its settings, its seconds, its kind, and how many rows advanced."""
    if not logger.isEnabledFor(logging.INFO):
        return
    line = {
        "key": hashlib.sha256(repr(key).encode()).hexdigest()[:16],
        "seconds": round(seconds, 4),
        "kind": type(result).__name__,
        "rows": _rows(result),
    }
    logger.info(json.dumps(line))


def _rows(result: Any) -> int | None:
    """Runs of a trajectory, over all optimizers; None where there is no such number."""
    loss = getattr(result, "loss", None)
    shape = getattr(loss, "shape", ())
    return math.prod(shape[1:]) if len(shape) > 1 else None
