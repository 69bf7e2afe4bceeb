"""The turns of this server's pages: one script at a time."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from app.runs.durations import Durations
from app.runs.turns import Turns

turns = Turns()
seconds = Durations()  # that scripts took once their turns had begun, by page


@contextmanager
def page_turn(page: str) -> Iterator[None]:
    """Wait for a turn of a page's script, and hold it inside the context."""
    with turns.turn():
        began = time.monotonic()
        try:
            yield
        finally:
            seconds.add(page, time.monotonic() - began)
