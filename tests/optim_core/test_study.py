"""Studies: a cell is its optimizer run alone, closed forms hold over the grid, and nothing is computed twice."""

from dataclasses import fields, replace

import numpy as np
import pytest
import torch

from optim_core.layers import Layer
from optim_core.spec import OptimizerSpec, Schedule
from optim_core.study import Axis, Objective, Problem, Study, known_from, run_study
from optim_core.theory import Axis as TheoryAxis
from optim_core.theory import ParameterGrid, linear_rate, stability_map
from optim_core.trajectory import record

FIVE = Layer(5, 0.5)
ONE = OptimizerSpec("one", lr=0.1, layers=(FIVE,))
TWO = OptimizerSpec("two", lr=0.1, layers=(FIVE, Layer(2, 0.8)))
PARABOLA = Objective("surface", "parabola", (1.0,))
NOISY = replace(PARABOLA, noise="gaussian", noise_scale=1.0)
LR, K = Axis("lr", 0.1, 2.5, 13), Axis("k_1", 1, 8, 8)
H = 1.0


def parabola(x, evaluation):
    """½hx² with h = 1: one base step at lr η multiplies x by 1 − η."""
    return 0.5 * H * x.square().sum(-1), H * x


def noisy(scales, seeds):
    """½x² with noise that depends on the seed and the evaluation only, times a scale per cell."""

    def field(x, evaluation):
        draw = torch.randn((seeds, x.shape[-1]), generator=torch.Generator().manual_seed(evaluation), dtype=x.dtype)
        scale = torch.tensor(scales, dtype=x.dtype).view(-1, 1, 1)
        return 0.5 * x.square().sum(-1), (x.view(len(scales), *draw.shape) + scale * draw).view_as(x)

    return field


PLAIN = Problem(lambda scales, seeds: parabola, escape=1e6)
WITH_NOISE = Problem(noisy, escape=1e6)


def same(one, other):
    return np.array_equal(one.value, other.value, equal_nan=True) and np.array_equal(one.diverged, other.diverged)


@pytest.mark.parametrize(
    ("base", "x", "y"),
    [
        (TWO, LR, K),
        (TWO, Axis("alpha_2", 0, 1, 5), Axis("mu_1", 0, 0.9, 4)),
        (TWO, Axis("depth", 0, 2, 3), Axis("lr", 0.01, 1, 5, log=True)),
        (TWO, Axis("noise_scale", 0, 2, 4), Axis("k_2", 1, 9, 5)),
        (replace(ONE, base="momentum"), Axis("momentum", 0, 0.9, 4), Axis("lr", 0.01, 2, 4)),
        (replace(ONE, base="extragradient"), LR, Axis("alpha_1", 0, 1, 3)),
    ],
    ids=lambda part: getattr(part, "name", ""),
)
def test_a_cell_is_its_optimizer_run_alone_to_the_bit(base, x, y):
    study = Study(NOISY, base, x, y, seeds=3, steps=37)
    result = run_study(study, WITH_NOISE)
    for cell, spec in enumerate(study.specs):
        alone = record(noisy([study.noise_scales[cell]], 3), [spec], [[1.0]] * 3, 37, escape=1e6, engine="classes")
        row, column = study.place(cell)
        expected = np.where(alone.diverged[0] < 0, alone.slow_loss[-1, 0], np.inf)
        assert result.value[row, column].tolist() == expected.tolist()
        assert result.diverged[row, column].tolist() == alone.diverged[0].tolist()


def test_cells_have_the_values_of_their_axes():
    study = Study(NOISY, TWO, Axis("depth", 0, 2, 3), Axis("lr", 0.1, 0.4, 2))
    assert [(spec.lr, spec.depth) for spec in study.specs] == [
        (0.1, 0), (0.1, 1), (0.1, 2), (0.4, 0), (0.4, 1), (0.4, 2)
    ]  # fmt: skip
    assert study.specs[2] == TWO
    assert study.specs[1].layers == (FIVE,)


def test_the_border_of_divergence_is_that_of_the_closed_form():
    study = Study(PARABOLA, ONE, LR, K, steps=800)  # 800 is a multiple of every k: each run ends at a synchronisation
    result = run_study(study, Problem(lambda scales, seeds: parabola, escape=1e300))
    axes = [TheoryAxis(axis.name, axis.values) for axis in (study.x, study.y)]
    rate = stability_map([[H]], ParameterGrid(ONE, *axes))
    loss = result.value[..., 0]
    settled = np.abs(np.log(rate)) > 1e-12  # on the border itself either will do
    assert ((loss > 0.5) == (rate > 1))[settled].all()
    assert (rate > 1).any()
    assert (rate < 1).any()
    assert (rate[result.diverged[..., 0] >= 0] > 1).all()


