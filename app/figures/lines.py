"""The lines that a track consists of: its fast weights, each layer of slow weights, an average where there is one.

A line is named by its layer: 0 for the fast weights, 1 for the innermost slow weights, ..., AVERAGE.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.player.tracks import Track
from optim_core.layers import Layer

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
AVERAGE = -1


@dataclass(frozen=True, eq=False)
class Path:
    """A line as it is drawn: points (n, 2), with a row of NaN for every gap, and the track's row of each point.

    Where an outer layer restarts the weights, the line ends at their last position before it and has a gap.
    """

    points: Floats
    rows: Ints

    def until(self, row: int) -> int:
        """How many of the points belong to rows up to this one."""
        return int(np.searchsorted(self.rows, row, side="right"))


def layers_of(track: Track) -> tuple[int, ...]:
    """The lines of a track."""
    average = () if track.averaged is None else (AVERAGE,)
    return (*range(len(track.layers) + 1), *average)


def line_label(layer: int) -> str:
    """The name of a line in legends."""
    return {0: "fast weights", AVERAGE: "average of the fast weights"}.get(layer, f"slow weights, layer {layer}")


def weights(track: Track, layer: int) -> Floats:
    """(rows, 2): the weights of a line at every row.

    Where every base step has a row, slow weights follow from the fast ones, which restart from them.
    """
    if layer == AVERAGE:
        return np.asarray(track.averaged, dtype=np.float64)
    fast = np.asarray(track.fast, dtype=np.float64)
    if layer == 0:
        return fast
    if track.slow is not None:
        return np.asarray(track.slow[layer - 1], dtype=np.float64)
    return fast[last_synchronised(track, layer)]


def loss(track: Track, layer: int) -> Floats:
    """(rows,): the loss at a line's weights; NaN where it was never computed."""
    losses = np.asarray(track.loss, dtype=np.float64)
    if layer == 0:
        return losses
    if layer == AVERAGE or not track.consecutive:
        return np.full(track.rows, np.nan)
    return losses[last_synchronised(track, layer)]


def path(track: Track, layer: int) -> Path:
    """The line as it is drawn, resting points left out."""
    places, rows = weights(track, layer), np.arange(track.rows)
    restarts = _restarts(track, layer)
    if len(restarts):
        gap = np.full_like(places, np.nan)
        extra = np.stack([_arrival(track, layer), gap], axis=1)[restarts].reshape(-1, 2)
        places = np.insert(places, np.repeat(restarts, 2), extra, axis=0)
        rows = np.insert(rows, np.repeat(restarts, 2), np.repeat(restarts, 2))
    moves = np.r_[True, (np.diff(places, axis=0) != 0).any(axis=1)]
    return Path(places[moves], rows[moves])


def last_synchronised(track: Track, layer: int) -> Ints:
    """For each row of consecutive steps, the row at which a layer (1 = innermost) last synchronised."""
    rows = np.where(np.asarray(track.synchronised) >= layer, np.arange(track.rows), 0)
    last: Ints = np.maximum.accumulate(rows)
    if track.diverged >= 0:  # nothing is shown after a divergence: slow weights stay where they were before it
        first = int(np.searchsorted(track.step, track.diverged))
        last[first:] = last[max(first - 1, 0)]
    return last


def synchronisations(track: Track) -> Ints:
    """The rows at which layers synchronised, without the start and without those after a divergence."""
    rows = np.flatnonzero(np.asarray(track.synchronised) > 0)
    valid = (rows > 0) & ((track.diverged < 0) | (np.asarray(track.step)[rows] < track.diverged))
    return rows[valid]


def pull_and_move(track: Track, layer: int) -> tuple[Floats, Floats, Floats]:
    """What a synchronisation at each row does to a layer: where it starts, its target, where it arrives.

    Each is (rows, 2), for consecutive rows only, and has a meaning where the layer synchronised.
    """
    return np.roll(weights(track, layer), 1, axis=0), _arrival(track, layer - 1), _arrival(track, layer)


def _restarts(track: Track, layer: int) -> Ints:
    """The rows at which a layer further out restarted this one."""
    if layer == AVERAGE or not track.consecutive or layer >= len(track.layers):
        return np.zeros(0, dtype=np.int64)
    rows = np.flatnonzero(np.asarray(track.synchronised) > layer)
    return rows if track.diverged < 0 else rows[track.step[rows] < track.diverged]


def _arrival(track: Track, layer: int) -> Floats:
    """Where a layer would be after each row, had no layer further out thrown it back: φ + α(φ' − φ) from inside out."""
    place = np.asarray(track.proposal, dtype=np.float64)
    buffers = _buffers(track)
    for below, slow in enumerate(track.layers[:layer], start=1):
        before = np.roll(weights(track, below), 1, axis=0)
        place = destination(slow, before, place, buffers[below - 1])
    return place


def destination(layer: Layer, before: Floats, target: Floats, buffer: Floats | float) -> Floats:
    """Where slow weights move to, given the outer momentum of their layer before."""
    if not layer.has_momentum:
        return np.asarray(before + layer.alpha * (target - before))
    s = before - target
    b = layer.outer_momentum * buffer + s
    step = s + layer.outer_momentum * b if layer.outer_nesterov else b
    return np.asarray(before - layer.alpha * step)


def _buffers(track: Track) -> list[Floats | float]:
    """The outer momentum of each layer before each row, (rows, 2), by going through all synchronisations; 0 without."""
    if not any(layer.has_momentum for layer in track.layers):
        return [0.0] * len(track.layers)
    buffers = [np.zeros((track.rows + 1, 2)) for _ in track.layers]
    slow = [np.asarray(weights(track, level), dtype=np.float64) for level in range(1, len(track.layers) + 1)]
    for row in range(1, track.rows):
        target = np.asarray(track.proposal[row], dtype=np.float64)
        due = int(track.synchronised[row])
        for level, layer in enumerate(track.layers):
            b = buffers[level]
            b[row + 1] = b[row]
            if level < due:
                before = slow[level][row - 1]
                b[row + 1] = (
                    0.0 if track.resets and level + 1 < due else layer.outer_momentum * b[row] + before - target
                )
                target = destination(layer, before, target, b[row])
    return [b[: track.rows] for b in buffers]
