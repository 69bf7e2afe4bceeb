"""Charts in a row that becomes a column on a narrow screen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import plotly.graph_objects as go
import streamlit as st

from app.player.look import LOOK

DARK_TEXT = (232, 236, 239)
DARK_SHARE = LOOK.inks.dark  # as inksOf mixes them in app/player/browser/theme.js


def inks(colors: Sequence[str]) -> tuple[str, ...]:
    """Colours, "#rrggbb", as the player draws its tracks on this visitor's page: lighter on a dark one."""
    return tuple(map(lightened, colors)) if st.context.theme.type == "dark" else tuple(colors)


def lightened(color: str) -> str:
    """A colour mixed with the letters of a dark page."""
    parts = [int(color[at : at + 2], 16) for at in (1, 3, 5)]
    mixed = [round(part + DARK_SHARE * (text - part)) for part, text in zip(parts, DARK_TEXT, strict=True)]
    return "#" + "".join(f"{part:02x}" for part in mixed)


def draw_linked(charts: Mapping[str, go.Figure], keys: Sequence[str]) -> None:
    """The charts side by side under their titles; the player finds each by its key."""
    columns = st.columns(len(charts))
    for column, (title, figure), key in zip(columns, charts.items(), keys, strict=False):
        with column:
            st.caption(f"**{title}**")
            st.plotly_chart(figure, key=key, config={"displayModeBar": False})
