"""Chunks of studies on the workers: after trainings, visitors in turn, cancelled, lost, killed, and kept."""

from __future__ import annotations

import os
import pickle
import signal
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from distributed import KilledWorker

from app.jobs import Cluster, Jobs, JobsError, LimitError, RunStore, SchedulerGoneError, TrainingRequest
from app.jobs.chunk import ChunkOrder, order_of, run_chunk
from app.jobs.studies import MOST_OF_VISITOR, PRIORITY, SPARE, Studies
from app.jobs.workspace import Workspace
from landscapes.tasks import ClassifierTask, task_from
from optim_core.layers import Layer
from optim_core.spec import OptimizerSpec
from optim_core.study import Axis, Objective, Study, Trainings, run_trainings

TASK = ClassifierTask(network="mlp", train_size=100, batch_size=10)
OBJECTIVE = Objective("classifier", "digits", (), parameters=tuple(TASK.describe().items()))
BASE = OptimizerSpec("any", lr=0.1, layers=(Layer(2, 0.5),))
STUDY = Study(OBJECTIVE, BASE, Axis("lr", 0.05, 0.4, 3), Axis("depth", 0, 1, 2), seeds=2, steps=20)


def orders_of(study: Study = STUDY) -> list[ChunkOrder]:
    return [order_of(study, chunk) for chunk in Trainings(study).chunks()]


def order(name: str) -> ChunkOrder:
    return ChunkOrder((name,), ((0, 0, 0),), (), (), 10)


class Client:
    """A scheduler that keeps what it is given, in order."""

    def __init__(self) -> None:
        self.futures: list[Any] = []

    def submit(self, function: Any, order: ChunkOrder, *, key: str, pure: bool, priority: int, resources: Any) -> Any:
        assert (function, pure, priority) == (run_chunk, False, PRIORITY)
        assert resources == ({"GPU": 1} if order.device == "cuda" else None)
        future = SimpleNamespace(order=order, status="pending", add_done_callback=lambda call: None)
        self.futures.append(future)
        return future

    @property
    def names(self) -> list[str]:
        return [future.order.keys[0] for future in self.futures]

    def end(self, number: int, result: Any = None, *, status: str = "finished", error: Any = None) -> None:
        future = self.futures[number]
        ends = {future.order.keys[0]: (0.5, 0.25, -1)} if result is None else result
        future.status, future.result, future.exception = status, lambda timeout: ends, lambda: error


@pytest.fixture
def studies(tmp_path: Path) -> Studies:
    return Studies(RunStore(tmp_path), threading.Event())


def begin(studies: Studies, key: str, count: int, visitor: str) -> dict[str, Any]:
    ends: dict[str, Any] = {}
    studies.begin(key, [order(f"{key}{number}") for number in range(count)], visitor, ends.update)
    return ends


def test_visitors_take_turns_whoever_came_first_and_however_much_each_has(studies):
    client = Client()
    begin(studies, "a", 5, "ann")
    studies.dispatch(client, 2)
    assert (studies.running, studies.waiting) == (2, 3)
    begin(studies, "b", 2, "bob")
    studies.dispatch(client, 3)
    assert client.names == ["a0", "a1", "b0", "b1", "a2"]
    begin(studies, "c", 2, "ann")
    studies.dispatch(client, 2)
    assert client.names[5:] == ["c0", "a3"]  # two studies of one visitor take turns, too


def test_every_chunk_ends_once_and_the_study_is_done_with_the_last(studies):
    client = Client()
    ends = begin(studies, "a", 2, "ann")
    studies.dispatch(client, 9)
    assert (studies.running, studies.waiting, studies.busy) == (2, 0, True)
    client.end(0)
    studies.collect()
    status = studies.status("a")
    assert (status.state, status.done, status.total) == ("running", 1, 2)
    assert status.eta is not None
    client.end(1)
    studies.collect()
    assert studies.status("a").state == "done"
    assert sorted(ends) == ["a0", "a1"]
    assert not studies.busy
    assert studies.status("unheard of") is None


