"""Scene and curves of the Surfaces page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from app.figures.caption import surface_caption
from app.figures.chart import Chart, Mark
from app.figures.curves import evaluations_panel, in_sight, median
from app.figures.look import STAR, STAR_EDGE
from app.figures.narration import surface_narration
from app.figures.scene import Scene
from app.player.pack import QuantityNames
from app.player.tracks import Track
from app.runs import surfaces as surface_runs
from app.runs.grid import Floats, distance
from app.state import SurfacesConfig
from landscapes.surfaces import Minimum
from optim_core.trajectory import Trajectory


def surface_scene(config: SurfacesConfig, run: Trajectory, marks: Sequence[tuple[int, Mark]] = ()) -> Scene:
    """What the Surfaces page shows of a run; `marks` are further ones, with the panel that each belongs to."""
    scene = scene_over(config, surface_runs.surface_tracks(config, run), marks)
    return replace(scene, narration=surface_narration(config, run))


def scene_over(config: SurfacesConfig, tracks: Sequence[Track], marks: Sequence[tuple[int, Mark]] = ()) -> Scene:
    """Tracks over the page's surface."""
    scenery, log_view = surface_runs.scenery(config), config.landscape.log_view
    return Scene(
        tracks=tuple(tracks),
        extent=config.landscape.domain,
        caption=surface_caption(config),
        grid=scenery.grid,
        log_view=log_view,
        minima=scenery.minima,
        panels=tuple(spec.name for spec in config.specs()) if config.panels else ("",),
        quantities=surface_quantities(config),
        stars=minima_mark(scenery.minima) if scenery.minima else None,
        marks=tuple(marks),
        hover="x {x:.3f}\ny {y:.3f}\nf {f:.4g}",
        data={"f": scenery.grid.height.astype(np.float32)},
    )


def surface_quantities(config: SurfacesConfig) -> QuantityNames:
    """Names of the numbers; with noise, optimizers see a noisy gradient."""
    return QuantityNames() if config.noise == "none" else QuantityNames(gradient="g", explained="g: noisy gradient")


def minima_mark(minima: Sequence[Minimum]) -> Mark:
    """Stars, small ones for local minima: a cross is where a run left the picture."""
    x, y = np.array([minimum.place for minimum in minima], dtype=np.float64).T
    return Mark(
        "minima", STAR, x, y, kind="dots", edge=STAR_EDGE, width=1.125,
        marker="star", sizes=tuple(9.75 if minimum.is_global else 6.0 for minimum in minima),
        hover="{kind} minimum\nx {x:.4f}\ny {y:.4f}\nf {f:.5g}",
        data={
            "kind": ["global" if minimum.is_global else "local" for minimum in minima],
            "f": [minimum.value for minimum in minima],
        },
    )  # fmt: skip


def surface_curves(config: SurfacesConfig, run: Trajectory) -> Chart:
    """Over gradient evaluations: loss above the lowest value, distance to the nearest minimum, norm of the gradient.

    Each is the median over starts, at fast (thin) and outermost slow weights (dashed). Without minima there is no
    distance. The gradient is that of the objective, without the noise that the optimizer saw.
    """
    scenery, minima = surface_runs.scenery(config), surface_runs.scenery(config).places
    loss, slow_loss = (np.maximum(values - scenery.floor, 0.0) for values in (run.loss, run.slow_loss))
    norm = scenery.gradient_norm(run.fast)

    def panel(title: str, fast: Floats, slow: Sequence[Floats | None]) -> tuple[Mark, ...]:
        marks = []
        for index, color in enumerate(config.colors):
            marks.append(median(run, index, fast[:, index], color, slow=False))
            at_slow = slow[index]
            if run.slow[index] and at_slow is not None:
                marks.append(median(run, index, at_slow, color, slow=True))
        return in_sight(marks, run)

    optimizers = range(len(run.names))
    values_by_title: dict[str, tuple[Floats, Sequence[Floats | None]]] = {
        "Loss above the lowest value": (loss, [slow_loss[:, index] for index in optimizers]),
        "Distance to the nearest minimum": (
            distance(run.fast, minima), [distance(run.outermost(index), minima) for index in optimizers],
        ),
        "Gradient norm": (norm, [None for _ in optimizers]),
    }  # fmt: skip
    if not len(minima):
        del values_by_title["Distance to the nearest minimum"]
    panels = tuple(evaluations_panel(title, panel(title, *values)) for title, values in values_by_title.items())
    return Chart(panels, surface_caption(config), columns=len(panels), height=230)
