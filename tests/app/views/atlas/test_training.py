"""A study of a network on the page without a browser: asked for, filling, cancelled, whole, failed in part."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.jobs import Cluster, Jobs, RunStore, SchedulerGoneError, StoreError
from app.jobs.chunk import run_chunk
from app.runs import result_files, trained
from app.views.atlas import training
from app.views.atlas.training import progress_line
from tests.app.views.atlas.test_page import config_of, open_page, texts

PARAMS = {
    "objective": "digits-100",
    "across_points": "3",
    "up": "depth",
    "up_high": "1",
    "up_points": "2",
    "steps": "12",
}


class Absent(Cluster):
    """A scheduler that never answers: what a chunk would send is given by hand."""

    def client(self):
        raise SchedulerGoneError("nobody there")


@pytest.fixture
def jobs(tmp_path: Path, monkeypatch) -> Iterator[Jobs]:
    store = RunStore(tmp_path)
    jobs = Jobs(store, Absent("tcp://nowhere"))
    result_files.keep_in(store)
    trained.forget()
    monkeypatch.setattr(training, "default_jobs", lambda: jobs)
    yield jobs
    jobs.close()
    result_files.keep_in(None)
    trained.forget()


def open_study(**params: str):
    return open_page(**{**PARAMS, **params})


def compute(at, jobs, *, chunks: int | None = None, fails: bool = False):
    """The chunks that were asked for; `fails`: their first training does."""
    job = next(job for job in jobs.studies._jobs.values() if job.waiting)
    for _ in range(len(job.waiting) if chunks is None else chunks):
        order = job.waiting.popleft()
        ends = dict(run_chunk(order, threads=None))
        job.on_end(ends | ({order.keys[0]: "no memory"} if fails else {}))
        job.done += len(ends)
    if not job.waiting:
        job.state = "done"
    return at.run()


def test_a_study_trains_after_a_click_fills_and_is_then_shown_whole(jobs):
    at = open_study()
    assert not at.exception
    assert not at.get("plotly_chart")
    assert any("6 cells, each 3 runs of 12 gradient evaluations with 3 seeds" in text for text in texts(at))
    at.button(key="atlas.compute").click().run()
    assert not at.exception
    assert at.button(key="atlas.cancel").label == "Cancel"
    at = compute(at, jobs, chunks=1)
    assert len(at.get("plotly_chart")) == 1
    at = compute(at, jobs)
    assert not at.exception
    assert len(at.get("plotly_chart")) == 1 + 2 + 3
    assert any("**Least mean** at lr" in text and "; error on test data" in text for text in texts(at))
    assert any("Mean validation error **" in text and "Error on test data:" in text for text in texts(at))
    assert any(text.startswith("Seeds 0 to 2: ") for text in texts(at))
    assert at.button(key="atlas.open").label == "Open these runs in Networks"


def test_a_reload_shows_what_is_kept_and_a_click_goes_on(jobs):
    at = open_study()
    at.button(key="atlas.compute").click().run()
    compute(at, jobs, chunks=1)
    (key,) = jobs.studies._jobs
    at.button(key="atlas.cancel").click().run()
    assert jobs.studies.status(key).state == "cancelled"
    trained.forget()
    at = open_study()
    assert len(at.get("plotly_chart")) == 1
    assert at.button(key="atlas.compute").label == "Go on with the study"
    at.button(key="atlas.compute").click().run()
    at = compute(at, jobs)
    assert len(at.get("plotly_chart")) == 6
    at = open_study(seeds="2")  # known in full
    assert len(at.get("plotly_chart")) == 6


def test_a_cell_that_failed_is_marked_with_its_reason(jobs):
    at = open_study()
    at.button(key="atlas.compute").click().run()
    at = compute(at, jobs, fails=True)
    assert not at.exception
    assert any("cells failed and are empty, the first: lr" in text and "no memory" in text for text in texts(at))
    at.button(key="atlas.compute").click().run()
    at = compute(at, jobs)
    assert not at.exception
    assert not at.warning


def test_what_failed_is_tried_again_with_a_bar_of_its_own(jobs):
    at = open_study()
    config = config_of(at)
    at.button(key="atlas.compute").click().run()
    compute(at, jobs, fails=True)
    failed = len(trained.standing_of(config, jobs).result.reasons)
    at.button(key="atlas.compute").click().run()
    standing = trained.standing_of(config, jobs)
    assert (standing.done, standing.total, standing.progress) == (18, 18, (0, failed))
    assert progress_line(standing).startswith(f"0 of {failed} failed trainings tried again · ")
    (bar,) = at.get("progress")
    assert bar.proto.value == 0
    compute(at, jobs)
    assert trained.standing_of(config, jobs).progress == (18, 18)


def test_without_a_store_the_page_says_so(monkeypatch):
    def no_store():
        raise StoreError("the run store cannot be used")

    monkeypatch.setattr(training, "default_jobs", no_store)
    at = open_study()
    assert not at.exception
    assert [error.value for error in at.error] == ["the run store cannot be used"]


def test_only_what_a_task_has_can_be_chosen(jobs):
    at = open_study()
    offered = at.selectbox(key="atlas.across").options
    assert {"lr", "batch size", "wrong labels", "layers"} <= set(offered)
    assert "noise scale" not in offered
    keys = {one.key for kind in (at.sidebar.number_input, at.sidebar.slider, at.sidebar.selectbox) for one in kind}
    assert {"atlas.network", "atlas.batch_size", "atlas.label_noise", "atlas.seed"} <= keys
    assert not {"atlas.noise", "atlas.at_x"} & keys
    at = open_study(objective="gan-ring", steps="10", up="batch_size", up_low="8", up_high="16")
    assert "wrong labels" not in at.selectbox(key="atlas.across").options
    keys = {one.key for kind in (at.sidebar.number_input, at.sidebar.slider, at.sidebar.selectbox) for one in kind}
    assert not {"atlas.network", "atlas.batch_size", "atlas.label_noise"} & keys
    assert any("the larger the batch, the more samples a run has seen" in text for text in texts(at))


def test_from_a_surface_to_a_network_and_back_the_work_is_each_ones_own(jobs):
    at = open_page()
    at.selectbox(key="atlas.objective").set_value("digits-quick").run()
    assert not at.exception
    config = config_of(at)
    assert (config.noise, config.seeds, config.steps, config.batch_size) == ("none", 3, 600, 4)
    at.selectbox(key="atlas.objective").set_value("bilinear").run()
    assert not at.exception
    assert (config_of(at).steps, config_of(at).batch_size) == (500, None)


def test_how_far_a_study_is_in_words(jobs):
    config = config_of(open_study())
    standing = trained.standing_of(config, jobs)
    assert progress_line(standing) == "0 of 18 trainings"
    trained.begin(config, jobs, "ann")
    (job,) = jobs.studies._jobs.values()
    job.done, job.begun = 9, time.monotonic() - 600
    line = progress_line(trained.standing_of(config, jobs))
    assert line.startswith("0 of 18 trainings · waiting for a worker · about ")
    assert "about 10 min left" in line  # the scheduler, which never answers, may be named behind
