"""Who is looking: the session that shares its runs with others and withdraws only its own wishes."""

from __future__ import annotations


def visitor() -> str:
    """The visitor's session; "alone" outside a server."""
    from streamlit.runtime.scriptrunner import get_script_run_ctx

    context = get_script_run_ctx()
    return context.session_id if context is not None else "alone"
