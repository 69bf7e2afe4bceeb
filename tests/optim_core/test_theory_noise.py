"""Steady-state variances: derived numbers, the closed form of one layer, seeded simulations of the real optimizers."""

import math

import numpy as np
import pytest
import torch

from optim_core.experiments import measure_variances
from optim_core.experiments.variance import MAX_STEPS, chi_square_bounds, steps_to_settle
from optim_core.layers import Layer
from optim_core.spec import OptimizerSpec
from optim_core.theory import (
    NoisyQuadratic,
    base_matrix,
    effective_lr,
    lr_for_effective,
    steady_covariances,
    steady_variances,
    trade_off,
)
from optim_core.trajectory import record

PROBLEM = NoisyQuadratic(h=0.5, sigma=1.0)  # at lr .1: c = .95 and q_0 = .01
STACKS = ((), (Layer(5, 0.5),), (Layer(5, 0.5), Layer(5, 0.5)), (Layer(5, 0.5), Layer(4, 0.8), Layer(3, 0.5)))


def sgd(layers, lr=0.1):
    return OptimizerSpec(f"{len(layers)} layers", "sgd", lr, layers)


@pytest.mark.parametrize(
    ("layers", "variance", "rounding"),
    list(zip(STACKS, [0.1026, 0.0482, 0.0210, 0.01475], [5e-5, 5e-5, 5e-5, 5e-6], strict=True)),
)
def test_known_variances(layers, variance, rounding):
    assert steady_variances(0.95, 0.01, layers)[-1] == pytest.approx(variance, abs=rounding)


def test_variance_of_one_layer_on_a_complex_mode():
    # .343 came from a simulation; .3447 is its limit
    assert steady_variances(1 + 0.1j, 0.01, [Layer(5, 0.5)])[-1] == pytest.approx(0.343, rel=0.01)


@pytest.mark.parametrize(("k", "alpha", "c"), [(5, 0.5, 0.95), (1, 0.3, 0.5), (20, 0.9, -0.7)])
def test_one_layer_reproduces_the_closed_form_of_zhang_et_al(k, alpha, c):
    # V_LA / V_SGD = α²(1 − c^2k) / (α²(1 − c^2k) + 2α(1 − α)(1 − c^k))
    plain, with_layer = steady_variances(c, 0.01, [Layer(k, alpha)])
    top = alpha**2 * (1 - c ** (2 * k))
    assert with_layer / plain == pytest.approx(top / (top + 2 * alpha * (1 - alpha) * (1 - c**k)), rel=1e-12)


def test_alpha_one_changes_no_variance():
    assert steady_variances(0.95, 0.01, [Layer(7, 1.0), Layer(3, 1.0)]) == pytest.approx([0.01 / (1 - 0.95**2)] * 3)


def test_unstable_layers_have_infinite_variance():
    assert steady_variances(-1.04, 0.01, [Layer(6, 0.5)])[-1] == math.inf
    assert steady_variances(-1.04, 0.01, [Layer(5, 0.5)])[-1] < math.inf


def test_negative_noise_is_refused():
    with pytest.raises(ValueError, match=r"q0 .*-1"):
        steady_variances(0.5, -1, ())


def test_matrices_without_momentum_equal_the_scalars():
    for layers in STACKS:
        covariances = steady_covariances([[0.95]], [[0.01]], layers, has_momentum=False)
        assert [P[0, 0] for P in covariances] == pytest.approx(steady_variances(0.95, 0.01, layers), rel=1e-12)


@pytest.mark.parametrize("mode", ["keep", "reset", "pullback"])
def test_covariances_are_the_limit_of_the_linear_recursion(mode):
    base, noise = base_matrix([[3.0]], 0.1, momentum=0.8), np.outer([-0.1, 1], [-0.1, 1])
    layers = (Layer(3, 0.5), Layer(2, 0.7))
    predicted = steady_covariances(base, noise, layers, sync_momentum=mode)[-1]
    assert predicted == pytest.approx(iterated_covariance(base, noise, layers, mode), rel=1e-9)


def iterated_covariance(base, noise, layers, mode):
    """Covariance of (fast, φ_1, φ_2), each with its velocity, pushed through 600 base steps one at a time."""
    size = 2 * (len(layers) + 1)
    P = np.zeros((size, size))
    for step in range(1, 601):
        A = np.eye(size)
        A[:2, :2] = base
        P = A @ P @ A.T
        P[:2, :2] += noise
        for i, period in enumerate(np.cumprod([layer.k for layer in layers]), start=1):
            if step % period == 0:
                P = (S := synchronisation(i, size, layers[i - 1].alpha, mode)) @ P @ S.T
    return P[:2, :2]


