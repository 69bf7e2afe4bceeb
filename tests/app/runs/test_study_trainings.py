"""Studies of a network: a training per cell and seed, chunks of one shape, nothing trained twice, failures marked."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from landscapes.tasks import ClassifierTask, GanTask, task_from
from optim_core.layers import Layer
from optim_core.spec import OptimizerSpec
from optim_core.study import Axis, Objective, Study, Trained, Trainings, merged_trained, run_trainings, trainings
from optim_core.study.trainings import Outcome, measured, scene_of, trained_from
from optim_core.training import train

TASK = ClassifierTask(network="mlp", train_size=100, batch_size=10)
BASE = OptimizerSpec("any", lr=0.1, layers=(Layer(2, 0.5), Layer(3, 0.5)))
LR, DEPTH = Axis("lr", 0.05, 0.4, 3, log=True), Axis("depth", 0, 2, 3)


def study_of(task=TASK, x=LR, y=DEPTH, *, seeds=2, steps=12, first=0, base=BASE) -> Study:
    objective = Objective(task.kind, "any", (), parameters=tuple(task.describe().items()), seed=first)
    return Study(objective, base, x, y, seeds=seeds, steps=steps)


def keys_of(study: Study) -> set[str]:
    return {run.key for run in Trainings(study).runs}


def test_a_cell_is_the_training_of_its_optimizer_at_the_outermost_slow_weights():
    study = study_of(first=5)
    result = run_trainings(study, task_from)
    for cell in (0, 4, 8):
        for number, seed in enumerate((5, 6)):
            run = train(TASK, study.specs[cell], 12, seed, evaluate_every=12)
            slow = run.curves.metrics[f"slow_{len(run.layers)}" if run.layers else "fast"]
            place = (*study.place(cell), number)
            assert result.value[place] == pytest.approx(1 - slow["val_accuracy"][-1], abs=2 / 300)
            assert result.test[place] == pytest.approx(1 - slow["test_accuracy"][-1], abs=2 / 497)
    assert (result.diverged == -1).all()


@pytest.mark.parametrize(
    "task", [TASK, replace(TASK, network="cnn", batch_size=4), GanTask("ring", hidden=16)], ids=["mlp", "cnn", "gan"]
)
def test_a_training_has_the_same_bits_alone_and_among_others(task):
    study = study_of(task, x=Axis("lr", 0.01, 0.02, 2), base=replace(BASE, base="momentum"), seeds=1)
    (chunk,) = Trainings(study).chunks()
    members = trainings.members_of(study, chunk, task_from)
    together = trainings.train_chunk(members, 20)
    assert len(together) == 6
    assert [trainings.train_chunk([member], 20)[0] for member in members] == together
    assert [end for half in (members[:2], members[2:]) for end in trainings.train_chunk(half, 20)] == together


@pytest.mark.parametrize(
    ("metrics", "expected"),
    [
        ({"val_accuracy": 0.75, "test_accuracy": 0.5, "val_loss": 9.0, "test_loss": 9.0}, (0.25, 0.5)),
        ({"val_frechet": 2.0, "test_frechet": 3.0, "modes": 8.0}, (2.0, 3.0)),
        ({"val_loss": 0.5, "test_loss": 0.25}, (0.5, 0.25)),
    ],
)
def test_what_is_measured_is_smaller_where_it_is_better(metrics, expected):
    assert measured(metrics) == expected


def test_both_players_of_a_gan_have_the_cells_optimizer():
    task = GanTask("ring", hidden=8, batch_size=16)
    base = OptimizerSpec("any", "adam", 0.001, betas=(0.0, 0.999))
    study = study_of(task, x=Axis("lr", 0.001, 0.01, 2), y=Axis("batch_size", 8, 16, 2), seeds=1, steps=10, base=base)
    result = run_trainings(study, task_from)
    run = train(replace(task, batch_size=8), study.specs[1], 10, 0, evaluate_every=10)
    assert result.value[0, 1, 0] == pytest.approx(run.curves.metrics["fast"]["val_frechet"][-1], rel=1e-3)


def test_a_diverged_run_is_infinite_and_no_failure():
    study = study_of(x=Axis("lr", 0.1, 1e6, 2), seeds=1)
    result = run_trainings(study, task_from)
    assert np.isinf(result.value[:, 1]).all()
    assert np.isinf(result.test[:, 1]).all()
    assert (result.diverged[0, 1] > 0).all()
    assert result.best[1] == 0
    assert not result.reasons


def test_a_wider_grid_another_axis_and_more_seeds_have_the_keys_of_what_they_share():
    study = study_of()
    assert len(keys_of(study)) == 18
    assert keys_of(study) < keys_of(study_of(seeds=3))
    assert len(keys_of(study) & keys_of(study_of(first=1))) == 9
    assert keys_of(study) < keys_of(study_of(x=Axis("lr", 0.05, 3.2, 5, log=True)))
    named = replace(study.objective, name="another name of the same task")
    assert keys_of(replace(study, objective=named)) == keys_of(study)
    noise = study_of(x=Axis("label_noise", 0.0, 0.4, 3), base=replace(BASE, lr=0.05))
    assert len(keys_of(noise) & keys_of(study)) == 6  # at lr .05, without wrong labels, 3 depths, 2 seeds
    assert scene_of(noise) == scene_of(study)
    assert not keys_of(study) & keys_of(study_of(steps=13))


def test_cells_of_the_same_optimizer_train_once():
    study = study_of(x=Axis("k_1", 1, 4, 4), seeds=1)  # without layers there is no k
    calls = []
    run_trainings(study, task_from, on_trained=lambda trained: calls.extend(trained.keys.tolist()))
    assert len(calls) == len(set(calls)) == 9
    assert (
        run_trainings(study, task_from).value[0].tolist() == [run_trainings(study, task_from).value[0, 0].tolist()] * 4
    )


def test_chunks_have_one_batch_size_are_not_too_large_and_come_coarse_first():
    study = study_of(x=Axis("lr", 0.01, 0.5, 8), y=Axis("batch_size", 5, 20, 4), seeds=5, steps=50)
    chunks = Trainings(study).chunks()
    assert sum(map(len, chunks)) == 160
    for chunk in chunks:
        assert len({study.task_parameters[run.cell]["batch_size"] for run in chunk}) == 1
        assert len(chunk) <= trainings.MOST_MEMBERS
    first = set(study.levels(trainings.COARSEST)[0].tolist())
    assert len(first) == 8
    begun = [run.cell for chunk in chunks for run in chunk][: 5 * len(first)]
    assert set(begun) == first
    long = Trainings(replace(study, steps=5_000)).chunks()
    assert max(map(len, long)) == 4  # 20,000 base steps
    assert max(map(len, Trainings(replace(study, steps=25_000)).chunks())) == 1


def test_what_is_known_is_not_trained_again():
    study = study_of()
    parts: list[Trained] = []
    result = run_trainings(study, task_from, on_trained=parts.append)
    known = Trainings(study)
    for part in parts:
        known.add(part.outcomes())
    assert known.done == known.total == 18
    assert known.chunks() == []
    assert np.array_equal(known.result().value, result.value)
    assert np.array_equal(known.result().test, result.test)
    wide = Trainings(study_of(seeds=3))
    wide.add(merged_trained(parts).outcomes())
    assert (wide.total, wide.done) == (27, 18)
    assert np.isnan(wide.result().value[..., 2]).all()
    assert not wide.result().has_outcome.any()


def test_a_training_that_fails_is_marked_and_the_others_go_on():
    study = study_of(y=Axis("label_noise", 0.0, 0.4, 2), seeds=1)

    class Broken(ClassifierTask):
        def batch(self, step, seed):
            raise RuntimeError("no batch")

    def task_of(settings):
        task = task_from(settings)
        fields = {name: value for name, value in settings.items() if name != "kind"}
        return Broken(**fields) if settings["label_noise"] else task

    result = run_trainings(study, task_of)
    assert result.reasons == {(1, column): "no batch" for column in range(3)}
    assert np.isfinite(result.value[0]).all()
    assert np.isnan(result.value[1]).all()


def test_a_study_that_is_stopped_has_what_was_trained():
    study, progress = study_of(), []
    parts: list[Trained] = []
    result = run_trainings(
        study, task_from, on_trained=parts.append, on_progress=lambda *counts: progress.append(counts),
        should_stop=lambda: len(parts) > 0,
    )  # fmt: skip
    assert len(parts) == 1
    assert np.isfinite(result.value).sum() == len(parts[0].keys) < 18
    assert progress[-1][1] == 18 * 12


def test_failed_trainings_are_tried_again_and_an_outcome_takes_the_reason_away():
    study = study_of()
    known = Trainings(study)
    key = known.runs[0].key
    known.fail({key: "out of memory"})
    assert known.done == 1
    assert known.result().reasons == {(0, 0): "out of memory"}
    assert any(run.key == key for chunk in known.chunks() for run in chunk)
    known.add({key: Outcome(0.5, 0.25)})
    assert known.result().reasons == {}
    assert known.result().test[0, 0, 0] == 0.25
    assert known.done == 1
    known.fail({key: "a second try of somebody else failed"})
    assert known.result().reasons == {}
    assert known.done == 1


def test_a_result_is_read_while_outcomes_take_reasons_away():
    study = study_of()
    known = Trainings(study)
    known.fail({run.key: "out of memory" for run in known.runs})

    class Meanwhile(tuple):
        """The trainings; a reason is gone as soon as it was looked at."""

        def __iter__(self):
            for run in super().__iter__():
                yield run
                known.add({run.key: Outcome(0.5, 0.25)})

    known.runs = Meanwhile(known.runs)
    assert len(known.result().reasons) == 9
    assert known.result().reasons == {}


def test_outcomes_survive_as_arrays():
    outcomes = {"a": Outcome(0.5, 0.25), "b": Outcome(math.inf, math.inf, 7)}
    assert trained_from(outcomes).outcomes() == outcomes


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"x": Axis("noise_scale", 0, 1, 2)}, "x: noise_scale is for fields, a network has the noise of its batches"),
        ({"task": GanTask("ring"), "y": Axis("label_noise", 0, 1, 2)}, "y: label_noise is no setting of this task"),
    ],
)
def test_an_axis_that_a_task_has_not_is_refused(settings, problem):
    with pytest.raises(ValueError, match=problem):
        study_of(**settings)


def test_tasks_settings_are_no_axes_of_a_field():
    with pytest.raises(ValueError, match="batch_size needs a network and its data, the objective is a field"):
        Study(Objective("surface", "bowl", (1.0,)), BASE, LR, Axis("batch_size", 1, 9, 2))


@pytest.mark.parametrize(
    ("axis", "problem"),
    [
        (("batch_size", 2.5, 9, 2), "batch_size, low must be a whole number, got 2.5: write 2 or 3"),
        (("batch_size", 0, 9, 2), "batch_size, low must be at least 1, got 0"),
        (("label_noise", 0, 1.5, 2), r"label_noise, high must be in \[0, 1\], got 1.5"),
    ],
)
def test_ends_of_their_axes_are_checked(axis, problem):
    with pytest.raises(ValueError, match=problem):
        Axis(*axis)
    assert Axis("batch_size", 4, 64, 5, log=True).values == (4, 8, 16, 32, 64)
