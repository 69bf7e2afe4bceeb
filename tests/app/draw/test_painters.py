"""Both painters draw the same chart: what stands in plotly's figure is compared with what stands in matplotlib's.

Neither side reads the value that was painted: names, numbers, colours, dashes and shapes come from the two figures.
Every chart that a page offers is walked over: another one on a page needs no change here, another page a line in
`PAGES`.
"""

from __future__ import annotations

import base64
import io
import json
import warnings
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import plotly.graph_objects as go
import plotly.io as pio
import pytest
from matplotlib.collections import FillBetweenPolyCollection, QuadMesh
from matplotlib.colors import to_rgba
from matplotlib.container import BarContainer, ErrorbarContainer
from matplotlib.contour import QuadContourSet
from matplotlib.image import AxesImage
from matplotlib.lines import Line2D
from matplotlib.text import Annotation
from PIL import Image

from app.draw.matplotlib import draw_chart
from app.draw.plotly import BAND, KEY, TARGET, chart_spec, paint
from app.draw.plotly_scene import ground_spec, paint_ground
from app.draw.plotly_spec import SpecFigure
from app.draw.scenes import backdrop
from app.export import Offer, offer_of
from app.figures.chart import Chart, Map, Mark, Panel
from app.figures.look import CODES, PIXEL, style_of
from app.figures.scene import Scene
from app.state import AtlasConfig
from app.state.links import migrate
from app.state.theory import TheoryConfig
from tests.app.draw import page_charts

QUICK = {"seeds": 1000, "orders": 64, "epochs": 2, "power": 9, "rate_seeds": 8, "k_high": 6}


def theory(instrument: str, **settings: object) -> Offer:
    """Settings by their names in version 1, which are one for each setting."""
    current = migrate({**QUICK, "instrument": instrument, **settings}, TheoryConfig)
    return offer_of(TheoryConfig.model_validate({**current, "v": 2}))


PAGES: dict[str, Callable[[], Offer]] = {
    "theory: stability": lambda: theory("stability"),
    "theory: stability with kept momentum": lambda: theory("stability", base="momentum", simulate=False),
    "theory: noise": lambda: theory("noise"),
    "theory: regularization": lambda: theory("regularization"),
    "theory: rates": lambda: theory("rates"),
    "atlas": lambda: offer_of(AtlasConfig(across_points=6, up="alpha_1", up_points=5, seeds=3, steps=20)),
    "atlas: share of seeds that diverged": lambda: offer_of(
        AtlasConfig(across_points=6, up="depth", quantity="diverged", seeds=3, steps=20)
    ),
}


def every_kind() -> Chart:
    """What a chart can hold and no page may happen to show: bands, images, kinds, empty places, percent."""
    x = np.arange(5.0)
    steps = Mark("a", "#0072B2", x, x / 10, "slow", low=x / 10 - 0.1, high=x / 10 + 0.1, dash=(6.0, 2.0), opacity=0.5)
    cross = Mark("b", "#D55E00", x, x / 20, kind="dots", marker="cross", size=7.0, texts=tuple("vwxyz"), side="left")
    kinds = Map("basins", x, x[:2], np.arange(10.0).reshape(2, 5) % 3, "kinds", colors=("#4477aa", "", "#228833"))
    picture = np.arange(12, dtype=np.uint8).reshape(3, 4)
    panels = (
        Panel("share", (steps, cross), scales=("linear", "percent"), spans=(None, (-0.2, 0.6))),
        None,
        Panel("kinds", map=kinds, labels=("x", "y")),
        Panel("image", image=picture, bare=True),
        Panel(
            "far",
            (replace(cross, texts=(), hollow=True, marker="square"),),
            scales=("log", "log"),
            spans=((1, 100), None),
        ),
    )
    return Chart(panels)


@cache
def offer(page: str) -> Offer:
    return PAGES[page]()


