"""Numbers dragged in a page's player: their families while dragging, the page's config on release."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

import streamlit as st

from app.player import Dial, Track
from app.player.dials import PackedFamily, pack_family, pack_start
from app.runs.family import Family, with_number
from app.state import Comparison, GamesConfig, SurfacesConfig
from app.views import session
from app.views.parts.cards import SUBSCRIPT
from app.views.parts.fields import Fields
from app.views.parts.player import StartMove, Turn, families
from app.views.parts.scene import aimed_place

PlaneConfig = TypeVar("PlaneConfig", SurfacesConfig, GamesConfig)


def adopt_turn(page: str, turn: Turn) -> None:
    """Set the page's config to the released number. Only in a callback."""
    config: Comparison = st.session_state[f"{page}.config"]
    try:
        new_config = with_number(config, turn.card, turn.field, turn.level, turn.value)
    except ValueError:
        return  # the card was removed meanwhile
    session.adopt(page, new_config)


def free_dials(page: str, config: Comparison, dials: Sequence[Dial]) -> tuple[Dial, ...]:
    """Those that the visit's link does not fix."""
    fields = Fields.of(page, config)
    return tuple(dial for dial in dials if not fields.fixes(_control(dial)))


def _control(dial: Dial) -> str:
    """The name of the number's control."""
    return ".".join(str(part) for part in (dial.card + 1, dial.level, dial.field) if part)


def adopt_start(page: str, move: StartMove) -> None:
    """Set the page's config to the released start. Only in a callback."""
    session.adopt(page, with_start(st.session_state[f"{page}.config"], move))


def with_start(config: PlaneConfig, move: StartMove) -> PlaneConfig:
    """The config with one start elsewhere, inside the domain."""
    if not 0 <= move.start < len(config.starts):
        return config  # removed meanwhile
    (left, right), (bottom, top) = config.landscape.domain
    x, y = aimed_place(move.x, move.y)
    place = (min(max(x, left), right), min(max(y, bottom), top))
    starts = (*config.starts[: move.start], place, *config.starts[move.start + 1 :])
    return config.model_copy(update={"starts": starts})


def offer_families(
    key: str,
    dials: tuple[Dial, ...],
    family_of: Callable[[Dial], Family],
    config: PlaneConfig,
    start_tracks: Callable[[PlaneConfig], Sequence[Track]],
) -> None:
    """Let the player with this key fetch the families of its dials, and the tracks of a start that is dragged."""

    def tracks_message(move: StartMove) -> bytes:
        tracks = start_tracks(with_start(config, move))
        return pack_start([track for track in tracks if track.start == move.start], move.start)

    def message(turn: Turn) -> bytes:
        dial = next((dial for dial in dials if _is_of(turn, dial) and dial.live), None)
        return b"" if dial is None else _pack(family_of(dial), config).message

    with st.container(key=f"{key}-unseen"):
        families(key=f"{key}-families", player_key=key, family=message, start_tracks=tracks_message)


def packed_families(
    dials: tuple[Dial, ...], family_of: Callable[[Dial], Family], config: Comparison
) -> dict[str, Callable[[], PackedFamily]]:
    """The families of the dials by name, each computed on demand."""

    def make(dial: Dial) -> Callable[[], PackedFamily]:
        return lambda: _pack(family_of(dial), config)

    return {f"{_symbol(dial)} of {dial.name}": make(dial) for dial in dials if dial.live}


def _pack(family: Family, config: Comparison) -> PackedFamily:
    return PackedFamily(family.dial, pack_family(family.dial, family.tracks(config), family.limits))


def _symbol(dial: Dial) -> str:
    symbol = {"alpha": "α", "momentum": "μ", "outer_momentum": "μ", "mu_y": "μ_y", "mu_x": "μ_x"}.get(
        dial.field, dial.field
    )
    return f"{symbol}{SUBSCRIPT[dial.level]}" if dial.level else symbol


def _is_of(turn: Turn, dial: Dial) -> bool:
    return (turn.card, turn.field, turn.level) == (dial.card, dial.field, dial.level)
