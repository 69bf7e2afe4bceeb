"""Cached runs of each page, around the library.

torch takes one thread, in the app and on the command line: the last bit of a sum may depend on the number. Where the
cores are busy, a thread that waits for its share of each of thousands of operations makes a second's work take a minute
(benchmarks/README.md). What is worth two cores gives each of two threads work of its own.
"""

THREADS = 1  # of torch
