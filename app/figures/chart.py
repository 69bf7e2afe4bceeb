"""A chart as a value, free of the page that shows it: panels of lines, dots, bars, maps or images."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from app.figures.caption import Caption

if TYPE_CHECKING:
    import pyarrow as pa

Floats = NDArray[np.float64]
Pair = tuple[float, float]
Kind = Literal["line", "dots", "bars"]
Scale = Literal["linear", "log", "percent"]
Shading = Literal["rate", "height", "inside"]

TABLE_COLUMNS = ("panel", "series", "part", "x", "y", "low", "high", "value")


@dataclass(frozen=True, eq=False)
class Mark:
    """Points that belong together. Colour tells series apart, dash and shape their parts; both are in the legend.

    Attributes:
        series: whose points, such as an optimizer.      color: #rrggbb; empty is the ink of the page.
        x, y: (points,); NaN breaks a line.
        part: what of it, such as slow weights; empty where a series has one part only.
        low, high: (points,) interval about y: a band along a line, bars at dots; None for none.
        width, dash: of a line, in points.      marker, size: of dots, as matplotlib calls them.
        texts: written beside the dots.      quiet: a guide or what lies behind: in the page's grey, without a letter.
    """

    series: str
    color: str
    x: Floats
    y: Floats
    part: str = ""
    kind: Kind = "line"
    low: Floats | None = None
    high: Floats | None = None
    width: float = 1.6
    dash: tuple[float, ...] = ()
    marker: str = "o"
    size: float = 5.0
    texts: tuple[str, ...] = ()
    quiet: bool = False


@dataclass(frozen=True, eq=False)
class Map:
    """Values over a plane: a rate per step (1 is the boundary), heights, or whether a place is inside (value < 1).

    x: (columns,)      y: (rows,)      values: (rows, columns)      span: of heights, from dark to light
    """

    name: str
    x: Floats
    y: Floats
    values: Floats
    shading: Shading
    span: Pair = (0.0, 1.0)


@dataclass(frozen=True, eq=False)
class Panel:
    """One pair of axes.

    Attributes:
        marks: drawn in this order.      map: drawn under them.      image: (height, width), grey.
        labels, scales: of the two axes.      spans: of the two axes, as far as their data need; None follows the data.
        ticks: positions and words on the horizontal axis, where numbers will not do.
        square: whether both axes have the same unit.      bare: whether there are no numbers at the axes.
    """

    title: str = ""
    marks: tuple[Mark, ...] = ()
    map: Map | None = None
    image: NDArray[np.uint8] | None = None
    labels: tuple[str, str] = ("", "")
    scales: tuple[Scale, Scale] = ("linear", "linear")
    spans: tuple[Pair | None, Pair | None] = (None, None)
    ticks: tuple[tuple[float, str], ...] = ()
    square: bool = False
    bare: bool = False


@dataclass(frozen=True, eq=False)
class Chart:
    """Panels under one title, with one legend.

    Attributes:
        panels: row by row; None leaves a place empty.      columns: places in a row.
        caption: what is shown and how it was made.      note: at the top right, such as the step.

    Raises:
        ValueError: there is nothing to draw.
    """

    panels: tuple[Panel | None, ...]
    caption: Caption
    columns: int = 2
    note: str = ""
    rows: int = field(init=False)

    def __post_init__(self) -> None:
        if not any(self.panels):
            raise ValueError("panels must hold at least one chart, got none")
        object.__setattr__(self, "rows", -(-len(self.panels) // self.columns))

    @property
    def drawn(self) -> tuple[Panel, ...]:
        """The places that are not empty."""
        return tuple(panel for panel in self.panels if panel is not None)

    @property
    def series(self) -> tuple[str, ...]:
        """Names in the order of the legend, what is quiet last."""
        marks = sorted((mark for panel in self.drawn for mark in panel.marks), key=lambda mark: mark.quiet)
        return tuple(dict.fromkeys(mark.series for mark in marks))


def panels_table(panels: Sequence[Panel]) -> pa.Table:
    """Every number that panels draw, one row per point: panel, series, part, x, y, its interval, a map's value."""
    import pyarrow as pa

    pieces = [_mark_columns(panel, mark) for panel in panels for mark in panel.marks]
    pieces += [_map_columns(panel, panel.map) for panel in panels if panel.map is not None]
    columns: dict[str, Any] = {}
    for name in TABLE_COLUMNS:
        parts = [piece[name] for piece in pieces]
        text = name in ("panel", "series", "part")
        joined = np.concatenate([np.asarray(part, dtype=object if text else np.float64) for part in parts])
        columns[name] = pa.array(joined, pa.string() if text else pa.float64(), from_pandas=True)  # NaN becomes missing
    return pa.table(columns)


def _mark_columns(panel: Panel, mark: Mark) -> dict[str, Any]:
    count = len(mark.x)
    nothing = np.full(count, np.nan)
    low, high = (nothing if edge is None else edge for edge in (mark.low, mark.high))
    columns = {"x": mark.x, "y": mark.y, "low": low, "high": high, "value": nothing}
    return columns | _words(count, panel.title, mark.series, mark.part)


def _map_columns(panel: Panel, drawn: Map) -> dict[str, Any]:
    x, y = (axis.ravel() for axis in np.meshgrid(drawn.x, drawn.y))
    nothing = np.full(len(x), np.nan)
    columns = {"x": x, "y": y, "low": nothing, "high": nothing, "value": drawn.values.ravel()}
    return columns | _words(len(x), panel.title, drawn.name, "map")


def _words(count: int, panel: str, series: str, part: str) -> dict[str, list[str]]:
    return {"panel": [panel] * count, "series": [series] * count, "part": [part] * count}
