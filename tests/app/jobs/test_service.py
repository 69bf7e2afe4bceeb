from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from distributed import KilledWorker

from app.jobs import Cluster, Jobs, JobsError, LimitError, Limits, RunStore, SchedulerGoneError, Ticket, TrainingRequest
from app.jobs.cluster import cluster_from_environment
from app.jobs.explain import explanation
from landscapes.tasks import ClassifierTask, task_from
from landscapes.tasks.errors import DataUnavailableError
from optim_core.layers import Layer
from optim_core.spec import OptimizerSpec
from optim_core.training import train

TASK = ClassifierTask(network="mlp", train_size=100, batch_size=10, evaluation_size=50)
SPEC = OptimizerSpec("one", "momentum", 0.02, (Layer(2, 0.5), Layer(3, 0.5)))
SHORT = TrainingRequest(TASK.describe(), SPEC, steps=30, evaluate_every=10, snapshot_every=5)
LONG = replace(SHORT, steps=3_000, evaluate_every=1_000, snapshot_every=100)
ENDLESS = replace(LONG, steps=1_000_000)


def wait(condition: Callable[[], Any], seconds: float = 180) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.02)


@pytest.fixture(scope="module")
def jobs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Jobs]:
    jobs = Jobs(RunStore(tmp_path_factory.mktemp("store")), Cluster(workers=2), checkpoint_seconds=0.2)
    yield jobs
    jobs.close()


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def is_over(jobs: Jobs, ticket: Ticket) -> bool:
    return jobs.status(ticket).state not in ("queued", "running")


def moving(jobs: Jobs, ticket: Ticket) -> bool:
    status = jobs.status(ticket)
    return status.curves is not None and len(status.curves.step) > 0


def assert_same_as_in_process(jobs: Jobs, ticket: Ticket, request: TrainingRequest) -> None:
    result, plan = jobs.result(ticket), request.plan()
    run = train(
        task_from(request.task),
        request.specs(),
        plan.steps,
        plan.seed,
        evaluate_every=plan.evaluate_every,
        snapshot_every=plan.snapshot_every,
    )
    np.testing.assert_array_equal(result.curves.loss, run.curves.loss)
    for name, rows in run.snapshots.tracks.items():
        np.testing.assert_array_equal(result.snapshots.tracks[name], rows)


def test_a_run_on_a_worker_is_the_run_in_process_and_opens_at_once_for_the_next_visitor(jobs: Jobs) -> None:
    ticket = jobs.submit(SHORT, "ann")
    assert jobs.status(ticket).state in ("queued", "running")
    wait(lambda: is_over(jobs, ticket))
    status = jobs.status(ticket)
    assert (status.state, status.fraction, status.message) == ("done", 1.0, "")
    assert_same_as_in_process(jobs, ticket, SHORT)
    other = jobs.submit(SHORT, "bob")
    assert jobs.status(other).state == "done"
    later = Jobs(RunStore(jobs.store.root), Cluster(workers=1))  # never starts its cluster
    assert later.status(ticket).state == "done"
    assert later.result(later.submit(SHORT, "cat")).sizes == jobs.result(ticket).sizes
    assert not later.cluster.connected
    later.close()


def test_two_visitors_one_computation_which_stops_when_both_have_cancelled(jobs: Jobs) -> None:
    first, second = jobs.submit(ENDLESS, "ann"), jobs.submit(ENDLESS, "bob")
    assert first.key == second.key
    wait(lambda: moving(jobs, second))
    assert len(jobs._running) == 1
    status = jobs.status(first)
    assert status.state == "running"
    assert 0 < status.fraction < 1
    assert status.eta is not None
    assert status.eta > 0
    jobs.cancel(first)
    fractions = len(jobs.status(second).curves.step)
    wait(lambda: len(jobs.status(second).curves.step) > fractions)  # it still grows
    jobs.cancel(second)
    assert jobs.status(second).state == "cancelled"
    start = time.monotonic()
    wait(lambda: not jobs.busy)
    assert time.monotonic() - start < 3  # a second, and what a busy machine adds
    with pytest.raises(JobsError, match="the run has no result: it is cancelled"):
        jobs.result(second)


def test_cancel_counts_visitors_who_have_left_no_more(jobs: Jobs) -> None:
    """A page that was reloaded is another visitor's: the one before it has left."""
    request = replace(ENDLESS, seed=7)
    jobs.submit(request, "before the reload")
    ticket, other = jobs.submit(request, "me"), jobs.submit(request, "other")
    assert jobs.claims(ticket) == {"before the reload", "me", "other"}
    jobs.cancel(ticket, {"me", "other"}.__contains__)
    assert jobs.claims(ticket) == {"other"}
    assert jobs.status(other).state in ("queued", "running")
    jobs.submit(request, "me")
    jobs.cancel(ticket, {"me"}.__contains__)
    assert jobs.status(ticket).state == "cancelled"
    assert jobs.claims(ticket) == frozenset()
    wait(lambda: not jobs.busy)


