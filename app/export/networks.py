"""A comparison of networks as a picture: the tracks on a plane through weight space, over the loss on that plane."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from app.figures.caption import BLUER, Caption, citations, optimizer_line
from app.figures.quantities import NETWORK_QUANTITIES
from app.figures.scene import Extent, Scene, extent_of
from app.figures.surfaces import Grid
from app.player.tracks import Track
from app.state import NetworksConfig
from landscapes.contours import PlaneLoss

LABELS = {"pca": ("first principal direction", "second principal direction")}


def network_scene(config: NetworksConfig, tracks: Sequence[Track], picture: PlaneLoss | None) -> Scene:
    """What the Networks page shows of weight space.

    Args:
        config: the page's settings.
        tracks: on the plane.
        picture: loss and accuracy over the plane, or None while nothing of it is known.
    """
    return Scene(
        tracks=tuple(tracks),
        extent=extent_of(tracks) if picture is None else plane_extent(picture),
        caption=as_far_as_computed(network_caption(config), picture),
        grid=None if picture is None else plane_grid(picture, config.measure),
        log_view=config.measure == "loss",
        labels=LABELS.get(config.plane, ("u", "v")),
        quantities=NETWORK_QUANTITIES,
    )


def network_caption(config: NetworksConfig) -> Caption:
    """The caption of a comparison on the Networks page."""
    return Caption(
        title=config.title,
        settings=(
            f"Task: {config.network} on {config.dataset}, {config.train_size or 'all'} training images, "
            f"batches of {config.batch_size}, augmentation {config.augmentation}, "
            f"wrong labels {config.label_noise:.0%}.",
            f"Seed: {config.seed}. Seeds: {config.seeds}. Base steps: {config.steps}.",
            f"Plane through weight space: {config.plane_title}.",
            *(optimizer_line(spec, config.ema) for spec in config.specs()),
        ),
        citations=citations(config.specs()),
        config=config.model_dump_json(),
        picture=(_shading(config.measure),),
    )


def _shading(measure: str) -> str:
    if measure == "accuracy":
        return f"{BLUER} the higher the accuracy on the training images."
    return f"{BLUER} the lower the loss on the training images, on a scale of log(1 + loss − its lowest)."


def as_far_as_computed(caption: Caption, picture: PlaneLoss | None) -> Caption:
    """The caption of a plane, which says so where its landscape is not all there."""
    if picture is not None and picture.complete:
        return caption
    share = 0.0 if picture is None else picture.points / picture.total
    return caption.with_picture(f"Unfinished: {share:.0%} of the landscape was computed.")


def plane_extent(picture: PlaneLoss) -> Extent:
    """What a plane's picture covers."""
    (x_low, x_high), (y_low, y_high) = ((float(axis[0]), float(axis[-1])) for axis in (picture.x, picture.y))
    return ((x_low, x_high), (y_low, y_high))


def plane_grid(picture: PlaneLoss, measure: str = "loss") -> Grid:
    """Heights over a plane. Accuracies are turned round: dark is good, as it is for a loss."""
    values = np.asarray(picture.loss if measure == "loss" else -picture.accuracy, dtype=np.float64)
    return Grid(picture.x, picture.y, np.where(np.isfinite(values), values, np.nan))