def test_a_lost_chunk_is_tried_again_and_one_that_killed_its_workers_failed(studies):
    client = Client()
    ends = begin(studies, "a", 2, "ann")
    studies.dispatch(client, 2)
    client.end(0, status="lost")
    client.end(1, status="error", error=KilledWorker("study-1", None, 3))
    studies.collect()
    assert ends == {"a1": "its worker process died again and again, probably for lack of memory"}
    studies.dispatch(client, 2)
    assert client.names == ["a0", "a1", "a0"]
    client.end(2)
    studies.collect()
    assert studies.status("a").state == "done"


def test_without_a_scheduler_chunks_wait_for_it(studies):
    client, later = Client(), Client()
    begin(studies, "a", 3, "ann")
    studies.dispatch(client, 2)
    studies.lose("the scheduler does not answer")
    assert studies.status("a").message == "the scheduler does not answer"
    assert studies.running == 0
    studies.dispatch(later, 3)
    assert sorted(later.names) == ["a0", "a1", "a2"]
    later.end(0)
    studies.collect()
    studies.lose("gone again")
    assert (studies.status("a").done, studies.status("a").message) == (1, "gone again")


def test_a_result_that_does_not_arrive_is_a_lost_scheduler(studies):
    client = Client()
    begin(studies, "a", 1, "ann")
    studies.dispatch(client, 1)
    client.end(0)

    def fail(timeout: float) -> None:
        raise TimeoutError

    client.futures[0].result = fail
    with pytest.raises(SchedulerGoneError, match="studies wait for it"):
        studies.collect()


def test_a_study_stops_when_nobody_wants_it_and_keeps_what_still_arrives(studies, tmp_path):
    client = Client()
    ends = begin(studies, "a", 3, "ann")
    begin(studies, "a", 3, "bob")  # the same study
    studies.dispatch(client, 2)
    studies.cancel("a", "ann")
    assert studies.claims("a") == {"bob"}
    studies.cancel("a", "bob")
    assert studies.status("a").state == "cancelled"
    assert Workspace(Path(client.futures[0].order.folder)).is_cancelled(client.futures[0].order.attempt)
    client.end(0)
    client.end(1, {})
    client.futures[1].result = lambda timeout: None  # it was stopped
    studies.collect()
    studies.dispatch(client, 9)
    assert list(ends) == ["a0"]
    assert len(client.futures) == 2
    assert not studies.busy
    assert list((tmp_path / "work").iterdir()) == []


def test_a_chunk_for_an_accelerator_goes_where_one_is_announced(studies):
    client = Client()
    studies.begin("a", [replace(order("a0"), device="cuda")], "ann", lambda ends: None)
    studies.dispatch(client, 1)
    assert client.futures[0].order.device == "cuda"
    assert {one.device for one in orders_of()} == {"cpu"}


def test_a_study_that_is_begun_again_keeps_its_flags_when_the_cancelled_chunks_end(studies):
    client = Client()
    begin(studies, "a", 1, "ann")
    studies.dispatch(client, 1)
    studies.cancel("a", "ann")
    begin(studies, "a", 1, "ann")
    studies.dispatch(client, 1)
    studies.cancel("a", "ann")
    client.end(0)
    studies.collect()
    second = client.futures[1].order
    assert Workspace(Path(second.folder)).is_cancelled(second.attempt)


def test_a_store_that_cannot_be_used_does_not_leave_a_study_running(studies):
    def fail(ends: Any) -> None:
        raise PermissionError("not yours")

    client = Client()
    studies.begin("a", [order("a0")], "ann", fail)
    studies.dispatch(client, 1)
    client.end(0)
    with pytest.raises(PermissionError):
        studies.collect()
    assert studies.status("a").state == "done"
    assert not studies.busy


def test_visitors_who_are_gone_have_no_claim(studies):
    begin(studies, "a", 1, "before the reload")
    begin(studies, "a", 1, "me")
    studies.cancel("a", "me", {"me"}.__contains__)
    assert studies.status("a").state == "cancelled"


