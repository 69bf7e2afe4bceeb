"""Charts on a page: one by one, or in a row that becomes a column on a narrow screen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import plotly.graph_objects as go
import streamlit as st

from app.draw.plotly import clicked, paint
from app.figures.chart import Chart
from app.figures.look import on_dark

CHART = {"displayModeBar": False}


def inks(colors: Sequence[str]) -> tuple[str, ...]:
    """Colours, "#rrggbb", as the player draws its tracks on this visitor's page: lighter on a dark one."""
    return tuple(map(on_dark, colors)) if dark() else tuple(colors)


def dark() -> bool:
    """Whether this visitor's page is."""
    return bool(st.context.theme.type == "dark")


def show_chart(chart: Chart, key: str, *, legend: bool = True, pick: bool = False) -> tuple[int, int] | None:
    """The chart; with `pick`, gives the target that was clicked: which of the targets' marks, and which point."""
    figure = paint(chart, dark=dark(), legend=legend)
    if not pick:
        st.plotly_chart(figure, key=key, config=CHART)
        return None
    event: Any = st.plotly_chart(figure, key=key, config=CHART, on_select="rerun", selection_mode="points")
    return clicked(figure, event.selection.points)


def draw_linked(charts: Mapping[str, go.Figure], keys: Sequence[str]) -> None:
    """The charts side by side under their titles; the player finds each by its key."""
    columns = st.columns(len(charts))
    for column, (title, figure), key in zip(columns, charts.items(), keys, strict=False):
        with column:
            st.caption(f"**{title}**")
            st.plotly_chart(figure, key=key, config=CHART)
