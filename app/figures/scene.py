"""Pictures as values, independent of pages; every export is made from them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from app.figures.caption import Caption, citations
from app.figures.chart import Map, Mark, Panel
from app.player.pack import QuantityNames
from app.player.tracks import PALETTE, Track, tracks_of
from app.state.layers import layer_words
from optim_core.spec import OptimizerSpec

if TYPE_CHECKING:
    from app.runs.grid import Grid
    from app.runs.streamlines import Streamlines
    from landscapes.surfaces import Minimum
    from optim_core.trajectory import Trajectory

Floats = NDArray[np.float64]
Extent = tuple[tuple[float, float], tuple[float, float]]
NOISE = 1e-12  # of the largest eigenvalue: below it there is only rounding
FLOW_OPACITY = 0.6
ROOM = 0.08  # margin around the tracks where there is no surface with a domain


@dataclass(frozen=True, eq=False)
class Scene:
    """Tracks over a landscape.

    Attributes:
        tracks: one per optimizer and start, in data coordinates.      extent: ((x_lo, x_hi), (y_lo, y_hi)) shown.
        caption: what the picture shows and how it was made.
        grid: the landscape's heights, or None for none.      log_view: whether its colours follow log heights.
        minima: to be marked; global ones are stars.      labels: names of the two coordinates.
        panels: titles of the axis pairs side by side; a track says on which of them it is drawn.
        flow: streamlines drawn in place of the landscape's contour lines, or None.
        quantities: what the player calls the tracks' numbers.
        stars: the minima as they are drawn on each panel.      marks: what else is drawn there, and on which panel.
        hover, data: of the landscape, as for a map of a chart.      height: pixels on a page.
        narration: lines on what happens, each with the base step from which on the player shows it.

    Raises:
        ValueError: no tracks, an extent that is empty or not finite, or a track on a panel that is not there.
    """

    tracks: tuple[Track, ...]
    extent: Extent
    caption: Caption
    grid: Grid | None = None
    log_view: bool = False
    minima: tuple[Minimum, ...] = ()
    labels: tuple[str, str] = ("x", "y")
    panels: tuple[str, ...] = ("",)
    flow: Streamlines | None = None
    quantities: QuantityNames = field(default_factory=QuantityNames)
    stars: Mark | None = None
    marks: tuple[tuple[int, Mark], ...] = ()
    hover: str = ""
    data: Mapping[str, ArrayLike] = field(default_factory=dict)
    height: int = 440
    narration: tuple[tuple[int, str], ...] = ()

    def __post_init__(self) -> None:
        if not self.tracks:
            raise ValueError("tracks must hold at least one run, got none")
        for name, (low, high) in zip("xy", self.extent, strict=True):
            if not (np.isfinite([low, high]).all() and low < high):
                raise ValueError(f"extent must have finite {name}_lo < {name}_hi, got {low} and {high}")
        outside = [track.panel for track in self.tracks if not 0 <= track.panel < len(self.panels)]
        if outside:
            raise ValueError(f"panel must be in [0, {len(self.panels) - 1}], got {outside[0]}")

    @property
    def last_step(self) -> int:
        """The base step at which the longest track ends."""
        return max(int(track.step[-1]) for track in self.tracks)

    @property
    def depth(self) -> int:
        """Layers of the deepest optimizer."""
        return max(len(track.layers) for track in self.tracks)

    @property
    def words(self) -> str:
        """What is drawn, for those who do not see it."""
        return f"{self.caption.title}: tracks of the optimizers"

    def ground(self) -> tuple[Panel, ...]:
        """What lies below the tracks: panels with the landscape, its flow, its minima, and further marks."""
        below = [*([] if self.flow is None else _flow(self.flow)), *([] if self.stars is None else [self.stars])]
        return tuple(
            Panel(
                title,
                (*below, *(mark for place, mark in self.marks if place == panel)),
                map=None if self.grid is None else _heights(self, self.grid),
                labels=self.labels,
                spans=self.extent,
            )
            for panel, title in enumerate(self.panels)
        )


@dataclass(frozen=True, eq=False)
class SpaceLine:
    """A line in space: points (n, 3), NaN between runs; slow ones are thick."""

    name: str
    color: str
    points: Floats
    slow: bool


@dataclass(frozen=True, eq=False)
class Relief:
    """Heights (one row per y) over a grid, what they are called, and the lines that lie on them."""

    grid: Grid
    height: Floats
    title: str
    lines: tuple[SpaceLine, ...]


def _heights(scene: Scene, grid: Grid) -> Map | None:
    """None where all heights are the same."""
    shade = grid.shade(scene.log_view)
    low, high = (float(edge) for edge in (np.nanmin(shade), np.nanmax(shade)))
    if not low < high:
        return None
    lines = scene.flow is None
    return Map("", grid.x, grid.y, shade, "height", span=(low, high), lines=lines, hover=scene.hover, data=scene.data)


def _flow(flow: Streamlines) -> tuple[Mark, Mark]:
    gap = np.full((1, 2), np.nan)
    x, y = np.concatenate([part for line in flow.lines for part in (line, gap)] or [gap]).T
    lines = Mark("flow", "", x, y, width=0.8, opacity=FLOW_OPACITY, quiet=True)
    x, y = flow.arrows.reshape(-1, 2).T
    tails = Mark("flow", "", x, y, kind="arrows", size=6.8, opacity=FLOW_OPACITY, quiet=True)
    return lines, tails


def trajectory_scene(
    trajectory: Trajectory,
    *,
    colors: Sequence[str] = PALETTE,
    extent: Extent | None = None,
    grid: Grid | None = None,
    labels: tuple[str, str] | None = None,
    title: str = "Training run",
) -> Scene:
    """Any trajectory, such as a `Recorder`'s; beyond two weights on the plane of their main directions.

    Args:
        trajectory: dim 2 or more.
        colors: used in turn.
        extent: what to show; by default the tracks with some room around them.
        grid: heights to draw under two weights.
        labels: names of the coordinates.
        title: one line.

    Raises:
        ValueError: the trajectory has fewer than two weights.
    """
    dim = trajectory.fast.shape[-1]
    if dim < 2:
        raise ValueError(f"a picture needs at least 2 weights, the trajectory has {dim}")
    plane_trajectory = trajectory if dim == 2 else on_main_plane(trajectory)
    axis_names = ("x", "y") if dim == 2 else ("first principal direction", "second principal direction")
    pairs = zip(trajectory.names, trajectory.layers, strict=True)
    specs = [OptimizerSpec(name=name, layers=layers) for name, layers in pairs]
    tracks = tracks_of(plane_trajectory, specs, [colors[index % len(colors)] for index in range(len(specs))])
    caption = Caption(
        title=title,
        settings=(f"Weights: {dim}. Base steps: {int(trajectory.step[-1])}.", *map(_layers_line, specs)),
        citations=citations(specs),
    )
    return Scene(tracks, extent or extent_of(tracks), caption, grid=grid, labels=labels or axis_names)


def on_main_plane(trajectory: Trajectory) -> Trajectory:
    """The trajectory projected on the two principal directions of all its fast weights, from their mean."""
    import torch

    points = trajectory.fast.reshape(-1, trajectory.fast.shape[-1])
    middle = points[np.isfinite(points).all(axis=1)].mean(axis=0)
    offsets = np.nan_to_num(points - middle)
    # Few rows, many weights: the eigenvectors of the small Gram matrix give the directions in weight space.
    gram = torch.from_numpy(offsets @ offsets.T)
    values, vectors = (part.numpy()[..., -1:-3:-1] for part in torch.linalg.eigh(gram))  # NumPy's waits for all cores
    significant = values > NOISE * values[0]  # a motion along one line has no second direction
    directions = offsets.T @ (vectors * np.where(significant, 1 / np.sqrt(np.where(significant, values, 1)), 0))
    slow = tuple(tuple((layer - middle) @ directions for layer in layers) for layers in trajectory.slow)
    fast, proposal = (trajectory.fast - middle) @ directions, (trajectory.proposal - middle) @ directions
    return replace(trajectory, fast=fast, proposal=proposal, slow=slow)


def extent_of(tracks: Sequence[Track]) -> Extent:
    """What holds all finite places of the tracks, with some room around."""
    places = np.concatenate([track.fast for track in tracks])
    places = places[np.isfinite(places).all(axis=1)]
    low, high = places.min(axis=0), places.max(axis=0)
    room = np.maximum(ROOM * (high - low), 1e-9 + 1e-6 * np.abs(high))
    (x_low, y_low), (x_high, y_high) = (low - room).tolist(), (high + room).tolist()
    return ((x_low, x_high), (y_low, y_high))


def row_at(track: Track, step: float | None) -> int:
    """The last row of a track that is not after a base step; None is its last."""
    return track.rows - 1 if step is None else int(np.searchsorted(track.step, step, side="right")) - 1


def _layers_line(spec: OptimizerSpec) -> str:
    layers = ", ".join(map(layer_words, spec.layers))
    return f"{spec.name}: {f'layers, innermost first: {layers}' if layers else 'no layers'}"
