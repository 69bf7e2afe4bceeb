"""A chart on matplotlib axes, in the three styles of every figure."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import LinearSegmentedColormap, ListedColormap
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.patheffects import withStroke
from matplotlib.ticker import FuncFormatter, LogLocator, MultipleLocator, NullFormatter

from app.figures import look
from app.figures.amounts import shades_of
from app.figures.look import BAND, BAR_GROUP, CONVERGES, DIVERGES, EDGE, INTERVAL, RATES, TINY

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis

    from app.figures.chart import Chart, Map, Mark, Panel
    from app.figures.look import Style

FONT = 9.0  # points
SMALL = FONT - 1
LEVELS = 24
LETTER, HANDLE = 0.068, 0.65  # inches of an average letter of the legend, and of what stands before a name
PAD = 0.07  # inches around everything
FEW_DECADES = (1.5, 2.5)  # of the horizontal and of the vertical axis: below, 1, 2 and 5 of each are named
SIDES = {"above": (0, 5, "center"), "below": (0, -12, "center"), "left": (-6, -3, "right"), "right": (6, -3, "left")}
SPARSE = 20  # points: with fewer, a letter stands above its line, where it hides none of them


def draw_chart(chart: Chart, style: Style, size: tuple[float, float], dpi: float) -> Figure:
    """The whole figure; `size` is in inches."""
    layout = ConstrainedLayoutEngine(w_pad=PAD, h_pad=PAD)
    figure = Figure(figsize=size, dpi=dpi, facecolor=style.background, layout=layout)
    FigureCanvasAgg(figure)
    figure.suptitle(chart.caption.title, x=0.012, ha="left", color=style.ink, fontsize=FONT + 1, weight="bold")
    if chart.note:
        figure.text(0.988, 0.985, chart.note, color=style.quiet, fontsize=FONT, ha="right", va="top")
    grid = figure.add_gridspec(chart.rows, chart.columns)
    subplots: list[tuple[Axes, Panel]] = []
    for place, panel in enumerate(chart.panels):
        if panel is not None:
            shared_axes = {f"share{axis}": subplots[0][0] for axis in chart.linked_axes if subplots}
            axes = figure.add_subplot(grid[divmod(place, chart.columns)], facecolor=style.background, **shared_axes)
            _panel(axes, panel, chart, style, size[0] / chart.columns)
            if "y" in chart.linked_axes and place % chart.columns:
                axes.set_ylabel("")
                axes.tick_params(which="both", labelleft=False)
            subplots.append((axes, panel))
    for axes, panel in subplots:
        _numbers(axes, panel)
    _legend(figure, chart, style, size[0])
    return figure


def _panel(axes: Axes, panel: Panel, chart: Chart, style: Style, width: float) -> None:
    letters = max(10, int((width - 0.4) / (1.1 * LETTER)))
    title = "\n".join(wrap_title(line, letters) for line in panel.title.splitlines())
    axes.set_title(title, color=style.ink, fontsize=SMALL + 0.5)
    _axes(axes, panel, style)
    if panel.image is not None:
        axes.imshow(panel.image, cmap="gray", vmin=0, vmax=255, interpolation="nearest")
        axes.spines[:].set_visible(False)
        return
    fill(axes, panel, chart, style)
    if remark := panel.shown_remark:
        place, anchor = (1.0, "right") if panel.marks else (0.5, "center")
        axes.text(
            place, place, remark, transform=axes.transAxes, ha=anchor, va="top", color=style.quiet, fontsize=SMALL
        )
    for series in _letter_series(chart, style):
        _letter(axes, panel, series, chart, style)
    for limit, span in ((axes.set_xlim, panel.spans[0]), (axes.set_ylim, panel.spans[1])):
        if span is not None:
            limit(*span)


def fill(axes: Axes, panel: Panel, chart: Chart, style: Style) -> None:
    """The map and the marks of a panel."""
    if panel.map is not None:
        _map(axes, panel.map, style)
    for mark in panel.marks:
        if mark.kind != "targets":
            _mark(axes, mark, chart, style)


def _axes(axes: Axes, panel: Panel, style: Style) -> None:
    axes.set_xlabel(panel.labels[0], color=style.ink, fontsize=SMALL)
    axes.set_ylabel(panel.labels[1], color=style.ink, fontsize=SMALL)
    axes.tick_params(which="both", colors=style.quiet, labelsize=SMALL - 1, length=3)
    axes.tick_params(which="minor", length=1.5)
    for spine in axes.spines.values():
        spine.set_color(style.quiet)
        spine.set_linewidth(0.6)
    if panel.has_grid:
        axes.grid(color=style.contour, linewidth=0.4, alpha=0.6)
        axes.set_axisbelow(True)
    for scale, update in zip(panel.scales, (axes.set_xscale, axes.set_yscale), strict=True):
        if scale == "log":
            update("log", nonpositive="mask")
    if panel.ticks:
        axes.set_xticks([place for place, _ in panel.ticks], [label for _, label in panel.ticks])
    if panel.square:
        axes.set_aspect("equal", adjustable="box")
    if panel.bare:
        axes.set_xticks([])
        axes.set_yticks([])


def _numbers(axes: Axes, panel: Panel) -> None:
    for axis, scale, few in zip((axes.xaxis, axes.yaxis), panel.scales, FEW_DECADES, strict=True):
        if axis is axes.yaxis or not panel.ticks:
            _number(axis, scale, few)
        if scale != "linear":
            axis.set_minor_formatter(NullFormatter())
    for axis, whole in zip((axes.xaxis, axes.yaxis), panel.whole, strict=True):
        if whole:
            axis.set_major_locator(MultipleLocator(1))


def _number(axis: Axis, scale: str, few: float) -> None:
    """Plain numbers: 1, 2, 5 where a logarithmic axis spans few decades."""
    if scale == "percent":
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:g} %"))
    if scale != "log":
        return
    low, high = axis.get_view_interval()
    if low > 0 and np.log10(high / low) < few:
        axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))


def _map(axes: Axes, map_: Map, style: Style) -> None:
    if map_.shading == "rate":
        values = np.clip(map_.values, *RATES)
        mesh = axes.pcolormesh(map_.x, map_.y, values, cmap=_rates(style), vmin=RATES[0], vmax=RATES[1], zorder=1)
        mesh.set_rasterized(False)
        bar = axes.figure.colorbar(mesh, ax=axes, pad=0.02, fraction=0.06, ticks=[RATES[0], 1.0, RATES[1]])
        bar.ax.set_yticklabels([f"≤ {RATES[0]:g}", "1", f"≥ {RATES[1]:g}"], fontsize=SMALL - 1)
        bar.ax.tick_params(colors=style.quiet, length=2)
        bar.set_label(map_.name, color=style.ink, fontsize=SMALL)
        bar.outline.set_visible(False)
    elif map_.shading == "amount":
        _amounts(axes, map_, style)
    elif map_.shading == "height":
        levels, shades = np.linspace(*map_.span, LEVELS + 1), LinearSegmentedColormap.from_list("slate", style.shades)
        axes.contourf(map_.x, map_.y, map_.values, levels=levels, cmap=shades, extend="both", zorder=1)
        if map_.lines:
            axes.contour(map_.x, map_.y, map_.values, levels=levels, colors=[style.contour], linewidths=0.4, zorder=1.5)
    elif map_.shading == "kinds":
        kinds = ListedColormap([color or style.background for color in map_.colors])
        axes.pcolormesh(map_.x, map_.y, map_.values, cmap=kinds, vmin=-0.5, vmax=len(map_.colors) - 0.5, zorder=1)
    else:
        edge, fill = _inside(style)
        axes.contourf(map_.x, map_.y, map_.values, levels=[-np.inf, 1.0], colors=[fill], alpha=BAND, zorder=1)
        axes.contour(map_.x, map_.y, map_.values, levels=[1.0], colors=[edge], linewidths=1.0, zorder=1.5)


def _amounts(axes: Axes, map_: Map, style: Style) -> None:
    """Cells with a colour bar in plain numbers."""
    shades = shades_of(map_, style)
    colors = LinearSegmentedColormap.from_list("amounts", shades.colors)
    x, y = map_.borders or (map_.x, map_.y)
    mesh = axes.pcolormesh(x, y, shades.z, cmap=colors, vmin=shades.low, vmax=shades.high, zorder=1)
    bar = axes.figure.colorbar(mesh, ax=axes, pad=0.02, fraction=0.06, ticks=list(shades.ticks))
    bar.ax.set_yticklabels(list(shades.ticks.values()), fontsize=SMALL - 1)
    bar.ax.tick_params(colors=style.quiet, length=2)
    bar.set_label(map_.name, color=style.ink, fontsize=SMALL)
    bar.outline.set_visible(False)


def _rates(style: Style) -> LinearSegmentedColormap:
    """Colours of contraction, the boundary and expansion."""
    ends = ("#ffffff", "#d0d0d0", "#8a8a8a") if style.palette else (CONVERGES, style.background, DIVERGES)
    return LinearSegmentedColormap.from_list("rates", ends)


def _inside(style: Style) -> tuple[str, str]:
    return ("#000000", "#6b6b6b") if style.palette else (CONVERGES, CONVERGES)


def _mark(axes: Axes, mark: Mark, chart: Chart, style: Style) -> None:
    index = chart.series.index(mark.series)
    color = _color(mark, index, style)
    if mark.kind == "bars":
        _bars(axes, mark, chart, color)
    elif mark.kind == "dots":
        for part in mark.by_look:
            _dots(axes, part, _color(part, index, style), style)
    elif mark.kind == "arrows":
        _arrows(axes, mark, color)
    else:
        axes.add_line(_look(mark, color, style, x=mark.x, y=mark.y, label=mark.label))
        if mark.low is not None and mark.high is not None:
            band = axes.fill_between(mark.x, mark.low, mark.high, color=color, alpha=BAND, linewidth=0, zorder=2)
            band.set_label(mark.label)
        axes.autoscale_view()


def _color(mark: Mark, index: int, style: Style) -> str:
    if mark.quiet:
        return style.contour if mark.kind == "dots" else style.quiet
    return style.color(mark.color, index) if mark.color else style.ink


def _look(mark: Mark, color: str, style: Style, *, x: Any = (), y: Any = (), label: str = "") -> Line2D:
    """A mark's line or dots, as on the axes and in the legend."""
    dots = mark.kind == "dots"
    line = Line2D(
        x, y, color=color, linewidth=0 if dots else mark.width, marker=look.CODES[mark.marker][0] if dots else None,
        markersize=mark.size, markeredgecolor=style.background, markeredgewidth=EDGE * (mark.size > TINY), zorder=3,
        solid_joinstyle="round", label=label, alpha=mark.opacity, clip_on=mark.clip,
    )  # fmt: skip
    if mark.edge:
        face, edge = (style.background, style.ink) if style.palette else (mark.color, mark.edge)
        line.set(color=face, markeredgecolor=edge, markeredgewidth=mark.width)
    elif mark.hollow or mark.marker in look.THIN:
        line.set(markeredgecolor=color, markeredgewidth=mark.width, fillstyle="none" if mark.hollow else "full")
    if mark.dash and not dots:
        line.set_dashes([length / mark.width for length in mark.dash])
    return line


