"""The program from its start: it names what to install where the application's own requirements are missing."""

import sys

OURS = ("app", "landscapes", "optim_core")


def run() -> None:
    """Run the command line; without its extra it ends with one line that says what to install."""
    try:
        from app.cli.command import main  # it imports click

        main(prog_name="lookahead-lab")
    except ModuleNotFoundError as missing:
        package = (missing.name or "").partition(".")[0]
        if package in OURS or not package:
            raise
        sys.exit(
            f"lookahead-lab needs {package}, which is not installed: pip install -e '.[app]', or make app, installs it"
        )
