"""The command `lookahead-lab`, which is also `python -m lookahead_lab`: it runs the application from its tree.

Streamlit looks for a distribution's components beside the module of the distribution's name: this one. See
docs/decisions/2026-11-29-player-as-modules.md.
"""

import sys
from pathlib import Path

TREE = Path(__file__).parent


def main() -> None:
    """Run the command line of the application, or say where it is to be had."""
    if not (TREE / "app" / "cli").is_dir() or not (TREE / "pyproject.toml").is_file():
        sys.exit(
            "The installed package is the library alone: optim_core and landscapes. The application runs from the "
            "project's tree: get its sources, then `make app`, or `pip install -e '.[app]'` and `lookahead-lab app`."
        )
    sys.path.insert(0, str(TREE))
    from app.cli.extra import run

    run()


if __name__ == "__main__":
    main()
