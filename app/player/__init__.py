"""The animation component: tracks of a run become bytes, which the modules in browser/ draw over the charts.

    tracks = tracks_of(trajectory, specs, PALETTE)
    data = pack(tracks, PlayerView(chart="surface"))

`app.views.parts.player` puts it on a page, `app.draw.player_page` into a file of its own.
"""

from app.player.pack import PlayerView, QuantityNames, pack
from app.player.tracks import PALETTE, Track, tracks_of

__all__ = ["PALETTE", "PlayerView", "QuantityNames", "Track", "pack", "tracks_of"]
