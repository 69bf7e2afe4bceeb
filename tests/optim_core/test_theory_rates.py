"""Slope fits on known lines, and the convergence rate of the real optimizers."""

import numpy as np
import pytest
import torch

from optim_core.experiments import SmoothNonconvex, convergence_rates
from optim_core.layers import Layer
from optim_core.spec import OptimizerSpec, Schedule
from optim_core.theory import log_log_slope
from optim_core.trajectory import record

SPECS = [
    OptimizerSpec("SGD", "sgd", 1.0),
    OptimizerSpec("one layer", "sgd", 1.0, (Layer(5, 0.5),)),
    OptimizerSpec("two layers", "sgd", 1.0, (Layer(5, 0.8), Layer(5, 0.8))),
]


def test_slope_of_an_exact_power_has_no_error():
    x = np.array([1.0, 10.0, 100.0])
    fit = log_log_slope(x, np.repeat(3 * x[:, None] ** -0.5, 4, axis=1))
    assert fit.value == pytest.approx(-0.5, rel=1e-12)
    assert fit.half_width == pytest.approx(0, abs=1e-12)
    assert np.exp(fit.intercept) == pytest.approx(3, rel=1e-12)


def test_interval_covers_the_true_slope_as_often_as_it_says():
    x, repeats = np.array([1.0, 2.0, 4.0, 8.0]), 2_000
    generator = np.random.default_rng(0)
    hits = 0
    for _ in range(repeats):
        fit = log_log_slope(x, x[:, None] ** -0.5 * generator.normal(1, 0.3, size=(4, 50)))
        hits += abs(fit.value + 0.5) < fit.half_width
    # 95 % within four binomial deviations, less one per cent for 50 samples against the normal quantile
    assert hits / repeats == pytest.approx(0.945, abs=4 * np.sqrt(0.05 * 0.95 / repeats))


def test_slope_needs_two_points_and_positive_means():
    with pytest.raises(ValueError, match="at least 2 points"):
        log_log_slope([1.0], [[1.0, 2.0]])
    with pytest.raises(ValueError, match="must be positive"):
        log_log_slope([1.0, 2.0], [[1.0, 2.0], [-1.0, -2.0]])


def test_constants_of_the_problem_by_hand():
    problem = SmoothNonconvex(h=(1.0, 3.0), sigma=2.0)
    assert problem.smoothness == 6.0
    # f' = 2hs/(1 + s²)²
    assert problem.gradient(torch.tensor([1.0, 0.5])).tolist() == pytest.approx([0.5, 3 / 1.5625])


def test_gradient_is_that_of_the_formula_and_never_steeper_than_the_smoothness():
    problem = SmoothNonconvex()
    s = torch.linspace(-4, 4, 4_001, dtype=torch.float64)[:, None].expand(-1, 10).clone().requires_grad_()
    value = (torch.tensor(problem.h, dtype=torch.float64) * s**2 / (1 + s**2)).sum()
    (gradient,) = torch.autograd.grad(value, s)
    assert torch.allclose(gradient, problem.gradient(s.detach()), rtol=1e-12, atol=1e-15)
    curvature = torch.gradient(gradient, spacing=0.002, dim=0)[0]
    assert curvature.max().item() == pytest.approx(problem.smoothness, rel=1e-4)
    assert curvature.min().item() < -0.4  # nonconvex


def test_means_are_those_of_a_recorded_trajectory():
    problem = SmoothNonconvex(h=(1.0, 2.0), sigma=0.0)
    run = convergence_rates(problem, SPECS, [20], seeds=2)
    specs = [spec.with_lr(0.5 / np.sqrt(20)) for spec in SPECS]

    def field(x, evaluation):
        return x.sum(-1), problem.gradient(x)

    path = record(field, specs, [1.0, 1.0], 20)
    for index in range(3):
        for values, places in ((run.fast, path.fast[:20, index, 0]), (run.slow, path.outermost(index)[:20, 0])):
            squared_norms = problem.gradient(torch.from_numpy(places.copy())).square().sum(-1)
            assert values[index, 0].tolist() == pytest.approx([squared_norms.mean().item()] * 2, rel=1e-12)


def test_slow_equals_fast_without_layers():
    run = convergence_rates(SmoothNonconvex(), SPECS[:1], [16, 32], seeds=4)
    assert np.array_equal(run.fast, run.slow)


def test_rates_repeat_and_do_not_depend_on_which_optimizers_run():
    both = convergence_rates(SmoothNonconvex(), SPECS, [16, 64], seeds=4)
    alone = convergence_rates(SmoothNonconvex(), SPECS[2:], [64, 16], seeds=4)
    assert np.array_equal(both.fast[2], alone.fast[0])
    assert both.T.tolist() == alone.T.tolist() == [16, 64]
    assert both.lr.tolist() == [0.125, 0.0625]


def test_stopping_keeps_the_lengths_that_were_done():
    answers = iter([False] * 30 + [True] * 100)
    run = convergence_rates(SmoothNonconvex(), SPECS, [10, 20, 1_000], seeds=2, should_stop=lambda: next(answers))
    assert run.T.tolist() == [10, 20]
    assert run.fast.shape == (3, 2, 2)


def test_slopes_are_near_minus_one_half_over_short_runs():
    run = convergence_rates(SmoothNonconvex(), SPECS, [2**n for n in range(7, 12)], seeds=16)
    for index in range(3):
        fit = run.slope(index)
        assert fit.half_width < 0.02
        assert -0.52 < fit.value < -0.44  # from below as the transient fades; the bound is −1/2
    assert run.slow_from(2) == 500


@pytest.mark.slow
def test_slopes_over_two_decades_agree_with_one_over_root_t():
    run = convergence_rates(SmoothNonconvex(), SPECS, [2**n for n in range(7, 15)], seeds=32)
    for index in range(3):
        fit = run.slope(index, from_T=2**11)
        assert abs(fit.value + 0.5) < 0.02
        assert fit.half_width < 0.02


@pytest.mark.parametrize(
    "spec",
    [
        OptimizerSpec("a", "adam", 1.0),
        OptimizerSpec("a", "sgd", 1.0, weight_decay=0.1),
        OptimizerSpec("a", "sgd", 1.0, schedule=Schedule("cosine")),
        OptimizerSpec("a", "sgd", 1.0, alternating=True),
    ],
)
def test_optimizer_whose_lr_is_not_a_factor_is_refused(spec):
    with pytest.raises(ValueError, match="a: only sgd"):
        convergence_rates(SmoothNonconvex(), [spec], [16])


@pytest.mark.parametrize(("T", "seeds"), [([], 4), ([0], 4), ([16], 1)])
def test_nothing_to_run_is_refused(T, seeds):
    with pytest.raises(ValueError, match="at least one T"):
        convergence_rates(SmoothNonconvex(), SPECS, T, seeds=seeds)


@pytest.mark.parametrize(("field", "value"), [("h", ()), ("h", (1.0, -1.0)), ("sigma", -1.0)])
def test_bad_problem_names_the_field_and_the_value(field, value):
    with pytest.raises(ValueError, match=field):
        SmoothNonconvex(**{field: value})
