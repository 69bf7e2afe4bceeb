"""What every page's config is: a frozen value of settings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, Field

Finite = Annotated[float, Field(allow_inf_nan=False)]
MAX_SEED = 2**31 - 1
Seed = Annotated[int, Field(ge=0, le=MAX_SEED)]
Settings = dict[str, Any]
Migration = tuple[str, Callable[[Settings], Settings]]
"""The next version, and what becomes of settings {name: value, "cards": [{name: value}, ...]} on the way to it."""


class Frozen(BaseModel):
    """Values, not objects: equal when their fields are, hashable, and refusing what they do not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class PageConfig(Frozen):
    """Everything that a page shows. Each page's `v` is the version of its settings.

    MIGRATIONS: from an earlier version of the page's settings to the one after it.
    """

    MIGRATIONS: ClassVar[dict[str, Migration]] = {}

    @property
    def teaches(self) -> str:
        """What to look at here, whatever the settings."""
        return ""

    def alike(self, other: PageConfig) -> bool:
        """Whether both show the same, however it is looked at."""
        return self == other

    def following(self, before: Self) -> Self:
        """This config as what a visitor's change of another makes of it."""
        return self