CHARTS = [
    *(
        pytest.param(lambda page=page, name=name: offer(page).charts[name](None), id=f"{page}, {name}")
        for page in PAGES
        for name in offer(page).charts
    ),
    *(pytest.param(make, id=name) for name, make in page_charts.CHARTS.items()),
    pytest.param(every_kind, id="every kind"),
]


Thing = tuple[Any, ...]  # a name, its numbers, then how it looks: lengths in points, colours as RGBA
Panels = list[dict[str, list[Thing]]]  # what each holds by kind, in the order in which it is drawn


def rgba(color: Any, opacity: float | None = None) -> list[float]:
    if isinstance(color, str) and color.startswith("rgba("):
        *parts, alpha = (float(part) for part in color[5:-1].split(","))
        return [*(part / 255 for part in parts), alpha]
    return list(to_rgba(color, opacity))


# What plotly's figure holds


def of_plotly(figure: Any) -> Panels:
    panels: dict[str, dict[str, list[Thing]]] = {
        axis.plotly_name.replace("axis", ""): defaultdict(list) for axis in figure.select_xaxes()
    }
    for trace in figure.data:
        if trace.meta not in (KEY, TARGET):
            for kind, thing in PLOTLY[trace.type](trace):
                panels[trace.xaxis or "x"][kind].append(thing)
    return [panels[axis] for axis in sorted(panels, key=lambda axis: int(axis[1:] or 1))]


def plotly_scatter(trace: Any) -> Iterator[tuple[str, Thing]]:
    if trace.meta == BAND:
        half = len(trace.x) // 2
        yield "band", (trace.name, trace.x[:half], trace.y[:half], trace.y[half:][::-1], rgba(trace.fillcolor))
    elif trace.mode == "lines":
        dash = [] if trace.line.dash == "solid" else [float(one[:-2]) * PIXEL for one in trace.line.dash.split(",")]
        color = rgba(trace.line.color, trace.opacity)
        yield "mark", (trace.name, "line", trace.x, trace.y, color, trace.line.width * PIXEL, dash)
    elif trace.marker.symbol == "arrow":
        for at in range(0, len(trace.x), 3):
            tail, tip = np.transpose([trace.x[at : at + 2], trace.y[at : at + 2]])
            yield "arrow", (trace.name, tail, tip)
    else:
        looks = [each(trace.marker[name], len(trace.x)) for name in ("symbol", "size", "color")]
        edge = trace.marker.line.width * PIXEL
        for symbol, size, color in dict.fromkeys(zip(*looks, strict=True)):
            alike = [at for at, one in enumerate(zip(*looks, strict=True)) if one == (symbol, size, color)]
            shape, hollow = symbol.removesuffix("-open"), symbol.endswith("-open")
            place = np.asarray(trace.x)[alike], np.asarray(trace.y)[alike]
            yield "mark", (trace.name, shape, *place, rgba(color, trace.opacity), size * PIXEL, edge, hollow)
    for text, x, y in zip(trace.text or (), trace.x, trace.y, strict=False):
        yield "text", (trace.name, text, x, y)
    if trace.error_y.array is not None:
        x, y, below, above = (
            np.asarray(values)[np.isfinite(trace.y)]
            for values in (trace.x, trace.y, trace.error_y.arrayminus, trace.error_y.array)
        )
        yield "interval", (trace.name, x, y - below, y + above)


def each(values: Any, count: int) -> list[Any]:
    return list(values) if isinstance(values, tuple | list | np.ndarray) else [values] * count


def plotly_bar(trace: Any) -> Iterator[tuple[str, Thing]]:
    yield "bars", (trace.name, trace.x, trace.y, rgba(trace.marker.color))


def plotly_heatmap(trace: Any) -> Iterator[tuple[str, Thing]]:
    z = np.asarray(trace.z)
    axes = [middles(axis) if len(axis) > count else axis for axis, count in ((trace.x, z.shape[1]), (trace.y, len(z)))]
    yield "cells", (*axes, z, trace.zmin, trace.zmax)


