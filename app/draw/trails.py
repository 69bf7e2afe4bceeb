"""The moving parts of an animation: fast paths that pale with age as in the player, slow paths, and heads.

All tracks on one pair of axes are drawn by one collection, since a call costs more than the lines it draws.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeVar

from matplotlib.collections import LineCollection, PathCollection
from matplotlib.markers import MarkerStyle
from matplotlib.transforms import IdentityTransform

from app.draw import scenes
from app.figures import lines, look
from app.figures.scene import row_at

if TYPE_CHECKING:
    from matplotlib.collections import Collection

    from app.player.tracks import Track

CollectionKind = TypeVar("CollectionKind", bound="Collection")
AGES = 3  # shades before the palest
NEW = 0.12  # of the run: older parts of a path have the palest shade


class FastPaths:
    """The fast paths on one pair of axes."""

    def __init__(self, sketch: scenes.Drawing, panel: int) -> None:
        scene, self.axes = sketch.scene, sketch.axes[panel]
        self.tracks = tracks_on(sketch, panel)
        self.paths = [lines.path(track, 0) for track in self.tracks]
        self.points = [scenes.near(path.points, scene) for path in self.paths]
        self.shades = [
            [sketch.style.pale(sketch.color(track), age / AGES) for age in range(AGES + 1)] for track in self.tracks
        ]
        self.new = max(1.0, NEW * scene.last_step)
        self.lines = attach(sketch, panel, LineCollection([], linewidths=look.stroke(0).width, joinstyle="round"))
        self.old = 0.0

    def settle(self, step: int) -> None:
        """Draw the parts that became old since the last call."""
        if step - self.new > self.old:
            self._draw([(self.old, step - self.new, AGES)])
            self.old = step - self.new

    def draw_new(self, step: int) -> None:
        """Draw the parts that are not old yet, the newest last."""
        ends = [max(step - self.new * age / AGES, self.old) for age in range(AGES + 1)]
        self._draw([(ends[age + 1], ends[age], age) for age in reversed(range(AGES))])

    def _draw(self, parts: Sequence[tuple[float, float, int]]) -> None:
        """Draw the path segments between pairs of steps, in the shade of an age."""
        segments, colors = [], []
        for first, last, age in parts:
            for track, path, points, shades in zip(self.tracks, self.paths, self.points, self.shades, strict=True):
                begin, end = (path.until(row_at(track, step)) for step in (first, last))
                if end > begin:
                    segments.append(points[begin - 1 : end])
                    colors.append(shades[age])
        self.lines.set_segments(segments)
        self.lines.set_color(colors)
        self.axes.draw_artist(self.lines)


class SlowPaths:
    """The dashed paths of one layer on one pair of axes; dashes run on from their beginning, so each is drawn whole."""

    def __init__(self, sketch: scenes.Drawing, panel: int, layer: int) -> None:
        self.axes, stroke = sketch.axes[panel], look.stroke(layer)
        self.tracks = tracks_on(sketch, panel, layer)
        self.paths = [lines.path(track, layer) for track in self.tracks]
        self.points = [scenes.near(path.points, sketch.scene) for path in self.paths]
        dash = (0, [length / stroke.width for length in stroke.dash])
        colors = [sketch.style.shade(sketch.color(track), layer) for track in self.tracks]
        self.lines = LineCollection([], linewidths=stroke.width, linestyles=[dash], colors=colors, joinstyle="round")
        attach(sketch, panel, self.lines)

    def draw(self, step: int) -> None:
        """Draw them up to a step."""
        ends = [path.until(row_at(track, step)) for track, path in zip(self.tracks, self.paths, strict=True)]
        self.lines.set_segments([points[:end] for points, end in zip(self.points, ends, strict=True)])
        self.axes.draw_artist(self.lines)


class Heads:
    """The markers of one layer on one pair of axes."""

    def __init__(self, sketch: scenes.Drawing, panel: int, layer: int) -> None:
        self.axes, stroke = sketch.axes[panel], look.stroke(layer)
        self.tracks = tracks_on(sketch, panel, layer)
        self.places = [scenes.near(lines.weights(track, layer), sketch.scene) for track in self.tracks]
        faces, edges = zip(*(scenes.head_colors(sketch, track, layer) for track in self.tracks), strict=True)
        shape = MarkerStyle(look.CODES[stroke.marker][0])
        self.marks = PathCollection(
            [shape.get_path().transformed(shape.get_transform())], sizes=[stroke.size**2], facecolors=faces,
            edgecolors=edges, linewidths=1.0, offset_transform=self.axes.transData,
        )  # fmt: skip
        self.marks.set_transform(IdentityTransform())
        attach(sketch, panel, self.marks)

    def draw(self, step: int) -> None:
        """Draw them where the weights are at a step."""
        pairs = zip(self.tracks, self.places, strict=True)
        self.marks.set_offsets([places[row_at(track, step)] for track, places in pairs])
        self.axes.draw_artist(self.marks)


def tracks_on(sketch: scenes.Drawing, panel: int, layer: int = 0) -> list[Track]:
    """The tracks on a pair of axes that have this layer."""
    return [track for track in sketch.scene.tracks if track.panel == panel and layer in lines.layers_of(track)]


def attach(sketch: scenes.Drawing, panel: int, collection: CollectionKind) -> CollectionKind:
    """The collection, clipped to the axes and drawn only when asked for."""
    collection.set_animated(True)
    sketch.axes[panel].add_collection(collection, autolim=False)
    return collection
