"""A scene on matplotlib axes. Only Figure objects are used: pyplot's state would be shared by all visitors."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.legend_handler import HandlerLine2D
from matplotlib.lines import Line2D
from matplotlib.patheffects import withStroke
from matplotlib.text import Annotation

from app.draw.matplotlib import FONT, fill, wrap_title
from app.figures import lines, look
from app.figures.chart import Chart, Mark
from app.figures.scene import Scene, row_at

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from app.figures.look import Style
    from app.player.tracks import Track

LEGEND_LINE, LEGEND_LETTER = 0.75, 0.066  # inches of an entry's line and of an average letter of its name
LEGEND_ROW = 0.19
LETTER = 0.075  # inches of a title's average letter
LEFT, RIGHT, TOP, BOTTOM, GAP = 0.62, 0.14, 0.36, 0.5, 0.3  # inches around and between the axes
BESIDE = ((8, 6), (-13, 6), (8, -12), (-13, -12))  # points: from a head to its letter, on four sides
HALF_LETTER, LETTER_ROOM = (3.5, 3.5), 9.0  # points: from a letter's corner to its middle, from there to a minimum
RING = 13.0  # points: around a head that stands on a minimum
FARTHEST = 50.0  # sizes of the view: points farther out are drawn at that distance, where no renderer overflows


@dataclass(frozen=True, eq=False)
class Drawing:
    """A figure with the landscape drawn on it, ready for tracks."""

    scene: Scene
    style: Style
    figure: Figure
    axes: tuple[Axes, ...]

    def letter(self, name: str) -> str:
        """In print, which has no colours, the letter of an optimizer in the legend and beside its head."""
        return chr(ord("A") + self.names.index(name) % 26) if self.style.palette else ""

    @cached_property
    def names(self) -> list[str]:
        """The optimizers in the order of the legend."""
        return look.distinct([track.name for track in self.scene.tracks])

    def color(self, track: Track) -> str:
        """A track's colour in this style."""
        return self.style.color(track.color, self.names.index(track.name))

    def axes_of(self, track: Track) -> Axes:
        """The axes a track is drawn on."""
        return self.axes[track.panel]


def backdrop(scene: Scene, style: Style, size: tuple[float, float], dpi: float) -> Drawing:
    """The static part: landscape, minima, titles, axes, legend; `size` is in inches."""
    width, height = size
    figure = Figure(figsize=size, dpi=dpi, facecolor=style.background)
    FigureCanvasAgg(figure)
    drawing = Drawing(scene, style, figure, ())
    columns = _legend_columns(drawing, width)
    bottom = BOTTOM + LEGEND_ROW * max(len(entries) for entries in columns)
    axes = _place_axes(scene, style, figure, (width, height), bottom)
    chart = Chart(scene.ground())
    for pair, panel in zip(axes, chart.filled_panels, strict=True):
        if panel.map is None:
            pair.grid(color=style.contour, linewidth=0.4)
        fill(pair, panel, chart, style)
    _legend(drawing, columns, bottom - BOTTOM)
    figure.text(LEFT / width, 1 - 0.22 / height, scene.caption.title, color=style.ink, fontsize=FONT + 1, weight="bold")
    return Drawing(scene, style, figure, axes)


def step_text(drawing: Drawing, step: int | None) -> Any:
    """The chosen step, at the top right."""
    scene, (width, height) = drawing.scene, drawing.figure.get_size_inches()
    text = f"step {scene.last_step if step is None else step} of {scene.last_step}"
    position = (1 - RIGHT / width, 1 - 0.22 / height)
    return drawing.figure.text(*position, text, color=drawing.style.quiet, fontsize=FONT, ha="right")


def line(drawing: Drawing, track: Track, layer: int) -> Line2D:
    """The line of a layer, still empty: thin and solid for fast weights, thick and dashed for slow ones."""
    stroke = look.stroke(layer)
    artist = Line2D(
        [], [], color=drawing.style.shade(drawing.color(track), layer), linewidth=stroke.width,
        solid_joinstyle="round", zorder=3 + 0.1 * layer,
    )  # fmt: skip
    if stroke.dash:
        dash = [length / stroke.width for length in stroke.dash]
        phase = sum(dash) * drawing.names.index(track.name) / len(drawing.names)
        artist.set_linestyle((phase, dash))  # so that lines on the same way take turns
    return artist


def head(drawing: Drawing, track: Track, layer: int) -> Line2D:
    """The marker of a layer, still without a place."""
    stroke, (face, edge) = look.stroke(layer), head_colors(drawing, track, layer)
    return Line2D(
        [], [], linestyle="none", marker=look.CODES[stroke.marker][0], markersize=stroke.size, color=face,
        markeredgecolor=edge, markeredgewidth=1.0, zorder=5 + 0.1 * layer,
    )  # fmt: skip