def plotly_contour(trace: Any) -> Iterator[tuple[str, Thing]]:
    lines = trace.contours
    count = 1 if lines.type == "constraint" else round((lines.end - lines.start) / lines.size) + 1
    if trace.line.width == 0:
        return
    levels = [lines.value] if count == 1 else lines.start + lines.size * np.arange(count)
    yield "contours", (levels, np.nanmin(trace.z), np.nanmax(trace.z))


def plotly_image(trace: Any) -> Iterator[tuple[str, Thing]]:
    file = io.BytesIO(base64.b64decode(trace.source.split(",")[1]))
    yield "image", (np.array(Image.open(file).convert("L")),)


PLOTLY = {
    "scatter": plotly_scatter,
    "bar": plotly_bar,
    "heatmap": plotly_heatmap,
    "contour": plotly_contour,
    "image": plotly_image,
}


# What matplotlib's figure holds


def of_matplotlib(figure: Any) -> Panels:
    panels = []
    for axes in axes_of(figure):
        things: dict[str, list[Thing]] = defaultdict(list)
        for artist in (*axes.images, *axes.collections, *axes.containers, *axes.lines, *axes.texts):
            for kind, thing in MATPLOTLIB.get(type(artist), lambda _: ())(artist):
                things[kind].append(thing)
        panels.append(things)
    return panels


def axes_of(figure: Any) -> list[Any]:
    return [axes for axes in figure.axes if axes.get_label() != "<colorbar>"]


def line(artist: Any) -> Iterator[tuple[str, Thing]]:
    if artist.get_label().startswith("_"):
        return  # caps of an interval
    numbers, color = artist.get_data(orig=True), rgba(artist.get_color(), artist.get_alpha())
    if artist.get_linewidth():
        dash = artist._dash_pattern[1] or []  # matplotlib has no public reader
        yield "mark", (artist.get_label(), "line", *numbers, color, artist.get_linewidth(), dash)
    else:
        shape, hollow = SHAPES[artist.get_marker()], artist.get_fillstyle() == "none"
        size, edge = artist.get_markersize(), artist.get_markeredgewidth()
        yield "mark", (artist.get_label(), shape, *numbers, color, size, edge, hollow)


def band(artist: Any) -> Iterator[tuple[str, Thing]]:
    """Its outline begins at the first low value and returns along the high ones."""
    (outline,) = artist.get_paths()
    x, y = outline.vertices.T
    half = (len(x) - 3) // 2
    high, low = y[half + 2 : -1][::-1], y[1 : half + 1]
    yield "band", (artist.get_label(), x[1 : half + 1], high, low, rgba(artist.get_facecolor()[0]))


def interval(artist: Any) -> Iterator[tuple[str, Thing]]:
    (_, _, (bars,)) = artist
    ends = np.array([ends for ends in bars.get_segments() if len(ends)])
    yield "interval", (artist.get_label(), ends[:, 0, 0], ends[:, 0, 1], ends[:, 1, 1])


def bars(artist: Any) -> Iterator[tuple[str, Thing]]:
    """Those of one place stand side by side about it."""
    places = [np.round(bar.get_x() + bar.get_width() / 2) for bar in artist]
    yield "bars", (artist.get_label(), places, [bar.get_height() for bar in artist], rgba(artist[0].get_facecolor()))


def cells(artist: Any) -> Iterator[tuple[str, Thing]]:
    corners = artist.get_coordinates()
    yield "cells", (middles(corners[0, :, 0]), middles(corners[:, 0, 1]), artist.get_array(), *artist.get_clim())


def middles(edges: Any) -> Any:
    """Of cells with these borders."""
    return (np.asarray(edges)[1:] + np.asarray(edges)[:-1]) / 2


def contours(artist: Any) -> Iterator[tuple[str, Thing]]:
    if not artist.filled:
        yield "contours", (artist.levels, artist.zmin, artist.zmax)


