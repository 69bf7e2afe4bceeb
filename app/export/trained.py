"""Exports of the Networks and GANs pages after training."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial
from typing import TYPE_CHECKING

from app.export.offer import Offer, figure_of_chart, scene_offer
from app.export.tables import with_caption
from app.figures.gans import gan_caption, gan_chart, gan_scene, samples_reel
from app.figures.networks import network_caption, network_scene, training_chart
from app.figures.plane import frame_of
from app.figures.scene import Scene
from app.jobs.store import TrainingResult
from app.runs import gans as gan_runs
from app.runs import plane as plane_runs
from app.state import GansConfig, NetworksConfig
from app.tables.networks import curves_table

if TYPE_CHECKING:
    import pyarrow as pa

    from app.figures.caption import Caption
    from app.figures.chart import Chart
    from app.runs.plane import View
    from landscapes.contours import PlaneLoss
    from landscapes.weights import WeightLoss

Results = Sequence[Sequence[TrainingResult]]
Progress = Callable[[int, int], None]
SceneMaker = Callable[[], Scene]

PLANE, CURVES, SAMPLES = "weight space", "training curves", "samples"


def network_offer(config: NetworksConfig, results: Results, scene: SceneMaker | None) -> Offer:
    """Weight space and training curves.

    Args:
        config: the page's settings.
        results: over seeds, per optimizer.
        scene: weight space; None where its runs span no such plane.
    """
    curves = [[result.curves for result in row] for row in results]
    charts = {CURVES: partial(training_chart, config, curves)}
    return _offer(config, results, scene, network_caption(config), charts)


def gan_offer(config: GansConfig, results: Results, scene: SceneMaker | None) -> Offer:
    """The plane of the two players, training curves and samples; arguments as for `network_offer`."""

    def samples(step: int | None) -> Chart:
        task, first = config.task(), [row[0] for row in results]
        frames = gan_runs.samples(task, first, config.steps if step is None else step)
        return samples_reel(gan_caption(config), _names(config), config.colors, frames, gan_runs.real_samples(task))[-1]

    curves = [[result.curves for result in row] for row in results]
    charts: Mapping[str, Callable[[int | None], Chart]] = {CURVES: partial(gan_chart, config, curves), SAMPLES: samples}
    return _offer(config, results, scene, gan_caption(config), charts)


def _offer(
    config: NetworksConfig | GansConfig,
    results: Results,
    scene: SceneMaker | None,
    caption: Caption,
    charts: Mapping[str, Callable[[int | None], Chart]],
) -> Offer:
    def table() -> pa.Table:
        pairs = zip(_names(config), results, strict=True)
        return with_caption(
            curves_table([(name, result.request.seed, result.curves) for name, row in pairs for result in row]), caption
        )

    plane = Offer(caption) if scene is None else scene_offer(scene, caption, PLANE)
    figures = dict(plane.figures) | {name: figure_of_chart(chart) for name, chart in charts.items()}
    return Offer(caption, figures, {**plane.tables, "curves": table}, plane.interactive, plane.scene, charts)


def trained_network_offer(config: NetworksConfig, on_progress: Progress | None = None) -> Offer:
    """The exports of a comparison from its settings: its runs are read from the store, or trained first.

    Raises:
        JobsError: the store cannot be used.
    """
    results = _results(config, on_progress)

    @cache
    def scene() -> Scene:
        task, first = config.task(), [row[0] for row in results]
        view = plane_runs.view_of(config, first)
        picture = _picture(view, task.landscape(plane_runs.IMAGES), on_progress)
        return network_scene(
            config, plane_runs.tracks(view, first, _names(config), config.colors), picture, frame_of(view)
        )

    return network_offer(config, results, scene)


def trained_gan_offer(config: GansConfig, on_progress: Progress | None = None) -> Offer:
    """As `trained_network_offer`."""
    results = _results(config, on_progress)

    @cache
    def scene() -> Scene:
        first = [row[0] for row in results]
        view = plane_runs.players_view(first)
        picture = _picture(view, config.task().landscape(config.drawn, config.seed), on_progress)
        return gan_scene(config, plane_runs.tracks(view, first, _names(config), config.colors), picture, frame_of(view))

    return gan_offer(config, results, scene)


def _results(config: NetworksConfig | GansConfig, on_progress: Progress | None) -> list[list[TrainingResult]]:
    """The runs from the store; missing ones are trained in this process."""
    from app.jobs.store import store_from_environment
    from app.jobs.worker import compute_here
    from app.runs.networks import requests

    store, rows = store_from_environment(), requests(config)
    total = config.steps * sum(len(row) for row in rows)

    def report(before: int) -> Progress | None:
        return None if on_progress is None else lambda count, _: on_progress(before + count, total)

    results: list[TrainingResult] = []
    for request in (one for row in rows for one in row):
        results.append(compute_here(store, request, report(config.steps * len(results))))
    return [results[start : start + config.seeds] for start in range(0, len(results), config.seeds)]


def _picture(view: View, score: WeightLoss, on_progress: Progress | None) -> PlaneLoss:
    return list(plane_runs.pictures(view, score, on_progress=on_progress))[-1]


def _names(config: NetworksConfig | GansConfig) -> list[str]:
    return [spec.name for spec in config.specs()]
