"""Tracks, which the player draws: one per run (an optimizer from a start), made from a Trajectory.

Row 0 is the start. `proposal` is where the base step left the fast weights before any synchronisation; where no layer
synchronised it equals `fast`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from app.player.look import LOOK
from optim_core.layers import Layer

if TYPE_CHECKING:
    from optim_core.spec import OptimizerSpec
    from optim_core.trajectory import Trajectory

PALETTE = LOOK.palette

# Names of what a base step subtracts from the weights, where it is not lr times a gradient.
STEPS = {
    "sgd": "a step of SGD",
    "momentum": "lr times the momentum",
    "nesterov": "a step of Nesterov's",
    "adam": "a step of Adam",
    "adamw": "a step of AdamW",
    "rmsprop": "a step of RMSprop",
    "adagrad": "a step of Adagrad",
    "lion": "a step of Lion",
    "extragradient": "lr times v, seen ahead",
    "muon": "a step of Muon",
    "schedule_free": "lr times the gradient at y",
    "gpa": "lr times the gradient at y",
    "optimistic": "lr (2 v − the last v)",
}


@dataclass(frozen=True, eq=False)
class Track:
    """One run in the plane; tracks of the same name share a legend entry, a clock and a colour.

    Attributes:
        name, color: the optimizer's name and a CSS colour.
        layers: its layers of slow weights, innermost first; empty for a bare base optimizer.
        fast, proposal: (rows, 2).      synchronised, loss, step, evaluations: (rows,).
        diverged: the base step at which the run diverged, or -1.
        panel: index of the axis pair that it is drawn on.      start: index of its start point.
        averaged: (rows, 2), an average of the weights drawn as an extra track (an EMA, say), or None.
        slow: one (rows, 2) per layer. Needed only where rows are not consecutive base steps, since otherwise slow
            weights follow from `fast` and `synchronised`.
        cloud: (rows, runs, 2), the places of many runs at once. They are drawn as dots alone, instead of the track,
            whose other arrays then only count steps and synchronisations.
        lr: of a base step that subtracts lr times a gradient and no more; None of any other.
        delta: what a base step subtracts otherwise, in a few words.
        ahead: what the inspector says of an optimizer without layers beside its updates; empty for what it says of all.
        measured: (rows,), a further quantity at the fast weights, for its linked chart while something is dragged.
        resets: whether the outer momentum of the layers inside is zeroed when a layer synchronises.
        spread: (rows, 5), mean x, mean y, variance of x, covariance, variance of y of the cloud: its two-sigma ellipse.

    Raises:
        ValueError: an array's shape disagrees with (rows, 2) or (rows,), `slow` has not one array per layer, or only
            one of `cloud` and `spread` is given.
    """

    name: str
    color: str
    layers: tuple[Layer, ...]
    fast: NDArray[np.floating]
    proposal: NDArray[np.floating]
    synchronised: NDArray[np.integer]
    loss: NDArray[np.floating]
    step: NDArray[np.integer]
    evaluations: NDArray[np.integer]
    diverged: int = -1
    panel: int = 0
    start: int = 0
    averaged: NDArray[np.floating] | None = None
    slow: tuple[NDArray[np.floating], ...] | None = None
    cloud: NDArray[np.floating] | None = None
    spread: NDArray[np.floating] | None = None
    lr: float | None = None
    delta: str = ""
    resets: bool = False
    ahead: str = ""
    measured: NDArray[np.floating] | None = None

    def __post_init__(self) -> None:
        rows = len(np.asarray(self.step))
        if rows < 1:
            raise ValueError("step must have at least the start's row, got none")
        for field in ("fast", "proposal", "averaged"):
            if getattr(self, field) is not None:
                self._freeze(field, getattr(self, field), (rows, 2))
        for field in ("synchronised", "loss", "step", "evaluations", "measured"):
            if getattr(self, field) is not None:
                self._freeze(field, getattr(self, field), (rows,))
        if self.slow is not None:
            if len(self.slow) != len(self.layers):
                raise ValueError(f"slow must have one array per layer ({len(self.layers)}), got {len(self.slow)}")
            object.__setattr__(self, "slow", tuple(_check_shape("slow", phi, (rows, 2)) for phi in self.slow))

        if (self.cloud is None) != (self.spread is None):
            raise ValueError("cloud and spread belong together; give both or neither")
        if self.cloud is not None and self.spread is not None:
            self._freeze("cloud", self.cloud, (rows, np.shape(self.cloud)[1], 2))
            self._freeze("spread", self.spread, (rows, 5))

    def _freeze(self, field: str, values: ArrayLike, shape: tuple[int, ...]) -> None:
        object.__setattr__(self, field, _check_shape(field, values, shape))

    @property
    def rows(self) -> int:
        """Number of rows, the start included."""
        return len(self.step)

    @property
    def consecutive(self) -> bool:
        """Whether each row is one base step after the row before it."""
        return bool(np.all(np.diff(self.step) == 1))


def tracks_of(
    trajectory: Trajectory, specs: Sequence[OptimizerSpec], colors: Sequence[str], panels: bool = False
) -> tuple[Track, ...]:
    """One Track per optimizer and start of a 2D trajectory; with `panels`, each optimizer gets an axis pair of its own.

    Raises:
        ValueError: the iterates are not two-dimensional, there are not as many specs, or too few colors.
    """
    _, optimizers, starts, dim = trajectory.fast.shape
    if dim != 2:
        raise ValueError(f"a track needs two coordinates, the trajectory has {dim}; project it onto a plane first")
    if len(specs) != optimizers or len(colors) < optimizers:
        raise ValueError(f"{optimizers} optimizers need as many specs and colors, got {len(specs)} and {len(colors)}")
    return tuple(
        _track(trajectory, spec, colors[index], index, start, index if panels else 0)
        for index, spec in enumerate(specs)
        for start in range(starts)
    )


def _track(trajectory: Trajectory, spec: OptimizerSpec, color: str, index: int, start: int, panel: int) -> Track:
    consecutive, slow = bool(np.all(np.diff(trajectory.step) == 1)), trajectory.slow[index]
    averages = trajectory.averages(index)
    return Track(
        name=spec.name,
        color=color,
        layers=tuple(spec.layers),
        fast=trajectory.fast[:, index, start],
        proposal=trajectory.proposal[:, index, start],
        synchronised=trajectory.synchronised[:, index],
        loss=trajectory.loss[:, index, start],
        step=trajectory.step,
        evaluations=trajectory.evaluations[:, index],
        diverged=int(trajectory.diverged[index, start]),
        panel=panel,
        start=start,
        averaged=slow[0][:, start] if averages else None,
        slow=None if consecutive else () if averages else tuple(phi[:, start] for phi in slow),
        ahead=" ".join(f"{words[0].upper()}{words[1:]}." for words in average_words(spec)),
        resets=spec.inner_buffers == "reset",
        **base_step(spec),
    )


def base_step(spec: OptimizerSpec) -> dict[str, Any]:
    """`lr` or `delta` of a Track, whichever differs from its default."""
    plain = spec.base in ("sgd", "average") and spec.weight_decay == 0 and spec.schedule.kind == "constant"
    return {"lr": spec.lr} if plain else {"delta": STEPS[spec.base]}


def average_words(spec: OptimizerSpec) -> tuple[str, ...]:
    """Of a base whose result is an average x: what x is, and where the gradient is taken; nothing of any other."""
    if not spec.averages:
        return ()
    mean = "x, the mean of all θ"
    decayed = f"the average x ← μ_x x + (1 − μ_x) θ with μ_x = {spec.mu_x!r}"
    result = f"the result is {mean if spec.base == 'schedule_free' else decayed}"
    place = f"gradients are taken at y = μ_y x + (1 − μ_y) θ with μ_y = {spec.mu_y!r}"
    return (result,) if spec.base == "average" else (result, place)


def _check_shape(field: str, values: ArrayLike, shape: tuple[int, ...]) -> NDArray[np.generic]:
    array = np.asarray(values)
    if array.shape != shape:
        raise ValueError(f"{field} must have shape {shape}, got {array.shape}")
    return array


def only_starts(tracks: Sequence[Track]) -> tuple[Track, ...]:
    """The tracks before anything has moved: what is to be guessed is not sent to the browser."""
    return tuple(_only_start(track) for track in tracks)


def _only_start(track: Track) -> Track:
    names = ("fast", "proposal", "synchronised", "loss", "step", "evaluations")
    first = {name: getattr(track, name)[:1] for name in names}
    average = None if track.averaged is None else track.averaged[:1]
    return replace(track, **first, averaged=average, slow=None, diverged=-1)
