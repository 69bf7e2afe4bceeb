"""Buttons that save files; what goes wrong while a file is made is said on the page.

Streamlit calls what makes a file in a thread of its own, outside of any script, and tells the visitor no more than that
it failed, for five seconds. So the reason is kept, and the page is drawn again to show it. What was made it forgets at
the second script run of anybody, fetched or not. So the visitor's session holds on to it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Literal

import streamlit as st
from streamlit import runtime
from streamlit.runtime.scriptrunner import add_script_run_ctx, get_script_run_ctx

MIME = {
    "png": "image/png", "svg": "image/svg+xml", "pdf": "application/pdf", "gif": "image/gif", "mp4": "video/mp4",
    "html": "text/html", "csv": "text/csv", "parquet": "application/vnd.apache.parquet", "json": "application/json",
    "zip": "application/zip", "py": "text/x-python", "txt": "text/plain",
}  # fmt: skip
SAID = (ValueError, OSError, RuntimeError)  # their messages are for visitors; others are defects, and are in the log
FAILURES = "downloads.failed"


def download(
    label: str,
    made: bytes | Callable[[], bytes],
    file: str,
    *,
    key: str = "",
    type: Literal["secondary", "tertiary"] = "tertiary",  # noqa: A002
) -> None:
    """A button that saves a file.

    Args:
        label: on the button.
        made: what is in the file, or what makes it when it is asked for.
        file: its name, the end of which is one of MIME.
        key: of the button; the file's name if empty.
        type: of the button, as `st.download_button` takes it.
    """
    file, key = file.replace("_", "-"), key or file
    mime = MIME[file.rpartition(".")[2]]
    data = made if isinstance(made, bytes) else _telling(_held(made, file, mime, key), label)
    st.download_button(label, data, file, mime, key=key, on_click="ignore", icon=":material/download:", type=type)


def failures() -> None:
    """Say what went wrong since this was last called."""
    failed = _failures()
    while failed:
        st.error(failed.pop(0))


def _failures() -> list[str]:
    kept: list[str] = st.session_state.setdefault(FAILURES, [])
    return kept


def _telling(make: Callable[[], bytes], label: str) -> Callable[[], bytes]:
    """The same, which notes what goes wrong and has the page drawn again."""
    failed, context = _failures(), get_script_run_ctx()

    def telling() -> bytes:
        try:
            return make()
        except Exception as error:
            reason = str(error) if isinstance(error, SAID) else "something is wrong; the server's log says what"
            failed.append(f"{label}: {reason}.")
            if context is not None:
                _draw_again(context.session_id)
            raise

    return telling


def _held(make: Callable[[], bytes], file: str, mime: str, key: str) -> Callable[[], bytes]:
    """The same, whose result lasts until the visitor's page is drawn anew or the file is made again."""
    context = get_script_run_ctx()

    def hold(data: bytes) -> None:
        files = runtime.get_instance().media_file_mgr
        files.add(data, mime, f"made.{key}", file_name=file, is_for_static_download=True)

    def held() -> bytes:
        data = make()
        if runtime.exists():
            holder = threading.Thread(target=hold, args=(data,), name="download")
            add_script_run_ctx(holder, context)
            holder.start()
            holder.join()
        return data

    return held


def _draw_again(session_id: str) -> None:
    """As Streamlit does when a script's source changes."""
    found = runtime.get_instance()._session_mgr.get_active_session_info(session_id)
    if found is not None:
        found.session.request_rerun(found.session._client_state)
