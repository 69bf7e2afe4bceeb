"""`python -m lookahead_lab` is the command `lookahead-lab`.

Streamlit looks for a distribution's components beside the module of the distribution's name: this one. See
docs/decisions/2026-11-29-player-as-modules.md.
"""

if __name__ == "__main__":
    from app.cli import main

    main()
