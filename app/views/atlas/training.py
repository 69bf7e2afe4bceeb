"""A study of a network on the page: its work, how far it is, the map as it fills; the result once it is whole."""

from __future__ import annotations

import streamlit as st

from app.figures.atlas import growing_map, reading_of
from app.figures.atlas_sample import growing_parallel_chart
from app.jobs.errors import JobsError
from app.jobs.service import Jobs, default_jobs
from app.runs import trained
from app.runs.durations import in_words
from app.runs.trained import Standing
from app.state import AtlasConfig
from app.views.atlas.controls import PAGE
from app.views.atlas.summary import work_line
from app.views.parts.charts import show_chart
from app.views.parts.device import chosen_device
from app.views.parts.turns import fragment
from app.views.parts.visitor import cancel_button, is_here, show_error, visitor, wanting
from optim_core.study import StudyResult

RUNNING_SECONDS, IDLE_SECONDS = 1.0, 10.0  # between two looks; another visitor may begin the same study
HOW_LONG = (
    "A study of a network takes from seconds to minutes. It goes on while you look at other pages; what is trained is "
    "kept, so it can be cancelled and continued, and a wider or finer grid trains only what is new."
)


def result_or_progress(config: AtlasConfig) -> StudyResult | None:
    """The result of a whole study; until then None, with progress and the map so far on the page."""
    try:
        jobs = default_jobs()
        standing = trained.standing_of(config, jobs, chosen_device(PAGE))
        if standing.is_whole and not standing.is_running:
            _offer_another_try(config, jobs, standing.result)
            return standing.result
        _live(config, jobs, standing.is_running)
    except JobsError as error:
        show_error(error)
    return None


def _live(config: AtlasConfig, jobs: Jobs, was_running: bool) -> None:
    """A fragment that is redrawn as often as there is something new to see."""

    @fragment(run_every=RUNNING_SECONDS if was_running else IDLE_SECONDS)
    def draw_progress() -> None:
        try:
            standing = trained.standing_of(config, jobs, chosen_device(PAGE))
            if standing.is_running != was_running or (standing.is_whole and not standing.is_running):
                st.rerun()
            _button(config, jobs, standing)
            _bar(standing)
            _map(config, standing)
        except JobsError as error:
            show_error(error)

    draw_progress()


def _button(config: AtlasConfig, jobs: Jobs, standing: Standing) -> None:
    if not standing.is_running:
        st.caption(f"{work_line(config, config.study())} {HOW_LONG}")
        label = "Compute the study" if not standing.done else "Go on with the study"
        st.button(
            label, type="primary", icon=":material/play_arrow:", key=f"{PAGE}.compute",
            on_click=_begin, args=(config, jobs),
        )  # fmt: skip
        return
    visitors = wanting(jobs.studies.claims(standing.key))
    if visitor() in visitors or not visitors:
        others = len(visitors - {visitor()})
        cancel_button(others, f"{PAGE}.cancel", on_click=jobs.studies.cancel, args=(standing.key, visitor(), is_here))
    else:
        st.caption(f"It goes on, since {len(visitors)} other{'s' * (len(visitors) > 1)} asked for it, too.")


def _offer_another_try(config: AtlasConfig, jobs: Jobs, result: StudyResult) -> None:
    if result.reasons:
        st.button(
            "Try again what failed", icon=":material/replay:", key=f"{PAGE}.compute", on_click=_begin,
            args=(config, jobs),
        )  # fmt: skip


def _begin(config: AtlasConfig, jobs: Jobs) -> None:
    """Before the script runs: an error is said on the page that follows."""
    try:
        trained.begin(config, jobs, visitor(), chosen_device(PAGE))
    except JobsError as error:
        show_error(error)


def _bar(standing: Standing) -> None:
    done, total = standing.progress
    st.progress(done / total, text=progress_line(standing))


def progress_line(standing: Standing) -> str:
    """How far a study is, in words."""
    (done, total), status = standing.progress, standing.status
    parts = [f"{done:,} of {total:,} {'failed trainings tried again' if standing.is_retry else 'trainings'}"]
    if standing.is_running and status is not None:
        parts.append(f"{status.under_way:,} under way" if status.under_way else "waiting for a worker")
        if status.eta is not None:
            parts.append(f"about {in_words(status.eta)} left")
        if status.message:
            parts.append(status.message)
    elif standing.done:
        parts.append("not running")
    return " · ".join(parts)


def _map(config: AtlasConfig, standing: Standing) -> None:
    if standing.result.has_outcome.any():
        draw = growing_parallel_chart if config.sample else growing_map
        show_chart(draw(reading_of(config, standing.result), config.quantity), f"{PAGE}.map.growing", legend=False)
