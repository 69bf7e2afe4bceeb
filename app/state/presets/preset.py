"""A ready-made config with a line on what to look at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

from app.state.base import PageConfig

Config = TypeVar("Config", bound=PageConfig, covariant=True)


@dataclass(frozen=True)
class Preset(Generic[Config]):
    """A config with one line on what it shows.

    of_view: whether the line speaks of how it is looked at, and holds for that alone.
    """

    shows: str
    config: Config
    of_view: bool = False

    def describes(self, config: PageConfig) -> bool:
        """Whether the line holds for a config."""
        return self.config == config if self.of_view else self.config.alike(config)
