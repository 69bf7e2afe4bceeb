"""Charts for a projector: stronger colours, thicker lines, larger letters at the axes, a fainter landscape."""

from __future__ import annotations

from dataclasses import replace

from app.draw.plotly_spec import Spec, axes_of
from app.figures import look
from app.figures.chart import Chart, Mark
from app.player.look import LOOK

LETTERS = 13  # pixels: of axes, usually
ROOM = {"l": 22, "b": 18}  # pixels more beside larger letters


def projector_chart(chart: Chart, *, dark: bool) -> Chart:
    """The chart with its marks as on a projector."""
    panels = (
        panel and replace(panel, marks=tuple(_projector_mark(mark, dark) for mark in panel.marks))
        for panel in chart.panels
    )
    return replace(chart, panels=tuple(panels))


def projector_spec(spec: Spec) -> Spec:
    """A chart's spec with larger letters at its axes; a landscape in it is fainter."""
    size = {"size": round(LETTERS * LOOK.projector.letters)}
    layout = dict(spec["layout"])
    for name, axis in axes_of(layout).items():
        title = {**axis.get("title", {}), "font": size}
        layout[name] = {**axis, "tickfont": size, "title": title}
    layout["margin"] = {side: room + ROOM.get(side, 0) for side, room in layout["margin"].items()}
    fainter = {"opacity": LOOK.projector.slate}
    data = [trace | fainter if trace["type"] == "contour" else trace for trace in spec["data"]]
    return {"data": data, "layout": layout}


def _projector_mark(mark: Mark, dark: bool) -> Mark:
    color = look.projector_color(mark.color, dark=dark) if mark.color and not mark.quiet else mark.color
    return replace(mark, color=color, width=mark.width * LOOK.projector.thickness)