def text(artist: Any) -> Iterator[tuple[str, Thing]]:
    if artist.arrow_patch is not None:
        yield "arrow", (artist.get_label(), artist.xyann, artist.xy)
    else:
        yield "text", (artist.get_label(), artist.get_text(), *artist.xy)


def image(artist: Any) -> Iterator[tuple[str, Thing]]:
    yield "image", (artist.get_array(),)


SHAPES = dict(CODES.values())
MATPLOTLIB: dict[type, Callable[[Any], Iterator[tuple[str, Thing]]]] = {
    AxesImage: image,
    QuadMesh: cells,
    QuadContourSet: contours,
    FillBetweenPolyCollection: band,
    BarContainer: bars,
    ErrorbarContainer: interval,
    Line2D: line,
    Annotation: text,
}


def assert_same(first: Any, second: Any, where: str) -> None:
    if isinstance(first, str) or isinstance(second, str):
        assert first == second, where
    elif isinstance(first, tuple):
        assert len(first) == len(second), where
        for one, other in zip(first, second, strict=True):
            assert_same(one, other, where)
    else:
        one, other = (np.ma.filled(np.ma.asarray(values, np.float64), np.nan) for values in (first, second))
        np.testing.assert_allclose(one, other, rtol=2e-4, atol=1e-6, err_msg=where)


@pytest.mark.parametrize("make", CHARTS)
def test_both_painters_draw_the_same_marks_in_the_same_order(make: Callable[[], Chart]) -> None:
    chart = make()
    assert_same_marks(chart, chart)


@pytest.mark.parametrize("make", page_charts.SCENES.values(), ids=page_charts.SCENES)
def test_what_lies_below_the_player_is_what_lies_below_the_tracks_of_a_file(make: Callable[[], Scene]) -> None:
    scene = make()
    page, file = paint_ground(scene), backdrop(scene, style_of("light"), (8, 5), 80).figure
    assert_same_panels(of_plotly(page), of_matplotlib(file))
    for axes, panel in zip(axes_of(file), scene.ground(), strict=True):
        assert_same(page.layout.xaxis.range, axes.get_xlim(), "across")
        assert_same(page.layout.yaxis.range, axes.get_ylim(), "up")
        assert page.layout.xaxis.title.text == axes.get_xlabel() == panel.labels[0]


def assert_same_marks(on_page: Chart, in_file: Chart) -> None:
    file = draw_chart(in_file, style_of("light"), (8, 5), 80)
    assert_same_panels(of_plotly(paint(on_page)), of_matplotlib(file))


def assert_same_panels(pages: Panels, files: Panels) -> None:
    assert len(pages) == len(files)
    for number, (page, file) in enumerate(zip(pages, files, strict=True)):
        assert page.keys() == file.keys()
        for kind in page:
            assert [thing[0] for thing in page[kind] if isinstance(thing[0], str)] == [
                thing[0] for thing in file[kind] if isinstance(thing[0], str)
            ]
            assert len(page[kind]) == len(file[kind])
            for one, other in zip(page[kind], file[kind], strict=True):
                assert_same(one, other, f"panel {number}, {kind}, {one[0]}")


CHANGES: list[dict[str, Any]] = [
    {"series": "c"}, {"part": "fast"}, {"color": "#0072B3"}, {"opacity": 0.9}, {"dash": (6.0, 2.1)}, {"dash": ()},
    {"width": 1.7}, {"kind": "dots"}, {"quiet": True}, {"low": None}, {"high": np.arange(5.0)},
    {"y": np.array([0, 0.1, 0.2, 0.3, 0.401])}, {"x": np.arange(5.0) + 0.01}, {"texts": ("one",)},
    {"kind": "dots", "marker": "square"}, {"kind": "bars"}, {"kind": "targets"},
]  # fmt: skip


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: ", ".join(change))
def test_a_difference_in_one_mark_is_noticed(change: dict[str, Any]) -> None:
    chart = every_kind()
    first, *others = chart.panels
    assert first is not None
    other = replace(first, marks=(replace(first.marks[0], **change), first.marks[1]))
    with pytest.raises(AssertionError):
        assert_same_marks(replace(chart, panels=(other, *others)), chart)


