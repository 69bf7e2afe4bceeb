"""Exports of the Atlas page: its charts, one row per cell or per run, and a page to zoom and hover."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from app.export.offer import Offer, figure_of_chart
from app.export.tables import with_caption
from app.figures.atlas import Reading, best_lr_chart, lines_chart, reading_of, study_map
from app.figures.atlas_sample import parallel_chart
from app.figures.caption import Caption, citations, noise_line, optimizer_line
from app.figures.formula_text import readable
from app.runs import atlas as atlas_runs
from app.state import AtlasConfig
from app.state.axes import title_of
from app.state.objectives import IMAGES_DIFFER, measure_of
from app.tables.atlas import cell_table, run_table
from landscapes.tasks import Task
from optim_core.study import Axis, Study

if TYPE_CHECKING:
    import pyarrow as pa

    from app.figures.chart import Chart

MAP = (
    "Map: the darker a cell the lower. Star: the least mean. Dots: cells not told apart from it, within two standard "
    "errors of the paired difference. Intervals: 95 % of the mean over seeds, by Student's t."
)
LINES = (
    "Each line is a point: its settings, then what it came to, on a logarithmic scale. The thick one has the least "
    "mean."
)
Progress = Callable[[int, int], None]
DERIVED = "Closed forms: derived here for any depth (one layer on a quadratic: Zhang et al. 2019)."


def atlas_offer(config: AtlasConfig, on_progress: Progress | None = None) -> Offer:
    """The map, lines through its best cell, the best lr where an axis is the lr; tables of cells and of runs."""
    caption = atlas_caption(config)
    names = ["parallel"] if config.sample else ["map", "lines"]
    if "lr" in (config.across, config.up) and not config.sample:
        names.append("best-lr")
    charts = {name: partial(_whole, config, name, on_progress) for name in names}

    def table(make: Callable[..., pa.Table]) -> pa.Table:
        return with_caption(make(atlas_runs.result_of(config, on_progress)), caption)

    def interactive() -> bytes:
        from app.draw.page import page_of_figures
        from app.draw.plotly import paint

        made = [atlas_chart(config, name, on_progress) for name in names]
        return page_of_figures({chart.caption.title: paint(chart) for chart in made}, caption)

    return Offer(
        caption,
        {name: figure_of_chart(chart) for name, chart in charts.items()},
        {"cells": partial(table, cell_table), "runs": partial(table, run_table)},
        interactive,
        charts=charts,
        has_steps=False,
    )


def atlas_chart(config: AtlasConfig, name: str, on_progress: Progress | None = None) -> Chart:
    """One of the charts.

    Those of a grid are "map", "lines" through the best cell (the first where there is none), "best-lr"; that of a
    sample is "parallel".

    Raises:
        ValueError: "best-lr", and no axis is the lr.
    """
    reading = reading_of(config, atlas_runs.result_of(config, on_progress))
    chart = _chart(config, reading, name)
    return replace(chart, caption=replace(atlas_caption(config), title=chart.caption.title))


def _whole(config: AtlasConfig, name: str, on_progress: Progress | None, step: int | None = None) -> Chart:
    if step is not None:
        raise ValueError(f"a study is drawn whole, got step {step}: leave it out, or set the base steps of its runs")
    return atlas_chart(config, name, on_progress)


def _chart(config: AtlasConfig, reading: Reading, name: str) -> Chart:
    if name == "parallel":
        return parallel_chart(reading, config.quantity)
    if name == "map":
        return study_map(reading, config.quantity, atlas_runs.border_of(config))
    best = reading.result.best or (0, 0)
    if name == "lines":
        return lines_chart(reading, best, atlas_runs.steady_lines(config, reading.result.study, best))
    chart = best_lr_chart(reading)
    if chart is None:
        raise ValueError(f"{name} needs an axis that is the lr")
    return chart


def atlas_caption(config: AtlasConfig) -> Caption:
    """The caption of a study: the objective, the optimizer, both axes, seeds and gradient evaluations."""
    study = config.study()
    name = config.title
    has_border = atlas_runs.border_of(config) is not None
    return Caption(
        title=f"Atlas: {name}, over {_listed([title_of(axis.name) for axis in study.axes])}",
        settings=(
            *(_field_lines(config, study) if config.task is None else _task_lines(config.task, study)),
            optimizer_line(replace(study.base, name="Around")),
            f"Across: {_axis_line(study.x)}. Upwards: {_axis_line(study.y)}."
            if study.is_grid
            else f"{study.cells:,} points of Sobol's sequence over {_listed(list(map(_range, study.axes)))}.",
        ),
        citations=citations([study.base], game=config.is_game or study.objective.kind == "gan"),
        config=config.model_dump_json(),
        picture=(
            MAP if study.is_grid else LINES,
            *([DERIVED] if has_border else ()),
        ),
    )


def _field_lines(config: AtlasConfig, study: Study) -> tuple[str, ...]:
    start = ", ".join(f"{part:g}" for part in study.objective.start)
    return (
        f"{'Game' if config.is_game else 'Surface'}: {config.title}, f(x, y) = {readable(config.landscape.formula)}",
        f"Start: ({start})",
        noise_line(config.page_run()),
        f"Seed: {config.seed}. Draws of the noise in each cell: {study.seeds}. Base steps: {study.steps}. "
        f"Gradient evaluations of each run: {study.evaluations}.",
    )


def _task_lines(task: Task, study: Study) -> tuple[str, ...]:
    settings = ", ".join(f"{name} {value}" for name, value in task.describe().items() if value is not None)
    first, measure = study.objective.seed, measure_of(study.objective.kind)
    seeds = f"{first} to {first + study.seeds - 1}" if study.seeds > 1 else f"{first}"
    return (
        f"Task: {settings}",
        f"Seeds of weights and batches: {seeds}. Base steps: {study.steps}. "
        f"Gradient evaluations of each run: {study.evaluations}.",
        *((IMAGES_DIFFER,) if any(axis.name == "batch_size" for axis in study.axes) else ()),
        f"Measured: {measure} of the outermost slow weights after the last step, on validation data.",
    )


def _listed(names: list[str]) -> str:
    return f"{', '.join(names[:-1])} and {names[-1]}"


def _range(axis: Axis) -> str:
    return f"{title_of(axis.name)} from {axis.low!r} to {axis.high!r}{', logarithmic' if axis.log else ''}"


def _axis_line(axis: Axis) -> str:
    scale = ", logarithmic" if axis.log else ""
    return f"{title_of(axis.name)} from {axis.low!r} to {axis.high!r}, {len(axis.values)} values{scale}"
