"""A seed cloud over its surface, with the ellipse at which theory says each optimizer settles."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from app.figures.chart import Mark
from app.figures.scene import Scene
from app.figures.surfaces import scene_over
from app.runs import cloud
from app.runs.grid import Floats
from app.state import SurfacesConfig
from optim_core.trajectory import Trajectory

SIGMAS = 2.0
CORNERS = 96
WIDTH, DASH = 1.5, (6.75, 6.75)
DOT, DOT_OPACITY = 3.0, 0.6


def cloud_scene(config: SurfacesConfig, run: Trajectory) -> Scene:
    """The clouds over the surface, with the ellipses of steady states, where a closed form exists."""
    return scene_over(config, cloud.cloud_tracks(config, run), tuple(_steady(config)))


def _steady(config: SurfacesConfig) -> Iterator[tuple[int, Mark]]:
    for index, (spec, color) in enumerate(zip(config.specs(), config.colors, strict=True)):
        steady_state = cloud.theory(config, spec)
        if steady_state and steady_state.settles:
            x, y = ellipse(steady_state.centre, steady_state.steady).T
            label = "steady state, two standard deviations (derived here)"
            yield (
                index if config.panels else 0,
                Mark(spec.name, color, x, y, "steady state", width=WIDTH, dash=DASH, hover=f"{spec.name}\n{label}"),
            )


def cloud_marks(config: SurfacesConfig, run: Trajectory) -> Iterator[tuple[int, Mark]]:
    """The dots of every cloud at its last step, and the ellipse of their moments, with the panel of each."""
    for index, (name, color) in enumerate(zip(run.names, config.colors, strict=True)):
        panel = index if config.panels else 0
        x, y = run.outermost(index)[-1, run.diverged[index] < 0].T
        dots = f"{name}\nx {{x:.5g}}\ny {{y:.5g}}"
        yield panel, Mark(name, color, x, y, kind="dots", size=DOT, opacity=DOT_OPACITY, hover=dots)
        moments = cloud.moments_of(run, index)[-1]
        if np.isfinite(moments).all():
            covariance = np.array([[moments[2], moments[3]], [moments[3], moments[4]]])
            x, y = ellipse(moments[:2], covariance).T
            yield panel, Mark(name, color, x, y, "spread", width=WIDTH, hover=f"{name}\ntwo standard deviations")


def ellipse(centre: Floats, covariance: Floats, sigmas: float = SIGMAS) -> Floats:
    """The closed line at which a Gaussian lies `sigmas` deviations from its centre, (points, 2)."""
    angle = np.linspace(0, 2 * np.pi, CORNERS + 1)
    sizes, axes = np.linalg.eigh(covariance)
    circle = np.stack([np.cos(angle), np.sin(angle)])
    return np.asarray(centre + sigmas * (axes @ (np.sqrt(np.maximum(sizes, 0))[:, None] * circle)).T)
