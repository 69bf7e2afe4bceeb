"""Charts in a row that becomes a column on a narrow screen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import plotly.graph_objects as go
import streamlit as st


def draw_linked(charts: Mapping[str, go.Figure], keys: Sequence[str]) -> None:
    """The charts side by side under their titles; the player finds each by its key."""
    columns = st.columns(len(charts))
    for column, (title, figure), key in zip(columns, charts.items(), keys, strict=False):
        with column:
            st.caption(f"**{title}**")
            st.plotly_chart(figure, key=key, config={"displayModeBar": False})
