"""Arrows where layers synchronise, as in the player: seen in the frame in which it happens, fainter in the next ones.

A dashed line leads from the slow weights to what pulls them, and an arrow goes as far as they go.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.transforms import IdentityTransform
from numpy.typing import NDArray

from app.draw import scenes
from app.draw.trails import added
from app.figures import lines, look

if TYPE_CHECKING:
    from app.player.tracks import Track

Floats = NDArray[np.float64]
SHOWN = 3  # frames for which a synchronisation is seen
TIP, SHORTEST = 5.5, 3.0  # points: the size of an arrow's tip, and what is too short to be seen
PULL_DASH, PULL_WIDTH, MOVE_WIDTH = (2.5, 2.0), 1.0, 1.8


class Synchronisations:
    """The synchronisations of the runs on one pair of axes, each seen from the frame in which it happens."""

    def __init__(self, sketch: scenes.Drawing, panel: int) -> None:
        self.axes, self.point = sketch.axes[panel], sketch.figure.dpi / 72
        tracks = [track for track in sketch.scene.tracks if track.panel == panel and track.layers and track.consecutive]
        self.runs = [_Run.of(sketch, track) for track in tracks]
        pixels: dict[str, Any] = {"transform": IdentityTransform(), "zorder": 4}
        self.pulls = LineCollection([], linewidths=PULL_WIDTH, linestyles=[(0, PULL_DASH)], **pixels)
        self.moves = LineCollection([], linewidths=MOVE_WIDTH, **pixels)
        self.tips = PolyCollection([], linewidths=0, **pixels)
        for collection in (self.pulls, self.moves, self.tips):
            added(sketch, panel, collection)

    def draw(self, step: int, span: int) -> None:
        """Draw those of the last frames, each of which took `span` base steps."""
        seen = [arrow for run in self.runs for arrow in run.arrows(step, span, self.point)]
        if not seen:
            return
        colors = [arrow.color for arrow in seen]
        tips = [arrow.tip(TIP * self.point) for arrow in seen]
        shafts = [np.stack([arrow.before, tip[1:].mean(axis=0)]) for arrow, tip in zip(seen, tips, strict=True)]
        self.pulls.set_segments([np.stack([arrow.before, arrow.target]) for arrow in seen])
        self.moves.set_segments(shafts)
        self.tips.set_verts(tips)
        self.tips.set_facecolor(colors)
        for arrows in (self.pulls, self.moves):
            arrows.set_color(colors)
        for collection in (self.pulls, self.moves, self.tips):
            self.axes.draw_artist(collection)


@dataclass(frozen=True, eq=False)
class _Arrow:
    """The way of a layer's slow weights and the size of their head, in pixels; the colour with its opacity."""

    before: Floats
    target: Floats
    after: Floats
    gap: float
    color: tuple[float, float, float, float]

    def tip(self, size: float) -> Floats:
        """A triangle that ends a `gap` before `after`, where the head lies, and is no longer than the way itself."""
        way = self.after - self.before
        length = float(np.hypot(*way))
        end = self.after - way / length * min(self.gap, 0.5 * length)
        along = way / length * min(size, 0.5 * length)
        across = 0.5 * np.array([-along[1], along[0]])
        return np.stack([end, end - along + across, end - along - across])


@dataclass(frozen=True, eq=False)
class _Run:
    """When layers of a run synchronised, how many, and the ways of each layer in pixels, (3, rows, 2)."""

    steps: NDArray[np.int64]
    rows: NDArray[np.int64]
    counts: NDArray[np.int64]
    ways: tuple[Floats, ...]
    colors: tuple[look.RGB, ...]

    @classmethod
    def of(cls, sketch: scenes.Drawing, track: Track) -> _Run:
        """What the track tells."""
        rows, layers = lines.synchronisations(track), range(1, len(track.layers) + 1)
        place = sketch.axes_of(track).transData.transform
        ways = [np.stack([place(scenes.near(at, sketch.scene)) for at in lines.way(track, layer)]) for layer in layers]
        colors = tuple(sketch.style.shade(sketch.color(track), layer) for layer in layers)
        return cls(np.asarray(track.step)[rows], rows, np.asarray(track.synchronised)[rows], tuple(ways), colors)

    def arrows(self, step: int, span: int, point: float) -> Iterator[_Arrow]:
        """Of the last frame in which layers synchronised, the time when the most layers did."""
        last = int(np.searchsorted(self.steps, step, side="right"))
        age = (step - int(self.steps[last - 1])) // span if last else SHOWN
        if age >= SHOWN:
            return
        first = int(np.searchsorted(self.steps, step - (age + 1) * span, side="right"))
        chosen = last - 1 - int(np.argmax(self.counts[first:last][::-1]))
        for layer in range(1, self.counts[chosen] + 1):
            before, target, after = self.ways[layer - 1][:, self.rows[chosen]]
            if np.hypot(*(after - before)) > SHORTEST * point:
                gap = (0.5 * look.stroke(layer).size + 0.5) * point
                yield _Arrow(before, target, after, gap, (*self.colors[layer - 1], 1 - age / SHOWN))