def test_one_visitor_has_so_many_studies_under_way(studies):
    for number in range(MOST_OF_VISITOR):
        begin(studies, f"study {number}", 1, "ann")
    with pytest.raises(LimitError, match="you have 4 studies under way, which is the limit: let one finish"):
        begin(studies, "one more", 1, "ann")
    begin(studies, "one more", 1, "bob")


def test_an_order_is_small_and_of_plain_values_and_its_chunk_is_that_of_the_study():
    orders = orders_of()
    assert sum(len(one.keys) for one in orders) == 12
    many = Study(OBJECTIVE, BASE, Axis("lr", 0.05, 0.4, 8), Axis("alpha_1", 0.1, 1, 8), seeds=8, steps=20)
    assert max(len(pickle.dumps(one)) for one in orders_of(many)) < 40_000
    result = run_trainings(STUDY, task_from)
    ends = {key: end for one in orders for key, end in run_chunk(one, threads=None).items()}
    assert [ends[run.key][0] for run in Trainings(STUDY).runs] == result.value.ravel().tolist()
    assert [ends[run.key][1] for run in Trainings(STUDY).runs] == result.test.ravel().tolist()


def test_a_flag_stops_a_chunk_and_another_version_is_refused(tmp_path):
    chunk = replace(orders_of()[0], steps=1_000_000).in_workspace(tmp_path / "work", "one")
    Workspace(tmp_path / "work").cancel("one")
    assert run_chunk(chunk, threads=None) is None
    with pytest.raises(JobsError, match="this worker trains in format"):
        run_chunk(replace(chunk, format=0), threads=None)


@pytest.fixture(scope="module")
def jobs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Jobs]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    jobs = Jobs(RunStore(tmp_path_factory.mktemp("store")), Cluster(workers=2))
    yield jobs
    jobs.close()
    torch.set_num_threads(threads)


def wait(condition: Any, seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.02)


def test_on_workers_a_study_is_that_of_this_process(jobs):
    ends: dict[str, Any] = {}
    jobs.studies.begin("one", orders_of(), "ann", ends.update)
    wait(lambda: jobs.studies.status("one").state == "done")
    result = run_trainings(STUDY, task_from)
    assert [ends[run.key][0] for run in Trainings(STUDY).runs] == result.value.ravel().tolist()


def test_a_killed_workers_chunk_is_tried_again(jobs):
    study = replace(STUDY, steps=3_000, seeds=1)
    ends: dict[str, Any] = {}
    jobs.studies.begin("killed", orders_of(study), "ann", ends.update)
    client = jobs.cluster.client()
    wait(lambda: any(key.startswith("study-") for keys in client.processing().values() for key in keys))
    busy = [address for address, keys in client.processing().items() if keys]
    os.kill(client.run(os.getpid, workers=busy[:1])[busy[0]], signal.SIGKILL)
    wait(lambda: jobs.studies.status("killed").state == "done")
    assert sorted(ends) == sorted(run.key for run in Trainings(study).runs)
    assert all(isinstance(end, tuple) for end in ends.values())


def test_a_cancelled_study_leaves_the_workers_free_within_seconds(jobs):
    endless = replace(STUDY, steps=100_000)
    jobs.studies.begin("endless", orders_of(endless), "ann", lambda ends: None)
    wait(lambda: jobs.studies.running > 0)
    jobs.studies.cancel("endless", "ann")
    wait(lambda: not jobs.busy)
    assert jobs.studies.status("endless").state == "cancelled"


def test_a_training_goes_before_the_chunks_that_wait(jobs):
    study = replace(STUDY, steps=500, seeds=40)
    orders = [order_of(study, chunk) for chunk in Trainings(study).chunks(1_000)]
    assert len(orders) == 120
    jobs.studies.begin("many", orders, "ann", lambda ends: None)
    wait(lambda: jobs.studies.status("many").done > 0)
    ticket = jobs.submit(TrainingRequest(TASK.describe(), BASE, steps=20), "bob")
    wait(lambda: jobs.status(ticket).state == "done")
    status = jobs.studies.status("many")
    assert status.state == "running"
    assert status.done < status.total / 2
    assert 0 < jobs.studies.running <= 2 + SPARE
    jobs.studies.cancel("many", "ann")
    wait(lambda: not jobs.busy)
