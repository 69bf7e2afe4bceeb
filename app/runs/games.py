"""Cached runs of the Games page, and their rates of convergence: measured, and in closed form."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from app.player import LinkedCurve, Track
from app.player.dials import Dial
from app.runs.cache import recent
from app.runs.family import Families, Family, family_of, has_closed_form
from app.runs.grid import Domain, Grid, distance
from app.runs.streamlines import Streamlines, streamlines_of
from app.runs.surfaces import surface_tracks
from app.state import GamesConfig
from landscapes.games import Game
from landscapes.noise import with_noise
from optim_core.spec import OptimizerSpec
from optim_core.theory import base_steps, game_rate
from optim_core.trajectory import Engine, Trajectory, record

Floats = NDArray[np.float64]
ESCAPE = 1000.0  # times the domain's size: descent-ascent spirals out far before it counts as diverged
FLOOR = 1e-150  # of distances: squares of smaller ones leave the range of a double
ROUNDING = 1e-13  # of the equilibrium's norm: smaller distances are rounding errors
SINGLE_FLOOR, SINGLE_ROUNDING = 1e-30, 1e-5  # the same two in single precision
WINDOWS = 20  # of a run: the rate at a moment is the mean over the last of these
POINTS = 81


@dataclass(frozen=True)
class GameScenery:
    """A game's landscape: its streamlines, the speed of the flow on a grid, and its equilibria."""

    game: Game
    lines: Streamlines
    speed: Grid
    value: Floats

    @property
    def places(self) -> Floats:
        """Places of the equilibria, (equilibria, 2)."""
        return np.array([equilibrium.place for equilibrium in self.game.equilibria], dtype=np.float64).reshape(-1, 2)


@recent(32, key=lambda config: (config.game, config.parameter))
def game_scenery(config: GamesConfig) -> GameScenery:
    """The game's flow −v: both players follow their own gradient."""
    game = config.landscape
    x, y = (np.linspace(low, high, POINTS) for low, high in game.domain)
    points = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
    value, v = (part.numpy() for part in game.field()(torch.from_numpy(points), 0))
    speed = np.linalg.norm(v, axis=-1).reshape(POINTS, POINTS)
    lines = streamlines_of(lambda places: _flow(game, places), game.domain)
    return GameScenery(game, lines, Grid(x, y, speed), value.reshape(speed.shape))


_families = Families()


@recent(48, key=lambda config, on_progress=None: config.model_copy(update={"panels": False}))
def game_run(config: GamesConfig, on_progress: Callable[[int, int], None] | None = None) -> Trajectory:
    """The comparison that the Games page shows."""
    specs = config.specs()
    return _families.comparison(_scene(config), specs) or _record(config, specs, "auto", on_progress)


def game_family(config: GamesConfig, dial: Dial) -> Family:
    """The runs of all values of one number."""

    def compute() -> Family:
        game = config.landscape
        jacobian = game.equilibria[0].jacobian if game.linear else None
        return family_of(config, dial, game_run(config), lambda specs: _record(config, specs, "rows"), jacobian)

    return _families.get(_scene(config), config.specs(), dial, compute)


def _scene(config: GamesConfig) -> tuple[Hashable, ...]:
    return config.game, config.parameter, config.starts, config.gradient_noise(), config.steps


def start_tracks(config: GamesConfig) -> tuple[Track, ...]:
    """The tracks of a config whose start is being dragged; not cached."""
    return surface_tracks(config, _record(config, config.specs(), "auto"))


def _record(
    config: GamesConfig,
    specs: Sequence[OptimizerSpec],
    engine: Engine,
    on_progress: Callable[[int, int], None] | None = None,
) -> Trajectory:
    field = with_noise(config.landscape.field(), config.gradient_noise(), len(config.starts))
    escape = escape_radius(config)
    return record(field, specs, config.starts, config.steps, escape=escape, engine=engine, on_progress=on_progress)