def synchronisation(layer, size, alpha, mode):
    S, outer = np.eye(size), 2 * layer
    rows = np.zeros((2, size))
    rows[0, outer], rows[0, outer - 2] = 1 - alpha, alpha
    if mode == "keep":
        rows[1, 1] = 1
    if mode == "pullback":
        rows[1, outer + 1], rows[1, outer - 1] = 1 - alpha, alpha
    for level in range(layer + 1):
        S[2 * level : 2 * level + 2] = rows
    return S


def test_ten_thousand_seeds_agree_with_theory_at_every_depth():
    torch.set_num_threads(2)
    run = measure_variances(PROBLEM, [sgd(layers) for layers in STACKS[:3]], seeds=10_000)
    assert run.agrees == (True, True, True)
    # 99 % of a chi-square with 10,000 degrees is ±3.6 %: the interval is as narrow as the sample allows
    assert run.high / run.low == pytest.approx(np.full(3, 1.0755), rel=2e-3)


@pytest.mark.parametrize("mode", ["keep", "reset", "pullback"])
@pytest.mark.parametrize("base", ["momentum", "nesterov"])
def test_simulated_momentum_agrees_with_the_matrices(base, mode):
    specs = [
        OptimizerSpec("one", base, 0.1, (Layer(5, 0.5),), 0.9, sync_momentum=mode),
        OptimizerSpec("two", base, 0.1, (Layer(5, 0.5), Layer(3, 0.5)), 0.9, sync_momentum=mode),
    ]
    # the two are tested at 99.9 % each, seeds are fixed
    assert measure_variances(PROBLEM, specs, seeds=10_000, confidence=0.999).agrees == (True, True)


def test_simulated_complex_mode_agrees_with_theory():
    seeds, steps = 4_000, 1_500
    generator = torch.Generator().manual_seed(0)

    def field(x, evaluation):
        noise = torch.randn(x.shape, generator=generator, dtype=x.dtype) * math.sqrt(0.5)
        return x.sum(-1), torch.stack([x[:, 1], -x[:, 0]], dim=-1) + noise

    spec = OptimizerSpec("game", "sgd", 0.1, (Layer(5, 0.5),))
    run = record(field, [spec], np.zeros((seeds, 2)), steps, keep="last")
    measured = np.mean((run.outermost(0)[-1] ** 2).sum(-1))
    low, high = chi_square_bounds(2 * seeds, 0.999)
    predicted = steady_variances(1 + 0.1j, 0.01, spec.layers)[-1]
    assert measured * low < predicted < measured * high


def test_a_wrong_prediction_is_caught():
    run = measure_variances(PROBLEM, [sgd(STACKS[1])], seeds=10_000)
    assert not run.low[0] <= run.predicted[0] * 1.08 <= run.high[0]


def test_measuring_repeats_bit_for_bit_and_other_seeds_differ():
    first, again, other = (
        measure_variances(PROBLEM, [sgd(STACKS[1])], seeds=50, seed=s).measured[0] for s in (1, 1, 2)
    )
    assert first == again != other


def test_unstable_optimizer_among_stable_ones_is_a_result():
    run = measure_variances(PROBLEM, [sgd(()), sgd((), lr=5.0)], seeds=10)
    assert run.predicted[1] == math.inf
    assert math.isnan(run.measured[1])
    assert run.agrees[1] is False


def test_stopping_early_keeps_what_was_reached():
    run = measure_variances(PROBLEM, [sgd(STACKS[1])], seeds=10, should_stop=lambda: True)
    assert 0 < run.steps < steps_to_settle(PROBLEM, sgd(STACKS[1]))


def test_no_steady_state_is_refused_with_the_reason():
    with pytest.raises(ValueError, match="no optimizer is stable"):
        measure_variances(PROBLEM, [sgd((), lr=5.0)])
    with pytest.raises(ValueError, match=f"limit is {MAX_STEPS}"):
        measure_variances(PROBLEM, [sgd((), lr=1e-5)], seeds=2)
    with pytest.raises(ValueError, match=r"seeds .*got 1"):
        measure_variances(PROBLEM, [sgd(())], seeds=1)


def test_equal_effective_lr_undoes_the_slow_step_sizes():
    layers = (Layer(5, 0.5), Layer(4, 0.8))
    assert effective_lr(lr_for_effective(0.1, layers), layers) == pytest.approx(0.1)
    with pytest.raises(ValueError, match="alpha = 0"):
        lr_for_effective(0.1, (Layer(5, 0.0),))


def test_trade_off_falls_in_variance_as_contraction_slows():
    contraction, variance = trade_off(PROBLEM, [sgd(STACKS[1], lr) for lr in (0.4, 0.2, 0.1)])
    assert (np.diff(contraction) > 0).all()
    assert (np.diff(variance) < 0).all()


@pytest.mark.parametrize(("field", "value"), [("h", 0.0), ("h", math.nan), ("sigma", -1.0)])
def test_bad_problem_names_the_field_and_the_value(field, value):
    with pytest.raises(ValueError, match=f"{field} .*{value}"):
        NoisyQuadratic(**{field: value})
