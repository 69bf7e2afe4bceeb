"""A chart as a plotly figure, for a page and for interactive HTML; the background of the page shows through."""

from __future__ import annotations

import base64
import copy
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from app.draw.plotly_maps import draw_map, hover, trace, with_opacity
from app.draw.plotly_spec import Spec, Trace
from app.figures import look
from app.figures.look import PIXEL, Style

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from app.figures.chart import Chart, Mark, Panel

CLEAR = "rgba(0,0,0,0)"
MARGIN = {"l": 56, "r": 12, "t": 34, "b": 48}
TITLE_LINE = 18  # pixels: of each further line of a title
LEGEND_GAP = 66  # pixels from the axes down to the legend
TARGET, KEY, BAND = "target", "key", "band"  # what a trace is, in its `meta`: places to click, of the legend, intervals
SIDES = {"above": "top center", "below": "bottom center", "left": "middle left", "right": "middle right"}
STAYS = {"marker": {"opacity": 1}}  # other marks keep their opacity when a target is clicked
INVISIBLE = {"marker": {"opacity": 0}}
ONE_STEP = 0.7  # decades: below, plotly chooses the ticks; 1, 2 and 5 would be too few
FEW_DECADES = 2.5  # below, 1, 2 and 5 of each are named


def paint(chart: Chart, *, dark: bool = False, legend: bool = True, titles: bool = True) -> go.Figure:
    """The chart as a figure that takes the theme of the page around it; arguments as of `chart_spec`."""
    return go.Figure(chart_spec(chart, dark=dark, legend=legend, titles=titles))


def chart_spec(chart: Chart, *, dark: bool = False, legend: bool = True, titles: bool = True) -> Spec:
    """The chart in plotly's terms, as plain values: `data` and `layout`.

    Args:
        chart: what to paint.
        dark: whether the page is; then colours are a little lighter.
        legend: whether there is one.
        titles: whether panels carry theirs.
    """
    style = look.style_of("dark" if dark else "light")
    layout, axes = _layout(chart, titles=titles)
    data = []
    for place, panel in enumerate(chart.panels):
        if panel is not None:
            x, y = axes[place]
            data += [{**trace, "xaxis": _short(x), "yaxis": _short(y)} for trace in _traces(panel, chart, style, dark)]
            _frame(layout, (x, y), panel, chart, inner=place % chart.columns > 0)
    if legend:
        data += _key(chart, style, dark)
    further_lines = max(panel.title.count("\n") for panel in chart.filled_panels)
    layout |= {
        "height": chart.height, "margin": MARGIN | {"t": MARGIN["t"] + TITLE_LINE * further_lines if titles else 8},
        "dragmode": False if chart.drag == "none" else chart.drag, "showlegend": legend, "hovermode": "closest",
        "legend": {
            "orientation": "h", "x": 0, "y": -LEGEND_GAP / max(chart.height - 82, 1), "yanchor": "top",
            "font": {"size": 12},
        },
        "paper_bgcolor": CLEAR, "plot_bgcolor": CLEAR, "barmode": "group", "bargap": 1 - look.BAR_GROUP,
    }  # fmt: skip
    if chart.key:
        layout["uirevision"] = chart.key
    if any(mark.kind == "targets" for panel in chart.filled_panels for mark in panel.marks):
        layout["clickmode"] = "event+select"
    return {"data": data, "layout": layout}


def traces(chart: Chart, *, dark: bool = False) -> Iterable[Trace]:
    """What `chart_spec` draws of the panels, in this order, without the legend."""
    style = look.style_of("dark" if dark else "light")
    for panel in chart.filled_panels:
        yield from _traces(panel, chart, style, dark)


def clicked_target(spec: Spec, points: Iterable[Mapping[str, Any]]) -> tuple[int, int] | None:
    """The first target among selected points, as Streamlit gives them: which of the targets' marks, and which point."""
    targets = [number for number, trace in enumerate(spec["data"]) if trace.get("meta") == TARGET]
    for point in points:
        if point.get("curve_number") in targets:
            return targets.index(point["curve_number"]), int(point["point_index"])
    return None


