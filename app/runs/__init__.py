"""Cached runs of each page, around the library."""