def head_colors(drawing: Drawing, track: Track, layer: int) -> tuple[Any, Any]:
    """The face and the edge of a layer's marker."""
    color = drawing.style.shade(drawing.color(track), layer)
    return (drawing.style.background, color) if look.stroke(layer).hollow else (color, drawing.style.background)


def letter_mark(drawing: Drawing, track: Track) -> Annotation:
    """The letter beside the head of the fast weights, empty but in print; `put_beside` moves it."""
    return Annotation(
        drawing.letter(track.name), (0, 0), xytext=BESIDE[0], xycoords=drawing.axes_of(track).transData,
        textcoords="offset points", color=drawing.style.ink, fontsize=FONT, weight="bold", zorder=6,
        annotation_clip=True,
    )  # fmt: skip


def put_beside(drawing: Drawing, track: Track, mark: Annotation, place: NDArray[np.float64]) -> None:
    """Move a letter to a head at `place`: on a side of its own, or on the next one where it hides no minimum."""
    index, transform = drawing.names.index(track.name) % len(BESIDE), drawing.axes_of(track).transData.transform
    minima = np.array([minimum.place for minimum in drawing.scene.minima], dtype=np.float64).reshape(-1, 2)
    away = (transform(minima) - transform(place)) * 72 / drawing.figure.dpi if len(minima) else minima
    sides = (*BESIDE[index:], *BESIDE[:index])
    free_sides = (side for side in sides if (np.hypot(*(away - side - HALF_LETTER).T) > LETTER_ROOM).all())
    mark.xy, mark.xyann = tuple(place), next(free_sides, sides[0])


def tracks(drawing: Drawing, step: int | None) -> None:
    """All tracks up to a base step, with their heads there; rings around what heads may hide."""
    for axes in drawing.axes:
        axes.add_line(_rings(drawing))
    for track in sorted(drawing.scene.tracks, key=_cover):
        row, axes = row_at(track, step), drawing.axes_of(track)
        for layer in lines.layers_of(track):
            path, artist, marker = lines.path(track, layer), line(drawing, track, layer), head(drawing, track, layer)
            artist.set_data(*near(path.points[: path.until(row)], drawing.scene).T)
            marker.set_data(*near(lines.weights(track, layer)[row : row + 1], drawing.scene).T)
            axes.add_line(artist)
            axes.add_line(marker)
        beside = letter_mark(drawing, track)
        put_beside(drawing, track, beside, near(track.fast[row], drawing.scene))
        axes.add_artist(beside)


def _cover(track: Track) -> tuple[bool, int]:
    """Tracks share their beginning: those with more layers lie below, thicker as they are, diverged ones most."""
    return track.diverged < 0, -len(track.layers)


def _rings(drawing: Drawing) -> Line2D:
    """One around each global minimum, or stable equilibrium, above the lines."""
    face, edge = _star_colors(drawing.style)
    places = np.array([one.place for one in drawing.scene.minima if one.is_global], dtype=np.float64).reshape(-1, 2)
    return Line2D(
        *places.T, linestyle="none", marker="o", markersize=RING, markerfacecolor="none", markeredgecolor=face,
        markeredgewidth=1.6, zorder=4.5, path_effects=[withStroke(linewidth=2.8, foreground=edge)],
    )  # fmt: skip


def near(places: NDArray[Any], scene: Scene) -> NDArray[np.float64]:
    """Places (rows, 2), clipped to what renderers can draw; NaN leaves a gap."""
    (x_low, x_high), (y_low, y_high) = scene.extent
    low, high = np.array([x_low, y_low]), np.array([x_high, y_high])
    return np.clip(np.asarray(places, dtype=np.float64), low - FARTHEST * (high - low), high + FARTHEST * (high - low))


def _place_axes(
    scene: Scene, style: Style, figure: Figure, size: tuple[float, float], bottom: float
) -> tuple[Axes, ...]:
    width, height = size
    count = len(scene.panels)
    each = (width - LEFT - RIGHT - GAP * (count - 1)) / count
    titles = [wrap_title(title, max(8, int(each / LETTER))) for title in scene.panels]
    top = TOP + max(0.16 * len(title.splitlines()) for title in titles)
    pairs = []
    for index, title in enumerate(titles):
        edge = LEFT + index * (each + GAP)
        box = (edge / width, bottom / height, each / width, max(height - top - bottom, 0.1) / height)
        axes = figure.add_axes(box, facecolor=style.background)
        _dress(axes, scene, style, first=index == 0)
        if title:
            axes.set_title(title, color=style.ink, fontsize=FONT)
        pairs.append(axes)
    return tuple(pairs)


