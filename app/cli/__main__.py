"""`python -m app.cli` is the program `lookahead-lab`."""

from app.cli import main

main(prog_name="lookahead-lab")
