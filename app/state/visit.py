"""Parameters of a link that hold for a visit, whatever its page shows: they stay in the address."""

from __future__ import annotations

from collections.abc import Mapping

VISIT: dict[str, tuple[str, ...]] = {"words": ("1", "0")}
"""By name, what it may say. words: whether pictures are labelled in words; without it, as the browser remembers."""


def visit_of(params: Mapping[str, str]) -> dict[str, str]:
    """Those of an address that say what they may."""
    return {name: params[name] for name, known in VISIT.items() if params.get(name) in known}


def problems_of_visit(params: Mapping[str, str]) -> list[str]:
    """One sentence for each of an address that says something else."""
    return [
        f"{name}: must be {' or '.join(known)} (got {params[name][:40]!r}), so it is ignored"
        for name, known in VISIT.items()
        if name in params and params[name] not in known
    ]
