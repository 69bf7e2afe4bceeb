"""Weight space on a plane: what is projected is what was trained."""

import threading
import time
from dataclasses import replace

import numpy as np
import pytest

from app.jobs.store import RunStore, TrainingResult
from app.runs import plane as plane_runs
from app.runs import result_files
from app.runs.networks import requests, trainings
from app.state import Card, LayerConfig, NetworksConfig, default_cards
from app.tables.surfaces import PAIRED_DIFFERENCE, training_table
from optim_core.training import train

CONFIG = NetworksConfig(train_size=100, batch_size=10, steps=30, cards=default_cards(0.1))


@pytest.fixture(scope="module")
def results():
    task = CONFIG.task()
    trainings = []
    for (request,) in requests(CONFIG):
        run = train(
            task, request.specs(), request.steps, request.seed, evaluate_every=request.evaluate_every, snapshot_every=1
        )
        trainings.append(
            TrainingResult(
                request, run.players, run.sizes, run.layers, run.curves, run.snapshots, run.diverged, (), 1.0
            )
        )
    return trainings


def test_three_ends_lie_on_their_plane_with_their_own_loss(results):
    view = plane_runs.view(results, "ends", CONFIG.task())
    score = CONFIG.task().landscape(200)
    for run in view.runs:
        end = run.outermost.coordinates[-1]
        assert run.outermost.distance[-1] < 1e-4
        direct = score(np.array(run.snapshots.outermost[-1], np.float32)).loss
        assert score(view.plane.point(*end).astype(np.float32)).loss == pytest.approx(direct, rel=1e-4)


def test_fast_weights_sit_on_the_slow_ones_right_after_a_synchronisation(results):
    run = plane_runs.view(results, "pca", CONFIG.task()).runs[2]
    for row, count in enumerate(run.snapshots.synchronised):
        expected = run.slow[count - 1].coordinates[row] if count else run.proposal.coordinates[row]
        assert (run.fast[row] == expected).all()
    assert run.snapshots.synchronised[25] == 2


def test_a_cycle_plane_holds_its_three_points(results):
    view = plane_runs.view(results, "cycle", CONFIG.task(), focus=2, cycle=1)
    run = view.runs[2]
    assert run.outermost.distance[0] < 1e-4  # the slow start
    assert run.proposal.distance[5] < 1e-4  # the end of the first inner block
    assert run.proposal.distance[25] < 1e-4  # where the cycle's last base step arrived


def test_a_cycle_is_seen_close_up_step_by_step(results):
    view = plane_runs.view(results, "cycle", CONFIG.task(), focus=1, cycle=2)
    assert [run.snapshots.step.tolist() for run in view.runs] == [[5, 6, 7, 8, 9, 10]] * 3
    assert view.frame_runs == (view.runs[1],)
    assert len(view.places) == 5 + 6 + 6  # what its base steps reached, fast and slow weights: no other run's
    track = plane_runs.tracks(view, results, ["a", "b", "c"], ["#111111", "#222222", "#333333"])[1]
    assert track.synchronised.tolist() == [0, 0, 0, 0, 0, 1]
    assert (track.proposal[0] == track.fast[0]).all()
    assert (track.fast[0] == view.runs[1].slow[0].coordinates[0]).all()


def every(result, interval):
    """The result as if only each so many steps had been recorded."""
    snapshots = result.snapshots
    tracks = {name: rows[::interval] for name, rows in snapshots.tracks.items()}
    return replace(result, snapshots=replace(snapshots, step=snapshots.step[::interval], tracks=tracks))


def test_a_cycle_is_seen_through_what_was_recorded_of_it(results):
    view = plane_runs.view([every(result, 2) for result in results], "cycle", CONFIG.task(), focus=2, cycle=1)
    run = view.runs[2]
    assert run.snapshots.step.tolist() == list(range(0, 26, 2))
    assert run.outermost.distance[0] < 1e-4
    assert run.proposal.distance[[3, 12]] == pytest.approx([0, 0], abs=1e-4)  # steps 6 and 24, next to 5 and 25
    with pytest.raises(ValueError, match="take snapshots more often"):
        plane_runs.view([every(result, 15) for result in results], "cycle", CONFIG.task(), focus=2, cycle=1)