def test_the_loss_in_every_cell_is_the_power_of_its_factor():
    study = Study(PARABOLA, ONE, Axis("lr", 0.1, 0.9, 5), Axis("k_1", 1, 5, 5), steps=60)  # a multiple of every k
    result = run_study(study, PLAIN)
    for cell, spec in enumerate(study.specs):
        expected = 0.5 * linear_rate([[H]], spec) ** (2 * 60)
        assert result.value[study.place(cell)] == pytest.approx(expected, rel=1e-9)


def test_k_1_alpha_1_is_the_base():
    study = Study(NOISY, ONE, Axis("alpha_1", 0.5, 1, 2), K, seeds=4, steps=50)
    result = run_study(study, WITH_NOISE)
    alone = record(noisy([1.0], 4), [replace(ONE, layers=())], [[1.0]] * 4, 50, escape=1e6)
    assert result.value[0, 1].tolist() == alone.slow_loss[-1, 0].tolist()


def test_hand_worked_cells():
    # lr 1 on ½x² from 1: a base step leads to 0. With (2, .5): 0, .5, 0, .25, so φ = .25 after 4 steps.
    study = Study(
        PARABOLA, OptimizerSpec("", lr=1.0, layers=(Layer(2, 0.5),)), Axis("k_1", 2, 4, 2), Axis("alpha_1", 0.5, 1, 2)
    )
    result = run_study(replace(study, steps=4), PLAIN)
    assert result.value[..., 0].tolist() == [[0.5 * 0.25**2, 0.5 * 0.5**2], [0.0, 0.0]]


def test_equal_evaluations_are_stated():
    extragradient = replace(ONE, base="extragradient")
    assert Study(PARABOLA, ONE, LR, K, steps=100).evaluations == 100
    assert Study(PARABOLA, extragradient, LR, K, steps=100).evaluations == 200


def test_coarse_grids_come_first_and_every_cell_comes_once():
    study = Study(PARABOLA, ONE, Axis("lr", 0.1, 1, 33), Axis("alpha_1", 0, 1, 20), steps=5)
    levels = study.levels()
    assert sorted(np.concatenate(levels).tolist()) == list(range(33 * 20))
    assert [len(level) for level in levels] == [17 * 10, 33 * 20 - 17 * 10]
    results, progress = [], []
    final = run_study(study, PLAIN, on_level=results.append, on_progress=lambda *now: progress.append(now))
    assert [int(result.has_outcome.sum()) for result in results] == [17 * 10]
    assert np.array_equal(results[0].value[::2, ::2], final.value[::2, ::2])
    assert progress[-1] == (33 * 20 * 5, 33 * 20 * 5)
    assert sorted(progress) == progress


def test_a_stop_keeps_what_was_computed():
    study = Study(PARABOLA, ONE, Axis("lr", 0.1, 1, 16), Axis("alpha_1", 0, 1, 16), steps=500)
    batches = []
    result = run_study(study, PLAIN, on_batch=batches.append, should_stop=lambda: bool(batches))
    assert len(batches) == 1
    assert result.has_outcome.sum() == len(batches[0].keys) == 64
    assert same(run_study(study, PLAIN), run_study(study, PLAIN, known=known_from(batches)))


def test_known_cells_are_not_computed_again():
    batches, again = [], []
    coarse = Study(NOISY, ONE, Axis("lr", 0.1, 0.5, 5), K, seeds=4, steps=20)
    run_study(coarse, WITH_NOISE, on_batch=batches.append)
    wide = replace(coarse, x=Axis("lr", 0.1, 0.9, 9), seeds=3)  # twice as wide, the old values among the new
    fresh = run_study(wide, WITH_NOISE)
    assert same(run_study(wide, WITH_NOISE, known=known_from(batches), on_batch=again.append), fresh)
    assert sum(len(batch.keys) for batch in again) == 4 * 8
    more_seeds = run_study(replace(coarse, seeds=5), WITH_NOISE, known=known_from(batches))
    assert more_seeds.has_outcome.all()
    assert np.array_equal(more_seeds.value[..., :4], run_study(coarse, WITH_NOISE).value)


def test_cells_of_the_same_settings_are_computed_once():
    # without layers, k_1 does nothing
    batches = []
    study = Study(PARABOLA, ONE, Axis("depth", 0, 1, 2), Axis("k_1", 1, 8, 8), steps=10)
    result = run_study(study, PLAIN, on_batch=batches.append)
    assert sum(len(batch.keys) for batch in batches) == 8 + 1
    assert len(set(result.value[:, 0, 0].tolist())) == 1


