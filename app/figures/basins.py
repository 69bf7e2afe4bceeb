"""Basin maps as pictures: one per optimizer, and where two of them differ."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import wrap

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from plotly.subplots import make_subplots

from app.runs.basins import DIVERGED, NOT_YET, BasinMap

# Told apart with any colour vision; a surface with more minima starts over, and hovering names the minimum.
COLORS = ("#4477aa", "#ee6677", "#228833", "#ccbb44", "#66ccee", "#aa3377", "#bbbbbb", "#994f00")
DIVERGED_COLOR, NOT_YET_COLOR = "#111111", "#f2f2f2"
IN_A_ROW, TITLE = 3, 14  # maps; letters in a line of a title, so that titles fit side by side on a phone
CLICKS = 48  # invisible points along each axis, which a click selects


def basin_figure(basins: BasinMap, names: Sequence[str], minima: NDArray[np.float64]) -> go.Figure:
    """One map per optimizer, side by side, the minima marked; the last trace of each holds points for clicks."""
    columns = len(names) if len(names) <= IN_A_ROW else 2
    rows = -(-len(names) // columns)
    titles = ["<br>".join(wrap(name.replace(", .", ",\N{NO-BREAK SPACE}."), TITLE)) for name in names]
    lines = max(title.count("<br>") + 1 for title in titles)
    figure = make_subplots(
        rows=rows, cols=columns, shared_yaxes=True, shared_xaxes=True, subplot_titles=titles,
        horizontal_spacing=0.02, vertical_spacing=0.14,
    )  # fmt: skip
    for index in range(len(names)):
        place = {"row": index // columns + 1, "col": index % columns + 1}
        figure.add_trace(_map(basins, index), **place)
        figure.add_trace(_marks(minima), **place)
        figure.add_trace(_targets(basins), **place)
    figure.update_xaxes(showgrid=False, zeroline=False, matches="x", title_standoff=4)
    figure.update_xaxes(title_text="start x", row=rows)
    figure.update_yaxes(showgrid=False, zeroline=False, matches="y")
    figure.update_yaxes(title_text="start y", col=1)
    figure.update_layout(
        height=352 * rows + 18 * lines,
        margin={"l": 44, "r": 12, "t": 10 + 18 * lines, "b": 40},
        showlegend=False,
        clickmode="event+select",
        dragmode=False,
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
    )
    figure.update_annotations(font_size=13)
    return figure


def difference_figure(basins: BasinMap, first: int, second: int) -> go.Figure:
    """Where two optimizers end differently."""
    differs = basins.differs(first, second).astype(np.int8)
    figure = go.Figure(
        go.Heatmap(
            x=basins.x.astype(np.float32),
            y=basins.y.astype(np.float32),
            z=differs,
            zmin=0,
            zmax=1,
            colorscale=[[0, "rgba(128,128,128,.12)"], [1, "#d55e00"]],
            showscale=False,
            hovertemplate="start x %{x:.3g}, y %{y:.3g}<extra></extra>",
        )
    )
    figure.update_layout(
        height=300,
        margin={"l": 44, "r": 12, "t": 8, "b": 40},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        xaxis_title="start x",
        yaxis_title="start y",
    )
    return figure


def color_of(label: int) -> str:
    """The colour of a minimum, of "not yet" and of "diverged"."""
    return {NOT_YET: NOT_YET_COLOR, DIVERGED: DIVERGED_COLOR}.get(label, COLORS[label % len(COLORS)])


def _map(basins: BasinMap, optimizer: int) -> go.Heatmap:
    """Colours by place in the palette: −2 diverged, −1 not yet, then the minima modulo the palette's length."""
    reached = basins.reached[optimizer]
    shown = np.where(reached >= 0, reached % len(COLORS), reached)
    palette = [DIVERGED_COLOR, NOT_YET_COLOR, *COLORS]
    edges = np.linspace(0, 1, len(palette) + 1)
    scale = [[edge, color] for index, color in enumerate(palette) for edge in edges[index : index + 2]]
    return go.Heatmap(
        x=basins.x.astype(np.float32),
        y=basins.y.astype(np.float32),
        z=shown.astype(np.int8),
        zmin=-2.5,
        zmax=len(COLORS) - 0.5,
        colorscale=scale,
        showscale=False,
        hoverinfo="skip",
    )


def _marks(minima: NDArray[np.float64]) -> go.Scatter:
    """Stars, the smaller the more there are: between many the map is to be seen."""
    size = float(np.clip(44 / np.sqrt(max(1, len(minima))), 4, 11))
    return go.Scatter(
        x=minima[:, 0],
        y=minima[:, 1],
        mode="markers",
        marker={
            "symbol": "star",
            "size": size,
            "color": [color_of(index) for index in range(len(minima))],
            "line": {"width": 0.14 * size, "color": "white"},
        },
        hovertemplate="minimum %{pointNumber}<br>x %{x:.4g}<br>y %{y:.4g}<extra></extra>",
    )


def _targets(basins: BasinMap) -> go.Scatter:
    x, y = (np.linspace(axis[0], axis[-1], CLICKS) for axis in (basins.x, basins.y))
    where = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2).astype(np.float32)
    unseen = {"marker": {"opacity": 0}}
    return go.Scatter(
        x=where[:, 0],
        y=where[:, 1],
        mode="markers",
        marker={"size": 9, "opacity": 0},
        selected=unseen,
        unselected=unseen,
        hovertemplate="start x %{x:.3g}, y %{y:.3g}<extra>click to open</extra>",
    )
