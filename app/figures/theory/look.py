"""What the theory figures share: colours, transparent backgrounds, legends below."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike

from app.figures.look import QUIET
from app.player.tracks import PALETTE

MUTED = "#888888"  # readable on light and dark pages alike
CONVERGES, DIVERGES = PALETTE[0], PALETTE[1]
FLOW, PATH, PLAIN = PALETTE[2], PALETTE[1], PALETTE[3]  # of Cₙ, of the mean, of C


def depth_color(depth: int) -> str:
    """One colour per number of layers, the same in every instrument."""
    return PALETTE[depth % len(PALETTE)]


def faded(color: str, opacity: float) -> str:
    """A palette colour, "#rrggbb", at some opacity."""
    red, green, blue = (int(color[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},{opacity:g})"


def log_axis(update: Callable[..., object], title: str, values: ArrayLike, **place: int) -> None:
    """A logarithmic axis with plain numbers: 1, 2, 5 where `values` span few decades, else one per decade."""
    shown = np.asarray(values, dtype=np.float64)
    shown = shown[np.isfinite(shown) & (shown > 0)]
    decades = np.log10(shown.max() / shown.min()) if shown.size else 0.0
    update(type="log", title_text=title, tickformat="~g", dtick="D2" if decades < 2.5 else 1, **place)


def finish(figure: go.Figure, height: int, *, legend: bool = True) -> go.Figure:
    """The frame of every theory figure; the theme of the page shows through."""
    figure.update_xaxes(gridcolor=QUIET, zeroline=False, ticks="outside", title_standoff=6)
    figure.update_yaxes(gridcolor=QUIET, zeroline=False, ticks="outside", title_standoff=6)
    figure.update_layout(
        height=height,
        margin={"l": 56, "r": 12, "t": 34, "b": 48},
        showlegend=legend,
        legend={"orientation": "h", "y": -0.22, "yanchor": "top", "x": 0, "font": {"size": 12}},
        hovermode="closest",
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
    )
    figure.update_annotations(font_size=13)
    return figure
