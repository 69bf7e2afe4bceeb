"""Every isolated local minimum of an objective within a rectangle, found numerically.

A grid proposes points that are lower than their neighbours; a pattern search, which needs no derivatives, closes in
on each, also at kinks; Newton's method then gives the last digits. All points advance in one batch.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor

from landscapes.fields import Field, Objective, gradient_field

Place = tuple[float, float]
Domain = tuple[tuple[float, float], tuple[float, float]]

GRID = 161  # odd, so that the middle of the domain, where symmetric objectives have their centre, is one of its points
MOST_CANDIDATES = 1024  # candidates kept, the lowest: more than this many isolated minima are noise
ROUNDS = 48  # of the pattern search: each moves a point, or halves its reach
STEPS = 20  # of Newton's method


@dataclass(frozen=True)
class Minimum:
    """A local minimum: its place, the objective's value there, and whether nothing in the domain is lower."""

    place: Place
    value: float
    is_global: bool


def minima_of(objective: Objective, domain: Domain, guesses: Iterable[Place] = ()) -> tuple[Minimum, ...]:
    """Search for every isolated local minimum inside the domain; the lowest come first.

    Not found are a level valley floor, a minimum on the edge of the domain, and one narrower than 1/160 of the domain
    unless a guess lies near it.

    Args:
        objective: (..., 2) -> (...) in float64; it may have kinks, and places where it is not finite.
        domain: ((x_lo, x_hi), (y_lo, y_hi)).
        guesses: further points from which to search.
    """
    low, high = torch.tensor(domain, dtype=torch.float64).unbind(-1)
    size = high - low
    extra = torch.tensor(list(guesses), dtype=torch.float64).view(-1, 2)
    points = torch.cat((extra, _grid_minima(objective, low, size)))
    points = _newton(objective, _pattern_search(objective, points, size / (GRID - 1)), size)
    points = points[((points >= low) & (points <= high)).all(-1)]
    points = _distinct(objective, points[_is_isolated(objective, points, size)], size)
    values = objective(points).tolist()
    within = min(values, default=0.0)
    within += 1e-9 * max(1.0, abs(within))  # equal but for rounding
    return tuple(Minimum((x, y), value, value <= within) for (x, y), value in zip(points.tolist(), values, strict=True))


def _height(objective: Objective, points: Tensor) -> Tensor:
    """The objective with +inf where it is undefined, so that no search goes there."""
    return objective(points).nan_to_num(math.inf, math.inf, math.inf)


def _grid_minima(objective: Objective, low: Tensor, size: Tensor) -> Tensor:
    """The grid points that no neighbour undercuts, the lowest `MOST` of them: (n, 2)."""
    ticks = torch.linspace(0, 1, GRID, dtype=torch.float64)
    grid = low + size * torch.cartesian_prod(ticks, ticks)
    height = _height(objective, grid)
    around = -torch.nn.functional.max_pool2d(-height.view(1, GRID, GRID), 3, stride=1, padding=1).flatten()
    lowest = height.argsort()
    return grid[lowest[(height <= around)[lowest] & height.isfinite()[lowest]][:MOST_CANDIDATES]]


def _pattern_search(objective: Objective, points: Tensor, reach: Tensor) -> Tensor:
    """Move every point to the lowest of its eight neighbours at distance `reach`, or else halve its reach."""
    ticks = torch.tensor([0.0, -1.0, 1.0], dtype=torch.float64)
    pattern = torch.cartesian_prod(ticks, ticks)  # the point itself comes first, and so wins every tie
    reach = reach.repeat(len(points), 1)
    for _ in range(ROUNDS):
        trial = points.unsqueeze(1) + reach.unsqueeze(1) * pattern
        best = _height(objective, trial).argmin(-1)
        points = _pick(trial, best)
        reach = torch.where((best == 0).unsqueeze(-1), reach / 2, reach)
    return points


def _newton(objective: Objective, points: Tensor, size: Tensor) -> Tensor:
    """Newton steps with |H|, each shortened until the height falls; among equal heights the flattest point wins."""
    field = gradient_field(objective)
    share = torch.tensor([0.0, 1.0, 0.5, 0.25, 0.1, 0.02], dtype=torch.float64).view(-1, 1)
    for _ in range(STEPS):
        step = _newton_step(field, points, size)
        trial = points.unsqueeze(1) + share * step.unsqueeze(1)
        height, slope = field(trial.view(-1, 2), 0)
        height = height.view(trial.shape[:2]).nan_to_num(math.inf, math.inf, math.inf)
        lowest = height.amin(-1, keepdim=True)
        steepness = slope.view(trial.shape).norm(dim=-1).nan_to_num(math.inf)
        points = _pick(trial, steepness.masked_fill(height > lowest + _rounding(lowest), math.inf).argmin(-1))
    return points


def _newton_step(field: Field, points: Tensor, size: Tensor) -> Tensor:
    """−|H|⁻¹ g, the Hessian H from central differences of the gradient; 0 where it is undefined."""
    offset = torch.diag(1e-6 * size)
    probes = torch.cat((points, *(points + sign * row for row in offset for sign in (1, -1))))
    slope, x_up, x_down, y_up, y_down = field(probes, 0)[1].view(5, -1, 2)
    hessian = torch.stack(((x_up - x_down) / 2e-6 / size[0], (y_up - y_down) / 2e-6 / size[1]), -1)
    hessian = (0.5 * (hessian + hessian.mT)).nan_to_num(0.0, 0.0, 0.0)
    curvature, axes = torch.linalg.eigh(hessian)
    coordinates = (axes.mT @ slope.unsqueeze(-1)) / curvature.abs().clamp_min(1e-12).unsqueeze(-1)
    step: Tensor = -(axes @ coordinates).squeeze(-1)
    return step.nan_to_num(0.0, 0.0, 0.0)


def _is_isolated(objective: Objective, points: Tensor, size: Tensor) -> Tensor:
    """Whether no step goes down, in 16 directions and along −g, and every step of 1e-3 of the domain goes up: (n,)."""
    angles = torch.arange(16, dtype=torch.float64) * (math.pi / 8)
    ring = torch.stack((angles.cos(), angles.sin()), -1).expand(len(points), 16, 2)
    gradient = gradient_field(objective)(points, 0)[1]
    downhill = -torch.nn.functional.normalize(gradient.nan_to_num(0.0), dim=-1).unsqueeze(1)
    directions = torch.cat((ring, downhill), 1) * size
    heights = _height(objective, points).unsqueeze(-1)
    nearby_heights = torch.cat(
        [_height(objective, points.unsqueeze(1) + reach * directions) for reach in (1e-7, 1e-5)], -1
    )
    surrounding_heights = _height(objective, points.unsqueeze(1) + 1e-3 * directions[:, :16])
    rises = (surrounding_heights > heights + _rounding(heights)) & surrounding_heights.isfinite()
    return rises.all(-1) & (nearby_heights >= heights - _rounding(heights)).all(-1)


def _rounding(height: Tensor) -> Tensor:
    return 1e-13 * height.abs().clamp_min(1e-3)


def _distinct(objective: Objective, points: Tensor, size: Tensor) -> Tensor:
    """The points, lowest first, without those that repeat an earlier one."""
    points = points[_height(objective, points).argsort(stable=True)]
    repeats = torch.cdist(points / size, points / size).lt(1e-4).tril(-1).any(-1)
    return points[~repeats]


def _pick(trial: Tensor, best: Tensor) -> Tensor:
    """From (n, trials, 2), the trial `best` of each point: (n, 2)."""
    return trial[torch.arange(len(trial)), best]
