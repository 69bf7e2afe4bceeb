"""The same runs and exports without a browser; starts the server."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from app.cli.command import main

__all__ = ["main"]


def __getattr__(name: str) -> Any:
    """Import the commands when they are first asked for, so that `app.cli.extra` can say what is missing."""
    if name != "main":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from app.cli.command import main

    return main
