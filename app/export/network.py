"""A comparison of networks as a picture: the tracks on a plane through weight space, over the loss on that plane."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from app.export.caption import Caption, citations, optimizer_line
from app.export.scene import Extent, Scene, extent_of
from app.figures.surface import Grid
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
        extent=extent_of(tracks) if picture is None else _extent(picture),
        caption=network_caption(config),
        grid=None if picture is None else _grid(picture, config.measure),
        log_view=config.measure == "loss",
        labels=LABELS.get(config.plane, ("u", "v")),
    )


def network_caption(config: NetworksConfig) -> Caption:
    """The caption of a comparison on the Networks page."""
    return Caption(
        title=f"{config.network.upper()} on {config.dataset}",
        settings=(
            f"Task: {config.network} on {config.dataset}, {config.train_size or 'all'} training images, "
            f"batches of {config.batch_size}, augmentation {config.augmentation}, "
            f"wrong labels {config.label_noise:.0%}.",
            f"Seed: {config.seed}. Seeds: {config.seeds}. Base steps: {config.steps}.",
            f"Plane through weight space: {config.plane}; shading: {config.measure} of the training images.",
            *(optimizer_line(spec, config.ema) for spec in config.specs()),
        ),
        citations=citations(config.specs()),
        config=config.model_dump_json(),
    )


def _extent(picture: PlaneLoss) -> Extent:
    (x_low, x_high), (y_low, y_high) = ((float(axis[0]), float(axis[-1])) for axis in (picture.x, picture.y))
    return ((x_low, x_high), (y_low, y_high))


def _grid(picture: PlaneLoss, measure: str) -> Grid:
    """Accuracies are turned round: dark is good, as it is for a loss."""
    values = np.asarray(picture.loss if measure == "loss" else -picture.accuracy, dtype=np.float64)
    return Grid(picture.x, picture.y, np.where(np.isfinite(values), values, np.nan))


def stored_network_scene(config: NetworksConfig, on_progress: Callable[[int, int], None] | None = None) -> Scene:
    """The picture of a comparison that has been trained already: its runs are read from the store.

    Raises:
        ValueError: a run is not in the store, or the runs span no such plane.
    """
    from app import trainings, weightspace
    from app.jobs.store import store_from_environment
    from landscapes.contours import Grid as PlaneGrid
    from landscapes.contours import plane_losses

    store, task = store_from_environment(), config.task()
    found = [store.find(row[0].key) for row in trainings.requests(config)]
    results = [result for result in found if result is not None]
    if len(results) < len(found):
        raise ValueError("this comparison has not been trained yet: train it on the Networks page first")
    seen = weightspace.view(results, config.plane, task)
    grid, score = PlaneGrid.around(seen.places, weightspace.GRID_POINTS), task.landscape(weightspace.IMAGES)
    pictures = list(plane_losses(score, seen.plane, grid, on_progress=on_progress))
    names = [spec.name for spec in config.specs()]
    return network_scene(config, weightspace.tracks(seen, results, names, config.colors), pictures[-1])