@pytest.mark.parametrize("make", CHARTS)
def test_both_painters_give_the_same_axes_and_the_same_legend(make: Callable[[], Chart]) -> None:
    chart = make()
    page, file = paint(chart), draw_chart(chart, style_of("light"), (8, 5), 80)
    numbers = ["", *range(2, len(chart.filled_panels) + 1)]
    subplots = [(page.layout[f"xaxis{number}"], page.layout[f"yaxis{number}"]) for number in numbers]
    for (x, y), axes in zip(subplots, axes_of(file), strict=True):
        assert (x.title.text or "", y.title.text or "") == (axes.get_xlabel(), axes.get_ylabel())
        assert [axis.type or "linear" for axis in (x, y)] == [axes.get_xscale(), axes.get_yscale()]
        for axis, limits in ((x, axes.get_xlim()), (y, axes.get_ylim())):
            if axis.range:
                assert_same(np.power(10.0, axis.range) if axis.type == "log" else axis.range, limits, "range")
        if x.tickvals:
            assert_same(x.tickvals, axes.get_xticks(), "ticks")
            assert list(x.ticktext) == [label.get_text() for label in axes.get_xticklabels()]
    remarks = [panel.remark for panel in chart.filled_panels if panel.remark]
    assert [note.text for note in page.layout.annotations if note.text in remarks] == remarks
    assert [text.get_text() for axes in axes_of(file) for text in axes.texts if text.get_text() in remarks] == remarks
    traces = [trace for trace in page.data if getattr(trace, "showlegend", False)]
    entries = sorted(traces, key=lambda trace: trace.legendrank)
    legends = [entry.get_text() for legend in file.legends for entry in legend.get_texts()]
    assert [trace.name for trace in entries] == legends


@pytest.mark.parametrize("make", CHARTS)
def test_what_a_page_sends_is_what_plotlys_own_figure_would_send(make: Callable[[], Chart]) -> None:
    spec = chart_spec(make())
    figure = go.Figure(spec)  # which refuses what plotly does not know
    assert_same_json(SpecFigure(spec).to_dict(), figure.to_dict())


@pytest.mark.parametrize("make", page_charts.SCENES.values(), ids=page_charts.SCENES)
def test_the_ground_that_a_page_sends_is_what_plotlys_own_figure_would_send(make: Callable[[], Scene]) -> None:
    spec = ground_spec(make())
    assert_same_json(SpecFigure(spec).to_dict(), go.Figure(spec).to_dict())


def test_numbers_travel_in_single_precision_only_where_nothing_is_lost() -> None:
    mark = {"x": np.array([0.5, np.nan, np.inf]), "y": np.array([0.1]), "z": np.array([1e300])}
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # what single precision cannot hold is no news to the server's log
        page = SpecFigure({"data": [mark], "layout": {}}).to_dict()
    assert {name: page["data"][0][name]["dtype"] for name in "xyz"} == {"x": "f4", "y": "f8", "z": "f8"}


def assert_same_json(page: dict[str, Any], figure: dict[str, Any]) -> None:
    assert plain(json.loads(pio.to_json(page, validate=False))) == plain(
        json.loads(pio.to_json(figure, validate=False))
    )


def plain(value: Any) -> Any:
    """Typed arrays as lists of numbers, NaN as plotly writes it."""
    if isinstance(value, dict) and "bdata" in value:
        array = np.frombuffer(base64.b64decode(value["bdata"]), value["dtype"])
        shape = [int(length) for length in value["shape"].split(",")] if "shape" in value else [-1]
        return plain(array.reshape(shape).tolist())
    if isinstance(value, dict):
        return {name: plain(part) for name, part in value.items()}
    if isinstance(value, list):
        return [plain(part) for part in value]
    return None if isinstance(value, float) and np.isnan(value) else value