def _dots(axes: Axes, mark: Mark, color: str, style: Style) -> None:
    """Dots with their intervals and texts."""
    if mark.low is not None and mark.high is not None:
        reach = np.abs(np.stack([mark.y - mark.low, mark.high - mark.y]))
        axes.errorbar(
            mark.x, mark.y, reach, fmt="none", ecolor=color, elinewidth=INTERVAL, zorder=2.8, label=mark.label
        )
    axes.add_line(_look(mark, color, style, x=mark.x, y=mark.y, label=mark.label))
    axes.autoscale_view()
    halo = [withStroke(linewidth=2, foreground=style.background)]
    for text, x, y in zip(mark.texts, mark.x, mark.y, strict=False):
        axes.annotate(
            text, (x, y), SIDES[mark.side][:2], textcoords="offset points", color=style.ink, fontsize=SMALL,
            path_effects=halo, ha=SIDES[mark.side][2], zorder=4, annotation_clip=True, label=mark.label,
        )  # fmt: skip


def _arrows(axes: Axes, mark: Mark, color: str) -> None:
    look_ = {"arrowstyle": "-|>,head_width=0.14,head_length=0.28", "color": color, "linewidth": 0.0, "shrinkA": 0}
    for tail, tip in np.column_stack([mark.x, mark.y]).reshape(-1, 2, 2):
        axes.annotate(
            "", tip, tail, arrowprops={**look_, "shrinkB": 0, "alpha": mark.opacity}, zorder=2, label=mark.label
        )


