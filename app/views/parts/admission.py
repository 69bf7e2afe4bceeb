"""The limit on visitors at a time."""

from __future__ import annotations

import gc
import threading
from weakref import WeakSet

import streamlit as st

from app.state.limits import current_limits

KEY = "seat"


class Seat:
    """A visitor's place, free again when the visitor's session is deleted."""


_seats: WeakSet[Seat] = WeakSet()
_lock = threading.Lock()


def visitors() -> int:
    """How many places are taken."""
    return len(_seats)


def take_seat() -> bool:
    """Whether this visitor has a place among the limited number; else a message on the page says so."""
    if KEY in st.session_state:
        return True
    with _lock:
        if len(_seats) >= current_limits().sessions:
            gc.collect(1)  # a session that ended may wait for the collector
        if len(_seats) < current_limits().sessions:
            st.session_state[KEY] = seat = Seat()
            _seats.add(seat)
            return True
    st.warning("All places are taken. Reload this page in a few minutes: your settings are in its address.")
    return False
