"""Every chart and every scene of the Surfaces, Games, Networks and GANs pages, by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache, partial

import numpy as np

from app.figures.basins import basin_chart, difference_chart
from app.figures.caption import Caption
from app.figures.chart import Chart
from app.figures.cloud import cloud_marks, cloud_scene
from app.figures.games import game_curves, game_scene
from app.figures.gans import gan_chart, gan_scene, samples_reel
from app.figures.networks import network_scene, training_chart
from app.figures.plane import frame_of, honesty
from app.figures.scene import Scene
from app.figures.surfaces import surface_curves, surface_scene
from app.figures.tuning import tuning_chart
from app.jobs.store import TrainingResult
from app.runs import basins, cloud, games, gans, networks, plane, tuning
from app.runs import surfaces as surface_runs
from app.state import GamesConfig, GanCard, GansConfig, LayerConfig, NetworksConfig, SurfacesConfig, default_cards
from landscapes.contours import Grid, plane_losses
from optim_core.training import train

SURFACE = SurfacesConfig(surface="himmelblau", steps=60)
NOISY = SurfacesConfig(surface="bowl", noise="gaussian", steps=40, panels=True)
NETWORK = NetworksConfig(train_size=50, batch_size=10, steps=20, seeds=2, ema=0.9, cards=default_cards(0.1)[:2])
GAN = GansConfig(
    steps=20, batch_size=16, cards=(GanCard(), GanCard(layers=(LayerConfig(k=5, alpha=0.5),), color=1)),
)  # fmt: skip
DIGITS = GAN.model_copy(update={"dataset": "digits", "steps": 5})


def surface(draw: Callable[..., Chart], config: SurfacesConfig = SURFACE) -> Chart:
    return draw(config, surface_runs.surface_run(config))


def basin_maps() -> tuple[basins.BasinMap, np.ndarray]:
    scenery = surface_runs.scenery(SURFACE)
    return list(basins.basin_maps(SURFACE, scenery, 8))[-1], scenery.places


def tunings() -> Chart:
    results = tuning.tune_each(NOISY, points=5, seeds=3, measure="slow loss")
    return tuning_chart([spec.name for spec in NOISY.specs()], NOISY.colors, results, 0.0)


def game(config: GamesConfig) -> Chart:
    run, places = games.game_run(config), games.game_scenery(config).places
    rates = [games.measured_rate(run, index, places) for index in range(len(run.names))]
    return game_curves(config, run, rates, [games.closed_rate(config, spec) for spec in config.specs()])


@cache
def results_of(config: NetworksConfig | GansConfig) -> list[list[TrainingResult]]:
    rows = []
    for row in networks.requests(config):
        results = []
        for one in row:
            run = train(
                config.task(), one.specs(), one.steps, one.seed, evaluate_every=5, snapshot_every=1, ema=one.ema
            )
            fields = (run.players, run.sizes, run.layers, run.curves, run.snapshots, run.diverged)
            results.append(TrainingResult(one, *fields, (), 1.0))
        rows.append(results)
    return rows


def curves(config: NetworksConfig | GansConfig, draw: Callable[..., Chart]) -> Chart:
    return draw(config, [[result.curves for result in row] for row in results_of(config)])


def chart_of_checks(*, with_checks: bool) -> Chart:
    view = plane.view_of(NETWORK, [row[0] for row in results_of(NETWORK)])
    off = [(run.snapshots.step, run.proposal.distance, run.outermost.distance) for run in view.runs]
    checks = [(step, 1 + fast, 2 + fast) for step, fast, _ in off]
    return honesty([spec.name for spec in NETWORK.specs()], NETWORK.colors, off, checks if with_checks else ())


def samples(config: GansConfig) -> Chart:
    pictures = gans.samples(config.task(), [row[0] for row in results_of(config)])
    names = [spec.name for spec in config.specs()]
    return samples_reel(Caption("Samples"), names, config.colors, pictures, gans.real_samples(config.task()))[-1]


def on_plane(config: NetworksConfig | GansConfig) -> Scene:
    results = [row[0] for row in results_of(config)]
    is_network = isinstance(config, NetworksConfig)
    view = plane.view_of(config, results) if is_network else plane.players_view(results)
    score = config.task().landscape(*((50,) if is_network else ("generator", 0)))
    picture = list(plane_losses(score, view.plane, Grid.around(view.places, 5)))[-1]
    tracks = plane.tracks(view, results, [spec.name for spec in config.specs()], config.colors)
    return (network_scene if is_network else gan_scene)(config, tracks, picture, frame_of(view))


def seed_cloud() -> Scene:
    run = cloud.seed_cloud(NOISY, 12)
    scene = cloud_scene(NOISY, run)
    return replace(scene, marks=(*scene.marks, *cloud_marks(NOISY, run)))


def scene_of_game(config: GamesConfig) -> Scene:
    return game_scene(config, games.game_run(config))


CHARTS: dict[str, Callable[[], Chart]] = {
    "surfaces: curves": partial(surface, surface_curves),
    "surfaces: curves without minima": partial(
        surface, surface_curves, SurfacesConfig(surface="formula", formula="x + y", steps=20)
    ),
    "surfaces: basins": lambda: basin_chart(basin_maps()[0], list("abc"), basin_maps()[1]),
    "surfaces: where basins differ": lambda: difference_chart(basin_maps()[0], 0, 2),
    "surfaces: tuning": tunings,
    "games: curves": partial(game, GamesConfig(steps=60)),
    "games: curves without closed forms": partial(game, GamesConfig(game="forsaken", steps=60)),
    "networks: curves": partial(curves, NETWORK, training_chart),
    "networks: off the plane": partial(chart_of_checks, with_checks=True),
    "networks: off the plane, not checked": partial(chart_of_checks, with_checks=False),
    "gans: curves": partial(curves, GAN, gan_chart),
    "gans: samples": partial(samples, GAN),
    "gans: samples of images": partial(samples, DIGITS),
}
SCENES: dict[str, Callable[[], Scene]] = {
    "surfaces": partial(surface, surface_scene),
    "surfaces, log view": partial(surface, surface_scene, SurfacesConfig(surface="rosenbrock", steps=20)),
    "surfaces: seed cloud": seed_cloud,
    "games": partial(scene_of_game, GamesConfig(steps=20)),
    "games, several equilibria": partial(scene_of_game, GamesConfig(game="forsaken", steps=20)),
    "networks": partial(on_plane, NETWORK),
    "networks, accuracy": partial(on_plane, NETWORK.model_copy(update={"measure": "accuracy"})),
    "gans": partial(on_plane, GAN),
}
