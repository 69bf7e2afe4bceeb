"""Training of a comparison on a page: submission, progress, cancellation, results."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape

import streamlit as st

from app.jobs.errors import JobsError
from app.jobs.service import Jobs, Status, default_jobs
from app.jobs.store import TrainingResult
from app.runs import networks as network_runs
from app.runs import shipped as shipped_runs
from app.runs.durations import in_words
from app.runs.shipped import ShippedRuns
from app.state import GansConfig, NetworksConfig
from app.views.parts.charts import inks
from app.views.parts.turns import fragment
from app.views.parts.visitor import cancel_button, is_here, show_error, visitor, wanting
from optim_core.curves import Curves
from optim_core.device import CPU

POLL_SECONDS = {"running": 0.7, "queued": 2.0}  # between two looks at trainings of which one is in this state
IDLE_SECONDS = 10.0  # between two looks where none is: another visitor may train the same
FEW_CYCLES = 10
HOW_LONG = "Training takes from a few seconds to minutes; curves grow meanwhile, and it can be cancelled."

CurvesByOptimizer = list[list[Curves]]
ResultsByOptimizer = tuple[tuple[TrainingResult, ...], ...]


def results_or_progress(
    page: str,
    config: NetworksConfig | GansConfig,
    comparison: network_runs.Trainings,
    draw: Callable[[CurvesByOptimizer], None],
) -> tuple[ResultsByOptimizer | None, ShippedRuns | None]:
    """The finished runs, over seeds per optimizer, and what came with the application of them, if they did.

    Until there are results None, with progress and growing curves on the page.

    Args:
        page: whose comparison it is.
        config: its settings.
        comparison: its runs.
        draw: shows the curves so far.
    """
    shipped_comparison = _shipped_comparison(page, comparison, config)
    if shipped_comparison is not None:
        return tuple((result,) for result in shipped_comparison.results), shipped_comparison
    return _trained_results(page, comparison, draw), None


def _trained_results(
    page: str, comparison: network_runs.Trainings, draw: Callable[[CurvesByOptimizer], None]
) -> ResultsByOptimizer | None:
    """Results of runs trained here; the first comparison of a visit trains at once, later ones after a click."""
    try:
        jobs = default_jobs()
        if network_runs.all_done(comparison, jobs):
            return comparison.results(jobs)
        if f"{page}.begun" not in st.session_state:
            st.session_state[f"{page}.begun"] = True
            network_runs.submit(comparison, jobs)
        _live(comparison, draw)
    except JobsError as error:
        show_error(error)
    return None


def _shipped_comparison(
    page: str, comparison: network_runs.Trainings, config: NetworksConfig | GansConfig
) -> ShippedRuns | None:
    """The finished runs that come with the application, of a comparison that was not trained here; None of any other.

    With a button to train it here.
    """
    if st.session_state.get(f"{page}.trained_here") == comparison.requests:
        return None
    try:
        is_trained = network_runs.all_done(comparison, default_jobs())
    except JobsError:
        is_trained = False
    shipped_comparison = None if is_trained else shipped_runs.find_shipped(config)
    if shipped_comparison is not None:
        st.session_state[f"{page}.begun"] = True  # other comparisons train after a click
        left, right = st.columns([4, 1], vertical_alignment="center")
        left.caption(
            "This finished run comes with the application, without its weights. Train it here to measure at them, "
            f"to see them on other planes, or to export all of it. {HOW_LONG}"
        )
        right.button(
            "Train it here", icon=":material/play_arrow:", key=f"{page}.train_here", width="stretch",
            on_click=_train_here, args=(page, comparison),
        )  # fmt: skip
    return shipped_comparison


def _train_here(page: str, comparison: network_runs.Trainings) -> None:
    st.session_state[f"{page}.trained_here"] = comparison.requests
    st.session_state.pop(f"{page}.begun", None)  # so that training begins at once


def _live(comparison: network_runs.Trainings, draw: Callable[[CurvesByOptimizer], None]) -> None:
    """A fragment that is redrawn as often as there is something new to see."""
    jobs = default_jobs()
    seconds = seconds_between_looks(comparison.statuses(jobs))

    @fragment(run_every=seconds)
    def draw_progress() -> None:
        try:
            statuses = comparison.statuses(jobs)
            is_done = all(status.state == "done" for row in statuses for status in row)
            if is_done or seconds != seconds_between_looks(statuses):
                st.rerun()
            _progress(comparison, jobs, statuses, draw)
        except JobsError as error:
            show_error(error)

    draw_progress()


def seconds_between_looks(statuses: Sequence[tuple[Status, ...]]) -> float:
    """Until a page looks at its trainings again: a class that waits in the queue must not keep the server busy."""
    states = {status.state for row in statuses for status in row}
    return next((seconds for state, seconds in POLL_SECONDS.items() if state in states), IDLE_SECONDS)


def _progress(
    comparison: network_runs.Trainings,
    jobs: Jobs,
    statuses: Sequence[tuple[Status, ...]],
    draw: Callable[[CurvesByOptimizer], None],
) -> None:
    states = {status.state for row in statuses for status in row}
    _button(comparison, jobs, bool(states & POLL_SECONDS.keys()))
    for name, row in zip(comparison.names, statuses, strict=True):
        st.progress(sum(status.fraction for status in row) / len(row), text=f"{name}: {_status_line(row)}")
    for message in dict.fromkeys(one.message for row in statuses for one in row if one.state == "failed"):
        st.error(message[:1].upper() + message[1:], icon=":material/error:")
    curves = [[status.curves for status in row if status.curves is not None] for row in statuses]
    if any(curves):
        draw(curves)


def _button(comparison: network_runs.Trainings, jobs: Jobs, busy: bool) -> None:
    visitors = wanting(network_runs.claims(comparison, jobs))
    if busy and (visitor() in visitors or not visitors):
        cancel_button(len(visitors - {visitor()}), on_click=network_runs.cancel, args=(comparison, jobs, is_here))
    else:
        if busy:
            st.caption(f"They go on, since {len(visitors)} other{'s' * (len(visitors) > 1)} asked for them, too.")
        else:
            st.caption(HOW_LONG)
        st.button(
            "Train", type="primary", icon=":material/play_arrow:", on_click=network_runs.submit, args=(comparison, jobs)
        )


def _status_line(row: tuple[Status, ...]) -> str:
    """One line for the runs of an optimizer."""
    counts = [status.state for status in row]
    parts = [f"{counts.count(state)} {state}" if len(row) > 1 else state for state in dict.fromkeys(counts)]
    positions = [status.queue_position for status in row if status.queue_position]
    if positions:
        parts.append(f"place {min(positions)} in the queue")
    etas = [status.eta for status in row if status.eta]
    if etas:
        parts.append(f"about {in_words(max(etas))} left")
    messages = {status.message for status in row if status.message and status.state != "failed"}
    return " · ".join([*(part.replace("unknown", "not started") for part in parts), *messages])


def curves_key(names: tuple[str, ...], config: NetworksConfig | GansConfig) -> None:
    """One legend for the lines of all charts."""
    entries = [
        f'<span style="color:{color}">■</span> {escape(name)}'
        for name, color in zip(names, inks(config.colors), strict=True)
    ]
    lines = [
        "— fast weights",
        "- - outermost slow weights",
        *(["· · average of the fast weights"] if config.ema else []),
    ]
    st.html(f'<small style="opacity:.85">{" &emsp; ".join([*entries, *lines])}</small>')


def training_notes(config: NetworksConfig | GansConfig, names: tuple[str, ...], results: ResultsByOptimizer) -> None:
    """Notes on too few outer cycles, divergence, and interruptions."""
    for card, name, row in zip(config.active, names, results, strict=True):
        any_finished = any(result.diverged is None for result in row)
        cycles = config.steps // card.outer_period
        if card.layers and any_finished and cycles < FEW_CYCLES:
            st.warning(
                f"{name} completed {cycles} outer cycles of {card.outer_period} base steps: too few to judge it by. "
                f"Use at least {FEW_CYCLES * card.outer_period:,} base steps.",
                icon=":material/hourglass_top:",
            )
        for result in row:
            if result.request.device != CPU:
                st.caption(f"{name}: trained on {result.request.device}, which repeats to rounding only.")
            for note in result.notes:
                st.caption(f"{name}: {note}")
            if result.diverged is not None:
                mean = ". Its mean curves end there" if len(row) > 1 else ""
                st.warning(f"{name}, seed {result.request.seed}: diverged at step {result.diverged}{mean}", icon="✖️")
