"""What was refused, above the controls of every page."""

from __future__ import annotations

import re
from collections.abc import Iterable

import streamlit as st

# An address may hold anything: emphasis, formulas, HTML, links, pictures and icons stay the letters that they are.
MARKUP = re.compile(r"[\\`*_$<~]|\[(?=[^\]]*\]\()|:(?=[a-z]+[\w-]*[\[/])")


def draw_problems(problems: Iterable[str]) -> None:
    """One box per sentence, which may quote what a link said."""
    for problem in problems:
        st.error(MARKUP.sub(r"\\\g<0>", problem))
