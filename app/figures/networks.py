"""Charts of the Networks page: training curves, and the runs on a plane through weight space."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from app.figures.caption import BLUER, Caption, citations, optimizer_line
from app.figures.chart import Chart
from app.figures.plane import plane_scene
from app.figures.scene import Extent, Scene
from app.figures.training import Line, curves_chart, metric_lines, smooth
from app.player.pack import QuantityNames
from app.player.tracks import Track
from app.state import NetworksConfig
from landscapes.contours import PlaneLoss
from landscapes.tasks.catalogue import DATASETS
from optim_core.curves import Curves

LABELS = {"pca": ("first principal direction", "second principal direction")}
QUANTITIES = QuantityNames(gradient="g", explained="g: gradient of the batch")
TITLES = {
    "loss": "Training loss",
    "accuracy": "Test accuracy",
    "test_loss": "Test loss",
    "norm": "Gradient norm",
    "start": "Distance from the start",
    "separation": "Distance between fast and slow weights",
}


def training_chart(
    config: NetworksConfig,
    curves: Sequence[Sequence[Curves]],
    step: int | None = None,
    charts: Sequence[str] = tuple(TITLES),
) -> Chart:
    """Curves of every optimizer.

    Args:
        config: the page's settings.
        curves: per optimizer one per seed; may still be growing, and of different lengths.
        step: draw them up to this base step; all if not given.
        charts: which ones, keys of `TITLES`.
    """
    names, lines = [spec.name for spec in config.specs()], [training_lines(seeds) for seeds in curves]
    titles = {chart: TITLES[chart] for chart in charts}
    return curves_chart(network_caption(config), names, config.colors, lines, titles, step=step)


def training_lines(seeds: Sequence[Curves]) -> list[Line]:
    """Lines of the charts in `TITLES`, of one optimizer's runs over seeds; all end where the shortest does."""
    if not seeds:
        return []
    steps = min(len(one.step) for one in seeds)
    x = seeds[0].step[:steps]
    lines = [
        Line("loss", "fast", x, smooth(np.stack([one.loss[0][:steps] for one in seeds]))),
        Line("norm", "fast", x, smooth(np.stack([one.gradient_norm[0][:steps] for one in seeds]))),
        Line("start", "fast", x, np.stack([one.from_start[:steps] for one in seeds])),
    ]
    has_layers = any(name.startswith("slow_") for name in seeds[0].metrics)
    if has_layers:
        lines.append(Line("start", "slow", x, np.stack([one.slow_from_start[:steps] for one in seeds])))
        lines.append(Line("separation", "fast", x, np.stack([one.separation[:steps] for one in seeds])))
    return lines + metric_lines(seeds, {"test_accuracy": "accuracy", "test_loss": "test_loss"})


def network_scene(
    config: NetworksConfig, tracks: Sequence[Track], picture: PlaneLoss | None, extent: Extent | None = None
) -> Scene:
    """What the Networks page shows of weight space; arguments as for `plane_scene`."""
    return plane_scene(
        network_caption(config),
        tracks,
        picture,
        extent,
        measure=config.measure,
        logarithmic=config.measure == "loss",
        labels=LABELS.get(config.plane, ("u", "v")),
        quantities=QUANTITIES,
    )


def network_caption(config: NetworksConfig) -> Caption:
    """The caption of a comparison on the Networks page."""
    data = DATASETS[config.dataset]
    return Caption(
        title=config.title,
        settings=(
            f"Task: {config.network} on {config.dataset}, {config.train_size or 'all'} training {data.items}, "
            f"batches of {config.batch_size}, augmentation {config.augmentation}, "
            f"wrong labels {config.label_noise:.0%}.",
            f"Seed: {config.seed}. Seeds: {config.seeds}. Base steps: {config.steps}.",
            f"Plane through weight space: {config.plane_title}.",
            *(optimizer_line(spec, config.ema) for spec in config.specs()),
        ),
        citations=citations(config.specs()),
        config=config.model_dump_json(),
        picture=(_shading(config.measure, data.items),),
    )


def _shading(measure: str, items: str) -> str:
    if measure == "accuracy":
        return f"{BLUER} the higher the accuracy on the training {items}."
    return f"{BLUER} the lower the loss on the training {items}, on a logarithmic scale."
