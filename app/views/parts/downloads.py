"""Buttons that save files; errors while a file is made are shown on the page.

Streamlit makes the file in a thread of its own, outside of any script, and shows the visitor only that
it failed, for five seconds. So the reason is kept, and the page is drawn again to show it. It also deletes the file at
the second script run of any visitor, downloaded or not. So the visitor's session keeps the file.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Literal

import streamlit as st
from streamlit import runtime
from streamlit.runtime.scriptrunner import add_script_run_ctx, get_script_run_ctx

from app.views.parts.turns import outside_turns
from app.views.parts.visitor import visitor

MIME = {
    "png": "image/png", "svg": "image/svg+xml", "pdf": "application/pdf", "gif": "image/gif", "mp4": "video/mp4",
    "html": "text/html", "csv": "text/csv", "parquet": "application/vnd.apache.parquet", "json": "application/json",
    "zip": "application/zip", "py": "text/x-python", "txt": "text/plain",
}  # fmt: skip
FOR_VISITORS = (ValueError, OSError, RuntimeError)  # whose messages are shown; others are defects, and are logged
FAILURES = "downloads.failed"


def download(
    label: str,
    content: bytes | Callable[[], bytes],
    file: str,
    *,
    key: str = "",
    type: Literal["secondary", "tertiary"] = "tertiary",  # noqa: A002
) -> None:
    """A button that saves a file.

    Args:
        label: on the button.
        content: what is in the file, or what makes it when it is asked for.
        file: its name, the end of which is one of MIME.
        key: of the button; the file's name if empty.
        type: of the button, as `st.download_button` takes it.
    """
    file, key = file.replace("_", "-"), key or file
    mime = MIME[file.rpartition(".")[2]]
    data = content if isinstance(content, bytes) else _with_report(_kept_in_session(content, file, mime, key), label)
    st.download_button(label, data, file, mime, key=key, on_click="ignore", icon=":material/download:", type=type)


def failures() -> None:
    """Show the errors since the last call."""
    messages = _failures()
    while messages:
        st.error(messages.pop(0))


def _failures() -> list[str]:
    messages: list[str] = st.session_state.setdefault(FAILURES, [])
    return messages


def _with_report(make: Callable[[], bytes], label: str) -> Callable[[], bytes]:
    """`make` with errors noted and the page drawn again."""
    messages, context, of_visitor = _failures(), get_script_run_ctx(), visitor()

    def make_and_report() -> bytes:
        try:
            with outside_turns(of_visitor):
                return make()
        except Exception as error:
            reason = str(error) if isinstance(error, FOR_VISITORS) else "something is wrong; the server's log says what"
            messages.append(f"{label}: {reason}.")
            if context is not None:
                _draw_again(context.session_id)
            raise

    return make_and_report


def _kept_in_session(make: Callable[[], bytes], file: str, mime: str, key: str) -> Callable[[], bytes]:
    """`make`, whose result is kept until the visitor's page is drawn anew or the file is made again."""
    context = get_script_run_ctx()

    def add_file(data: bytes) -> None:
        files = runtime.get_instance().media_file_mgr
        files.add(data, mime, f"made.{key}", file_name=file, is_for_static_download=True)

    def make_and_keep() -> bytes:
        data = make()
        if runtime.exists():
            thread = threading.Thread(target=add_file, args=(data,), name="download")
            add_script_run_ctx(thread, context)
            thread.start()
            thread.join()
        return data

    return make_and_keep


def _draw_again(session_id: str) -> None:
    """Rerun the script as Streamlit does when its source changes."""
    session_info = runtime.get_instance()._session_mgr.get_active_session_info(session_id)
    if session_info is not None:
        session_info.session.request_rerun(session_info.session._client_state)
