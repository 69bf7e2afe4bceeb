"""Studies of networks in the application: kept in the run store, trained here or by workers, never twice."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from app.jobs import Cluster, Jobs, RunStore, SchedulerGoneError
from app.jobs.chunk import run_chunk
from app.runs import result_files, trained
from app.state import AtlasConfig
from optim_core.device import CPU
from optim_core.study import Trainings
from optim_core.study.trainings import Outcome
from optim_core.training import train

SMALL = {"across_points": 3, "up": "depth", "steps": 12, "seeds": 2}
CONFIG = AtlasConfig(objective="digits-100", **SMALL)


@pytest.fixture(autouse=True)
def store(tmp_path: Path) -> Iterator[RunStore]:
    """Where trainings are kept during the test."""
    store = RunStore(tmp_path)
    result_files.keep_in(store)
    trained.forget()
    yield store
    result_files.keep_in(None)
    trained.forget()


class Absent(Cluster):
    """A scheduler that never answers."""

    def client(self):
        raise SchedulerGoneError("nobody there")


@pytest.fixture
def jobs(store: RunStore) -> Iterator[Jobs]:
    jobs = Jobs(store, Absent("tcp://nowhere"))
    yield jobs
    jobs.close()


@pytest.fixture
def counted(monkeypatch) -> list[int]:
    """How many trainings each chunk had that was trained here."""
    counts, run = [], trained.run_trainings

    def run_counted(study, task_of, *, on_trained, **settings):
        return run(
            study, task_of, on_trained=lambda batch: counts.append(len(batch.keys)) or on_trained(batch), **settings
        )

    monkeypatch.setattr(trained, "run_trainings", run_counted)
    return counts


def test_nothing_is_trained_twice_also_after_a_restart_in_a_wider_grid_and_with_more_seeds(counted):
    result = trained.train_here(CONFIG)
    assert sum(counted) == 3 * 2 * 2
    trained.forget()  # as a server that starts anew
    assert np.array_equal(trained.train_here(CONFIG).value, result.value)
    assert sum(counted) == 12
    more = CONFIG.model_copy(update={"seeds": 3})
    assert np.array_equal(trained.train_here(more).value[..., :2], result.value)
    assert sum(counted) == 18
    one_more = CONFIG.model_copy(update={"across_points": 5})  # between the three
    assert np.array_equal(trained.train_here(one_more).value[:, ::2], result.value)
    assert sum(counted) == 26


def test_progress_counts_base_steps():
    progress: list[tuple[int, int]] = []
    trained.train_here(CONFIG, lambda *counts: progress.append(counts))
    assert progress[-1] == (144, 144)
    assert sorted(progress) == progress


def test_what_workers_send_fills_the_map_and_is_kept(jobs):
    trained.begin(CONFIG, jobs, "ann")
    standing = trained.standing_of(CONFIG, jobs)
    assert (standing.done, standing.total, standing.is_running, standing.is_whole) == (0, 12, True, False)
    assert not standing.result.has_outcome.any()
    (job,) = jobs.studies._jobs.values()
    first, *others = job.waiting
    job.on_end(run_chunk(first, threads=None))
    standing = trained.standing_of(CONFIG, jobs)
    assert standing.done == len(first.keys)
    assert standing.result.has_outcome.sum() == len(first.keys) // 2
    trained.forget()
    assert trained.standing_of(CONFIG, jobs).done == len(first.keys)
    for order in others:
        job.on_end(run_chunk(order, threads=None))
    assert np.array_equal(trained.standing_of(CONFIG, jobs).result.value, trained.train_here(CONFIG).value)


def test_a_study_on_workers_says_what_it_waits_for(jobs):
    class ToldError(Exception):
        pass

    def stop(message: str) -> None:
        raise ToldError(message)

    with pytest.raises(ToldError, match=r"starting the workers|nobody there"):
        trained.train_on(jobs, CONFIG, on_message=stop)


def test_a_training_that_failed_is_marked_and_tried_again_on_the_next_request(jobs):
    trained.begin(CONFIG, jobs, "ann")
    (job,) = jobs.studies._jobs.values()
    for order in job.waiting:
        job.on_end(dict.fromkeys(order.keys, "no memory"))
    standing = trained.standing_of(CONFIG, jobs)
    assert standing.is_whole
    assert len(standing.result.reasons) == 6
    assert set(standing.result.reasons.values()) == {"no memory"}
    jobs.studies.cancel(standing.key, "ann")
    trained.begin(CONFIG, jobs, "ann")
    (job,) = jobs.studies._jobs.values()
    assert job.total == 12


def test_what_is_kept_in_memory_is_bounded_by_the_trainings_of_all_studies(jobs, monkeypatch):
    monkeypatch.setattr(trained, "KEPT_TRAININGS", 30)
    for seeds in (2, 1, 3):  # 12, 6 and 18 trainings
        trained.standing_of(CONFIG.model_copy(update={"seeds": seeds}), jobs)
    assert [one.total for one in trained._trainings.values()] == [6, 18]
    trained.standing_of(CONFIG.model_copy(update={"seeds": 6}), jobs)
    assert [one.total for one in trained._trainings.values()] == [36]  # the one that is looked at stays


def test_a_first_look_lists_a_studys_trainings_once_and_each_device_has_its_own(jobs, monkeypatch):
    listed = []
    monkeypatch.setattr(trained, "Trainings", lambda study: listed.append(study) or Trainings(study))
    config = CONFIG.model_copy(update={"seed": 4711})
    standing = trained.standing_of(config, jobs)
    assert len(listed) == 1
    assert (standing.done, standing.total) == (0, Trainings(config.study()).total)
    other = trained.standing_of(config, jobs, "cuda")
    assert other.key != standing.key
    (key,) = {run.key for run in Trainings(config.study()).runs[:1]}
    trained._known(config.study(), CPU, afresh=False).add({key: Outcome(0.5, 0.5)})
    assert [trained.standing_of(config, jobs, device).done for device in (CPU, "cuda")] == [1, 0]


def test_a_cell_is_the_run_that_opens_on_the_networks_page():
    result, study = trained.train_here(CONFIG), CONFIG.study()
    for cell in (0, 5):
        page, config = CONFIG.opened(cell)
        assert page == "networks"
        (spec,) = config.specs()
        assert (config.steps, config.seed, config.seeds, config.train_size) == (12, 0, 2, 100)
        run = train(config.task(), spec, config.steps, config.seed, evaluate_every=12)
        slow = run.curves.metrics[f"slow_{spec.depth}" if spec.depth else "fast"]
        assert result.value[(*study.place(cell), 0)] == pytest.approx(1 - slow["val_accuracy"][-1], abs=2 / 300)


def test_a_cell_of_a_gan_is_the_run_that_opens_on_the_gans_page():
    config = AtlasConfig(
        objective="gan-ring", steps=10, seeds=1, across_points=2, up="batch_size", up_low=8, up_high=16, up_points=2
    )
    result = trained.train_here(config)
    page, opened = config.opened(1)
    assert page == "gans"
    (optimizers,) = opened.optimizers()
    run = train(opened.task(), dict(optimizers), 10, 0, evaluate_every=10)
    assert opened.batch_size == 8
    assert result.value[0, 1, 0] == pytest.approx(run.curves.metrics["slow_1"]["val_frechet"][-1], rel=1e-3)


def test_a_study_on_another_device_has_results_of_its_own(jobs):
    trained.begin(CONFIG, jobs, "ann", "cuda")
    (job,) = jobs.studies._jobs.values()
    assert {order.device for order in job.waiting} == {"cuda"}
    for order in job.waiting:
        job.on_end(dict.fromkeys(order.keys, (0.5, 0.25, -1)))
    assert trained.standing_of(CONFIG, jobs, "cuda").is_whole
    assert trained.standing_of(CONFIG, jobs).done == 0
    assert (trained.train_here(CONFIG).value == 0.5).all()  # what is known in whole is what exports take
    trained.forget()
    assert trained.standing_of(CONFIG, jobs, "cuda").is_whole  # kept
    trained.forget()
    assert not (trained.train_here(CONFIG).value == 0.5).all()


def test_workers_train_a_study_while_the_command_waits(store):
    jobs, progress = Jobs(store, Cluster(workers=1)), []
    try:
        result = trained.train_on(jobs, CONFIG, lambda *counts: progress.append(counts))
    finally:
        jobs.close()
    assert progress[-1] == (144, 144)
    trained.forget()
    result_files.keep_in(None)
    assert np.array_equal(trained.train_here(CONFIG).value, result.value)
