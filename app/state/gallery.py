"""The gallery's pictures: surfaces, games and ready-made comparisons of both, each with the settings of its run."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from app.state import GamesConfig, SurfacesConfig
from app.state.base import PageConfig
from app.state.presets import PRESETS
from landscapes.games import GAMES
from landscapes.surfaces import SURFACES

FOLDER = Path(__file__).parents[2] / "docs" / "gallery"


@dataclass(frozen=True)
class Exhibit:
    """One picture of the gallery."""

    key: str
    name: str
    description: str
    config: PageConfig

    @property
    def file(self) -> str:
        """Its file's name."""
        return re.sub(r"[^a-z0-9]+", "-", self.key.lower()).strip("-") + ".png"


def exhibits() -> dict[str, list[Exhibit]]:
    """The gallery's pictures by heading."""
    surfaces = [Exhibit(key, one.name, one.teaches, SurfacesConfig(surface=key)) for key, one in SURFACES.items()]
    games = [Exhibit(f"game {key}", one.name, one.teaches, GamesConfig(game=key)) for key, one in GAMES.items()]
    presets = [Exhibit(name, name, one.shows, one.config) for name, one in PRESETS["surfaces"].items()]
    game_presets = [Exhibit(f"game {name}", name, one.shows, one.config) for name, one in PRESETS["games"].items()]
    return {
        "Ready-made comparisons on surfaces": presets,
        "Ready-made comparisons in games": game_presets,
        "Surfaces": surfaces,
        "Games": games,
    }
