"""Interactive charts in one HTML file that needs no network: zoom, hover, and a legend that switches tracks."""

from __future__ import annotations

import html
from collections.abc import Mapping
from typing import TYPE_CHECKING

from app.draw.plotly_scene import plotly_figure
from app.figures.scene import Scene

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from app.figures.caption import Caption

NARROWEST = 300  # pixels: the least width of a panel

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
