"""An interactive chart in one HTML file that needs no network: zoom, hover, and a legend that switches tracks."""

from __future__ import annotations

import html
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from app.figures import lines, look
from app.figures.scene import Scene

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from app.figures.caption import Caption
    from app.player.tracks import Track

# By layer; AVERAGE, being -1, takes the last.
DASHES = ("solid", "dash", "dashdot", "dot", "longdash", "longdashdot")
SYMBOLS = ("circle", "square", "diamond", "triangle-up", "star", "circle-open")

LEGEND = {"orientation": "h", "x": 0, "y": 0, "yref": "container", "yanchor": "bottom", "groupclick": "toggleitem"}
HEIGHT, ROW = 540, 10  # pixels: of a chart, and for each entry of its legend, which stand side by side where they can
NARROWEST = 300  # pixels: of a panel

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="description" content="{text}">
<title>{title}</title>
<style>
body {{ font: 14px/1.5 sans-serif; margin: 1rem; }}
h2 {{ font-size: 1.1rem; margin: 1.5rem 0 0; }}
pre {{ white-space: pre-wrap; overflow-wrap: anywhere; color: #555; }}
.chart {{ overflow-x: auto; }}
</style>
</head>
<body>
{charts}
<pre>{text}</pre>
</body>
</html>
"""


def plotly_html(scene: Scene) -> bytes:
    """The scene as a page with plotly's script in it (4.5 MB)."""
    return _page(_chart(plotly_figure(scene), "chart", script=True), scene.caption)


def page_of_figures(figures: Mapping[str, go.Figure], caption: Caption) -> bytes:
    """Charts under their titles as a page with plotly's script in it.

    Raises:
        ValueError: there are none.
    """
    if not figures:
        raise ValueError("figures must hold at least one chart, got none")
    pieces = [
        f"<h2>{html.escape(title)}</h2>\n{_chart(figure, f'chart-{number}', script=number == 0)}"
        for number, (title, figure) in enumerate(figures.items())
    ]
    return _page("\n".join(pieces), caption)


def _chart(figure: go.Figure, name: str, *, script: bool) -> str:
    """One chart, which scrolls sideways where its panels would be too narrow to read."""
    for axis in (figure.layout.xaxis, figure.layout.yaxis):
        axis.matches = None  # others follow these; plotly warns of an axis that follows itself
    columns = {getattr(trace, "xaxis", None) for trace in figure.data}
    chart = figure.to_html(full_html=False, include_plotlyjs=script, div_id=name)
    return f'<div class="chart"><div style="min-width: {len(columns) * NARROWEST}px">{chart}</div></div>'


def _page(charts: str, caption: Caption) -> bytes:
    page = _PAGE.format(title=html.escape(caption.title), text=html.escape(caption.text), charts=charts)
    return page.encode()


def plotly_figure(scene: Scene) -> go.Figure:
    """Landscape, whole tracks and heads at the end."""
    figure = _backdrop(scene)
    seen: set[str] = set()
    for track in scene.tracks:
        for layer in lines.layers_of(track):
            _add(figure, scene, track, layer, named=track.name not in seen)
        seen.add(track.name)
    named = sum(bool(trace.showlegend) for trace in figure.data)
    (x_low, x_high), (y_low, y_high) = scene.extent
    figure.update_xaxes(range=[x_low, x_high], title_text=scene.labels[0])
    figure.update_yaxes(range=[y_low, y_high])
    figure.update_layout(
        title=scene.caption.title, yaxis_title=scene.labels[1], height=HEIGHT + ROW * named, showlegend=True,
        margin={"l": 52, "r": 12, "t": 60, "b": 40}, legend=LEGEND, plot_bgcolor="#fff",
    )  # fmt: skip
    return figure


def _backdrop(scene: Scene) -> go.Figure:
    from plotly.subplots import make_subplots

    from app.figures.games import draw_flow
    from app.figures.surfaces import surface_figure

    if scene.grid is not None:
        figure = surface_figure(scene.grid, scene.minima, log_view=scene.log_view, titles=scene.panels)
        if scene.flow is not None:
            place = "x %{x:.4g}<br>y %{y:.4g}"
            speed = f"{place}<br>speed %{{customdata:.4g}}<extra></extra>"
            figure.update_traces(hovertemplate=speed, selector={"type": "contour"})
            figure.update_traces(hovertemplate=f"equilibrium<br>{place}<extra></extra>", selector={"type": "scatter"})
            draw_flow(figure, scene.flow, len(scene.panels))
        return figure
    return make_subplots(rows=1, cols=len(scene.panels), subplot_titles=scene.panels, shared_yaxes=True)


def _add(figure: go.Figure, scene: Scene, track: Track, layer: int, *, named: bool) -> None:
    """A layer's line and, at its end, its head."""
    import plotly.graph_objects as go

    path, end = lines.path(track, layer), lines.weights(track, layer)[-1:]
    stroke, color, which = look.stroke(layer), _ink(track.color, layer), min(layer, 4)
    words = f"{track.name}, {lines.described(layer)}"
    known = np.stack([track.step, lines.loss(track, layer)], axis=-1)
    common = {
        "name": words,
        "legendgroup": track.name,
        "hovertemplate": f"{words}<br>step %{{customdata[0]}}<br>x %{{x:.5g}}<br>y %{{y:.5g}}"
        "<br>loss %{customdata[1]:.5g}<extra></extra>",
    }
    line = {"color": color, "width": 1.4 * stroke.width, "dash": DASHES[which]}
    marker = {"symbol": SYMBOLS[which], "color": color, "size": stroke.size + 4, "line": {"color": "#fff", "width": 1}}
    figure.add_traces(
        [
            go.Scatter(
                x=path.points[:, 0], y=path.points[:, 1], customdata=known[path.rows], mode="lines", line=line,
                showlegend=named, **common,
            ),
            go.Scatter(
                x=end[:, 0], y=end[:, 1], customdata=known[-1:], mode="markers", marker=marker, showlegend=False,
                **common,
            ),
        ],
        rows=1,
        cols=track.panel + 1,
    )  # fmt: skip


def _ink(color: str, layer: int) -> str:
    red, green, blue = look.style_of("light").shade(color, layer)
    return f"rgb({255 * red:.0f},{255 * green:.0f},{255 * blue:.0f})"
