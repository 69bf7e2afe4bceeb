"""Numbers that the visitor drags in the player, and the tracks of all their values in one message.

    dial = Dial("Lookahead", card=0, field="alpha", level=1, value=0.5, values=(0.0, 0.5, 1.0))
    message = pack_family(dial, [tracks at 0, tracks at 0.5, tracks at 1], limits=(0.8,))

A message is, in browser/family.js's order:

    uint32  length of the JSON header, little endian        header  padded with spaces to a multiple of 4 bytes
    bytes   deflated: what `pack` makes of all tracks, value after value, as differences of 32-bit words, first the
            lowest byte of each, then the second, ...
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace

import numpy as np
from numpy.typing import NDArray

from app.player.pack import Dial, Field, pack_tracks, with_header
from app.player.tracks import Track

__all__ = ["MOST_BYTES", "Dial", "Field", "PackedFamily", "pack_family", "pack_start"]

MOST_BYTES = 350_000  # of a family
EXACT_BYTES = 500_000  # before they are deflated; a larger family's numbers keep 16 significant bits


@dataclass(frozen=True, eq=False)
class PackedFamily:
    """A dial and the packed tracks of all its values."""

    dial: Dial
    message: bytes


def pack_family(dial: Dial, tracks: Sequence[Sequence[Track]], limits: Sequence[float] = ()) -> bytes:
    """All tracks of a dial, value after value, as bytes.

    Args:
        dial: what is dragged.
        tracks: for each of its values, one per start.
        limits: stability limits of the closed form.

    Raises:
        ValueError: not as many lists of tracks as values.
    """
    if len(tracks) != len(dial.values):
        raise ValueError(f"tracks must be given for each of {len(dial.values)} values, got {len(tracks)}")
    family_tracks = [replace(track, name=dial.name) for each in tracks for track in each]
    data = pack_tracks(family_tracks, {})
    if len(data) > EXACT_BYTES:
        data = pack_tracks(family_tracks, {}, short_floats=True)
    return with_header(asdict(dial) | {"limits": list(limits)}, zlib.compress(_planes(data), 1))


def pack_start(tracks: Sequence[Track], start: int) -> bytes:
    """The tracks from one start that is dragged, as a message like a family's."""
    return with_header({"start": start}, zlib.compress(_planes(pack_tracks(tracks, {})), 1))


def _planes(data: bytes) -> bytes:
    """Differences of 32-bit words, byte by byte: neighbours on a path differ only in their low bytes."""
    words: NDArray[np.uint32] = np.frombuffer(data + b"\0" * (-len(data) % 4), dtype="<u4")
    differences = np.diff(words, prepend=np.uint32(0))
    return differences.astype("<u4").view(np.uint8).reshape(-1, 4).T.tobytes()
