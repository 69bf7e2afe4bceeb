"""A ready-made config with a line on what to look at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

from app.state.base import PageConfig

Config = TypeVar("Config", bound=PageConfig, covariant=True)


@dataclass(frozen=True)
class Preset(Generic[Config]):
    """A config with one line on what it shows."""

    shows: str
    config: Config
