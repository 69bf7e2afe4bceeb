"""The animation: tracks are packed into bytes, ES modules draw them.

    tracks = tracks_of(trajectory, specs, PALETTE)
    data = pack(tracks, PlayerView(chart="surfaces-ground"))

`app.views.parts.player` puts it on a page, `app.draw.player_page` into a file of its own.
"""

from app.player.pack import Dial, LinkedCurve, PlayerView, QuantityNames, pack
from app.player.tracks import PALETTE, Track, tracks_of

__all__ = ["PALETTE", "Dial", "LinkedCurve", "PlayerView", "QuantityNames", "Track", "pack", "tracks_of"]
