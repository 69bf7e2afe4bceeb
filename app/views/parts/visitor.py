"""The visitor's identity, under which runs are submitted and cancelled, and what is said of that on every page."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import streamlit as st

from app.jobs.errors import JobsError


def visitor() -> str:
    """The visitor's session; "alone" outside a server."""
    from streamlit.runtime.scriptrunner import get_script_run_ctx

    context = get_script_run_ctx()
    return context.session_id if context is not None else "alone"


def is_here(visitor: str) -> bool:
    """Whether a visitor's page is open: a page that was reloaded is another visitor's."""
    from streamlit.runtime import exists, get_instance

    return exists() and get_instance().is_active_session(visitor)


def wanting(claims: Collection[str]) -> frozenset[str]:
    """Of those who asked for something, this visitor and the others whose pages are open."""
    return frozenset(one for one in claims if one == visitor() or is_here(one))


def show_error(error: JobsError) -> None:
    """Why long work cannot be done now."""
    st.error(str(error), icon=":material/cloud_off:")


def cancel_button(others: int, key: str | None = None, **settings: Any) -> bool:
    """A button that withdraws the visitor's wish, and says who else has it; whether it was pressed."""
    label = (
        "Cancel" if not others else f"Cancel for me: {others} other{'s' * (others > 1)} want{'s' * (others == 1)} it"
    )
    return st.button(label, icon=":material/stop_circle:", key=key, **settings)
