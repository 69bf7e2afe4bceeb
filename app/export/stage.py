"""Frames of an animation: the landscape is drawn once, and each frame adds only what moved since the one before."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import numpy as np
from numpy.typing import NDArray

from app.export import drawing, strands
from app.export.look import Style
from app.export.scene import Scene, row_at

if TYPE_CHECKING:
    from matplotlib.artist import Artist

    from app.player.tracks import Track

Drawn = TypeVar("Drawn", bound="Artist")
DPI = 100
Pixels = NDArray[np.uint8]


class Stage:
    """A scene that can be shown at any base step; going forward is cheap, going back starts anew."""

    def __init__(self, scene: Scene, style: Style, size: tuple[int, int]) -> None:
        sketch = drawing.backdrop(scene, style, (size[0] / DPI, size[1] / DPI), DPI)
        self.scene, self.style, self.last_step = scene, style, scene.last_step
        self.figure, self.canvas = sketch.figure, sketch.figure.canvas
        self.movers = [_Mover(sketch, track) for track in scene.tracks]
        self.words = drawing.step_text(sketch, 0)
        self.words.set_animated(True)
        self.canvas.draw()
        self.empty = self.canvas.copy_from_bbox(self.figure.bbox)
        self._rewind()

    def frame(self, step: int) -> Pixels:
        """(height, width, 3)."""
        if step < self.step:
            self._rewind()
        self.step = step
        self.canvas.restore_region(self.ground)
        for mover in self.movers:
            mover.extend_path(step)
        self.ground = self.canvas.copy_from_bbox(self.figure.bbox)  # solid lines stay; the rest is drawn anew
        for mover in self.movers:
            mover.draw_above(step)
        self.words.set_text(f"step {step} of {self.last_step}")
        self.figure.draw_artist(self.words)
        return np.asarray(self.canvas.buffer_rgba())[..., :3].copy()

    def _rewind(self) -> None:
        self.step, self.ground = 0, self.empty
        for mover in self.movers:
            mover.row = 0


class _Mover:
    """One track's artists, and the row up to which its solid line has been drawn."""

    def __init__(self, sketch: drawing.Drawing, track: Track) -> None:
        self.track, self.scene, self.axes, self.row = track, sketch.scene, sketch.axes_of(track), 0
        layers = strands.layers_of(track)
        self.paths = [strands.path(track, layer) for layer in layers]
        self.points = [drawing.near(path.points, sketch.scene) for path in self.paths]
        self.places = [drawing.near(strands.weights(track, layer), sketch.scene) for layer in layers]
        self.lines = [self._added(drawing.line(sketch, track, layer)) for layer in layers]
        self.heads = [self._added(drawing.head(sketch, track, layer)) for layer in layers]
        self.letter = self._added(drawing.letter_mark(sketch, track))

    def extend_path(self, step: int) -> None:
        """Draw what the fast weights did since the last call."""
        row = row_at(self.track, step)
        if row > self.row:
            first, last = (self.paths[0].until(at) for at in (self.row, row))
            self.lines[0].set_data(*self.points[0][first - 1 : last].T)
            self.axes.draw_artist(self.lines[0])
            self.row = row

    def draw_above(self, step: int) -> None:
        """Draw dashed lines, whose dashes run on from their beginning, and heads."""
        row = row_at(self.track, step)
        for drawn, path, points in zip(self.lines[1:], self.paths[1:], self.points[1:], strict=True):
            drawn.set_data(*points[: path.until(row)].T)
            self.axes.draw_artist(drawn)
        for head, places in reversed(list(zip(self.heads, self.places, strict=True))):
            head.set_data(places[row, :1], places[row, 1:])
            self.axes.draw_artist(head)
        if self.letter.get_text():
            self.letter.xy = tuple(self.places[0][row])
            self.axes.draw_artist(self.letter)

    def _added(self, artist: Drawn) -> Drawn:
        artist.set_animated(True)
        self.axes.add_artist(artist)
        return artist
