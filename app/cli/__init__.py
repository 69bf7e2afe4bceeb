"""The same runs and exports without a browser."""

from app.cli.command import main

__all__ = ["main"]
