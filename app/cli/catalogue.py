"""What there is to choose from, read off the registries: the same facts for people and for programs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Entry = dict[str, Any]
"""Always `key`, `name` and `teaches`; then what is particular to its kind. JSON's own types only."""


def surfaces() -> list[Entry]:
    """Every surface. Its minima are left out: finding them takes seconds."""
    from landscapes.surfaces import SURFACES

    return [
        {
            **_common(surface.key, surface.name, surface.teaches),
            "formula": surface.formula,
            "domain": [list(side) for side in surface.domain],
            "start": list(surface.start),
            "lr": surface.lr,
        }
        for surface in SURFACES.values()
    ]


def games() -> list[Entry]:
    """Every min-max game."""
    from landscapes.games import GAMES

    return [
        {
            **_common(game.key, game.name, game.teaches),
            "formula": game.formula,
            "domain": [list(side) for side in game.domain],
            "start": list(game.start),
            "lr": game.lr,
        }
        for game in GAMES.values()
    ]


def tasks() -> list[Entry]:
    """Every ready-made task of a network and its data."""
    from landscapes.tasks import TASKS

    return [_common(entry.key, entry.name, entry.teaches) for entry in TASKS.values()]


def presets() -> list[Entry]:
    """Every ready-made comparison, and every view of the theory; its key is its name, as in the app."""
    from app.state.presets import PRESETS

    return [
        {**_common(name, name, preset.shows), "page": page, "config": preset.config.model_dump(mode="json")}
        for page, presets in PRESETS.items()
        for name, preset in presets.items()
    ]


def _common(key: str, name: str, teaches: str) -> Entry:
    return {"key": key, "name": name, "teaches": teaches}


KINDS: dict[str, Callable[[], list[Entry]]] = {
    "surfaces": surfaces,
    "games": games,
    "tasks": tasks,
    "presets": presets,
}