def test_a_cancelled_run_continues_when_it_is_asked_for_again(jobs: Jobs) -> None:
    request = replace(ENDLESS, seed=1)
    ticket = jobs.submit(request, "ann")
    wait(lambda: moving(jobs, ticket))
    jobs.cancel(ticket)
    ticket = jobs.submit(request, "ann")  # while the first attempt may still be on its way out
    wait(lambda: jobs.status(ticket).message.startswith("continued from step"))
    jobs.cancel(ticket)
    wait(lambda: not jobs.busy)
    assert Jobs.status(jobs, Ticket(request.key, "cat")).state == "cancelled"


def test_runs_wait_their_turn_and_say_where_they_stand(jobs: Jobs) -> None:
    running = [jobs.submit(replace(ENDLESS, seed=seed), "ann") for seed in (2, 3)]
    waiting = jobs.submit(replace(ENDLESS, seed=4), "ann")
    wait(lambda: all(moving(jobs, ticket) for ticket in running))
    newcomer = jobs.submit(replace(ENDLESS, seed=5), "bob")
    assert [jobs.status(ticket).queue_position for ticket in (newcomer, waiting)] == [1, 2]
    assert jobs.status(running[0]).queue_position is None
    jobs.cancel(waiting)
    assert jobs.status(waiting).state == "cancelled"
    jobs.cancel(running[0])
    wait(lambda: jobs.status(newcomer).state == "running")
    for ticket in (running[1], newcomer):
        jobs.cancel(ticket)
    wait(lambda: not jobs.busy)


def test_a_killed_workers_run_is_retried_from_its_checkpoint_and_ends_bit_for_bit_the_same(jobs: Jobs) -> None:
    request = replace(LONG, seed=6)
    ticket = jobs.submit(request, "ann")
    work = jobs._workspace(ticket.key)
    wait(lambda: work.has_checkpoint)
    client = jobs.cluster.client()
    busy = [address for address, keys in client.processing().items() if any(ticket.key in key for key in keys)]
    os.kill(client.run(os.getpid, workers=busy)[busy[0]], signal.SIGKILL)
    wait(lambda: is_over(jobs, ticket))
    status = jobs.status(ticket)
    assert status.state == "done"
    assert "Continued from the checkpoint at step" in status.message
    assert_same_as_in_process(jobs, ticket, request)


def test_a_diverging_run_ends_early_and_keeps_the_others(jobs: Jobs) -> None:
    hot = jobs.submit(replace(SHORT, optimizers=OptimizerSpec("hot", "sgd", 1e9)), "ann")
    calm = jobs.submit(replace(SHORT, optimizers=OptimizerSpec("calm", "sgd", 0.01)), "ann")
    wait(lambda: is_over(jobs, hot) and is_over(jobs, calm))
    assert jobs.status(hot).state == "done"
    assert jobs.status(hot).message == f"Diverged at step {jobs.result(hot).diverged}."
    assert jobs.status(calm).message == ""
    assert len(jobs.result(calm).curves.step) == 30


def test_what_a_worker_refuses_is_said(jobs: Jobs) -> None:
    small = Jobs(RunStore(jobs.store.root, limit=100_000), Cluster(jobs.cluster.client().scheduler.address))
    ticket = small.submit(replace(SHORT, seed=7, snapshot_every=1), "ann")
    wait(lambda: is_over(small, ticket))
    status = small.status(ticket)
    assert status.state == "failed"
    assert "take fewer snapshots" in status.message
    small.close()


def test_a_damaged_entry_is_computed_again_on_the_next_request(jobs: Jobs) -> None:
    request = replace(SHORT, seed=8)
    ticket = jobs.submit(request, "ann")
    wait(lambda: is_over(jobs, ticket))
    wait(lambda: not jobs.busy)  # the worker has said so, too: the next request is a new one
    curves = jobs.store.folder(ticket.key) / "curves.npz"
    curves.write_bytes(curves.read_bytes()[:-1])
    assert "damaged" in jobs.status(ticket).message
    ticket = jobs.submit(request, "ann")
    wait(lambda: is_over(jobs, ticket))
    assert jobs.status(ticket).state == "done"
    assert "An earlier copy was damaged" in jobs.status(ticket).message


