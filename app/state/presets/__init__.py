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
    """The line on a config, in Markdown: its preset's where it has the runs of one, else that of its landscape.

    With the preset's whole name, of which the field where it is chosen shows only as much as has room.
    """
    every = (item for presets in PRESETS.values() for item in presets.items())
    return next((f"**{name}.** {preset.shows}" for name, preset in every if preset.describes(config)), config.teaches)


def name_of(config: PageConfig, page: str) -> str | None:
    """What a page's ready-made config is called; None of any other."""
    return next((name for name, preset in PRESETS[page].items() if preset.config == config), None)
