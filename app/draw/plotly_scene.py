"""A scene as a plotly figure: the background of the player, and an interactive chart with the tracks."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from app.draw.plotly import dashes, paint
from app.figures import lines, look
from app.figures.chart import Chart
from app.figures.scene import Scene
from app.player.tracks import Track

LEGEND = {"orientation": "h", "x": 0, "y": 0, "yref": "container", "yanchor": "bottom", "groupclick": "toggleitem"}
HEIGHT, ROW = 540, 10  # pixels: of a chart, and for each entry of its legend, which stand side by side where they can


def paint_ground(scene: Scene, *, dark: bool = False) -> go.Figure:
    """The background on which the player draws."""
    panels = scene.ground()
    chart = Chart(
        panels, scene.caption, len(panels), height=scene.height, linked="xy", drag="pan", key=repr(scene.extent)
    )
    figure = paint(chart, dark=dark, legend=False)
    top = 28 if len(panels) > 1 else 10
    figure.update_layout(margin={"l": 44, "r": 12, "t": top, "b": 40})
    if scene.grid is not None:
        figure.update_xaxes(showgrid=False)
        figure.update_yaxes(showgrid=False)
    return figure


def plotly_figure(scene: Scene) -> go.Figure:
    """The ground, whole tracks, and heads at the end."""
    figure = paint_ground(scene)
    names: set[str] = set()
    for track in scene.tracks:
        for layer in lines.layers_of(track):
            _add(figure, scene, track, layer, in_legend=track.name not in names)
        names.add(track.name)
    entries = sum(bool(trace.showlegend) for trace in figure.data)
    return figure.update_layout(
        title=scene.caption.title, height=HEIGHT + ROW * entries, showlegend=True, legend=LEGEND, plot_bgcolor="#fff",
        margin={"l": 52, "r": 12, "t": 60, "b": 40}, paper_bgcolor="#fff", dragmode="zoom",
    )  # fmt: skip


def _add(figure: go.Figure, scene: Scene, track: Track, layer: int, *, in_legend: bool) -> None:
    """A layer's line and, at its end, its head."""
    path, end = lines.path(track, layer), lines.weights(track, layer)[-1:]
    stroke, color = look.stroke(layer), _ink(track.color, layer)
    symbol = look.CODES[stroke.marker][1] + "-open" * stroke.hollow
    label = f"{track.name}, {lines.line_label(layer)}"
    customdata = np.stack([track.step, lines.loss(track, layer)], axis=-1)
    common = {
        "name": label,
        "legendgroup": track.name,
        "hovertemplate": f"{label}<br>step %{{customdata[0]}}<br>x %{{x:.5g}}<br>y %{{y:.5g}}"
        "<br>loss %{customdata[1]:.5g}<extra></extra>",
    }
    line = {"color": color, "width": stroke.width / look.PIXEL, "dash": dashes(stroke.dash)}
    marker = {"symbol": symbol, "color": color, "size": stroke.size / look.PIXEL, "line": {"color": "#fff", "width": 1}}
    figure.add_traces(
        [
            go.Scatter(
                x=path.points[:, 0], y=path.points[:, 1], customdata=customdata[path.rows], mode="lines", line=line,
                showlegend=in_legend, **common,
            ),
            go.Scatter(
                x=end[:, 0], y=end[:, 1], customdata=customdata[-1:], mode="markers", marker=marker, showlegend=False,
                **common,
            ),
        ],
        rows=1,
        cols=track.panel + 1,
    )  # fmt: skip


def _ink(color: str, layer: int) -> str:
    red, green, blue = look.style_of("light").shade(color, layer)
    return f"rgb({255 * red:.0f},{255 * green:.0f},{255 * blue:.0f})"
