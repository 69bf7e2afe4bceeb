"""Charts of the closed forms and of what was measured beside them, an instrument a file."""
