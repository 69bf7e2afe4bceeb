"""The maps of charts as plotly's traces, and what all traces share: their hover texts, and colours that let through."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from app.draw.plotly_spec import Trace
from app.figures import look
from app.figures.amounts import shades_of

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from app.figures.chart import Map

LAST = 2000  # rank in the legend: after all others, which by default have 1000
HEIGHT_LEVELS = 24
RATE_TICKS = {"tickvals": [0.95, 0.975, 1, 1.025, 1.05], "ticktext": ["≤ .95", ".975", "1", "1.025", "≥ 1.05"]}


def draw_map(map_: Map) -> Trace:
    """The trace of a map."""
    return _MAPS[map_.shading](map_)


def trace(kind: str, **properties: Any) -> Trace:
    """A trace of this type."""
    return {"type": kind, **properties}


def hover(template: str, data: Mapping[str, ArrayLike], label: str = "") -> dict[str, Any]:
    """A template in plotly's syntax, and the columns that it names."""
    if not template:
        return {"hoverinfo": "skip"}
    names = list(data)

    def place(match: re.Match[str]) -> str:
        name, format_ = match.groups()
        fields = {"x": "x", "y": "y", "value": "z", "text": "text"}
        return f"%{{{fields.get(name) or f'customdata[{names.index(name)}]'}{format_ or ''}}}"

    text = re.sub(r"\{(\w+)(:[^}]*)?\}", place, template).replace("\n", "<br>")
    columns = [np.asarray(values) for values in data.values()]
    numbers = all(column.dtype.kind in "fiu" for column in columns)
    customdata = (
        {"customdata": np.stack([column if numbers else column.astype(object) for column in columns], -1)}
        if columns
        else {}
    )
    return {"hovertemplate": f"{text}<extra>{label}</extra>", **customdata}


def with_opacity(color: str, opacity: float) -> str:
    """#rrggbb at some opacity."""
    red, green, blue = (round(255 * part) for part in look.rgb(color))
    return f"rgba({red},{green},{blue},{opacity:g})"


def _rates(map_: Map) -> Trace:
    scale = [
        [0, with_opacity(look.CONVERGES, 0.9)],
        [0.5, "rgba(128,128,128,.06)"],
        [1, with_opacity(look.DIVERGES, 0.9)],
    ]
    bar = {"title": {"text": map_.name.replace(" per ", " per<br>")}, "thickness": 12, "len": 0.9, "outlinewidth": 0}
    low, high = look.RATES
    return trace(
        "heatmap",
        z=np.clip(map_.values, low, high).astype(np.float32), zmin=low, zmax=high, colorscale=scale,
        colorbar=bar | RATE_TICKS, **_place(map_),
    )  # fmt: skip


def _heights(map_: Map) -> Trace:
    low, high = map_.span
    lines = {"coloring": "heatmap", "start": low, "end": high, "size": (high - low) / HEIGHT_LEVELS}
    return trace(
        "contour",
        z=map_.values.astype(np.float32), contours=lines, colorscale=look.SLATE, zmin=low, zmax=high,
        line={"color": look.CONTOUR, "width": int(map_.lines)}, showscale=False, **_place(map_),
    )  # fmt: skip


def _inside(map_: Map) -> Trace:
    return trace(
        "contour",
        z=map_.values.astype(np.float32), contours={"type": "constraint", "operation": ">", "value": 1.0},
        fillcolor=with_opacity(look.CONVERGES, look.BAND), line={"color": look.CONVERGES, "width": 1.5},
        showlegend=True, legendrank=LAST, showscale=False, **_place(map_),
    )  # fmt: skip


def _kinds(map_: Map) -> Trace:
    colors = [color or "rgba(128,128,128,.12)" for color in map_.colors]
    edges = np.linspace(0, 1, len(colors) + 1)
    scale = [[edge, color] for index, color in enumerate(colors) for edge in edges[index : index + 2]]
    return trace(
        "heatmap",
        z=map_.values.astype(np.int8), zmin=-0.5, zmax=len(colors) - 0.5, colorscale=scale, showscale=False,
        **_place(map_),
    )  # fmt: skip


def _amounts(map_: Map) -> Trace:
    shades = shades_of(map_, look.style_of("light"))
    bar = {
        "title": {"text": map_.name, "side": "right"}, "thickness": 12, "len": 1.0, "outlinewidth": 0,
        "tickvals": list(shades.ticks), "ticktext": list(shades.ticks.values()),
    }  # fmt: skip
    return trace(
        "heatmap",
        z=shades.z.astype(np.float32), zmin=shades.low, zmax=shades.high, colorbar=bar,
        colorscale=[list(stop) for stop in shades.colors], **_place(map_),
    )  # fmt: skip


def _place(map_: Map) -> dict[str, Any]:
    x, y = (np.asarray(axis, np.float32) for axis in map_.borders or (map_.x, map_.y))
    return {"x": x, "y": y, "name": map_.name, **hover(map_.hover, map_.data)}


_MAPS = {"rate": _rates, "height": _heights, "inside": _inside, "kinds": _kinds, "amount": _amounts}
