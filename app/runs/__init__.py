"""Cached runs of each page, around the library."""

THREADS = 2  # of torch, in the app and on the command line: the last bit of a sum depends on their number
