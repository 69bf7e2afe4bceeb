"""Base of every page's config: a frozen value of settings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, Field

Finite = Annotated[float, Field(allow_inf_nan=False)]
MAX_SEED = 2**31 - 1
Seed = Annotated[int, Field(ge=0, le=MAX_SEED)]
Settings = dict[str, Any]
Migration = tuple[str, Callable[[Settings], Settings]]
"""The next version, and a function that changes settings {name: value, "cards": [{name: value}, ...]} to it."""


class Frozen(BaseModel):
    """Frozen values: equal when their fields are equal, hashable, and without unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class PageConfig(Frozen):
    """Everything that a page shows. Each page's `v` is the version of its settings.

    MIGRATIONS: from an earlier version of the page's settings to the one after it.
    """

    MIGRATIONS: ClassVar[dict[str, Migration]] = {}

    @property
    def teaches(self) -> str:
        """A line on what to look at, independent of the settings."""
        return ""

    def alike(self, other: PageConfig) -> bool:
        """Whether both show the same runs, in whatever view."""
        return self == other

    def following(self, before: Self) -> Self:
        """This config after a visitor's change of `before`, with the consequences of the change."""
        return self
