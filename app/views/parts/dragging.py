"""Numbers that are dragged in a page's player: their families while they are held, the page's config when let go."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from app.player import Dial, Turn, families
from app.player.dials import pack_family
from app.runs.family import Family, with_number
from app.state import Comparison
from app.views import session


def adopt_turn(page: str, turn: Turn) -> None:
    """The page takes the number that was let go. Only in a callback."""
    config: Comparison = st.session_state[f"{page}.config"]
    try:
        changed = with_number(config, turn.card, turn.field, turn.level, turn.value)
    except ValueError:
        return  # of a card that was removed meanwhile
    session.adopt(page, changed)


def offer_families(
    key: str, dials: tuple[Dial, ...], family_of: Callable[[Dial], Family], config: Comparison, panels: bool
) -> None:
    """Let the player with this key fetch the families of its dials."""

    def message(turn: Turn) -> bytes:
        dial = next((dial for dial in dials if _is_of(turn, dial) and dial.live), None)
        if dial is None:
            return b""
        family = family_of(dial)
        return pack_family(dial, family.tracks(config, panels), family.limits)

    with st.container(key=f"{key}-unseen"):
        families(key=f"{key}-families", player_key=key, family=message)


def _is_of(turn: Turn, dial: Dial) -> bool:
    return (turn.card, turn.field, turn.level) == (dial.card, dial.field, dial.level)
