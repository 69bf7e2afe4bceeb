"""Seed cloud: one start, many draws of the noise; outermost slow weights as simulated and in closed form."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from app.player import Track
from app.runs.cache import recent
from app.runs.surfaces import escape_radius
from app.state import SurfacesConfig
from app.state.limits import current_limits
from landscapes.noise import noisy_field
from landscapes.surfaces import Surface
from optim_core.spec import OptimizerSpec
from optim_core.theory.factors import base_steps
from optim_core.theory.noise import NoisyQuadratic
from optim_core.trajectory import Trajectory, record

Floats = NDArray[np.float64]

MIN_RUNS, MAX_RUNS = 10, current_limits().cloud_runs
ROWS = 100  # kept of a run, about: frames of ten seconds in the player
CONFIDENCE = 0.99


def _key(config: SurfacesConfig, runs: int, on_progress: object = None) -> Hashable:
    return config.landscape, config.starts[0], config.gradient_noise(), config.steps, config.specs(), runs


@recent(8, key=_key)
def seed_cloud(config: SurfacesConfig, runs: int, on_progress: Callable[[int, int], None] | None = None) -> Trajectory:
    """Every optimizer from the page's first start under `runs` draws of the noise; about 100 rows are kept.

    Draws differ by the start's index: run 0 is the one that the page shows.

    Raises:
        ValueError: runs is not from MIN_RUNS to MAX_RUNS.
    """
    if not MIN_RUNS <= runs <= MAX_RUNS:
        raise ValueError(f"runs must be from {MIN_RUNS} to {MAX_RUNS}, got {runs}")
    field = noisy_field(config.landscape, config.gradient_noise(), runs)
    starts = np.repeat([config.starts[0]], runs, axis=0)
    every = -(-config.steps // ROWS)
    escape = escape_radius(config)
    return record(field, config.specs(), starts, config.steps, keep=every, escape=escape, on_progress=on_progress)


def moments_of(run: Trajectory, optimizer: int) -> Floats:
    """Mean x, mean y, variance of x, covariance, variance of y over the runs that did not diverge, (rows, 5).

    NaN for fewer than two such runs: the player then draws no ellipse.
    """
    places = run.outermost(optimizer)[:, run.diverged[optimizer] < 0]
    if places.shape[1] < 2:
        return np.full((len(places), 5), np.nan)
    mean = places.mean(axis=1)
    off = places - mean[:, None]
    covariance = np.einsum("tri,trj->tij", off, off) / (places.shape[1] - 1)
    return np.column_stack([mean, covariance[:, 0, 0], covariance[:, 0, 1], covariance[:, 1, 1]])


def cloud_tracks(config: SurfacesConfig, run: Trajectory) -> tuple[Track, ...]:
    """One track per optimizer with its whole cloud, for the player."""
    return tuple(
        _cloud_track(run, spec, color, index, index if config.panels else 0)
        for index, (spec, color) in enumerate(zip(config.specs(), config.colors, strict=True))
    )


def _cloud_track(run: Trajectory, spec: OptimizerSpec, color: str, index: int, panel: int) -> Track:
    moments = moments_of(run, index)
    mean = moments[:, :2]
    return Track(
        name=spec.name,
        color=color,
        layers=tuple(spec.layers),
        fast=mean,
        proposal=mean,
        slow=(mean,) * spec.depth,
        synchronised=run.synchronised[:, index],
        loss=run.slow_loss[:, index].mean(axis=1),
        step=run.step,
        evaluations=run.evaluations[:, index],
        panel=panel,
        cloud=run.outermost(index),
        spread=moments,
    )


@dataclass(frozen=True, eq=False)
class Theory:
    """Moments of the outermost slow weights of one optimizer on a quadratic under Gaussian noise. Derived here.

    centre: (2,) of the steady state      now: (2, 2) covariance after the page's steps
    steady: (2, 2) covariance of the steady state; infinite where there is none
    """

    centre: Floats
    now: Floats
    steady: Floats

    @property
    def settles(self) -> bool:
        """Whether there is a steady state."""
        return bool(np.isfinite(self.steady).all())


def theory(config: SurfacesConfig, spec: OptimizerSpec) -> Theory | None:
    """The closed form for one optimizer; None where `why_no_theory` gives a reason."""
    if why_no_theory(config, spec):
        return None
    hessian, minimum = _quadratic(config.landscape)
    curvatures, axes = np.linalg.eigh(hessian)
    modes = [NoisyQuadratic(h=float(h), sigma=config.noise_scale) for h in curvatures]
    synchronisations = config.steps // base_steps(spec.layers)
    curvature = hessian + spec.weight_decay * np.eye(2)
    return Theory(
        centre=np.asarray(np.linalg.solve(curvature, hessian @ minimum), np.float64),
        now=_rotate([mode.variance_after(spec, synchronisations) for mode in modes], axes),
        steady=_rotate([mode.variances(spec)[-1] for mode in modes], axes),
    )


def why_no_theory(config: SurfacesConfig, spec: OptimizerSpec) -> str:
    """Why the closed form does not hold for an optimizer on this page; empty where it does."""
    if config.noise != "gaussian":
        return "the noise is not Gaussian"
    if config.landscape.curvature is None:
        return "the surface is not quadratic"
    if spec.averages:
        return "the closed form is for slow weights that others restart from, not for an average"
    if spec.base not in ("sgd", "momentum", "nesterov"):
        return f"{spec.base} is not linear in the gradient"
    return "its lr changes on the way" if spec.schedule.kind != "constant" else ""


def interval(deviation: float, runs: int) -> tuple[float, float]:
    """99 % confidence interval of a standard deviation measured over `runs` Gaussian draws: (N − 1) s²/σ² is χ²."""
    from scipy.stats import chi2

    freedom = runs - 1
    low, high = chi2.ppf([0.5 + CONFIDENCE / 2, 0.5 - CONFIDENCE / 2], freedom)
    return deviation * float(np.sqrt(freedom / low)), deviation * float(np.sqrt(freedom / high))


def _quadratic(surface: Surface) -> tuple[Floats, Floats]:
    """Hessian (2, 2) and minimum (2,) of a quadratic surface, from its derivatives at the origin."""
    origin = torch.zeros(2, dtype=torch.float64, requires_grad=True)
    hessian = torch.autograd.functional.hessian(surface.function, origin).numpy()  # type: ignore[no-untyped-call]  # untyped in torch
    (slope,) = torch.autograd.grad(surface.function(origin), origin)
    return hessian, np.linalg.solve(hessian, -slope.numpy())


def _rotate(variances: Sequence[float], axes: Floats) -> Floats:
    """Covariance whose principal axes are the columns of `axes`."""
    if not np.isfinite(variances).all():
        return np.full((2, 2), np.inf)
    return np.asarray(axes @ np.diag(variances) @ axes.T)