def test_a_plane_goes_through_the_places_chosen(results):
    config = CONFIG.model_copy(update={"plane": "ends", "through": (0, 2, 3)})
    view = plane_runs.view_of(config, results)
    assert view.runs[0].proposal.distance[0] < 1e-4  # the common start
    assert all(run.outermost.distance[-1] < 1e-4 for run in view.runs[1:])
    assert view.runs[0].outermost.distance[-1] > 1e-3
    early_view = plane_runs.view_of(config.model_copy(update={"through": (0, 2)}), results)
    assert early_view.runs[0].outermost.distance[-1] < 1e-4  # the first three


def test_random_directions_are_drawn_as_far_as_the_weights_are_long(results):
    places = plane_runs.view(results, "random", CONFIG.task()).places
    assert (places.min(0) <= -1).all()
    assert (places.max(0) >= 1).all()


def test_a_run_that_diverged_has_no_say_in_the_plane_or_the_frame(results):
    alone = plane_runs.view(results[1:], "pca", CONFIG.task())
    first = results[0].snapshots
    far = {name: np.asarray(track)[:4] * 10.0 ** np.arange(4)[:, None] for name, track in first.tracks.items()}
    diverged_result = replace(results[0], diverged=4, snapshots=replace(first, step=first.step[:4], tracks=far))
    view = plane_runs.view([diverged_result, *results[1:]], "pca", CONFIG.task())
    assert (view.plane.u == alone.plane.u).all()
    assert (view.places == alone.places).all()
    assert len(view.runs) == 3


@pytest.mark.parametrize(
    ("kind", "rows", "arguments", "words"),
    [
        ("ends", 2, {}, "needs three optimizers, got 2"),
        ("cycle", 3, {"focus": 0}, "a cycle needs slow weights"),
        ("cycle", 3, {"focus": 2, "cycle": 2}, "cycle 2 was not reached"),
    ],
)
def test_a_plane_that_cannot_be_says_why(results, kind, rows, arguments, words):
    with pytest.raises(ValueError, match=words):
        plane_runs.view(results[:rows], kind, CONFIG.task(), **arguments)


def test_tracks_carry_steps_counts_and_losses(results):
    view = plane_runs.view(results, "pca", CONFIG.task())
    track = plane_runs.tracks(view, results, ["a", "b", "c"], ["#111111", "#222222", "#333333"])[2]
    assert track.rows == 31
    assert track.synchronised.tolist()[:11] == [0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1]
    assert track.loss[7] == results[2].curves.loss[0][6]


def test_the_backdrop_fills_in_and_checks_the_plane(results):
    view = plane_runs.view(results[:2], "pca", CONFIG.task())
    backdrop = plane_runs.Backdrop(view, CONFIG.task().landscape(32))
    deadline = time.monotonic() + 60
    while not backdrop.complete and time.monotonic() < deadline:
        time.sleep(0.05)
    assert backdrop.picture.complete
    assert np.isfinite(backdrop.picture.loss).all()
    step, true, flat = backdrop.checks[1]
    assert len(step) == len(true) == len(flat)
    assert true[0] != flat[0]  # the start lies off the plane


class Watched:
    """A score that calls `before` first."""

    def __init__(self, score, before):
        self.score, self.before = score, before

    def __call__(self, weights):
        self.before()
        return self.score(weights)

    def another(self):
        return Watched(self.score.another(), self.before)


