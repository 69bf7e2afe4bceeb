"""Small buttons below a view, for files that are made when they are asked for."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

MIME = {"csv": "text/csv", "parquet": "application/vnd.apache.parquet", "html": "text/html"}


def download(label: str, make: Callable[[], bytes], file: str) -> None:
    """A button that saves what `make` gives under the name `file`, which ends in csv, parquet or html."""
    file = file.replace("_", "-")
    mime = MIME[file.rpartition(".")[2]]
    st.download_button(
        label, make, file, mime, key=file, on_click="ignore", icon=":material/download:", type="tertiary"
    )