def _dress(axes: Axes, scene: Scene, style: Style, *, first: bool) -> None:
    axes.set_xlim(*scene.extent[0])
    axes.set_ylim(*scene.extent[1])
    axes.set_autoscale_on(False)
    axes.set_xlabel(scene.labels[0], color=style.ink, fontsize=FONT)
    axes.tick_params(colors=style.quiet, labelsize=FONT - 1, length=3, labelleft=first)
    if first:
        axes.set_ylabel(scene.labels[1], color=style.ink, fontsize=FONT)
    for spine in axes.spines.values():
        spine.set_color(style.quiet)
        spine.set_linewidth(0.6)


def _legend_columns(drawing: Drawing, width: float) -> list[list[Line2D]]:
    """Optimizers and layers side by side where both fit, else one under the other, with the slow weights alone."""
    optimizers = [_optimizer_entry(drawing, name) for name in drawing.names]
    layers_with_line = {layer for track in drawing.scene.tracks for layer in lines.layers_of(track)}
    layers = [_layer_entry(drawing, layer) for layer in sorted(layers_with_line, key=lambda layer: (layer < 0, layer))]
    layers = layers if len(layers_with_line) > 1 else []
    layers += [_places_entry(drawing.style, drawing.scene.stars)] if drawing.scene.stars is not None else []
    if layers and LEFT + _legend_width(optimizers) + _legend_width(layers) <= width:
        return [optimizers, layers]
    return [optimizers + [entry for entry in layers if str(entry.get_label()).startswith(("slow", "average"))]]


def _legend_width(entries: list[Line2D]) -> float:
    return LEGEND_LINE + LEGEND_LETTER * max(len(str(entry.get_label())) for entry in entries)


def _legend(drawing: Drawing, columns: list[list[Line2D]], high: float) -> None:
    width, height = drawing.figure.get_size_inches()
    edge = LEFT - 0.1
    for entries in columns:
        drawing.figure.legend(
            handles=entries, loc="upper left", bbox_to_anchor=(edge / width, (high + 0.02) / height), frameon=False,
            fontsize=FONT - 1, labelcolor=drawing.style.ink, handlelength=4, numpoints=2, borderpad=0, labelspacing=0.3,
            handler_map={entry: HandlerLine2D(numpoints=1) for entry in entries if entry.get_linestyle() == "None"},
        )  # fmt: skip
        edge += _legend_width(entries)


def _optimizer_entry(drawing: Drawing, name: str) -> Line2D:
    track = next(track for track in drawing.scene.tracks if track.name == name)
    return _entry(drawing, drawing.color(track), 0, _optimizer_label(drawing, name))


def _layer_entry(drawing: Drawing, layer: int) -> Line2D:
    return _entry(drawing, drawing.style.ink, layer, lines.line_label(layer))


def _places_entry(style: Style, places: Mark) -> Line2D:
    """What the marks on the landscape are."""
    name = places.series if len(places.x) > 1 else {"minima": "minimum", "equilibria": "equilibrium"}[places.series]
    face, edge = _star_colors(style)
    return Line2D(
        [], [], linestyle="none", marker=look.CODES[places.by_look[0].marker][0], markersize=8, markerfacecolor=face,
        markeredgecolor=edge, markeredgewidth=0.8, label=name,
    )  # fmt: skip


def _star_colors(style: Style) -> tuple[str, str]:
    """The face and the edge; print has no colours."""
    return (style.background, style.ink) if style.palette else (look.STAR, look.STAR_EDGE)


def _entry(drawing: Drawing, color: str, layer: int, label: str) -> Line2D:
    stroke, background = look.stroke(layer), drawing.style.background
    face, edge = (background, color) if stroke.hollow else (color, background)
    entry = Line2D(
        [], [], color=color, linewidth=stroke.width + 0.4 * (layer == 0), label=label,
        marker=look.CODES[stroke.marker][0], markersize=stroke.size - 1.5, markerfacecolor=face, markeredgecolor=edge,
    )  # fmt: skip
    entry.set_dashes([length / stroke.width for length in stroke.dash])
    return entry


def _optimizer_label(drawing: Drawing, name: str) -> str:
    letter = drawing.letter(name)
    steps = [track.diverged for track in drawing.scene.tracks if track.name == name and track.diverged >= 0]
    return f"{letter}  " * bool(letter) + name + (f" (diverged at step {min(steps)})" if steps else "")
