"""Arrows where layers synchronise, as in the player: visible in that frame, fainter in the next ones.

A dashed line leads from the slow weights to their target, and an arrow to where they move.
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
from app.draw.trails import attach
from app.figures import lines, look

if TYPE_CHECKING:
    from app.player.tracks import Track

Floats = NDArray[np.float64]
ARROW_FRAMES = 3  # frames for which a synchronisation is visible
TIP, SHORTEST = 5.5, 3.0  # points: the size of an arrow's tip, and the shortest move that is drawn
PULL_DASH, PULL_WIDTH, MOVE_WIDTH = (2.5, 2.0), 1.0, 1.8


class Synchronisations:
    """The synchronisations of the runs on one pair of axes, each visible from the frame in which it happens."""

    def __init__(self, sketch: scenes.Drawing, panel: int) -> None:
        self.axes, self.point = sketch.axes[panel], sketch.figure.dpi / 72
        tracks = [track for track in sketch.scene.tracks if track.panel == panel and track.layers and track.consecutive]
        self.runs = [_Run.of(sketch, track) for track in tracks]
        pixels: dict[str, Any] = {"transform": IdentityTransform(), "zorder": 4}
        self.pulls = LineCollection([], linewidths=PULL_WIDTH, linestyles=[(0, PULL_DASH)], **pixels)
        self.moves = LineCollection([], linewidths=MOVE_WIDTH, **pixels)
        self.tips = PolyCollection([], linewidths=0, **pixels)
        for collection in (self.pulls, self.moves, self.tips):
            attach(sketch, panel, collection)

    def draw(self, step: int, span: int) -> None:
        """Draw those of the last frames, each of which took `span` base steps."""
        visible = [arrow for run in self.runs for arrow in run.arrows(step, span, self.point)]
        if not visible:
            return
        colors = [arrow.color for arrow in visible]
        tips = [arrow.tip(TIP * self.point) for arrow in visible]
        shafts = [np.stack([arrow.before, tip[1:].mean(axis=0)]) for arrow, tip in zip(visible, tips, strict=True)]
        self.pulls.set_segments([np.stack([arrow.before, arrow.target]) for arrow in visible])
        self.moves.set_segments(shafts)
        self.tips.set_verts(tips)
        self.tips.set_facecolor(colors)
        for segments in (self.pulls, self.moves):
            segments.set_color(colors)
        for collection in (self.pulls, self.moves, self.tips):
            self.axes.draw_artist(collection)


@dataclass(frozen=True, eq=False)
class _Arrow:
    """The move of a layer's slow weights and the size of their head, in pixels; the colour with its opacity."""

    before: Floats
    target: Floats
    after: Floats
    gap: float
    color: tuple[float, float, float, float]

    def tip(self, size: float) -> Floats:
        """A triangle that ends a `gap` before `after`, where the head lies, and is no longer than the move itself."""
        shift = self.after - self.before
        length = float(np.hypot(*shift))
        end = self.after - shift / length * min(self.gap, 0.5 * length)
        along = shift / length * min(size, 0.5 * length)
        across = 0.5 * np.array([-along[1], along[0]])
        return np.stack([end, end - along + across, end - along - across])


@dataclass(frozen=True, eq=False)
class _Run:
    """When layers of a run synchronised, how many, and the moves of each layer in pixels, (3, rows, 2)."""

    steps: NDArray[np.int64]
    rows: NDArray[np.int64]
    counts: NDArray[np.int64]
    moves: tuple[Floats, ...]
    colors: tuple[look.RGB, ...]

    @classmethod
    def of(cls, sketch: scenes.Drawing, track: Track) -> _Run:
        """The synchronisations of a track."""
        rows, layers = lines.synchronisations(track), range(1, len(track.layers) + 1)
        place = sketch.axes_of(track).transData.transform
        moves = [
            np.stack([place(scenes.near(at, sketch.scene)) for at in lines.pull_and_move(track, layer)])
            for layer in layers
        ]
        colors = tuple(sketch.style.shade(sketch.color(track), layer) for layer in layers)
        return cls(np.asarray(track.step)[rows], rows, np.asarray(track.synchronised)[rows], tuple(moves), colors)

    def arrows(self, step: int, span: int, point: float) -> Iterator[_Arrow]:
        """The arrows of the last frame with a synchronisation, at its base step with the most layers."""
        last = int(np.searchsorted(self.steps, step, side="right"))
        age = (step - int(self.steps[last - 1])) // span if last else ARROW_FRAMES
        if age >= ARROW_FRAMES:
            return
        first = int(np.searchsorted(self.steps, step - (age + 1) * span, side="right"))
        latest = last - 1 - int(np.argmax(self.counts[first:last][::-1]))
        for layer in range(1, self.counts[latest] + 1):
            before, target, after = self.moves[layer - 1][:, self.rows[latest]]
            if np.hypot(*(after - before)) > SHORTEST * point:
                gap = (0.5 * look.stroke(layer).size + 0.5) * point
                yield _Arrow(before, target, after, gap, (*self.colors[layer - 1], 1 - age / ARROW_FRAMES))
