"""The animation component: tracks of a run become bytes, which the modules in browser/ draw over the charts.

    tracks = tracks_of(trajectory, specs, PALETTE)
    st.plotly_chart(surface, key="surface")
    result = player(tracks, key="player", chart_key="surface", linked=("curves",))
    if result.pick: ...

`Track`, `tracks_of` and `pack` need no Streamlit; `player` imports it when first asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from app.player.pack import Dial, LinkedCurve, PlayerView, QuantityNames, pack
from app.player.tracks import PALETTE, Track, tracks_of

__all__ = [
    "PALETTE",
    "Dial",
    "LinkedCurve",
    "Pick",
    "PlayerResult",
    "PlayerView",
    "QuantityNames",
    "StartMove",
    "Track",
    "Turn",
    "families",
    "pack",
    "player",
    "tracks_of",
]

_NEEDS_STREAMLIT = {"player", "families", "PlayerResult", "Pick", "StartMove", "Turn"}


def __getattr__(name: str) -> Any:
    if name in _NEEDS_STREAMLIT:
        return getattr(import_module("app.player.component"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
