"""A plane through weight space: the tracks on it over its loss, and the errors of the projection."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from app.figures.caption import Caption
from app.figures.chart import Chart, Mark
from app.figures.curves import HOVER, curve, evaluations_panel, without_far
from app.figures.scene import Extent, Scene, extent_of
from app.player.pack import QuantityNames
from app.player.tracks import Track
from app.runs.grid import Floats, Grid
from app.runs.plane import View
from landscapes.contours import PlaneLoss, frame

Check = tuple[NDArray[np.int64], Floats, Floats]
MARGIN = 0.12  # of the extent of the runs
LOWEST = 1e-12  # on a logarithmic scale


def plane_scene(
    caption: Caption,
    tracks: Sequence[Track],
    picture: PlaneLoss | None,
    extent: Extent | None = None,
    *,
    measure: str = "loss",
    logarithmic: bool = True,
    labels: tuple[str, str] = ("u", "v"),
    quantities: QuantityNames | None = None,
) -> Scene:
    """Tracks on a plane.

    Args:
        caption: of the comparison.
        tracks: on the plane.
        picture: loss and accuracy over the plane as far as they are known, or None while nothing is.
        extent: what is shown; if not given the picture's, or what holds the tracks.
        measure: which of the two is shaded.
        logarithmic: on a logarithmic scale; values must then be positive.
        labels: of the axes.
        quantities: what the player calls the numbers.
    """
    if extent is None:
        extent = extent_of(tracks) if picture is None else plane_extent(picture)
    values = None if picture is None else picture.loss if measure == "loss" else picture.accuracy
    grid = None if picture is None or values is None else plane_grid(picture, values, measure, logarithmic=logarithmic)
    return Scene(
        tracks=tuple(tracks),
        extent=extent,
        caption=as_far_as_computed(caption, picture),
        grid=grid,
        labels=labels,
        quantities=quantities or QuantityNames(),
        hover=measure + " on the plane {" + measure + ":.4g}",
        data={} if values is None else {measure: values.astype(np.float32)},
        height=520,
    )


def frame_of(view: View) -> Extent:
    """What a picture of a plane shows."""
    return frame(view.places, MARGIN)


def as_far_as_computed(caption: Caption, picture: PlaneLoss | None) -> Caption:
    """The caption of a plane, with a line on an unfinished landscape."""
    if picture is not None and picture.complete:
        return caption
    share = 0.0 if picture is None else picture.points / picture.total
    return caption.with_picture(f"Unfinished: {share:.0%} of the landscape was computed.")


def plane_extent(picture: PlaneLoss) -> Extent:
    """What a plane's picture covers."""
    (x_low, x_high), (y_low, y_high) = ((float(axis[0]), float(axis[-1])) for axis in (picture.x, picture.y))
    return ((x_low, x_high), (y_low, y_high))


def plane_grid(picture: PlaneLoss, values: Floats, measure: str, *, logarithmic: bool) -> Grid:
    """Heights over a plane. Accuracies are turned round: dark is good, as it is for a loss."""
    heights = np.where(np.isfinite(values), values, np.nan) * (1 if measure == "loss" else -1)
    return Grid(picture.x, picture.y, np.log10(np.maximum(heights, LOWEST)) if logarithmic else heights)


def honesty(
    names: Sequence[str],
    colors: Sequence[str],
    off: Sequence[tuple[NDArray[np.int64], Floats, Floats]],
    checks: Sequence[Check],
    *,
    logarithmic: bool = True,
) -> Chart:
    """Beside the plane: the distance from it at every step, and true loss against the projection's loss.

    Args:
        names, colors: of the optimizers.
        off: per optimizer steps, and distance from the plane of the fast and of the outermost slow weights.
        checks: per optimizer steps, true loss of the outermost slow weights, loss of their projection; of those so far.
        logarithmic: of the loss axis.
    """
    distance, loss = [], []
    for name, color, (step, fast, slow) in zip(names, colors, off, strict=True):
        distance += [curve(name, color, step, fast, "fast"), curve(name, color, step, slow, "slow")]
    for name, color, (step, true, flat) in zip(names, colors, checks, strict=False):
        loss.append(Mark(name, color, step, true, "true", width=1.5, hover=HOVER))
        loss.append(Mark(name, color, step, flat, "on the plane", kind="dots", size=3.75, hover=HOVER))
    panels = (
        evaluations_panel("Distance from the plane", without_far(distance), scale="linear"),
        evaluations_panel(
            "Loss of the outermost weights: true (line), on the plane (dots)",
            without_far(loss),
            scale="log" if logarithmic else "linear",
            remark="" if checks else "computed once the plane is seen coarsely …",
        ),
    )
    return Chart(panels, height=230)
