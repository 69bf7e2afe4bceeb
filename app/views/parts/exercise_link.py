"""A link for a class: one number, or a few, stays free."""

from __future__ import annotations

from collections.abc import Iterator

import streamlit as st

from app.draw.qr import qr_svg
from app.runs.family import numbers_of
from app.state.base import PageConfig
from app.state.cards import Comparison
from app.state.codecs import Setting, settings_of
from app.views import session
from app.views.parts.cards import AT_FIRST_SIGHT, SUBSCRIPT

SYMBOLS = {"alpha": "α", "outer_momentum": "μ"}
MOST_IN_CODE = 1200  # characters of a link that a telephone reads off a projector


def exercise_link(config: PageConfig, page: str) -> None:
    """Choose what stays free; the link, and its QR code."""
    if session.exercise():
        return
    titles = dict(sorted(_numbers(config, page), key=lambda pair: not pair[0][0].isdigit()))
    st.markdown("## Exercise link")
    st.caption("For a class: every setting stays as it is here but the numbers that you choose.")
    free = st.multiselect(
        "Stays free", list(titles), format_func=titles.__getitem__, placeholder="choose a number …",
        key=f"{page}.exercise.{','.join(titles)}",  # other choices, another widget
    )  # fmt: skip
    hide = st.toggle("Show no other controls", key=f"{page}.exercise.hide", help="Otherwise they are greyed out")
    if not free:
        return
    link = session.share_link(config, {"hide" if hide else "fix": "*", "free": ",".join(free)})
    st.code(link, language=None, wrap_lines=True)
    if len(link) <= MOST_IN_CODE:
        st.image(qr_svg(link), width=260, alt="QR code of the link")


def _numbers(config: PageConfig, page: str) -> Iterator[tuple[str, str]]:
    """Names and titles: what a card shows at first sight or the player lets one drag; all that the page shows."""
    draggable = _draggable(config)
    for setting in settings_of(config):
        of_card = isinstance(config, Comparison) and setting.owner
        for control, value in setting.widgets().items():
            name = control.removeprefix(setting.owner)
            is_offered = control in draggable or name in AT_FIRST_SIGHT if of_card else _is_drawn(page, control)
            if is_offered and isinstance(value, int | float) and not isinstance(value, bool):
                yield control, f"{_title(setting, name)}{f' of optimizer {control[0]}' if of_card else ''}"


def _is_drawn(page: str, control: str) -> bool:
    return f"{page}.{control}" in st.session_state


def _draggable(config: PageConfig) -> set[str]:
    cards = config.cards if isinstance(config, Comparison) else ()
    return {
        f"{number}.{level}.{name}" if level else f"{number}.{name}"
        for number, card in enumerate(cards, start=1)
        for name, level in numbers_of(card)
    }


def _title(setting: Setting, name: str) -> str:
    part, _, last = name.rpartition(".")
    if part.isdigit():
        return f"{SYMBOLS.get(last, last)}{SUBSCRIPT[int(part)]}"
    return last if part else setting.title
