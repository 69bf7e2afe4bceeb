"""Ready-made configs of every page."""

from collections.abc import Mapping

from app.state.base import PageConfig
from app.state.presets import atlas, games, gans, networks, surfaces, theory
from app.state.presets.preset import Preset

PRESETS: Mapping[str, Mapping[str, Preset[PageConfig]]] = {
    "surfaces": surfaces.PRESETS,
    "games": games.PRESETS,
    "networks": networks.PRESETS,
    "gans": gans.PRESETS,
    "theory": theory.PRESETS,
    "atlas": atlas.PRESETS,
}
"""By page and by name; names differ between pages."""


def description_of(config: PageConfig) -> str:
    """The line on a config: its preset's where it has the runs of one, else that of its landscape."""
    every = (preset for presets in PRESETS.values() for preset in presets.values())
    return next((preset.shows for preset in every if preset.describes(config)), config.teaches)


def name_of(config: PageConfig, page: str) -> str | None:
    """What a page's ready-made config is called; None of any other."""
    return next((name for name, preset in PRESETS[page].items() if preset.config == config), None)
