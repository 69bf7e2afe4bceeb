"""Planes through weight space: projections of each optimizer's weights, distances from the plane, the loss on it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from app.jobs.store import TrainingResult
from app.player.tracks import Track, base_step
from app.runs import result_files
from app.runs.cache import recent
from app.runs.processor import count_processor_time, for_same_visitor, start_thread
from app.state import GansConfig, NetworksConfig
from landscapes.contours import Grid, PlaneLoss, plane_losses
from landscapes.planes import Plane, Projection, pca_plane, players_plane, random_plane, three_point_plane
from landscapes.tasks.classifier import ClassifierTask
from landscapes.weights import Score, WeightLoss, assign_weights
from optim_core.layers import periods
from optim_core.snapshots import Snapshots
from optim_core.spec import OptimizerSpec

Floats = NDArray[np.float64]

GRID_POINTS, IMAGES = 41, 512
PCA_ROWS = 120  # of each track: more change nothing in the two directions
UNIT = ((-1.0, -1.0), (1.0, 1.0))  # corners of the view of random directions in Li et al.
PATIENCE = 150.0  # seconds that an export waits for the picture: browsers cancel a download after 180
FIRST = 0.2  # share of the picture that comes before these:
CHECKS = 40  # places along each track where the plane's loss is compared with the true one


@dataclass(frozen=True, eq=False)
class OnPlane:
    """One run on the plane: projections of (rows, P) snapshots, innermost layer first in `slow`."""

    snapshots: Snapshots
    proposal: Projection
    slow: tuple[Projection, ...]

    @property
    def fast(self) -> Floats:
        """(rows, 2): where the fast weights are after each step; right after a synchronisation they equal slow ones."""
        places = self.proposal.coordinates.copy()
        for layer, projection in enumerate(self.slow, start=1):
            at_layer = self.snapshots.synchronised == layer
            places[at_layer] = projection.coordinates[at_layer]
        return places

    @property
    def outermost(self) -> Projection:
        """Of the outermost slow weights; of the fast ones without layers."""
        return self.slow[-1] if self.slow else self.proposal


@dataclass(frozen=True, eq=False)
class View:
    """A plane and every run on it; `frame_runs` are the runs that a picture must hold, and `corners` places."""

    plane: Plane
    runs: tuple[OnPlane, ...]
    frame_runs: tuple[OnPlane, ...]
    corners: tuple[tuple[float, float], ...] = ()

    @property
    def places(self) -> Floats:
        """All coordinates of the framed runs and the corners, (points, 2)."""
        proposals = [run.proposal.coordinates[1:] for run in self.frame_runs]  # the first row may end the cycle before
        fast, slow = (
            [run.fast for run in self.frame_runs],
            [phi.coordinates for run in self.frame_runs for phi in run.slow],
        )
        return np.concatenate([*proposals, *fast, *slow, np.reshape(self.corners, (-1, 2))])


def view(
    results: Sequence[TrainingResult],
    kind: str,
    task: ClassifierTask,
    *,
    through: Sequence[int] = (),
    focus: int = 0,
    cycle: int = 1,
) -> View:
    """Project all snapshots of all runs onto one plane; of a cycle, those of its steps, and the frame holds its run.

    Diverged runs are left out of the plane and the frame unless all diverged.

    Args:
        results: one run per optimizer.
        kind: "pca" of all tracks; "random", filter-normalised directions around the first run's end; "ends", through
            three runs' last outermost weights; "cycle", one outer cycle of the run `focus`.
        task: what was trained.
        through: the three runs of "ends", −1 for the common start; the first three if not given.
        focus: the run whose cycle is shown.
        cycle: which cycle, from 1.

    Raises:
        ValueError: these runs span no such plane; says why.
    """
    if kind == "pca":
        return _view(pca_plane(_all_tracks(results)), results)
    if kind == "random":
        return replace(_view(_random_plane(results, task), results), corners=UNIT)
    if kind == "ends":
        return _view(_plane_through(results, through or converging(results)[:3]), results)
    plane = _cycle_plane(results[focus].snapshots, cycle)
    period = periods(results[focus].layers)[-1]
    runs = tuple(
        _on_plane(plane, _between(result.snapshots, (cycle - 1) * period, cycle * period)) for result in results
    )
    return View(plane, runs, (runs[focus],))


def keys_of(results: Sequence[TrainingResult]) -> tuple[str, ...]:
    """The keys of the runs."""
    return tuple(result.request.key for result in results)


def _plane_key(config: NetworksConfig, results: Sequence[TrainingResult]) -> Hashable:
    span = {"cycle": config.close_up, "ends": config.through}.get(config.plane)
    return keys_of(results), config.plane, span


@recent(8, key=_plane_key)
def view_of(config: NetworksConfig, results: Sequence[TrainingResult]) -> View:
    """The plane that the Networks page is set to, and every run on it; as `view`."""
    ends = [config.ends.get(number) for number in config.through]
    through = [place for place in ends if place is not None]
    _, focus, cycle, _ = config.close_up
    return view(
        results,
        config.plane,
        config.task(),
        through=through if len(through) == 3 else (),
        focus=focus,
        cycle=cycle,
    )


@recent(4, key=keys_of)
def players_view(results: Sequence[TrainingResult]) -> View:
    """Project two players' snapshots: the first's onto its first principal direction, across; the second's, upwards.

    Raises:
        ValueError: as `landscapes.planes.players_plane`.
    """
    return _view(players_plane(_all_tracks(results), results[0].sizes[0]), results)


def tracks(
    plane_view: View, results: Sequence[TrainingResult], names: Sequence[str], colors: Sequence[str]
) -> tuple[Track, ...]:
    """The runs as tracks for the player; their loss is that of the mini-batch at each step."""
    return tuple(
        _track(run, result, name, color)
        for run, result, name, color in zip(plane_view.runs, results, names, colors, strict=True)
    )


class Backdrop:
    """The loss on a plane, computed by a thread of its own, coarse to fine; with a `key`, the whole of it is kept.

    Once it is half as fine as it will be, the true loss is held against the plane's, which takes a fifth as long as the
    rest: so both are there soon.

    picture: the finest grid so far, or None      checks: of the runs so far (rows, true loss, loss at the projection)
    """

    def __init__(self, plane_view: View, score: WeightLoss, key: Hashable = None) -> None:
        self.picture: PlaneLoss | None = None
        self.checks: tuple[tuple[NDArray[np.int64], Floats, Floats], ...] = ()
        self._view, self._score, self._key = plane_view, score, key
        self._stop, self._finished = threading.Event(), threading.Event()
        start_thread(self._work, name="plane")

    @property
    def complete(self) -> bool:
        """Whether all is computed, or the thread was stopped."""
        return self._finished.is_set()

    def wait_for_picture(self, seconds: float = PATIENCE) -> PlaneLoss | None:
        """The whole grid once it is there; the finest so far after so many seconds, or once stopped."""
        self._finished.wait(seconds)
        return self.picture

    def close(self) -> None:
        """Stop at the next point."""
        self._stop.set()

    def _work(self) -> None:
        try:
            for picture in self._pictures():
                self.picture = picture
                count_processor_time()
                if picture.points > FIRST * picture.total:
                    self._check_the_rest()
        finally:
            self._finished.set()

    def _pictures(self) -> Iterator[PlaneLoss]:
        """The whole one that is kept, or ever finer ones."""
        picture = None if self._key is None else result_files.find(PlaneLoss, self._key)
        if picture is not None:
            yield picture
            return
        for picture in pictures(self._view, self._score, should_stop=self._stop.is_set):
            yield picture
            if picture.complete and self._key is not None:
                result_files.put(self._key, picture)

    def _check_the_rest(self) -> None:
        for run in self._view.runs[len(self.checks) :]:
            if self._stop.is_set():
                return
            self.checks = (*self.checks, _check(run, self._view.plane, self._score))


def pictures(
    view: View,
    score: WeightLoss,
    *,
    on_progress: Callable[[int, int], None] | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> Iterator[PlaneLoss]:
    """The loss on a view's plane, coarse to fine, as `plane_losses`, by two threads that take points in turn.

    Two threads for the operations on one point would wait for each other at each of them.
    """
    grid, plane = Grid.around(view.places, GRID_POINTS), view.plane
    first, second = map(for_same_visitor, (score, score.another()))
    return plane_losses(first, plane, grid, beside=[second], on_progress=on_progress, should_stop=should_stop)


@recent(8, key=_plane_key)
def network_backdrop(config: NetworksConfig, results: Sequence[TrainingResult]) -> Backdrop:
    """The backdrop of the plane that the Networks page is set to."""
    return Backdrop(view_of(config, results), config.task().landscape(IMAGES), _plane_key(config, results))


@recent(4, key=lambda config, results: (keys_of(results), config.drawn))
def gan_backdrop(config: GansConfig, results: Sequence[TrainingResult]) -> Backdrop:
    """The loss of the player drawn over the plane of the two players."""
    key = keys_of(results), config.drawn, config.seed
    return Backdrop(players_view(results), config.task().landscape(config.drawn, config.seed), key)


def _random_plane(results: Sequence[TrainingResult], task: ClassifierTask) -> Plane:
    import torch

    model = task.model(0)
    end = results[converging(results)[0]].snapshots.outermost[-1]
    assign_weights(model, torch.from_numpy(np.array(end, dtype=np.float32)))
    return random_plane(model, seed=0)


def _plane_through(results: Sequence[TrainingResult], through: Sequence[int]) -> Plane:
    if len(through) < 3:
        raise ValueError(f"a plane through three ends needs three optimizers, got {len(through)}")
    places = [
        results[0].snapshots.proposal[0] if index < 0 else results[index].snapshots.outermost[-1] for index in through
    ]
    return three_point_plane(*(np.asarray(place, np.float64) for place in places[:3]))


def converging(results: Sequence[TrainingResult]) -> list[int]:
    """The runs that did not diverge; all, where all diverged."""
    return [index for index, result in enumerate(results) if result.diverged is None] or list(range(len(results)))


def _all_tracks(results: Sequence[TrainingResult]) -> list[NDArray[np.floating]]:
    """Fast and outermost slow weights of all runs that did not diverge, thinned."""
    snapshots = [results[index].snapshots for index in converging(results)]
    every = max(1, len(snapshots[0].step) // PCA_ROWS)
    return [array[::every] for one in snapshots for array in (one.proposal, *one.slow[-1:])]


def _cycle_plane(one: Snapshots, cycle: int) -> Plane:
    """Through the slow start of a cycle, the end of its first inner block, and where its last base step arrived.

    Where only some steps were recorded, the next one after the block's end, and the last one of the cycle.
    """
    if not one.layers:
        raise ValueError("a cycle needs slow weights: choose an optimizer with at least one layer")
    inner, outer = periods(one.layers)[0], periods(one.layers)[-1]
    start = (cycle - 1) * outer
    middle = start + (inner if len(one.layers) > 1 else max(1, inner // 2))
    first, block = (int(row) for row in np.searchsorted(one.step, (start, middle)))
    last = int(np.searchsorted(one.step, start + outer, side="right")) - 1
    if not first < block < last:
        raise ValueError(
            f"of cycle {cycle}'s {outer} base steps too few were recorded: take snapshots more often"
            if one.step[-1] >= start + outer
            else f"cycle {cycle} was not reached: choose an earlier one"
        )
    end = np.asarray(one.proposal[last], np.float64)
    return three_point_plane(one.outermost[first], one.proposal[block], end)


def _view(plane: Plane, results: Sequence[TrainingResult]) -> View:
    runs = tuple(_on_plane(plane, result.snapshots) for result in results)
    return View(plane, runs, tuple(runs[index] for index in converging(results)))


def _between(one: Snapshots, first: int, last: int) -> Snapshots:
    """The snapshots of steps `first` to `last`; the last one of a run that ended before."""
    low, high = np.searchsorted(one.step, (first, last + 1))
    rows = slice(min(low, len(one.step) - 1), max(high, 1))
    return Snapshots(one.layers, one.step[rows], {name: array[rows] for name, array in one.tracks.items()})


def _on_plane(plane: Plane, one: Snapshots) -> OnPlane:
    return OnPlane(one, plane.project(one.proposal), tuple(plane.project(layer) for layer in one.slow))


def _track(run: OnPlane, result: TrainingResult, name: str, color: str) -> Track:
    step = run.snapshots.step
    loss = np.concatenate([result.curves.loss[0][:1], result.curves.loss[0]])
    fast, proposal, counts = run.fast, run.proposal.coordinates.copy(), run.snapshots.synchronised
    proposal[0], counts[0] = fast[0], 0  # the first row of a track has no step before it
    spec = result.request.optimizers
    return Track(
        name=name,
        color=color,
        layers=result.layers,
        fast=fast,
        proposal=proposal,
        synchronised=counts,
        loss=loss[np.minimum(step, len(loss) - 1)],
        step=step,
        evaluations=step,
        diverged=-1 if result.diverged is None else result.diverged,
        slow=tuple(layer.coordinates for layer in run.slow),
        **(base_step(spec) if isinstance(spec, OptimizerSpec) else {"delta": "the steps of both"}),
    )


def checks_of(view: View, score: WeightLoss) -> tuple[tuple[NDArray[np.int64], Floats, Floats], ...]:
    """Of each run: rows, the true loss there, and the loss at its projection."""
    return tuple(_check(run, view.plane, score) for run in view.runs)


def _check(run: OnPlane, plane: Plane, score: WeightLoss) -> tuple[NDArray[np.int64], Floats, Floats]:
    weights, projection = run.snapshots.outermost, run.outermost
    rows = np.unique(np.linspace(0, len(weights) - 1, CHECKS).astype(int))
    true_losses = [_loss(score(np.array(weights[row], np.float32))) for row in rows]
    projection_losses = [_loss(score(plane.point(*projection.coordinates[row]).astype(np.float32))) for row in rows]
    return run.snapshots.step[rows], np.array(true_losses), np.array(projection_losses)


def _loss(score: Score) -> float:
    return score.loss
