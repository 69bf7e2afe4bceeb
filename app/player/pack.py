"""Tracks as one block of bytes, which browser/unpack.js reads back.

    uint32  length of the JSON header, little endian        header  padded with spaces to a multiple of 4 bytes
    float32 per track: fast x, y; loss; proposal x, y at the rows that synchronised; averaged x, y; slow x, y of each
            layer; step; evaluations; cloud x, y (row after row); the five columns of spread (each of the last six only
            where the track's header says so)
    uint8   per track: synchronised, unless every layer synchronised exactly when its period says

Slow weights are not sent for consecutive rows: they are the fast weights at the last synchronisation of their layer.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from app.player.first_frame import FirstFrame
from app.player.tracks import Track
from optim_core.layers import periods

Field = Literal["k", "alpha", "outer_momentum", "lr", "momentum", "mu_y", "mu_x"]
HUGE = 1e30  # far outside every chart, yet products and squares of a few of these stay finite in JavaScript's float64


@dataclass(frozen=True)
class QuantityNames:
    """Names of the numbers.

    Attributes:
        value: what the tracks' `loss` is.      gradient: the symbol of what a base step of plain SGD follows.
        explained: that symbol in a few words, where it needs them.
    """

    value: str = "loss"
    gradient: str = "∇f"
    explained: str = ""


@dataclass(frozen=True)
class Dial:
    """A number of an optimizer that can be dragged.

    Attributes:
        name: of the optimizer's tracks.      card: the optimizer's place among all cards, from 0.
        field, level: k, alpha or outer_momentum of a layer (1 is the innermost), or lr, momentum, mu_y or mu_x of the
            base, whose level is 0.
        value: what it is now.      values: what it can be dragged to, ascending, `value` among them.
        live: whether the tracks follow while it is dragged; else only on release.
        others: a digest of all other settings; while it stays, so does the family of the number.
    """

    name: str
    card: int
    field: Field
    level: int
    value: float
    values: tuple[float, ...]
    live: bool = True
    others: str = ""


@dataclass(frozen=True)
class LinkedCurve:
    """The curve of a run in a linked chart, drawn while a number is dragged.

    It is the value above `floor`, the distance to the nearest of `places`, what the track has `measured`, or, with
    `rate`, the rate per base step of that distance.

    rate: how many windows a run has, over which the rate is the mean, and the distance below which there is none.
    """

    floor: float | None = None
    places: tuple[tuple[float, float], ...] = ()
    measured: bool = False
    rate: tuple[int, float] | None = None


@dataclass(frozen=True)
class PlayerView:
    """How the tracks are shown.

    Attributes:
        key: the player's name.      chart: key of the plotly chart it is laid over.
        scene: names what is played; when it changes, the player starts again.
        linked: keys of charts that get a cursor at the player's gradient evaluations.
        autoplay: start playing when first shown.      pickable: report clicks on the surface.
        minima: points marked with a star, in data coordinates.      labels: names of the two coordinates.
        quantities: names of the other numbers.      dials: numbers that can be dragged.
        controls: what the names of the page's controls begin with; sliders among them move the tracks, too.
        movable: whether starts can be dragged.
        presented: whether it is shown to a class: stronger colours, larger letters.
        reel: key of a chart with a slider over base steps, which follows the player's clock and moves it.
        curves: what each linked chart shows, for the curves of a number that is dragged; None of any other quantity.
        narration: one line on what happens, and the base step from which on it is shown; ascending.
        first: axes of the player's own until the chart has come; without it the player waits for the chart.
    """

    key: str = "player"
    chart: str = ""
    scene: str = ""
    linked: tuple[str, ...] = ()
    autoplay: bool = True
    pickable: bool = True
    minima: tuple[tuple[float, float], ...] = ()
    labels: tuple[str, str] = ("x", "y")
    quantities: QuantityNames = QuantityNames()
    dials: tuple[Dial, ...] = ()
    controls: str = ""
    movable: bool = False
    curves: tuple[LinkedCurve | None, ...] = ()
    narration: tuple[tuple[int, str], ...] = ()
    reel: str = ""
    presented: bool = False
    first: FirstFrame | None = None


def pack(tracks: Sequence[Track], view: PlayerView | None = None) -> bytes:
    """All tracks and their view as the bytes that the player reads; values are clamped to ±1e30.

    Raises:
        ValueError: tracks of one name disagree in colour or layers.
    """
    _check_names(tracks)
    return pack_tracks(tracks, asdict(view or PlayerView()))


def pack_tracks(tracks: Sequence[Track], view: Mapping[str, object], *, short_floats: bool = False) -> bytes:
    """`pack` for tracks whose names may be equal; `short_floats`: the last byte of every float is 0."""
    headers, floats, counts = [], [], []
    for track in tracks:
        headers.append(_header(track))
        floats.extend(_columns(track))
        counts += [] if _punctual(track) else [_layers_synchronised(track)]
    numbers = [_bytes_of(column, short_floats) for column in floats]
    return with_header({**view, "tracks": headers}, *numbers, *(count.tobytes() for count in counts))


def with_header(header: Mapping[str, object], *blocks: bytes) -> bytes:
    """Blocks of bytes behind a JSON header, its length before it, padded to whole words."""
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 4)
    return b"".join((struct.pack("<I", len(text)), text, *blocks))


def _bytes_of(column: NDArray[np.floating], short_floats: bool) -> bytes:
    return _rounded(column, 8 if short_floats else 0).tobytes()


def _rounded(column: NDArray[np.floating], bits: int) -> NDArray[np.float32]:
    """Numbers in single precision whose last bits are 0: a chart's curve needs eight significant ones."""
    values: NDArray[np.float32] = np.ascontiguousarray(column, dtype="<f4")
    if bits:
        values = ((values.view("<u4") + np.uint32(2 ** (bits - 1))) & ~np.uint32(2**bits - 1)).view("<f4")
    return values


