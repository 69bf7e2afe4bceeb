"""The pages whose settings can be saved and restored, with their exports."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from app.export.atlas import atlas_offer
from app.export.offer import Offer, scene_offer
from app.export.scripts.plane import game_script, surface_script
from app.export.scripts.study import study_script
from app.export.scripts.training import gan_script, network_script
from app.export.theory import theory_offer
from app.export.trained import trained_gan_offer, trained_network_offer
from app.figures.caption import surface_caption
from app.figures.games import game_caption, game_scene
from app.figures.scene import Scene
from app.figures.surfaces import surface_scene
from app.runs import games as game_runs
from app.runs import surfaces as surface_runs
from app.state import AtlasConfig, GamesConfig, GansConfig, NetworksConfig, SurfacesConfig
from app.state.base import PageConfig
from app.state.theory import TheoryConfig

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Page:
    """A page: the model of its settings, its exports, its script.

    `offer` runs what the settings describe, or reads a training from the store.
    """

    key: str
    model: type[PageConfig]
    offer: Callable[[Any, Progress | None], Offer]
    script: Callable[[Any, str], str] | None = None

    @property
    def path(self) -> str:
        """Its URL path; the Surfaces page is the start page."""
        return "/" if self.key == "surfaces" else f"/{self.key}"


def _surfaces(config: SurfacesConfig, on_progress: Progress | None) -> Offer:
    scene = surface_scene(config, surface_runs.surface_run(config, on_progress))
    return scene_offer(lambda: scene, surface_caption(config))


def _games(config: GamesConfig, on_progress: Progress | None) -> Offer:
    scene = game_scene(config, game_runs.game_run(config, on_progress))
    return scene_offer(lambda: scene, game_caption(config))


PAGES: dict[str, Page] = {
    "surfaces": Page("surfaces", SurfacesConfig, _surfaces, surface_script),
    "games": Page("games", GamesConfig, _games, game_script),
    "networks": Page("networks", NetworksConfig, trained_network_offer, network_script),
    "gans": Page("gans", GansConfig, trained_gan_offer, gan_script),
    "theory": Page("theory", TheoryConfig, theory_offer),
    "atlas": Page("atlas", AtlasConfig, atlas_offer, study_script),
}


def page_of(config: PageConfig) -> Page:
    """The page that a config belongs to.

    Raises:
        TypeError: it belongs to none.
    """
    for page in PAGES.values():
        if isinstance(config, page.model):
            return page
    raise TypeError(f"config must be one of {', '.join(x.model.__name__ for x in PAGES.values())}, got {type(config)}")


def offer_of(config: PageConfig, on_progress: Progress | None = None) -> Offer:
    """Run what a config describes and give its exports."""
    return page_of(config).offer(config, on_progress)


def scene_of(config: PageConfig, on_progress: Progress | None = None) -> Scene:
    """Run what a config describes and give its scene.

    Raises:
        ValueError: the page has no scene.
    """
    return offer_of(config, on_progress).moving()