def escape_radius(config: GamesConfig) -> float:
    """A run with a coordinate beyond this magnitude has diverged."""
    return ESCAPE * max(max(abs(bound) for bound in axis) for axis in config.landscape.domain)


def closed_rate(config: GamesConfig, spec: OptimizerSpec) -> float | None:
    """Rate per base step |ρ_n|^(1/(k_1…k_n)); None where there is no closed form.

    It holds for linear games and linear bases at a constant lr; under noise, for the mean over many seeds.
    """
    game = config.landscape
    if not game.linear or not has_closed_form(spec):
        return None
    return game_rate(game.equilibria[0].jacobian, spec)


@dataclass(frozen=True)
class MeasuredRate:
    """Factor by which the distance to the equilibrium changes per base step, at the outermost slow weights.

    evaluations: (moments,) of the synchronisations; rate: (moments,) over the window before each, middle run.
    final: over the second half of the run; NaN where the run is shorter than one outer period.
    """

    evaluations: NDArray[np.int64]
    rate: Floats
    final: float


def measured_rate(run: Trajectory, index: int, places: Floats) -> MeasuredRate:
    """From the distances at the synchronisations of the outermost layer, at every base step without layers."""
    period = base_steps(run.layers[index])
    rows = np.arange(0, len(run.step), period)
    gaps = distance(run.outermost(index)[rows], places)
    gaps = np.where(gaps > max(FLOOR, ROUNDING * float(np.abs(places).max(initial=0))), gaps, np.nan)
    diverged = run.diverged[index]
    gaps[(diverged >= 0) & (rows[:, None] >= diverged)] = np.nan
    window = max(1, (len(rows) - 1) // WINDOWS)
    with np.errstate(all="ignore"):
        rates = (gaps[window:] / gaps[:-window]) ** (1 / (window * period))
    finals = [_second_half(gap, period) for gap in gaps.T]
    return MeasuredRate(run.evaluations[rows[window:], index], _middle(rates), float(_middle(np.array([finals]))[0]))


def rate_curve(places: Sequence[tuple[float, float]]) -> LinkedCurve:
    """How the browser measures that rate, whose weights are in single precision."""
    least = SINGLE_ROUNDING * float(np.abs(places).max(initial=0))
    return LinkedCurve(places=tuple(places), rate=(WINDOWS, max(SINGLE_FLOOR, least)))


def _second_half(gaps: Floats, period: int) -> float:
    """Rate over the second half of the finite distances."""
    rows = np.flatnonzero(np.isfinite(gaps))
    if len(rows) < 2:
        return np.nan
    first, last = rows[len(rows) // 2 - 1 if len(rows) < 4 else len(rows) // 2], rows[-1]
    return float((gaps[last] / gaps[first]) ** (1 / ((last - first) * period)))


def _middle(runs: Floats) -> Floats:
    """Median over the runs (..., runs) that have a value; NaN where none has."""
    has_value = np.isfinite(runs).any(axis=-1)
    middle = np.full(runs.shape[:-1], np.nan)
    middle[has_value] = np.nanmedian(runs[has_value], axis=-1)
    return middle


def exit_steps(run: Trajectory, index: int, domain: Domain) -> NDArray[np.int64]:
    """(starts,) the step at which a run's fast weights left the view for good; −1 where they end inside it."""
    (x_low, x_high), (y_low, y_high) = domain
    x, y = run.fast[:, index, :, 0], run.fast[:, index, :, 1]
    inside = (x >= x_low) & (x <= x_high) & (y >= y_low) & (y <= y_high)
    last_inside = len(inside) - 1 - inside[::-1].argmax(axis=0)
    steps: NDArray[np.int64] = run.step[np.minimum(last_inside + 1, len(inside) - 1)]
    return np.where(inside[-1], -1, steps)


def _flow(game: Game, places: Floats) -> Floats:
    return -game.field()(torch.from_numpy(places), 0)[1].numpy()
