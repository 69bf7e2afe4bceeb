"""The pages whose settings can be saved and restored, and how each becomes a picture and a script."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from app import game_runs, runs
from app.export.games import game_scene
from app.export.network import stored_network_scene
from app.export.scene import Scene, surface_scene
from app.export.script import surface_script
from app.export.script_of_game import game_script
from app.export.script_of_network import network_script
from app.state import GamesConfig, NetworksConfig, SurfacesConfig

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Page:
    """A page: the model of its settings, its picture, its script."""

    key: str
    model: type[BaseModel]
    scene: Callable[[Any, Progress | None], Scene]
    script: Callable[[Any, str], str] | None = None


def _surfaces(config: SurfacesConfig, on_progress: Progress | None) -> Scene:
    return surface_scene(config, runs.surface_run(config, on_progress))


def _games(config: GamesConfig, on_progress: Progress | None) -> Scene:
    return game_scene(config, game_runs.game_run(config, on_progress))


PAGES: dict[str, Page] = {
    "surfaces": Page("surfaces", SurfacesConfig, _surfaces, surface_script),
    "games": Page("games", GamesConfig, _games, game_script),
    "networks": Page("networks", NetworksConfig, stored_network_scene, network_script),
}


def page_of(config: BaseModel) -> Page:
    """The page that a config belongs to.

    Raises:
        TypeError: it belongs to none.
    """
    for page in PAGES.values():
        if isinstance(config, page.model):
            return page
    raise TypeError(f"config must be one of {', '.join(x.model.__name__ for x in PAGES.values())}, got {type(config)}")


def scene_of(config: BaseModel, on_progress: Progress | None = None) -> Scene:
    """Run what a config describes and give its picture."""
    return page_of(config).scene(config, on_progress)
