"""What the player calls the numbers of each page."""

from __future__ import annotations

from app.player.pack import QuantityNames
from app.state import GamesConfig, SurfacesConfig

NETWORK_QUANTITIES = QuantityNames(gradient="g", explained="g: gradient of the batch")


def surface_quantities(config: SurfacesConfig) -> QuantityNames:
    """A surface has a loss, and with noise no optimizer sees its gradient."""
    return QuantityNames() if config.noise == "none" else QuantityNames(gradient="g", explained="g: noisy gradient")


def game_quantities(config: GamesConfig) -> QuantityNames:
    """A game's value is no loss, since y raises it; both players follow one field."""
    noisy = "" if config.noise == "none" else ", noisy"
    return QuantityNames(value="f", gradient="v", explained=f"v = (∂f/∂x, −∂f/∂y){noisy}")
