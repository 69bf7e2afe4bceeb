"""The Surfaces page."""