@pytest.mark.slow
def test_when_the_local_cluster_dies_another_one_goes_on(jobs: Jobs) -> None:
    request = replace(LONG, seed=9)
    ticket = jobs.submit(request, "ann")
    wait(lambda: jobs._workspace(ticket.key).has_checkpoint)
    process = jobs.cluster._process
    assert process is not None
    process.kill()
    wait(lambda: jobs.status(ticket).state == "queued")
    assert jobs.status(ticket).curves is not None  # what was seen is still seen
    wait(lambda: is_over(jobs, ticket))
    assert "Continued from the checkpoint" in jobs.status(ticket).message
    assert_same_as_in_process(jobs, ticket, request)


def test_a_scheduler_that_is_gone_is_named_and_work_goes_on_when_it_is_back(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"tcp://127.0.0.1:{port}"
    process = scheduler(port)
    jobs = Jobs(RunStore(tmp_path / "store"), Cluster(address), checkpoint_seconds=0.2)
    try:
        ticket = jobs.submit(LONG, "ann")
        wait(lambda: jobs._workspace(ticket.key).has_checkpoint)
        process.kill()
        process.wait()
        wait(lambda: f"the scheduler at {address} does not answer" in jobs.status(ticket).message)
        assert jobs.status(ticket).state == "queued"
        assert moving(jobs, ticket)
        process = scheduler(port)
        wait(lambda: is_over(jobs, ticket))
        assert jobs.status(ticket).state == "done"
        assert_same_as_in_process(jobs, ticket, LONG)
    finally:
        jobs.close()
        process.kill()
        process.wait()


def scheduler(port: int) -> subprocess.Popen[bytes]:
    """A scheduler that this test's Jobs did not start, with one worker in its own process."""
    program = (
        "from distributed import LocalCluster\n"
        f"LocalCluster(n_workers=1, threads_per_worker=1, processes=False, protocol='tcp', host='127.0.0.1', "
        f"scheduler_port={port}, dashboard_address=None, silence_logs=50)\n"
        "import time; time.sleep(600)"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
    return subprocess.Popen([sys.executable, "-c", program], env=environment, stderr=subprocess.DEVNULL)


class Absent(Cluster):
    """A scheduler that never answers."""

    def client(self) -> Any:
        raise SchedulerGoneError("nobody there")


def test_nothing_is_accepted_beyond_the_limits_and_a_bad_task_not_at_all(tmp_path: Path) -> None:
    jobs = Jobs(RunStore(tmp_path), Absent("tcp://nowhere"), Limits(visitor_waiting=1, waiting=2))
    ticket = jobs.submit(SHORT, "ann")
    wait(lambda: jobs.status(ticket).message == "nobody there")
    with pytest.raises(LimitError, match="you have 1 runs waiting"):
        jobs.submit(replace(SHORT, seed=1), "ann")
    jobs.submit(SHORT, "bob")  # the same run: nothing more is waiting
    jobs.submit(replace(SHORT, seed=1), "bob")
    with pytest.raises(LimitError, match="2 runs are waiting"):
        jobs.submit(replace(SHORT, seed=2), "cat")
    with pytest.raises(ValueError, match="dataset"):
        jobs.submit(replace(SHORT, task={**SHORT.task, "dataset": "unheard of"}), "dan")
    with pytest.raises(ValueError, match="exactly the players"):
        jobs.submit(replace(SHORT, optimizers=(("generator", SPEC),)), "dan")
    assert jobs.status(Ticket("0" * 32, "eve")).state == "unknown"
    jobs.close()


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (DataUnavailableError("CIFAR-10 is not here"), "CIFAR-10 is not here"),
        (KilledWorker("train-1", None, 3), "its worker process died again and again, probably for lack of memory"),
        (IndexError("list index out of range"), "IndexError: list index out of range"),
    ],
)
def test_a_failure_is_told_in_words(error: Exception, message: str) -> None:
    assert explanation(error) == message


def test_an_unfinished_run_of_an_earlier_server_is_shown_as_interrupted(tmp_path: Path) -> None:
    jobs = Jobs(RunStore(tmp_path), Absent("tcp://nowhere"))
    work = jobs._workspace(SHORT.key)
    work.make()
    work.save_checkpoint({})
    assert jobs.status(Ticket(SHORT.key, "ann")).state == "interrupted"
    jobs.close()


def test_the_environment_names_scheduler_or_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LOOKAHEAD_SCHEDULER", raising=False)
    monkeypatch.setenv("LOOKAHEAD_WORKERS", "3")
    assert (cluster_from_environment().address, cluster_from_environment().workers) == (None, 3)
    monkeypatch.setenv("LOOKAHEAD_SCHEDULER", "tcp://10.0.0.7:8786")
    assert cluster_from_environment().address == "tcp://10.0.0.7:8786"
    monkeypatch.setenv("LOOKAHEAD_WORKERS", "0")
    with pytest.raises(ValueError, match="LOOKAHEAD_WORKERS must be a whole number from 1, got '0'"):
        cluster_from_environment()