CHANGES = {
    "base": "rmsprop", "lr": 0.2, "layers": (FIVE, FIVE), "weight_decay": 0.1, "schedule": Schedule("cosine"),
    "alternating": True, "inner_buffers": "reset",
}  # fmt: skip
UNUSED = {
    "name": "other",
    "momentum": 0.5,
    "betas": (0.5, 0.9),
    "sync_momentum": "reset",
    "mu_y": 0.5,
    "mu_x": 0.5,
}  # by SGD
USED = [
    (replace(ONE, base="momentum"), {"momentum": 0.5}),
    (replace(ONE, base="momentum"), {"sync_momentum": "reset"}),
    (replace(ONE, base="adam"), {"betas": (0.5, 0.9)}),
    (replace(ONE, base="gpa", layers=()), {"mu_y": 0.5}),
    (replace(ONE, base="gpa", layers=()), {"mu_x": 0.5}),
]


SCALE = Axis("noise_scale", 1, 2, 2)


def key_of(spec, objective=NOISY, steps=10):
    axes = (Axis("alpha_1", 0, 1, 2), Axis("k_1", 1, 2, 2)) if spec.layers else (Axis("lr", spec.lr, 9, 2), SCALE)
    return Study(objective, spec, *axes, steps=steps).keys[0]


def test_a_key_depends_on_every_setting_that_matters_and_on_no_other():
    assert set(CHANGES) | set(UNUSED) == {field.name for field in fields(OptimizerSpec)}
    keys = [key_of(replace(ONE, **{name: value})) for name, value in CHANGES.items()]
    keys += [key_of(replace(spec, **change)) for spec, change in USED]
    keys += [key_of(spec) for spec in dict.fromkeys((ONE, *(spec for spec, _ in USED)))]
    keys += [key_of(ONE, steps=11), key_of(ONE, replace(NOISY, noise_scale=2.0)), key_of(ONE, replace(NOISY, seed=1))]
    assert len(set(keys)) == len(keys)
    assert {key_of(replace(ONE, **{name: value})) for name, value in UNUSED.items()} == {key_of(ONE)}


def test_a_cell_that_fails_is_marked_and_the_others_go_on():
    def fragile(x, evaluation):
        if x.abs().max() > 50:
            raise RuntimeError("the field is undefined there")
        return parabola(x, evaluation)

    study = Study(PARABOLA, ONE, Axis("lr", 0.5, 4, 8), Axis("alpha_1", 0.5, 1, 2), steps=30)
    result = run_study(study, Problem(lambda scales, seeds: fragile))
    fine = run_study(study, PLAIN)
    assert result.reasons
    assert set(result.reasons.values()) == {"the field is undefined there"}
    failed = np.zeros(study.shape, dtype=bool)
    failed[tuple(zip(*result.reasons, strict=True))] = True
    assert np.isnan(result.value[failed]).all()
    assert np.array_equal(result.value[~failed], fine.value[~failed])


def test_an_error_of_the_callers_is_no_failure_of_a_cell():
    def refuse(count, total):
        raise ValueError("the window was closed")

    with pytest.raises(ValueError, match="the window was closed"):
        run_study(Study(PARABOLA, ONE, LR, K, steps=5), PLAIN, on_progress=refuse)


def test_a_diverged_run_is_infinite_and_its_step_is_kept():
    # lr 3 multiplies x by −2: beyond 100 at step 7
    study = Study(
        PARABOLA, replace(ONE, layers=(Layer(100, 0.5),)), Axis("lr", 1, 3, 2), Axis("alpha_1", 0, 1, 2), steps=20
    )
    result = run_study(study, Problem(lambda scales, seeds: parabola, escape=100.0))
    assert result.diverged[0, :, 0].tolist() == [-1, 7]
    assert np.isinf(result.value[0, 1, 0])
    assert result.share_diverged.tolist() == [[0.0, 1.0], [0.0, 1.0]]


