"""A progress bar for long work, which a change of the controls cancels."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import streamlit as st

from app.views.parts.turns import give_way

PATIENCE = 0.7  # seconds before a bar appears; shorter work would make it flicker


@contextmanager
def progress(label: str) -> Iterator[Callable[[int, int], None]]:
    """Gives a callback (done, total). Any change of the controls cancels the work at the callback's next call.

    There the work also lets others' pages go first.
    """
    start_time, slot = time.monotonic(), st.empty()

    def report(count: int, total: int) -> None:
        if time.monotonic() - start_time > PATIENCE:
            slot.progress(count / total, text=f"{label}: {count:,} of {total:,} steps. Change a control to stop.")
        give_way()

    yield report
    slot.empty()