def _bars(axes: Axes, mark: Mark, chart: Chart, color: str) -> None:
    """Bars side by side at each place, one per series."""
    bar_series = [*dict.fromkeys(mark.series for mark in chart.marks if mark.kind == "bars")]
    each = BAR_GROUP / len(bar_series)
    shift = (bar_series.index(mark.series) - (len(bar_series) - 1) / 2) * each
    axes.bar(mark.x + shift, mark.y, each, color=color, zorder=3, label=mark.label)


def _letter_series(chart: Chart, style: Style) -> list[str]:
    """The series marked by letters: in print, which has no colours, those with lines, if there are several."""
    line_series = {mark.series for mark in chart.marks if mark.kind == "line" and not mark.quiet}
    return (
        [series for series in chart.series if series in line_series] if style.palette and len(line_series) > 1 else []
    )


def _letter(axes: Axes, panel: Panel, series: str, chart: Chart, style: Style) -> None:
    """The series' letter of the legend on its first line; letters of different series stand apart."""
    line = next((mark for mark in panel.marks if mark.series == series and mark.kind == "line"), None)
    if line is None:
        return
    finite = np.flatnonzero(np.isfinite(line.x) & np.isfinite(line.y))
    if not len(finite):
        return
    index = chart.series.index(series)
    at = finite[round((len(finite) - 1) * (0.85 - 0.65 * index / len(chart.series)))]
    up = 8 if len(finite) < SPARSE else 0
    axes.annotate(
        _letter_of(index), (line.x[at], line.y[at]), (0, up), textcoords="offset points", color=style.ink,
        fontsize=SMALL, weight="bold", ha="center", va="center", zorder=6, annotation_clip=True,
        path_effects=[withStroke(linewidth=2, foreground=style.background)],
    )  # fmt: skip


