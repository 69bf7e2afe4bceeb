"""A chart as a value, free of page and drawing library: panels of lines, dots, bars, maps or images.

`draw.plotly` paints it for a page, `draw.matplotlib` for a file. Lengths are in points; a pixel of a page is 3/4 of a
point. A hover text is a template of lines such as "T {x:,}" over `x`, `y`, a map's `value`, `text` and the names in
`data`, with Python's format specifications.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from app.figures.caption import Caption

if TYPE_CHECKING:
    import pyarrow as pa

    from app.figures.look import Shape

Floats = NDArray[np.float64]
Pair = tuple[float, float]
Kind = Literal["line", "dots", "bars", "arrows", "targets"]
Side = Literal["above", "below", "left", "right"]
Scale = Literal["linear", "log", "percent"]
Shading = Literal["rate", "height", "inside", "kinds", "amount"]
LinkedAxes = Literal["", "x", "y", "xy"]
Drag = Literal["zoom", "pan", "none"]

NO_ZERO = "not drawn: exactly 0"
NO_CAPTION = Caption("")
TABLE_COLUMNS = ("panel", "series", "part", "x", "y", "low", "high", "value")


@dataclass(frozen=True, eq=False)
class Mark:
    """Points that belong together. Colour tells series apart, dash and shape their parts; both are in the legend.

    Attributes:
        series: whose points, such as an optimizer.      color: #rrggbb; empty is the ink of the page.
        x, y: (points,); NaN breaks a line.
        part: what of it, such as slow weights; empty where a series has one part only.
        kind: targets are invisible points to hover and click, on pages only; they are not in the legend. Those that are
            hollow are ringed when they are clicked. Arrows have their tails at even points and their tips at odd ones.
        low, high: (points,) interval about y: a band along a line, bars at dots; None for none.
        width, dash: of a line; the width also of the edge of dots that are hollow or thin or whose edge has a colour.
        marker, size, hollow: shape of dots, their diameter, whether they are empty inside.
        markers, sizes, colors: of each dot, where they differ.      edge: colour of their outline; empty is the page's.
        texts: written beside the dots, on this side.      quiet: a guide or a background, drawn in the page's grey.
        clip: whether the frame cuts the mark off.
        hover, data: template of the hover text, empty for none, and the numbers or words (points,) that it names.
    """

    series: str
    color: str
    x: Floats | NDArray[np.int64]
    y: Floats
    part: str = ""
    kind: Kind = "line"
    low: Floats | None = None
    high: Floats | None = None
    width: float = 1.6
    dash: tuple[float, ...] = ()
    marker: Shape = "circle"
    size: float = 5.0
    hollow: bool = False
    markers: tuple[Shape, ...] = ()
    sizes: tuple[float, ...] = ()
    colors: tuple[str, ...] = ()
    edge: str = ""
    opacity: float = 1.0
    texts: tuple[str, ...] = ()
    side: Side = "above"
    quiet: bool = False
    clip: bool = True
    hover: str = ""
    data: Mapping[str, ArrayLike] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """Its whole name."""
        return f"{self.series}, {self.part}" if self.part else self.series

    @property
    def by_look(self) -> tuple[Mark, ...]:
        """One mark for each look of the dots; the mark itself where all look the same."""
        attributes = {"marker": self.markers, "size": self.sizes, "color": self.colors}
        names = [name for name, values in attributes.items() if values]
        if not names:
            return (self,)
        looks = list(zip(*(attributes[name] for name in names), strict=True))
        return tuple(
            replace(
                self, x=self.x[at], y=self.y[at], markers=(), sizes=(), colors=(), hover="", data={},
                **dict(zip(names, look, strict=True)),
            )
            for look in dict.fromkeys(looks)
            for at in [[index for index, one in enumerate(looks) if one == look]]
        )  # fmt: skip


@dataclass(frozen=True, eq=False)
class Map:
    """Values over a plane: a rate per step (1 is the boundary), heights, whether a place is inside (value < 1), kinds.

    Or amounts, where those above `span` have a colour of their own, called `above`; a cell of NaN is empty.

    Attributes:
        x, y, values: (columns,), (rows,), (rows, columns).
        borders: of the cells, (columns + 1,) and (rows + 1,); halfway between x and y if there are none.
        span: of heights and amounts, from dark to light.      log: whether amounts are shaded by their logarithm.
        colors: of kinds, whose values count from 0; empty is the page.
        lines: whether heights have contour lines.
        hover, data: as for marks; data are (rows, columns).
    """

    name: str
    x: Floats
    y: Floats
    values: Floats
    shading: Shading
    borders: tuple[Floats, Floats] | None = None
    span: Pair = (0.0, 1.0)
    log: bool = False
    above: str = ""
    colors: tuple[str, ...] = ()
    lines: bool = True
    hover: str = ""
    data: Mapping[str, ArrayLike] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Panel:
    """One pair of axes.

    Attributes:
        marks: drawn in this order.      map: drawn under them.      image: (height, width) grey, or with RGB last.
        labels, scales: of the two axes.      spans: of the two axes, as far as their data need; None follows the data.
        ticks: positions and labels on the horizontal axis, in place of numbers.
        whole: whether the numbers at an axis are whole.
        square: whether both axes have the same unit.      bare: whether there are no numbers at the axes.
        remark: a few words in the upper right corner, or in the middle where there are no marks.
    """

    title: str = ""
    marks: tuple[Mark, ...] = ()
    map: Map | None = None
    image: NDArray[np.uint8] | None = None
    labels: tuple[str, str] = ("", "")
    scales: tuple[Scale, Scale] = ("linear", "linear")
    spans: tuple[Pair | None, Pair | None] = (None, None)
    ticks: tuple[tuple[float, str], ...] = ()
    whole: tuple[bool, bool] = (False, False)
    square: bool = False
    bare: bool = False
    remark: str = ""

    @property
    def shown_remark(self) -> str:
        """The remark or, where points are missing since their value is 0 on a logarithmic axis, that."""
        has_zero = self.scales[1] == "log" and any((mark.y == 0).any() for mark in self.marks)
        return self.remark or (NO_ZERO if has_zero else "")

    @property
    def has_grid(self) -> bool:
        """Whether grid lines are drawn; over cells and contours they are not."""
        return not self.bare and (self.map is None or self.map.shading == "inside")

    def numbers(self, axis: int) -> Floats:
        """The finite numbers that the horizontal (0) or vertical (1) axis has to reach; on a logarithm's, positive."""
        span = self.spans[axis]
        parts = [mark.y if axis else mark.x for mark in self.marks] if span is None else [np.array(span)]
        values: Floats = np.concatenate([np.asarray(part, np.float64) for part in parts]) if parts else np.zeros(0)
        return values[np.isfinite(values) & ((values > 0) | (self.scales[axis] != "log"))]

    def decades(self, axis: int) -> float:
        """Decades that a logarithmic axis spans; 0 where no value is positive."""
        values = self.numbers(axis)
        return float(np.log10(values.max() / values.min())) if len(values) else 0.0


