"""Exports of the closer views of a surface: the relief and the seed cloud as pages, the cloud as a table."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from app.export.tables import with_caption
from app.figures.caption import Caption, surface_caption
from app.figures.cloud import cloud_marks, cloud_scene
from app.figures.relief import relief
from app.runs import surfaces as surface_runs
from app.state import SurfacesConfig

if TYPE_CHECKING:
    import pyarrow as pa

    from optim_core.trajectory import Trajectory

LEGEND = {"orientation": "h", "x": 0, "y": 1, "yanchor": "bottom"}  # above the chart, which keeps its width


def relief_html(config: SurfacesConfig) -> bytes:
    """The surface as a relief with all tracks on it, as a page to turn and zoom that needs no network."""
    from app.draw.page import page_of_figures
    from app.draw.relief import paint_relief

    grid, run = surface_runs.scenery(config).grid, surface_runs.surface_run(config)
    figure = paint_relief(relief(grid, run, config.colors, log_view=config.landscape.log_view))
    figure.update_layout(height=720, showlegend=True, legend=LEGEND)
    caption = replace(surface_caption(config), picture=())
    return page_of_figures({caption.title: figure}, caption)


def cloud_html(config: SurfacesConfig, run: Trajectory) -> bytes:
    """The seed cloud at its last step over the surface, as a page of its own."""
    from app.draw.page import page_of_figures
    from app.draw.plotly_scene import paint_ground

    scene = cloud_scene(config, run)
    scene = replace(scene, marks=(*scene.marks, *cloud_marks(config, run)), height=640)
    figure = paint_ground(scene)
    first_traces = {trace.legendgroup: trace for trace in reversed(figure.data) if trace.legendgroup in run.names}
    for trace in first_traces.values():
        trace.showlegend = True
    figure.update_layout(showlegend=True, legend=LEGEND, margin={"t": 60})
    caption = cloud_caption(config, run)
    return page_of_figures({f"{caption.title}: {run.fast.shape[2]} draws of the noise": figure}, caption)


def cloud_table(config: SurfacesConfig, run: Trajectory) -> pa.Table:
    """The cloud in long format, with the caption in its schema's metadata.

    run         number of the draw of the noise, from 0, which is the page's own
    optimizer   its name
    step        base step; about 100 of a run are kept
    x, y        the outermost slow weights; without layers, the weights
    diverged    the base step at which the run diverged and stayed; empty where it never did
    """
    import pyarrow as pa

    rows, draws = len(run.step), run.fast.shape[2]
    places = np.concatenate([run.outermost(index).reshape(-1, 2) for index in range(len(run.names))])
    diverged = np.repeat(run.diverged[:, None], rows, axis=1).ravel()
    names = np.repeat(np.arange(len(run.names), dtype=np.int8), rows * draws)
    columns = {
        "run": pa.array(np.tile(np.arange(draws, dtype=np.int16), rows * len(run.names))),
        "optimizer": pa.DictionaryArray.from_arrays(pa.array(names), pa.array(list(run.names))),
        "step": pa.array(np.tile(np.repeat(run.step, draws), len(run.names)).astype(np.int32)),
        "x": pa.array(places[:, 0]),
        "y": pa.array(places[:, 1]),
        "diverged": pa.array(diverged.astype(np.int32), mask=diverged < 0),
    }
    return with_caption(pa.table(columns), cloud_caption(config, run))


def cloud_caption(config: SurfacesConfig, run: Trajectory) -> Caption:
    """The surface's caption, and what a cloud is."""
    x, y = config.starts[0]
    line = (
        f"Seed cloud: {run.fast.shape[2]} draws of the noise for each optimizer, all from ({x:g}, {y:g}); "
        "outermost slow weights, without layers the weights."
    )
    return surface_caption(config).with_picture(line)
