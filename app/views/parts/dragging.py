"""Numbers that are dragged in a page's player: their families while they are held, the page's config when let go."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

import streamlit as st

from app.player import Dial, Track
from app.player.dials import PackedFamily, pack_family, pack_moved
from app.runs.family import Family, with_number
from app.state import Comparison, GamesConfig, SurfacesConfig
from app.views import session
from app.views.parts.cards import SUBSCRIPT
from app.views.parts.player import StartMove, Turn, families
from app.views.parts.scene import rounded

Placed = TypeVar("Placed", SurfacesConfig, GamesConfig)


def adopt_turn(page: str, turn: Turn) -> None:
    """The page takes the number that was let go. Only in a callback."""
    config: Comparison = st.session_state[f"{page}.config"]
    try:
        changed = with_number(config, turn.card, turn.field, turn.level, turn.value)
    except ValueError:
        return  # of a card that was removed meanwhile
    session.adopt(page, changed)


def adopt_start(page: str, move: StartMove) -> None:
    """The page takes the start that was let go. Only in a callback."""
    session.adopt(page, with_start(st.session_state[f"{page}.config"], move))


def with_start(config: Placed, move: StartMove) -> Placed:
    """The config with one start elsewhere, inside the domain."""
    if not 0 <= move.start < len(config.starts):
        return config  # removed meanwhile
    (left, right), (bottom, top) = config.landscape.domain
    x, y = rounded(move.x, move.y)
    place = (min(max(x, left), right), min(max(y, bottom), top))
    starts = (*config.starts[: move.start], place, *config.starts[move.start + 1 :])
    return config.model_copy(update={"starts": starts})


def offer_families(
    key: str,
    dials: tuple[Dial, ...],
    family_of: Callable[[Dial], Family],
    config: Placed,
    moved_tracks: Callable[[Placed], Sequence[Track]],
) -> None:
    """Let the player with this key fetch the families of its dials, and the tracks of a start that is dragged."""

    def moved(move: StartMove) -> bytes:
        tracks = moved_tracks(with_start(config, move))
        return pack_moved([track for track in tracks if track.start == move.start], move.start)

    def message(turn: Turn) -> bytes:
        dial = next((dial for dial in dials if _is_of(turn, dial) and dial.live), None)
        return b"" if dial is None else _packed(family_of(dial), config).message

    with st.container(key=f"{key}-unseen"):
        families(key=f"{key}-families", player_key=key, family=message, moved=moved)


def packed_families(
    dials: tuple[Dial, ...], family_of: Callable[[Dial], Family], config: Comparison
) -> dict[str, Callable[[], PackedFamily]]:
    """The families of the dials, each computed when it is asked for, by what readers call it."""

    def make(dial: Dial) -> Callable[[], PackedFamily]:
        return lambda: _packed(family_of(dial), config)

    return {f"{_symbol(dial)} of {dial.name}": make(dial) for dial in dials if dial.live}


def _packed(family: Family, config: Comparison) -> PackedFamily:
    return PackedFamily(family.dial, pack_family(family.dial, family.tracks(config), family.limits))


def _symbol(dial: Dial) -> str:
    symbol = {"alpha": "α", "momentum": "μ", "outer_momentum": "μ"}.get(dial.field, dial.field)
    return f"{symbol}{SUBSCRIPT[dial.level]}" if dial.level else symbol


def _is_of(turn: Turn, dial: Dial) -> bool:
    return (turn.card, turn.field, turn.level) == (dial.card, dial.field, dial.level)
