"""One frozen config a page; cards, links, presets, limits."""

from app.player.tracks import PALETTE
from app.state.atlas import AtlasConfig
from app.state.cards import (
    BASE_TITLES,
    COLOR_NAMES,
    MAX_CARDS,
    MAX_EVERY,
    Card,
    Comparison,
    default_cards,
)
from app.state.games import GAME_NOISES, LETTERS, GameCard, GamesConfig
from app.state.gans import GanCard, GansConfig
from app.state.layers import MAX_K, MAX_LAYERS, LayerConfig, short
from app.state.networks import MAX_SEEDS, MAX_TRAINING_STEPS, PLANES, CloseUp, NetworksConfig
from app.state.starts import MAX_STARTS
from app.state.surfaces import MAX_STEPS, NOISE_KINDS, OWN, SurfacesConfig

__all__ = [
    "BASE_TITLES",
    "COLOR_NAMES",
    "GAME_NOISES",
    "LETTERS",
    "MAX_CARDS",
    "MAX_EVERY",
    "MAX_K",
    "MAX_LAYERS",
    "MAX_SEEDS",
    "MAX_STARTS",
    "MAX_STEPS",
    "MAX_TRAINING_STEPS",
    "NOISE_KINDS",
    "OWN",
    "PALETTE",
    "PLANES",
    "AtlasConfig",
    "Card",
    "CloseUp",
    "Comparison",
    "GameCard",
    "GamesConfig",
    "GanCard",
    "GansConfig",
    "LayerConfig",
    "NetworksConfig",
    "SurfacesConfig",
    "default_cards",
    "short",
]
