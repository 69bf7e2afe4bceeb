"""The loss over a plane through weight space, coarse to fine."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from queue import SimpleQueue

import numpy as np
import torch
from numpy.typing import NDArray

from landscapes.planes import Plane
from landscapes.weights import Score

Vector = NDArray[np.float64]

STRIDES = (8, 4, 2, 1)
LEAST_SHARE = 0.02  # least extent of the shorter axis, as a share of the longer one's


@dataclass(frozen=True, eq=False)
class Grid:
    """The coordinates at which a plane is evaluated: x along u, y along v; both increasing.

    Raises:
        ValueError: fewer than two values on an axis, or values that do not increase.
    """

    x: Vector
    y: Vector

    def __post_init__(self) -> None:
        for name in ("x", "y"):
            values = np.asarray(getattr(self, name), np.float64)
            object.__setattr__(self, name, values)
            if values.ndim != 1 or len(values) < 2 or not (np.diff(values) > 0).all():
                raise ValueError(f"{name} must be at least 2 increasing numbers, got {values}")

    @classmethod
    def around(cls, coordinates: Vector, points: int = 41, margin: float = 0.2) -> Grid:
        """`points` x `points` in the frame around `coordinates` (rows, 2); as `frame`."""
        x, y = (np.linspace(low, high, points) for low, high in frame(coordinates, margin))
        return cls(x, y)


def frame(coordinates: Vector, margin: float) -> tuple[tuple[float, float], tuple[float, float]]:
    """The limits of a picture of a plane, along x and along y.

    Each axis has a scale of its own: tracks are often many times longer along one, and a square around them would
    be mostly empty.

    Args:
        coordinates: (rows, 2), what it must hold; points that are not finite are left out.
        margin: room on each side, as a share of the extent.

    Raises:
        ValueError: no finite point.
    """
    finite = coordinates[np.isfinite(coordinates).all(1)]
    if len(finite) == 0:
        raise ValueError("coordinates must hold at least one finite point")
    low, high = finite.min(0), finite.max(0)
    narrow = max(LEAST_SHARE * float((high - low).max()), 1e-6)
    half = np.maximum(high - low, narrow) * (0.5 + margin)
    (left, bottom), (right, top) = (low + high) / 2 - half, (low + high) / 2 + half
    return (float(left), float(right)), (float(bottom), float(top))


@dataclass(frozen=True, eq=False)
class PlaneLoss:
    """Scores over a grid: loss and accuracy of shape (len(y), len(x)); `points` of `total` evaluations are done."""

    x: Vector
    y: Vector
    loss: Vector
    accuracy: Vector
    points: int
    total: int

    @property
    def complete(self) -> bool:
        """Whether this is the whole grid."""
        return self.points == self.total


def plane_losses(
    score: Callable[[torch.Tensor], Score],
    plane: Plane,
    grid: Grid,
    *,
    beside: Sequence[Callable[[torch.Tensor], Score]] = (),
    on_progress: Callable[[int, int], None] | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> Iterator[PlaneLoss]:
    """Evaluate a plane and yield it four times, ever finer: every 8th, 4th, 2nd, then each line of the grid.

    No point is evaluated twice.

    Args:
        score: loss and accuracy at flat weights of shape (P,), such as a `WeightLoss`.
        plane: where.
        grid: at which coordinates.
        beside: further callables that give what `score` gives and share nothing that changes with it or one another:
            each takes points in a thread of its own.
        on_progress: called with the points done and their total, after each.
        should_stop: asked before each point; once true, nothing more is evaluated or yielded.
    """
    shape = (len(grid.y), len(grid.x))
    loss, accuracy = np.full(shape, np.nan), np.full(shape, np.nan)
    has_loss = np.zeros(shape, bool)
    origin, u, v = (torch.from_numpy(vector).float() for vector in (plane.origin, plane.u, plane.v))
    evaluate = _one_that_is_free(score, *beside)

    def score_at(point: tuple[int, int]) -> Score | None:
        """None once to stop."""
        if should_stop is not None and should_stop():
            return None
        line = torch.add(origin, v, alpha=float(grid.y[point[0]]))
        return evaluate(torch.add(line, u, alpha=float(grid.x[point[1]])))

    with _mapping(1 + len(beside)) as mapped:
        for stride in STRIDES:
            rows, columns = _lines(shape[0], stride), _lines(shape[1], stride)
            points = [(row, column) for row in rows for column in columns[~has_loss[row, columns]]]
            for (row, column), result in zip(points, mapped(score_at, points), strict=True):
                if result is None:
                    return
                loss[row, column], accuracy[row, column] = result
                has_loss[row, column] = True
                if on_progress is not None:
                    on_progress(int(has_loss.sum()), has_loss.size)
            level = np.ix_(rows, columns)
            yield PlaneLoss(
                grid.x[columns], grid.y[rows], loss[level], accuracy[level], int(has_loss.sum()), has_loss.size
            )


def _one_that_is_free(*scores: Callable[[torch.Tensor], Score]) -> Callable[[torch.Tensor], Score]:
    """A score for as many threads as there are: each call takes one that no other call uses."""
    free = SimpleQueue[Callable[[torch.Tensor], Score]]()
    for one in scores:
        free.put(one)

    def evaluate(weights: torch.Tensor) -> Score:
        score = free.get()
        try:
            return score(weights)
        finally:
            free.put(score)

    return evaluate


@contextmanager
def _mapping(threads: int) -> Iterator[Callable[..., Iterator[Score | None]]]:
    """`map`, over so many threads, in order; what has not begun when the context ends is dropped."""
    if threads == 1:
        yield map
        return
    pool = ThreadPoolExecutor(threads, "plane")
    try:
        yield pool.map
    finally:
        pool.shutdown(cancel_futures=True)


def _lines(length: int, stride: int) -> NDArray[np.int64]:
    """Every `stride`-th index of an axis, and the last."""
    return np.unique(np.append(np.arange(0, length, stride), length - 1))