@dataclass(frozen=True, eq=False)
class Chart:
    """Panels under one title, with one legend.

    Attributes:
        panels: row by row; None leaves a place empty.      columns: places in a row.
        caption: what is shown and how it was made.      note: at the top right, such as the step.
        height: pixels on a page.      linked_axes: axes that all panels share, so that zooming one zooms all.
        drag: what dragging with the mouse does on a page.
        key: as long as it is the same, a page keeps zoom and what was switched off; empty where it need not.

    Raises:
        ValueError: there is nothing to draw.
    """

    panels: tuple[Panel | None, ...]
    caption: Caption = NO_CAPTION
    columns: int = 2
    note: str = ""
    height: int = 380
    linked_axes: LinkedAxes = ""
    drag: Drag = "zoom"
    key: str = ""

    def __post_init__(self) -> None:
        if not any(self.panels):
            raise ValueError("panels must hold at least one chart, got none")

    @property
    def rows(self) -> int:
        """Rows of panels."""
        return -(-len(self.panels) // self.columns)

    @property
    def filled_panels(self) -> tuple[Panel, ...]:
        """The panels without the empty places."""
        return tuple(panel for panel in self.panels if panel is not None)

    @property
    def marks(self) -> tuple[Mark, ...]:
        """The visible marks of all panels."""
        return tuple(mark for panel in self.filled_panels for mark in panel.marks if mark.kind != "targets")

    @property
    def series(self) -> tuple[str, ...]:
        """Names in the order of the legend, quiet ones last."""
        marks = sorted(self.marks, key=lambda mark: mark.quiet)
        return tuple(dict.fromkeys(mark.series for mark in marks))

    @property
    def words(self) -> str:
        """What is drawn, for those who do not see it: the title, each panel, and whose lines and marks there are."""
        panels = [panel.title or " against ".join(filter(None, reversed(panel.labels))) for panel in self.filled_panels]
        titles = "; ".join(filter(None, dict.fromkeys([self.caption.title, *panels]))).replace("\n", " ")
        names = ", ".join(filter(None, self.series))
        return f"{titles}: {names}" if names else titles

    @property
    def legend_series(self) -> tuple[str, ...]:
        """The series in the legend; where no panel has numbers, only quiet ones, since panel titles name the others."""
        if not all(panel.bare for panel in self.filled_panels):
            return self.series
        quiet = {mark.series for mark in self.marks if mark.quiet}
        return tuple(name for name in self.series if name in quiet)

    @property
    def parts(self) -> dict[str, Mark]:
        """The parts that the legend explains below the series, with a mark of each."""
        names = dict.fromkeys(mark.part for mark in self.marks if mark.part)
        return {part: next(mark for mark in self.marks if mark.part == part) for part in names}

    def of(self, *places: int, **changes: Any) -> Chart:
        """The panels at these places as a chart of their own, side by side."""
        panels = tuple(self.panels[place] for place in places)
        return replace(self, panels=panels, columns=len(panels), **changes)


def panels_table(panels: Sequence[Panel]) -> pa.Table:
    """Every number that panels draw, one row per point: panel, series, part, x, y, its interval, a map's value."""
    import pyarrow as pa

    pieces = [_mark_columns(panel, mark) for panel in panels for mark in panel.marks if mark.kind != "targets"]
    pieces += [_map_columns(panel, panel.map) for panel in panels if panel.map is not None]
    columns: dict[str, Any] = {}
    for name in TABLE_COLUMNS:
        parts = [piece[name] for piece in pieces]
        text = name in ("panel", "series", "part")
        values = np.concatenate([np.asarray(part, dtype=object if text else np.float64) for part in parts])
        columns[name] = pa.array(values, pa.string() if text else pa.float64(), from_pandas=True)  # NaN becomes missing
    return pa.table(columns)


def _mark_columns(panel: Panel, mark: Mark) -> dict[str, Any]:
    count = len(mark.x)
    nothing = np.full(count, np.nan)
    low, high = (nothing if edge is None else edge for edge in (mark.low, mark.high))
    columns = {"x": mark.x, "y": mark.y, "low": low, "high": high, "value": nothing}
    return columns | _names(count, panel.title, mark.series, mark.part)


def _map_columns(panel: Panel, map_: Map) -> dict[str, Any]:
    x, y = (axis.ravel() for axis in np.meshgrid(map_.x, map_.y))
    nothing = np.full(len(x), np.nan)
    columns = {"x": x, "y": y, "low": nothing, "high": nothing, "value": map_.values.ravel()}
    return columns | _names(len(x), panel.title, map_.name, "map")


def _names(count: int, panel: str, series: str, part: str) -> dict[str, list[str]]:
    return {"panel": [panel] * count, "series": [series] * count, "part": [part] * count}
