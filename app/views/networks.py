"""The Networks page: a small network is trained by each optimizer, then seen in weight space."""

from __future__ import annotations

from html import escape

import streamlit as st

from app import session, trainings
from app.figures.training import training_curves
from app.jobs.errors import JobsError
from app.jobs.service import Jobs, Status, default_jobs
from app.presets import shown_by_network
from app.state import NetworksConfig
from app.summary import training_table
from app.views.charts import draw_linked
from app.views.network_controls import PAGE, sidebar
from app.views.weight_space import weight_space

CURVES = tuple(f"network-curves-{number}" for number in range(1, 7))
POLL_SECONDS = 0.7
FEW_CYCLES = 10


def page() -> None:
    """Controls; training, live; then curves, table and weight space."""
    config, problems = session.current(PAGE, NetworksConfig)
    sidebar(config, problems)
    task = config.task()
    st.markdown(f"#### {config.network.upper()} on {config.dataset}")
    st.caption(f"{shown_by_network(config)} {_about(config)}".strip())
    if not config.active:
        st.info("Every optimizer is switched off. Switch one on in the sidebar.")
        return
    try:
        jobs = default_jobs()
        asked = trainings.comparison(config, _visitor())
        if trainings.all_done(asked, jobs):
            results = asked.results(jobs)
            curves = [[result.curves for result in row] for row in results]
            charts = training_curves(asked.names, config.colors, curves)
            draw_linked(dict(list(charts.items())[:3]), CURVES[:3])
            draw_linked(dict(list(charts.items())[3:]), CURVES[3:])
            _key(asked.names, config)
            st.dataframe(training_table(asked.names, results), hide_index=True)
            _notes(config, results)
            weight_space(config, task, asked.names, [row[0] for row in results])
        else:
            _start_first(asked, jobs)
            _live(config, asked)
    except JobsError as error:
        st.error(str(error), icon=":material/cloud_off:")


def _about(config: NetworksConfig) -> str:
    noise = f" {config.label_noise:.0%} of the training labels are wrong." if config.label_noise else ""
    return (
        f"{config.steps:,} base steps with batches of {config.batch_size}.{noise} Every optimizer starts from the same "
        "weights and sees the same batches; the test images are never trained or tuned on."
    )


def _visitor() -> str:
    from streamlit.runtime.scriptrunner import get_script_run_ctx

    context = get_script_run_ctx()
    return context.session_id if context is not None else "alone"


def _start_first(asked: trainings.Comparison, jobs: Jobs) -> None:
    """The page's first comparison of a visit trains by itself; later ones when the visitor says so."""
    if f"{PAGE}.begun" not in st.session_state:
        st.session_state[f"{PAGE}.begun"] = True
        trainings.submit(asked, jobs)


@st.fragment(run_every=POLL_SECONDS)
def _live(config: NetworksConfig, asked: trainings.Comparison) -> None:
    jobs = default_jobs()
    try:
        statuses = asked.statuses(jobs)
        states = {status.state for row in statuses for status in row}
        if states == {"done"}:
            st.rerun()
        if states & {"queued", "running"}:
            st.button("Cancel", icon=":material/stop_circle:", on_click=trainings.cancel, args=(asked, jobs))
        else:
            st.button(
                "Train", type="primary", icon=":material/play_arrow:", on_click=trainings.submit, args=(asked, jobs)
            )
        for name, row in zip(asked.names, statuses, strict=True):
            st.progress(sum(status.fraction for status in row) / len(row), text=f"{name}: {_said(row)}")
        curves = [[status.curves for status in row if status.curves is not None] for row in statuses]
        if any(curves):
            draw_linked(training_curves(asked.names, config.colors, curves, ("loss", "accuracy", "test_loss")), CURVES)
            _key(asked.names, config)
    except JobsError as error:
        st.error(str(error), icon=":material/cloud_off:")


def _said(row: tuple[Status, ...]) -> str:
    """One line for the runs of an optimizer."""
    counts = [status.state for status in row]
    parts = [f"{counts.count(state)} {state}" if len(row) > 1 else state for state in dict.fromkeys(counts)]
    positions = [status.queue_position for status in row if status.queue_position]
    if positions:
        parts.append(f"place {min(positions)} in the queue")
    etas = [status.eta for status in row if status.eta]
    if etas:
        parts.append(f"about {max(etas):.0f} s left")
    messages = {status.message for status in row if status.message}
    return " · ".join([*(part.replace("unknown", "not started") for part in parts), *messages])


def _key(names: tuple[str, ...], config: NetworksConfig) -> None:
    """What the lines of the charts mean, once for all of them."""
    entries = [
        f'<span style="color:{color}">■</span> {escape(name)}' for name, color in zip(names, config.colors, strict=True)
    ]
    lines = ["— fast weights", "- - outermost slow weights", *(["· · averaged weights"] if config.ema else [])]
    st.html(f'<small style="opacity:.85">{" &emsp; ".join([*entries, *lines])}</small>')


def _notes(config: NetworksConfig, results: tuple[tuple[trainings.TrainingResult, ...], ...]) -> None:
    for card, name, row in zip(config.active, (spec.name for spec in config.specs()), results, strict=True):
        cycles = config.steps // card.outer_period
        if card.layers and cycles < FEW_CYCLES:
            st.warning(
                f"{name} completed {cycles} outer cycles of {card.outer_period} base steps: too few to judge it by. "
                f"Use at least {FEW_CYCLES * card.outer_period:,} base steps.",
                icon=":material/hourglass_top:",
            )
        for result in row:
            for note in result.notes:
                st.caption(f"{name}: {note}")
            if result.diverged is not None:
                st.warning(f"{name}, seed {result.request.seed}: diverged at step {result.diverged}", icon="✖️")