def _layout(chart: Chart, *, titles: bool) -> tuple[dict[str, Any], list[tuple[str, str]]]:
    """Axes side by side with the panels' titles; and by place the names of its two axes in there."""
    names = [panel.title.replace("\n", "<br>") if panel else "" for panel in chart.panels]
    has_titles = titles and any(names) and len(chart.panels) > 1
    bare = all(panel.bare for panel in chart.filled_panels)
    full = tuple(
        place < len(chart.panels) and chart.panels[place] is not None for place in range(chart.rows * chart.columns)
    )
    spacing = 0.03 if "y" in chart.linked_axes or bare else 0.27 / max(chart.columns, 2)
    layout, axes = _subplots(
        chart.columns, full, tuple(names) if has_titles else None, chart.linked_axes, spacing, bare
    )
    return copy.deepcopy(layout), axes


@lru_cache(maxsize=128)
def _subplots(
    columns: int, full: tuple[bool, ...], names: tuple[str, ...] | None, linked_axes: str, spacing: float, bare: bool
) -> tuple[dict[str, Any], list[tuple[str, str]]]:
    rows = len(full) // columns
    figure = make_subplots(
        rows=rows,
        cols=columns,
        shared_xaxes="all" if "x" in linked_axes else False,
        shared_yaxes="all" if "y" in linked_axes else False,
        horizontal_spacing=spacing,
        vertical_spacing=0.03 if bare else None,
        subplot_titles=names,
        specs=[[{} if full[row * columns + column] else None for column in range(columns)] for row in range(rows)],
    )
    figure.update_annotations(font_size=13)
    places = [figure.get_subplot(place // columns + 1, place % columns + 1) for place in range(len(full))]
    axes = [(pair.xaxis.plotly_name, pair.yaxis.plotly_name) if pair else ("", "") for pair in places]
    layout = figure.to_dict()["layout"]
    del layout["template"]  # each figure takes the one of its page
    return layout, axes


def _short(axis: str) -> str:
    """x2 for xaxis2, as traces name their axes."""
    return axis.replace("axis", "")


def _frame(layout: dict[str, Any], names: tuple[str, str], panel: Panel, chart: Chart, *, inner: bool) -> None:
    """Title, scale, range and numbers of a panel's axes.

    Args:
        layout: takes them.
        names: of the two axes in there.
        panel: theirs.
        chart: the panel's.
        inner: whether another panel stands to its left.
    """
    common = {"gridcolor": look.QUIET, "zeroline": False, "ticks": "" if panel.bare else "outside"}
    if not panel.has_grid:
        common["showgrid"] = False
    if panel.bare:
        common |= {"showticklabels": False, "fixedrange": True}
    if panel.square or panel.image is not None:
        common["constrain"] = "domain"
    titles = (panel.labels[0], "" if inner and "y" in chart.linked_axes else panel.labels[1])
    for axis, (name, title) in enumerate(zip(names, titles, strict=True)):
        layout[name] |= {"title": {"text": title, "standoff": 6}, **common, **_scale(panel, chart, axis)}
    x, y = (layout[name] for name in names)
    if panel.ticks:
        x["tickvals"], x["ticktext"] = map(list, zip(*panel.ticks, strict=True))
    if "constrain" in common:
        y["scaleanchor"] = y["anchor"]
    if panel.image is not None:
        y["autorange"] = "reversed"
    if text := panel.shown_remark:
        place, anchor = (1, "right") if panel.marks else (0.5, "center")
        remark = {
            "text": text, "x": place, "y": place, "xref": f"{_short(names[0])} domain",
            "yref": f"{_short(names[1])} domain", "showarrow": False, "xanchor": anchor, "font": {"size": 13},
        }  # fmt: skip
        layout.setdefault("annotations", []).append(remark)


def _scale(panel: Panel, chart: Chart, axis: int) -> dict[str, Any]:
    """Plain numbers: 1, 2, 5 where a logarithmic axis spans few decades, else one per decade or few."""
    scale, span = panel.scales[axis], panel.spans[axis]
    if scale != "log":
        look_: dict[str, Any] = {"tickformat": ".0%"} if scale == "percent" else {}
        look_ |= {"tick0": 0, "dtick": 1} if panel.whole[axis] else {}
        return ({} if span is None else {"range": list(span)}) | look_
    together = chart.filled_panels if "xy"[axis] in chart.linked_axes else (panel,)
    decades = max(one.decades(axis) for one in together)
    step = None if decades < ONE_STEP else "D2" if decades < FEW_DECADES else max(1, round(decades / 6))
    limits = {} if span is None else {"range": np.log10(span).tolist()}
    return limits | {"type": "log", "tickformat": "~g"} | ({} if step is None else {"dtick": step})


def _traces(panel: Panel, chart: Chart, style: Style, dark: bool) -> Iterable[Trace]:
    if panel.image is not None:
        yield trace("image", source=_png(panel.image), hoverinfo="skip")
    if panel.map is not None:
        yield draw_map(panel.map)
    for mark in panel.marks:
        color = color_of(mark, style, dark)
        if mark.kind == "line" and mark.low is not None and mark.high is not None:
            yield _band(mark, color)
        yield _PAINTERS[mark.kind](mark, color, style)


def color_of(mark: Mark, style: Style, dark: bool) -> str:
    """The colour of a mark on a page of this style; colours of no optimizer suit both, and stay as they are."""
    if mark.quiet:
        return style.contour if mark.kind == "dots" else style.quiet
    return look.on_dark(mark.color) if dark and mark.color in look.PALETTE else mark.color or style.ink


def _band(mark: Mark, color: str) -> Trace:
    """The interval along a line, where it has one."""
    x, y, low, high = (np.asarray(values, np.float64) for values in (mark.x, mark.y, mark.low, mark.high))
    drawn = np.isfinite(y + low + high)
    x, low, high = x[drawn], low[drawn], high[drawn]
    return trace(
        "scatter",
        x=np.concatenate([x, x[::-1]]), y=np.concatenate([high, low[::-1]]), mode="lines", fill="toself",
        fillcolor=with_opacity(color, look.BAND), line={"width": 0}, hoverinfo="skip", showlegend=False, meta=BAND,
        legendgroup=mark.series, name=mark.label,
    )  # fmt: skip


def _line(mark: Mark, color: str, style: Style) -> Trace:
    line = {"color": color, "width": mark.width / PIXEL, "dash": dashes(mark.dash)}
    return trace("scatter", x=mark.x, y=mark.y, mode="lines", line=line, **_points(mark, style), **_labelling(mark))


def dashes(lengths: Sequence[float]) -> str:
    """Lengths in points as plotly writes them."""
    return ",".join(f"{length / PIXEL:.4g}px" for length in lengths) or "solid"


def _dots(mark: Mark, color: str, style: Style) -> Trace:
    symbols = [look.CODES[shape][1] + "-open" * mark.hollow for shape in mark.markers or (mark.marker,)]
    sizes = [size / PIXEL for size in mark.sizes or (mark.size,)]
    marker: dict[str, Any] = {
        "color": mark.colors or color,
        "size": sizes if mark.sizes else sizes[0],
        "symbol": symbols if mark.markers else symbols[0],
    }
    edge = {"width": look.EDGE * (mark.size > look.TINY) / PIXEL, "color": style.background}
    if mark.hollow or mark.edge or mark.marker in look.THIN:
        edge = {"width": mark.width / PIXEL, "color": mark.edge or color}
    errors = {}
    if mark.low is not None and mark.high is not None:
        errors["error_y"] = {
            "array": mark.high - mark.y, "arrayminus": mark.y - mark.low, "symmetric": False, "color": color,
            "thickness": look.INTERVAL / PIXEL, "width": 3,
        }  # fmt: skip
    return trace(
        "scatter",
        x=mark.x, y=mark.y, mode="markers+text" if mark.texts else "markers", marker=marker | {"line": edge},
        unselected=STAYS, **errors, **_points(mark, style), **_labelling(mark),
    )  # fmt: skip


def _points(mark: Mark, style: Style) -> dict[str, Any]:
    """The texts beside points, and whether the frame cuts points off."""
    texts = {"text": mark.texts, "textposition": SIDES[mark.side]} if mark.texts else {}
    return texts | {"cliponaxis": mark.clip}


def _bars(mark: Mark, color: str, style: Style) -> Trace:
    return trace("bar", x=mark.x, y=mark.y, marker={"color": color}, offsetgroup=mark.series, **_labelling(mark))


def _arrows(mark: Mark, color: str, style: Style) -> Trace:
    """Heads that plotly turns on the screen, so that they point along the line in any proportions of the plot."""
    x, y = (np.insert(np.asarray(axis, np.float32), range(2, len(axis) + 1, 2), np.nan) for axis in (mark.x, mark.y))
    sizes = np.tile([0, mark.size / PIXEL, 0], len(mark.x) // 2)
    marker = {"symbol": "arrow", "angleref": "previous", "size": sizes, "color": color, "line": {"width": 0}}
    return trace("scatter", x=x, y=y, mode="markers", marker=marker, **_labelling(mark))


def _targets(mark: Mark, color: str, style: Style) -> Trace:
    invisible: dict[str, Any] = {"selected": INVISIBLE, "unselected": INVISIBLE}
    invisible["marker"] = {"size": mark.size / PIXEL, "opacity": 0}
    if mark.hollow:
        invisible["selected"] = {"marker": {"opacity": 1, "color": color}}
        invisible["marker"] |= {"symbol": "square-open", "line": {"width": 2}}
    return trace("scatter", x=mark.x, y=mark.y, mode="markers", meta=TARGET, **invisible, **_labelling(mark))


def _labelling(mark: Mark) -> dict[str, Any]:
    """A mark's name, legend group and hover text."""
    return {
        "name": mark.label, "legendgroup": mark.series, "showlegend": False, "opacity": mark.opacity,
        **hover(mark.hover, mark.data, mark.label),
    }  # fmt: skip


_PAINTERS = {"line": _line, "dots": _dots, "bars": _bars, "arrows": _arrows, "targets": _targets}


def _key(chart: Chart, style: Style, dark: bool) -> list[Trace]:
    """The legend: series by colour, whose entries switch them, then parts by dash and shape in the page's ink."""
    entries = []
    for rank, name in enumerate(chart.legend_series):
        example = next(mark for mark in chart.marks if mark.series == name)
        solid = bool(example.part) or example.kind == "bars"
        mark = replace(example, part="", kind="dots", marker="square", size=8.0, hollow=False) if solid else example
        entries.append(_entry(mark, color_of(example, style, dark), style, rank))
    for rank, (part, mark) in enumerate(chart.parts.items(), start=len(entries)):
        entries.append(_entry(replace(mark, series=part, part=""), style.quiet, style, rank))
    return entries


def _entry(mark: Mark, color: str, style: Style, rank: int) -> Trace:
    """An entry of the legend without a point on the axes."""
    sample = replace(mark, x=np.full(1, np.nan), y=np.full(1, np.nan), low=None, high=None, texts=(), hover="")
    entry = (_line if mark.kind == "line" else _dots)(sample, color, style)
    return entry | {"showlegend": True, "legendrank": rank + 1, "meta": KEY}


def _png(picture: NDArray[np.uint8]) -> str:
    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(picture).convert("RGB").save(file, "PNG")
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()
