"""The same runs and exports without a browser; starts the server."""

from app.cli.command import main

__all__ = ["main"]
