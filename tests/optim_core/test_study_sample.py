"""Samples of settings: Sobol's points over the ranges of several axes, each a cell like any other."""

from __future__ import annotations

import numpy as np
import pytest

from optim_core.layers import Layer
from optim_core.spec import OptimizerSpec
from optim_core.study import Axis, Objective, Problem, SampledStudy, Study, run_study
from optim_core.study.sample import value_at

BASE = OptimizerSpec("any", lr=0.1, layers=(Layer(5, 0.5), Layer(2, 0.5)))
BOWL = Objective("surface", "bowl", (1.0, 2.0))
LR, K = Axis("lr", 0.01, 1.0, 2, log=True), Axis("k_1", 1, 8, 2)
FURTHER = (Axis("alpha_2", 0.2, 1.0, 2), Axis("depth", 0, 2, 2))


def bowl(x, evaluation):
    return 0.5 * x.square().sum(-1), x


def sample_of(points=64, **settings) -> SampledStudy:
    return SampledStudy(BOWL, BASE, LR, K, further=FURTHER, points=points, steps=20, **settings)


def run(study):
    return run_study(study, Problem(field=lambda noise_scales, seeds: bowl))


def test_points_fill_every_range_evenly_and_a_larger_sample_begins_with_the_smaller():
    study = sample_of()
    columns = {name: [settings[name] for settings in study.settings] for name in ("lr", "k_1", "alpha_2", "depth")}
    assert np.histogram(np.log(columns["lr"]), 8, (np.log(0.01), 0))[0].tolist() == [8] * 8
    assert np.histogram(columns["alpha_2"], 8, (0.2, 1.0))[0].tolist() == [8] * 8
    assert [columns["k_1"].count(k) for k in range(1, 9)] == [8] * 8
    assert set(columns["depth"]) == {0, 1, 2}
    assert sample_of(128).settings[:64] == study.settings
    assert sample_of(sample_seed=1).settings != study.settings
    assert sample_of().settings == study.settings


@pytest.mark.parametrize(
    ("axis", "values"),
    [
        (Axis("alpha_1", 0.2, 1.0, 2), [0.2, 0.6, 0.999999]),
        (Axis("lr", 0.01, 1.0, 2, log=True), [0.01, 0.1, 0.999995]),
        (Axis("k_1", 1, 4, 2), [1, 3, 4]),
        (Axis("batch_size", 4, 64, 2, log=True), [4, 16, 64]),
    ],
)
def test_values_along_an_axis(axis, values):
    assert [value_at(axis, share) for share in (0.0, 0.5, 0.999999)] == pytest.approx(values, rel=2e-6)


def test_a_cell_of_a_sample_is_that_of_its_settings_in_a_grid():
    study = sample_of(8)
    result = run(study)
    assert result.value.shape == (1, 8, 1)
    cell = next(index for index, settings in enumerate(study.settings) if settings["depth"] == 2)
    settings, spec = study.settings[cell], study.specs[cell]
    assert (spec.lr, spec.layers[0].k, spec.layers[1].alpha) == (settings["lr"], settings["k_1"], settings["alpha_2"])
    k = spec.layers[0].k
    grid = Study(BOWL, spec, Axis("lr", spec.lr, 1.5, 2), Axis("k_1", k, k + 3, 2), steps=20)
    assert grid.keys[0] == study.keys[cell]
    assert run(grid).value[0, 0] == result.value[0, cell]
    alone = SampledStudy(BOWL, BASE, LR, K, further=FURTHER, points=4, steps=20)
    assert np.array_equal(run(alone).value[0], result.value[0, :4])
    assert result.edges == ()
    assert study.place(5) == (0, 5)
    assert study.cell((0, 5)) == 5


def test_levels_double_and_hold_every_point_once():
    levels = sample_of(100).levels()
    assert [len(level) for level in levels] == [16, 16, 32, 36]
    assert np.concatenate(levels).tolist() == list(range(100))
    assert [len(level) for level in sample_of(10).levels()] == [10]


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        (
            {"further": (Axis("lr", 0.1, 1, 2),)},
            "further axis 1 must vary another setting than those before it, got lr",
        ),
        ({"further": (Axis("k_3", 1, 4, 2),)}, "further axis 1: k_3 needs 3 layers, the optimizer has 2"),
        ({"points": 0}, "points must be a whole number from 1 to 65,536, got 0"),
        ({"further": tuple(Axis("lr", 0.1, 1, 2) for _ in range(7))}, "a sample has at most 8 axes, got 9: leave some"),
    ],
)
def test_bad_samples_are_refused(settings, problem):
    with pytest.raises(ValueError, match=problem):
        SampledStudy(BOWL, BASE, LR, K, **settings)
