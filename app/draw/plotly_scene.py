"""A scene as a plotly figure: the background of the player, and an interactive chart with the tracks."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from app.draw.plotly import chart_spec, dashes
from app.draw.plotly_room import letters, room
from app.draw.plotly_spec import Spec, Trace, axes_of
from app.figures import lines, look
from app.figures.chart import Chart
from app.figures.scene import Scene
from app.player.tracks import Track

TITLE = 10  # pixels: of an axis's title, beside numbers that take more room than usual
LEGEND = {"orientation": "h", "x": 0, "y": 0, "yref": "container", "yanchor": "bottom", "groupclick": "toggleitem"}
HEIGHT, ROW = 540, 10  # pixels: of a chart, and for each entry of its legend, which stand side by side where they can


def paint_ground(scene: Scene, *, dark: bool = False) -> go.Figure:
    """The background on which the player draws."""
    return go.Figure(ground_spec(scene, dark=dark))


def ground_spec(scene: Scene, *, dark: bool = False) -> Spec:
    """The background of the player in plotly's terms, as `app.draw.plotly.chart_spec`."""
    panels = scene.ground()
    chart = Chart(
        panels, scene.caption, len(panels), height=scene.height, linked_axes="xy", drag="pan", key=repr(scene.extent)
    )
    spec = chart_spec(chart, dark=dark, legend=False)
    layout = spec["layout"]
    layout["margin"] = ground_margin(scene)
    for axis in axes_of(layout).values():
        # Margins that plotly fits to the labels cost a second layout, and move the plot under its player.
        axis["automargin"] = False
        if scene.grid is not None:
            axis["showgrid"] = False
    return spec


def ground_margin(scene: Scene) -> dict[str, int]:
    """Pixels around the axes of the ground."""
    left = max(60, TITLE + room(letters(scene.extent[1])))
    return {"l": left, "r": 12, "t": 28 if len(scene.panels) > 1 else 10, "b": 52}


def plotly_figure(scene: Scene) -> go.Figure:
    """The ground, whole tracks, and heads at the end."""
    spec = ground_spec(scene)
    names: set[str] = set()
    for track in scene.tracks:
        for layer in lines.layers_of(track):
            spec["data"] += _layer(track, layer, in_legend=track.name not in names)
        names.add(track.name)
    entries = sum(bool(trace.get("showlegend")) for trace in spec["data"])
    figure = go.Figure(spec).update_xaxes(automargin=True).update_yaxes(automargin=True)
    return figure.update_layout(
        title=scene.caption.title, height=HEIGHT + ROW * entries, showlegend=True, legend=LEGEND, plot_bgcolor="#fff",
        margin={"l": 52, "r": 12, "t": 60, "b": 40}, paper_bgcolor="#fff", dragmode="zoom",
    )  # fmt: skip


def _layer(track: Track, layer: int, *, in_legend: bool) -> tuple[Trace, Trace]:
    """A layer's line and, at its end, its head."""
    path, end = lines.path(track, layer), lines.weights(track, layer)[-1:]
    stroke, color = look.stroke(layer), _ink(track.color, layer)
    symbol = look.CODES[stroke.marker][1] + "-open" * stroke.hollow
    label = f"{track.name}, {lines.line_label(layer)}"
    customdata = np.stack([track.step, lines.loss(track, layer)], axis=-1)
    number = track.panel + 1 if track.panel else ""
    common = {
        "type": "scatter",
        "name": label,
        "legendgroup": track.name,
        "xaxis": f"x{number}",
        "yaxis": f"y{number}",
        "hovertemplate": f"{label}<br>step %{{customdata[0]}}<br>x %{{x:.5g}}<br>y %{{y:.5g}}"
        "<br>loss %{customdata[1]:.5g}<extra></extra>",
    }
    line = {"color": color, "width": stroke.width / look.PIXEL, "dash": dashes(stroke.dash)}
    marker = {"symbol": symbol, "color": color, "size": stroke.size / look.PIXEL, "line": {"color": "#fff", "width": 1}}
    return (
        common | {
            "x": path.points[:, 0], "y": path.points[:, 1], "customdata": customdata[path.rows], "mode": "lines",
            "line": line, "showlegend": in_legend,
        },
        common | {
            "x": end[:, 0], "y": end[:, 1], "customdata": customdata[-1:], "mode": "markers", "marker": marker,
            "showlegend": False,
        },
    )  # fmt: skip


def _ink(color: str, layer: int) -> str:
    red, green, blue = look.style_of("light").shade(color, layer)
    return f"rgb({255 * red:.0f},{255 * green:.0f},{255 * blue:.0f})"
