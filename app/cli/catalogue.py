"""Surfaces, games, tasks, presets and recipes from the registries, for people and for programs."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from landscapes.games import Game
    from landscapes.surfaces import Surface

Entry = dict[str, Any]
"""Always `key`, `name` and `teaches`; then fields of its kind. JSON's own types only."""


def surfaces() -> list[Entry]:
    """Every surface. Its minima are left out: finding them takes seconds."""
    from landscapes.surfaces import SURFACES

    return [_objective(surface) for surface in SURFACES.values()]


def games() -> list[Entry]:
    """Every min-max game."""
    from landscapes.games import GAMES

    return [_objective(game) for game in GAMES.values()]


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


def recipes() -> list[Entry]:
    """Every ready-made training that is longer than a page's; its key is its name for `train --preset`."""
    from app.runs.recipes import RECIPES

    return [
        {**_common(recipe.key, recipe.key, recipe.about), "epochs": recipe.epochs, "task": recipe.task.describe()}
        for recipe in RECIPES.values()
    ]


def _objective(one: Surface | Game) -> Entry:
    return {
        **_common(one.key, one.name, one.teaches),
        "formula": one.formula,
        "domain": [list(side) for side in one.domain],
        "start": list(one.start),
        "lr": one.lr,
    }


def _common(key: str, name: str, teaches: str) -> Entry:
    return {"key": key, "name": name, "teaches": teaches}


KINDS: dict[str, Callable[[], list[Entry]]] = {
    "surfaces": surfaces,
    "games": games,
    "tasks": tasks,
    "presets": presets,
    "recipes": recipes,
}
