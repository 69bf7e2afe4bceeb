"""What the player calls the numbers of each page."""

from __future__ import annotations

from app.player.pack import Words
from app.state import GamesConfig, SurfacesConfig

NETWORK_WORDS = Words(gradient="g", explained="g: gradient of the batch")


def surface_words(config: SurfacesConfig) -> Words:
    """A surface has a loss, and with noise no optimizer sees its gradient."""
    return Words() if config.noise == "none" else Words(gradient="g", explained="g: noisy gradient")


def game_words(config: GamesConfig) -> Words:
    """A game's value is no loss, since y raises it; both players follow one field."""
    noisy = "" if config.noise == "none" else ", noisy"
    return Words(value="f", gradient="v", explained=f"v = (∂f/∂x, −∂f/∂y){noisy}")
