"""`python -m app.cli` is the program `lookahead-lab`."""

from app.cli.extra import run

run()