def _check_names(tracks: Sequence[Track]) -> None:
    first: dict[str, Track] = {}
    for track in tracks:
        other = first.setdefault(track.name, track)
        if (other.color, other.layers) != (track.color, track.layers):
            raise ValueError(f"tracks named {track.name!r} must share colour and layers; rename one of them")


def _header(track: Track) -> dict[str, object]:
    return {
        "name": track.name,
        "color": track.color,
        "layers": [layer.numbers for layer in track.layers],
        "resets": track.resets,
        "rows": track.rows,
        "punctual": _punctual(track),
        "proposals": int(np.count_nonzero(_layers_synchronised(track))),
        "averaged": track.averaged is not None,
        "slow": 0 if track.slow is None else len(track.slow),
        "step": _progression(track.step),
        "evaluations": _progression(track.evaluations),
        "consecutive": track.consecutive,
        "measured": track.measured is not None,
        "cloud": 0 if track.cloud is None else track.cloud.shape[1],
        "diverged": track.diverged,
        "panel": track.panel,
        "start": track.start,
        "lr": track.lr,
        "delta": track.delta,
        "ahead": track.ahead,
    }


def _columns(track: Track) -> list[NDArray[np.floating]]:
    pairs = [track.fast, np.asarray(track.proposal)[_layers_synchronised(track) > 0]]
    pairs += [] if track.averaged is None else [track.averaged]
    pairs += track.slow or ()
    places = [np.asarray(column) for pair in pairs for column in _hold_last(pair).T]
    places.insert(2, _clamp(track.loss))
    places += [_clamp(column) for column in (track.step, track.evaluations) if _progression(column) is None]
    places += [] if track.measured is None else [_rounded(_clamp(track.measured), 16)]
    if track.cloud is None or track.spread is None:
        return places
    return places + [_clamp(track.cloud[..., axis]).ravel() for axis in range(2)] + [_clamp(c) for c in track.spread.T]


def _layers_synchronised(track: Track) -> NDArray[np.uint8]:
    """How many layers synchronised at each row; 0 at the start."""
    counts = np.array(track.synchronised, dtype=np.uint8)
    counts[0] = 0
    return counts


def _punctual(track: Track) -> bool:
    """Whether the synchronisations follow from the periods alone."""
    steps = np.asarray(track.step)
    counts = sum((steps % period == 0 for period in periods(track.layers)), np.zeros(track.rows, dtype=int))
    return bool(np.array_equal(counts[1:], _layers_synchronised(track)[1:]))


def _progression(values: ArrayLike) -> tuple[int, int] | None:
    """(first, difference) of an arithmetic progression of whole numbers, which then need not be sent; else None."""
    numbers = np.asarray(values)
    differences = np.diff(numbers)
    if (differences != differences[:1]).any():
        return None
    return int(numbers[0]), int(differences[0]) if len(differences) else 1


def _hold_last(pair: ArrayLike) -> NDArray[np.floating]:
    """(rows, 2), clamped; NaN is replaced by the last number before it."""
    places = np.asarray(pair, dtype=np.float64)
    if _is_small(places):
        return places
    rows = np.where(np.isnan(places), 0, np.arange(len(places))[:, None])
    return _clamp(np.take_along_axis(places, np.maximum.accumulate(rows, axis=0), axis=0))


def _clamp(values: ArrayLike) -> NDArray[np.floating]:
    numbers = np.asarray(values, dtype=np.float64)
    if _is_small(numbers):
        return numbers
    return np.clip(np.nan_to_num(numbers, nan=HUGE, posinf=HUGE, neginf=-HUGE), -HUGE, HUGE)


def _is_small(numbers: NDArray[np.float64]) -> bool:
    """Whether there is nothing to clamp, as in nearly every track."""
    return bool(np.abs(numbers).max(initial=0) <= HUGE)  # NaN is not
