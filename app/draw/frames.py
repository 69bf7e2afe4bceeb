"""Frames of an animation: the landscape is drawn once, and each frame adds what moved since the last."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from app.draw import scenes
from app.draw.arrows import Synchronisations
from app.draw.trails import FastPaths, Heads, SlowPaths, tracks_on
from app.figures import lines
from app.figures.look import Style
from app.figures.scene import Scene, row_at

if TYPE_CHECKING:
    from app.player.tracks import Track

DPI = 100
Pixels = NDArray[np.uint8]


class Stage:
    """A scene drawn at any base step; going forward is cheap, going back draws the paths again."""

    def __init__(self, scene: Scene, style: Style, size: tuple[int, int]) -> None:
        sketch = scenes.backdrop(scene, style, (size[0] / DPI, size[1] / DPI), DPI)
        self.scene, self.style, self.last_step = scene, style, scene.last_step
        self.figure, self.canvas = sketch.figure, cast(Any, sketch.figure.canvas)  # Agg's, untyped in matplotlib
        panels = range(len(scene.panels))
        strokes = [(panel, layer) for panel in panels for layer in _layers_on(sketch, panel)]
        self.paths = [FastPaths(sketch, panel) for panel in panels]
        self.slow = [SlowPaths(sketch, *stroke) for stroke in strokes if stroke[1] != 0]
        self.synchronisations = [Synchronisations(sketch, panel) for panel in panels]
        self.heads: list[Heads | _Letter] = [Heads(sketch, *stroke) for stroke in reversed(strokes)]  # fast ones on top
        self.heads += [_Letter(sketch, track) for track in scene.tracks if style.palette]
        self.counter = _Counter(sketch)
        self.canvas.draw()
        self.counter.prepare()
        self.empty = self.canvas.copy_from_bbox(self.figure.bbox)
        self._rewind()

    def _rewind(self) -> None:
        self.step, self.ground = 0, self.empty
        for paths in self.paths:
            paths.old = 0.0

    def frame(self, step: int) -> Pixels:
        """(height, width, 3)."""
        if step < self.step:
            self._rewind()
        span, self.step = max(1, step - self.step), step
        self.canvas.restore_region(self.ground)
        for paths in self.paths:
            paths.settle(step)
        self.ground = self.canvas.copy_from_bbox(self.figure.bbox)  # old paths stay; the rest is drawn anew
        for paths in self.paths:
            paths.draw_new(step)
        for slow in self.slow:
            slow.draw(step)
        for synchronisations in self.synchronisations:
            synchronisations.draw(step, span)
        for head in self.heads:
            head.draw(step)
        pixels = np.asarray(self.canvas.buffer_rgba())[..., :3].copy()
        self.counter.write(pixels, step)
        return pixels


class _Counter:
    """The step at the top right, "step 7 of 150"; text costs a third of it, so each digit is drawn once, and copied."""

    def __init__(self, sketch: scenes.Drawing) -> None:
        self.figure, self.places = sketch.figure, len(str(sketch.scene.last_step))
        self.total = scenes.step_text(sketch, None)
        self.total.set_text(f" of {sketch.scene.last_step}")
        self.word = scenes.step_text(sketch, None)
        self.digit = scenes.step_text(sketch, None)
        self.digit.set(text="0", ha="left", animated=True)

    def prepare(self) -> None:
        """Put the words into their places, and keep the picture of each digit; the canvas is drawn once already."""
        canvas = cast(Any, self.figure.canvas)
        width, height = self.figure.bbox.size
        self.cell = int(np.ceil(self.digit.get_window_extent().width))
        self.right = int(self.total.get_window_extent().x0) - 1
        self.word.set(text="step ", x=(self.right - self.places * self.cell) / width)
        canvas.draw()
        box = self.total.get_window_extent()
        self.rows = slice(int(height - box.y1) - 1, int(height - box.y0) + 2)
        empty, self.digit_pictures = canvas.copy_from_bbox(self.figure.bbox), []
        for digit in "0123456789":
            canvas.restore_region(empty)
            self.digit.set(text=digit, x=(self.right - self.cell) / width)
            self.figure.draw_artist(self.digit)
            pixels = np.asarray(canvas.buffer_rgba())[self.rows, self.right - self.cell : self.right, :3]
            self.digit_pictures.append(pixels.copy())
        canvas.restore_region(empty)

    def write(self, pixels: Pixels, step: int) -> None:
        """Write a step into a picture."""
        for place, digit in enumerate(reversed(str(step))):
            right = self.right - place * self.cell
            pixels[self.rows, right - self.cell : right] = self.digit_pictures[int(digit)]


class _Letter:
    """The letter beside the head of a track's fast weights, in print."""

    def __init__(self, sketch: scenes.Drawing, track: Track) -> None:
        self.sketch, self.track, self.mark = sketch, track, scenes.letter_mark(sketch, track)
        self.places = scenes.near(lines.weights(track, 0), sketch.scene)
        self.mark.set_animated(True)
        sketch.axes_of(track).add_artist(self.mark)

    def draw(self, step: int) -> None:
        """Draw it where the weights are at a step."""
        scenes.put_beside(self.sketch, self.track, self.mark, self.places[row_at(self.track, step)])
        self.sketch.axes_of(self.track).draw_artist(self.mark)


def _layers_on(sketch: scenes.Drawing, panel: int) -> list[int]:
    """The lines that tracks on a pair of axes have: fast weights, layers from the innermost out, averages."""
    layers = {layer for track in tracks_on(sketch, panel) for layer in lines.layers_of(track)}
    return sorted(layers, key=lambda layer: (layer == lines.AVERAGE, layer))
