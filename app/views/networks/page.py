"""The Networks page: each optimizer trains a small network; its runs are shown in weight space."""

from __future__ import annotations

import streamlit as st

from app.export import network_offer
from app.figures.networks import training_chart
from app.runs import networks as network_runs
from app.state import NetworksConfig
from app.state.presets import description_of
from app.tables.surfaces import training_table
from app.views import session
from app.views.networks.controls import PAGE, sidebar
from app.views.networks.plane import weight_space
from app.views.networks.predict import hides, outcome, prediction, reveal
from app.views.networks.sharpness import sharpness_part
from app.views.parts.charts import draw_linked
from app.views.parts.device import chosen_device
from app.views.parts.export_panel import export_panel
from app.views.parts.page_name import page_name
from app.views.parts.training import (
    CurvesByOptimizer,
    curves_key,
    results_or_progress,
    training_notes,
)
from app.views.parts.visitor import visitor
from landscapes.tasks.catalogue import DATASETS

CURVES = tuple(f"networks-curves-{number}" for number in range(1, 7))


def page() -> None:
    """Controls; training, live; then curves, table, weight space and sharpness."""
    config, problems = session.current(PAGE, NetworksConfig)
    page_name("Networks")
    sidebar(config, problems)
    task = config.task()
    st.markdown(f"## {config.title}")
    hides_results = hides(config)
    st.caption(f"{'' if hides_results else description_of(config)} {_about(config)}".strip())
    if not config.active:
        st.info("Every optimizer is switched off. Switch one on in the sidebar.")
        return
    prediction(config)
    comparison = network_runs.trainings(config, visitor(), chosen_device(PAGE))
    results, shipped_runs = results_or_progress(
        PAGE, config, comparison, lambda curves: None if hides_results else _live(config, comparison.names, curves)
    )
    if results is None:
        return
    if hides_results:
        reveal()
        return
    outcome(config, results)
    chart = training_chart(config, [[result.curves for result in row] for row in results])
    if not session.hides("charts"):
        draw_linked(chart.of(0, 1, 2), CURVES[:3])
        curves_key(comparison.names, config)
    if not session.hides("table"):
        st.dataframe(training_table(comparison.names, results), hide_index=True)
    training_notes(config, comparison.names, results)
    first = [row[0] for row in results]
    scene = weight_space(config, comparison.names, first, linked_charts=CURVES, shipped_runs=shipped_runs)
    if not session.hides("charts"):
        draw_linked(chart.of(3, 4, 5), CURVES[3:])
    if shipped_runs is None and not session.hides("sharpness"):
        sharpness_part(task, comparison.names, first)
    export_panel(network_offer(config, results, scene), config, page=PAGE)


def _live(config: NetworksConfig, names: tuple[str, ...], curves: CurvesByOptimizer) -> None:
    draw_linked(training_chart(config, curves, charts=("loss", "accuracy", "test_loss")).of(0, 1, 2), CURVES)
    curves_key(names, config)


def _about(config: NetworksConfig) -> str:
    noise = f" {config.label_noise:.0%} of the training labels are wrong." if config.label_noise else ""
    return (
        f"{config.steps:,} base steps with batches of {config.batch_size}, {config.epochs:.3g} epochs.{noise} Every "
        "optimizer starts from the same weights and sees the same batches; test "
        f"{DATASETS[config.dataset].items} are never trained or tuned on."
    )
