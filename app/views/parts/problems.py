"""Messages on refused settings, above the controls of every page."""

from __future__ import annotations

import re
from collections.abc import Iterable

import streamlit as st

# An address may hold any text: emphasis, formulas, HTML, links, pictures and icons are shown as plain characters.
MARKUP = re.compile(r"[\\`*_$<~]|\[(?=[^\]]*\]\()|:(?=[a-z]+[\w-]*[\[/])")


def draw_problems(problems: Iterable[str]) -> None:
    """One box per sentence, which may quote a link."""
    for problem in problems:
        st.error(MARKUP.sub(r"\\\g<0>", problem))
