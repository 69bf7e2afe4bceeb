"""A progress bar for long work, which a change of the controls cancels."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import streamlit as st

from app.views.parts.turns import give_way

PATIENCE = 0.7  # seconds before a bar appears; shorter work would make it flicker
BETWEEN = 0.1  # seconds between two pictures of it: work that reports thousands of times would keep the browser busy


@contextmanager
def progress(label: str, meanwhile: Callable[[], object] | None = None) -> Iterator[Callable[[int, int], None]]:
    """Gives a callback (done, total). Any change of the controls cancels the work at the callback's next call.

    There the work also lets others' pages go first.

    Args:
        label: what is being done.
        meanwhile: called once, when the bar appears; draws what there is to see by then.
    """
    slot, due, first = st.empty(), time.monotonic() + PATIENCE, True

    def report(count: int, total: int) -> None:
        nonlocal due, first
        if time.monotonic() >= due:
            if first and meanwhile is not None:
                meanwhile()
            slot.progress(count / total, text=f"{label}: {count:,} of {total:,} steps. Change a control to stop.")
            first, due = False, time.monotonic() + BETWEEN
        give_way()

    yield report
    slot.empty()
