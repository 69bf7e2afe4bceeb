"""The Atlas page: how a result depends on two settings, cell by cell, on a surface, a game or a network."""

from __future__ import annotations

import hashlib
import time
from itertools import count

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from app.export.atlas import atlas_offer
from app.figures.atlas import QUANTITIES, Reading, best_lr_chart, coarse_map, lines_chart, reading_of, study_map
from app.figures.atlas_sample import growing_parallel_chart, parallel_chart
from app.runs import atlas as atlas_runs
from app.state import AtlasConfig
from app.state.presets import description_of
from app.tables.atlas import cell_table
from app.views import session
from app.views.atlas.cell import draw_cell
from app.views.atlas.controls import PAGE, sidebar
from app.views.atlas.depth_study import draw_depth_study
from app.views.atlas.summary import cell_word, draw_summary
from app.views.atlas.training import result_or_progress
from app.views.parts.charts import show_chart
from app.views.parts.export_panel import export_panel
from app.views.parts.fields import Fields
from app.views.parts.page_name import page_name
from app.views.parts.progress import PATIENCE, progress
from optim_core.study import StudyResult

Place = tuple[int, int]
CHOSEN = (
    "Each best lr is chosen on the very seeds that are shown, so its mean is a little too good, on every line alike; "
    "each interval is of one line by itself. Another seed of the noise tells whether a difference stays."
)
CHOSEN_OF_TASK = (
    "Each best lr is chosen on the very validation data and seeds that are shown, so its mean is a little too good, on "
    "every line alike; each interval is of one line by itself. Other seeds tell whether a difference stays."
)


def page() -> None:
    """Controls, the study, its map, lines through a cell, the best lr, the table."""
    config, problems = session.current(PAGE, AtlasConfig)
    page_name("Atlas")
    sidebar(config, problems)
    if not session.exercise():
        draw_depth_study()
    st.markdown(_heading(config))
    st.caption(description_of(config))
    Fields.of(PAGE, config).segments(
        "Shown in each cell", "quantity", {name: words.capitalize() for name, words in QUANTITIES.items()},
        label_visibility="collapsed",
    )  # fmt: skip
    slot = st.empty()
    result = _study(config, slot) if config.task is None else result_or_progress(config)
    if result is None:
        return
    reading = reading_of(config, result)
    with slot.container():
        left, right = st.columns([3, 2], gap="medium")
        with left:
            clicked = _map(config, reading)
        with right:
            draw_summary(config, reading)
            place = clicked or result.best or (0, 0)
            draw_cell(config, reading, place, is_clicked=clicked is not None)
    if not session.hides("charts") and not config.sample:
        _charts(config, reading, place)
    if not session.hides("table"):
        _table(result)
    export_panel(atlas_offer(config), config, page=PAGE)


def _heading(config: AtlasConfig) -> str:
    if config.task is not None:
        return f"## {config.title}"
    optimum = r"\min_x \max_y\; " if config.is_game else ""
    return rf"## {config.title} &nbsp; $\small {optimum}{config.landscape.formula}$"


def _study(config: AtlasConfig, slot: DeltaGenerator) -> StudyResult:
    """Compute the study; where that takes a while, the slot shows coarser maps meanwhile."""
    begin, numbers = time.monotonic(), count()

    def draw_coarse(result: StudyResult) -> None:
        if time.monotonic() - begin > PATIENCE:
            with slot:
                draw = growing_parallel_chart if config.sample else coarse_map
                chart = draw(reading_of(config, result), config.quantity)
                show_chart(chart, f"{PAGE}.map.coarse.{next(numbers)}", legend=False)

    with progress("Study") as on_progress:
        return atlas_runs.study_run(config, on_progress, draw_coarse)


def _map(config: AtlasConfig, reading: Reading) -> Place | None:
    """Draw the map, or the lines of a sample; gives the cell that was clicked."""
    chart = (
        parallel_chart(reading, config.quantity)
        if config.sample
        else study_map(reading, config.quantity, atlas_runs.border_of(config))
    )
    # Another study is another chart, in which nothing has been clicked.
    digest = hashlib.blake2b(repr(config.study()).encode(), digest_size=6).hexdigest()
    target = show_chart(chart, f"{PAGE}.map.{digest}", pick=True)
    study = reading.result.study
    cell = None if target is None else target[1] // (len(study.axes) + 1) if config.sample else target[1]
    return None if cell is None or cell >= study.cells else study.place(cell)


def _charts(config: AtlasConfig, reading: Reading, place: Place) -> None:
    """Lines through the cell along both axes and, where an axis is the lr, the best lr: a row of charts each."""
    charts = {"lines": lines_chart(reading, place, atlas_runs.steady_lines(config, reading.result.study, place))}
    best = best_lr_chart(reading)
    if best is not None:
        charts["best"] = best
    for name, chart in charts.items():
        for number, column in enumerate(st.columns(len(chart.panels))):
            with column:
                st.caption(f"**{chart.filled_panels[number].title}**")
                show_chart(chart.of(number), f"{PAGE}.{name}.{number}")
    if best is not None and reading.result.study.seeds > 1:
        st.caption(CHOSEN if config.task is None else CHOSEN_OF_TASK)


def _table(result: StudyResult) -> None:
    """All cells, to sort and search; drawn for those who open it."""
    label = f"Table of all {cell_word(result.study)}s"
    door = st.expander(label, icon=":material/table:", key=f"{PAGE}.table", on_change="rerun")
    if door.open:
        table = cell_table(result)
        numbers = [name for name, kind in zip(table.column_names, table.schema.types, strict=True) if kind == "double"]
        short = st.column_config.NumberColumn(format="%.4g")
        door.dataframe(table, hide_index=True, column_config=dict.fromkeys(numbers, short))
