"""The Games page."""