def wrap_title(title: str, letters: int) -> str:
    """A title in lines of so many letters; a layer such as (5, .5) is not broken, nor a stack that fits on a line."""
    text = title.replace(", ", ",\u00a0")
    if max(map(len, text.split(" "))) > letters:
        text = text.replace(")(", ") (")
    return textwrap.fill(text, letters)


def _letter_of(index: int) -> str:
    return chr(ord("A") + index % 26)


def _legend(figure: Figure, chart: Chart, style: Style, width: float) -> None:
    """Series by colour, then parts by dash and shape, then filled regions; under the panels, in columns that fit."""
    handles = [*_series_entries(chart, style), *_part_entries(chart, style), *_region_entries(chart, style)]
    if not handles:
        return
    figure.legend(
        handles=handles, loc="outside lower left", ncols=_fitting([str(one.get_label()) for one in handles], width),
        frameon=False, fontsize=SMALL, labelcolor=style.ink, handlelength=2.6, columnspacing=1.2, borderpad=0.1,
        labelspacing=0.35,
    )  # fmt: skip


def _fitting(labels: list[str], width: float) -> int:
    """The number of columns that fit into the figure; each is as wide as its longest name."""
    for columns in range(len(labels), 1, -1):
        longest = [max(map(len, column)) for column in np.array_split(np.array(labels, dtype=object), columns)]
        if sum(HANDLE + LETTER * letters for letters in longest) <= width:
            return columns
    return 1


def _series_entries(chart: Chart, style: Style) -> list[Any]:
    entries: list[Any] = []
    for name in chart.legend_series:
        example, index = next(mark for mark in chart.marks if mark.series == name), chart.series.index(name)
        color = _color(example, index, style)
        label = f"{_letter_of(index)}  {name}" if name in _letter_series(chart, style) else name
        solid = bool(example.part) or example.kind == "bars"
        entries.append(Patch(color=color, label=label) if solid else _look(example, color, style, label=label))
    return entries


def _part_entries(chart: Chart, style: Style) -> list[Any]:
    return [_look(mark, style.ink, style, label=part) for part, mark in chart.parts.items()]


def _region_entries(chart: Chart, style: Style) -> list[Any]:
    edge, fill = _inside(style)
    regions = [
        panel.map.name for panel in chart.filled_panels if panel.map is not None and panel.map.shading == "inside"
    ]
    return [Patch(facecolor=fill, edgecolor=edge, alpha=0.5, label=name) for name in dict.fromkeys(regions)]
