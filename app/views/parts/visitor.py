"""The visitor's identity, under which runs are submitted and cancelled."""

from __future__ import annotations


def visitor() -> str:
    """The visitor's session; "alone" outside a server."""
    from streamlit.runtime.scriptrunner import get_script_run_ctx

    context = get_script_run_ctx()
    return context.session_id if context is not None else "alone"
