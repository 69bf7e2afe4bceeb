"""Cached runs of each page, around the library."""

THREADS = 2  # of torch, in the app and on the command line: how many share a sum decides its last bit