def test_the_plane_is_checked_before_its_picture_is_fine(results):
    view = plane_runs.view(results[:2], "pca", CONFIG.task())
    score, backdrop, states = CONFIG.task().landscape(8), None, []

    def note():
        states.append(
            (len(backdrop.checks), backdrop.picture is not None and backdrop.picture.points)
        ) if backdrop else 0

    backdrop = plane_runs.Backdrop(view, Watched(score, note))
    assert backdrop.wait_for_picture(60).complete
    assert len(backdrop.checks) == 2
    assert backdrop.complete
    assert {checks for checks, points in states if points == 21**2} == {0, 1, 2}  # one run after the other
    assert {checks for checks, points in states if points in (6**2, 11**2)} == {0}


def test_a_second_server_reads_the_whole_picture_and_checks_it_itself(results, tmp_path):
    view, score, asked = plane_runs.view(results[:1], "pca", CONFIG.task()), CONFIG.task().landscape(8), []
    spy = Watched(score, lambda: asked.append(1))
    result_files.keep_in(RunStore(tmp_path))
    try:
        first, second = (plane_runs.Backdrop(view, spy, key="plane").wait_for_picture(60) for _ in range(2))
    finally:
        result_files.keep_in(None)
    assert np.array_equal(second.loss, first.loss)
    assert second.complete
    assert len(asked) < 2 * 41**2


def test_an_export_waits_for_the_whole_picture(results):
    view = plane_runs.view(results[:1], "pca", CONFIG.task())
    score, gate = CONFIG.task().landscape(8), threading.Event()

    backdrop = plane_runs.Backdrop(view, Watched(score, gate.wait))
    assert backdrop.wait_for_picture(0.01) is None
    gate.set()
    assert backdrop.wait_for_picture().complete


def test_every_optimizer_is_asked_for_the_same_task_and_seeds():
    config = NetworksConfig(seeds=3, seed=5, label_noise=0.2)
    rows = requests(config)
    assert [len(row) for row in rows] == [3, 3, 3]
    assert {request.seed for request in rows[0]} == {5, 6, 7}
    assert len({str(request.task) for row in rows for request in row}) == 1
    assert [bool(request.snapshot_every) for request in rows[0]] == [True, False, False]


def test_identical_comparisons_of_two_visitors_have_the_same_keys():
    one, other = (trainings(CONFIG, visitor) for visitor in ("a", "b"))
    assert [[t.key for t in row] for row in one.tickets] == [[t.key for t in row] for row in other.tickets]


def test_equal_effective_lr_divides_by_the_product_of_alpha():
    layers = (LayerConfig(k=5, alpha=0.5), LayerConfig(k=5, alpha=0.8))
    config = NetworksConfig(equal_lr=True, cards=(Card(lr=0.1), Card(lr=0.1, layers=layers)))
    assert [spec.lr for spec in config.specs()] == pytest.approx([0.1, 0.25])


def test_the_table_gives_paired_differences(results):
    bare = [replace(results[0], curves=result.curves) for result in results]
    rows = training_table(["a", "b"], [[bare[0], bare[1]], [bare[1], bare[2]]])
    accuracy = [result.curves.metrics["fast"]["test_accuracy"][-1] for result in results]
    gaps = 100 * np.array([accuracy[1] - accuracy[0], accuracy[2] - accuracy[1]])
    cell = rows[1][PAIRED_DIFFERENCE]
    assert cell == f"{gaps.mean():+.2f} ± {gaps.std(ddof=1) / np.sqrt(2):.2f}"


def test_the_table_leaves_out_what_diverged(results):
    diverged_result = replace(results[1], diverged=7)
    rows = training_table(["a", "b"], [[results[0]] * 3, [results[1], diverged_result, results[1]]])
    assert rows[1]["test accuracy %, outermost weights"].endswith("± 0.00")
    assert rows[1]["diverged"] == "1 of 3, first at step 7"
    (row,) = training_table(["b"], [[diverged_result]])
    assert row["test accuracy %, outermost weights"] == row["fast weights"] == "diverged"
    assert training_table(["a", "b"], [[results[0]] * 2, [diverged_result, results[1]]])[1][PAIRED_DIFFERENCE] == "—"