def test_summaries_by_hand():
    study = Study(NOISY, ONE, Axis("lr", 0.1, 0.3, 3), Axis("k_1", 1, 2, 2), seeds=4, steps=1)
    empty = run_study(study, WITH_NOISE, should_stop=lambda: True)
    value = np.array([[[1, 2, 3, 6], [1, 1, 1, np.inf], [np.nan] * 4], [[1, 2, 3, 5.99], [2, 3, 4, 7], [9, 9, 9, 9]]])
    result = replace(empty, value=value, diverged=np.where(np.isinf(value), 3, -1))
    assert result.mean[0].tolist()[:2] == [3.0, np.inf]
    assert result.median[0].tolist()[:2] == [2.5, 1.0]
    assert result.spread[0, 0] == pytest.approx(np.std([1, 2, 3, 6], ddof=1))
    assert result.share_diverged[0].tolist()[:2] == [0.0, 0.25]
    assert result.best == (1, 0)
    assert result.ties == ((0, 0),)  # a difference of .0025 ± .0025, seed by seed; all others are 1 and more apart
    assert result.edges == ("k_1", "lr")
    assert result.best_along("lr") == ((0, 0), (1, 0))
    assert result.best_along("k_1") == ((1, 0), (1, 1), (1, 2))


def test_an_edge_is_one_only_where_the_setting_goes_on():
    study = Study(PARABOLA, ONE, Axis("alpha_1", 0, 1, 3), Axis("lr", 0.1, 1, 4), steps=5)
    result = run_study(study, PLAIN)
    assert result.best == (3, 2)  # lr 1 reaches the minimum in one step
    assert result.edges == ("lr",)  # and α = 1 is the greatest there is


def test_the_same_study_has_the_same_bits():
    study = Study(NOISY, TWO, LR, K, seeds=4, steps=30)
    assert same(run_study(study, WITH_NOISE), run_study(study, WITH_NOISE))


@pytest.mark.parametrize(
    ("axis", "message"),
    [
        (("width", 1, 2, 3), "an axis is one of lr, .* got 'width'"),
        (("lr", 0.5, 0.1, 5), r"lr, high must be above the axis's other end, 0.5, got 0.1: swap the two"),
        (("lr", 0.0, 1.0, 5), "lr, low must be above 0, got 0"),
        (
            ("noise_scale", 0, 1, 5, True),
            "noise_scale, low must be above 0 on a logarithmic axis, got 0: write a small",
        ),
        (("k_1", 2.5, 9, 5), "k_1, low must be a whole number, got 2.5: write 2 or 3"),
        (("k_2", 0, 9, 5), "k_2, low must be at least 1, got 0"),
        (("alpha_1", 0, 1.5, 5), r"alpha_1, high must be in \[0, 1\], got 1.5"),
        (("mu_1", 0, 1, 5), r"mu_1, high must be in \[0, 1\), got 1"),
        (("lr", 0.1, float("inf"), 5), "lr, high must be a finite number, got inf"),
        (("lr", 0.1, 1, 1), "lr, points must be a whole number from 2 to 4,096, got 1"),
    ],
)
def test_an_axis_is_refused_with_field_value_and_remedy(axis, message):
    with pytest.raises(ValueError, match=message):
        Axis(*axis)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"y": LR}, "y must vary another setting than x, got lr twice: choose another axis"),
        ({"x": Axis("k_3", 1, 5, 5)}, "x: k_3 needs 3 layers, the optimizer has 1: add a layer or choose another axis"),
        ({"x": Axis("momentum", 0, 0.9, 5)}, "x: momentum needs a base that has it, momentum or nesterov, got sgd"),
        ({"x": Axis("noise_scale", 0, 1, 5)}, "x: noise_scale needs gradient noise, there is none"),
        ({"x": Axis("depth", 0, 3, 4)}, "x: depth must end at 1, the layers of the optimizer, got 3: add layers"),
        ({"seeds": 0}, "seeds must be a whole number from 1 to 10,000, got 0"),
        ({"steps": 2.5}, "steps must be a whole number from 1 to 1,000,000, got 2.5"),
        (
            {"x": Axis("lr", 0.1, 1, 4096), "y": Axis("alpha_1", 0, 1, 4096)},
            "a study has at most 1,048,576 cells, got 16,777,216: take fewer points",
        ),
    ],
)
def test_a_study_is_refused_with_field_value_and_remedy(change, message):
    with pytest.raises(ValueError, match=message):
        replace(Study(PARABOLA, ONE, LR, K), **change)


def test_whole_numbers_appear_once_each():
    assert Axis("k_1", 1, 5, 9).values == (1, 2, 3, 4, 5)  # 1, 1.5 → 2, 2, 2.5 → 2, 3, 3.5 → 4, 4, 4.5 → 4, 5


def test_borders_lie_halfway_between_values():
    assert Axis("alpha_1", 0, 1, 3).borders == pytest.approx([-0.25, 0.25, 0.75, 1.25])
    assert Axis("lr", 0.01, 1, 3, log=True).borders == pytest.approx([10**-2.5, 10**-1.5, 10**-0.5, 10**0.5])
