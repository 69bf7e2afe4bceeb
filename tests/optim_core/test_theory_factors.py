"""Factors and matrices against the numbers of the derivation and against the optimizers themselves."""

import math

import numpy as np
import pytest
import torch

from optim_core.layers import Layer
from optim_core.spec import OptimizerSpec
from optim_core.theory import (
    base_matrix,
    converges,
    factors,
    factors_of_cells,
    game_eigenvalues,
    layer_matrices,
    linear_rate,
    rate,
    spectral_radius,
)
from optim_core.trajectory import record

BILINEAR = [[0.0, 1.0], [-1.0, 0.0]]


def linear_field(jacobian):
    J = torch.tensor(jacobian, dtype=torch.float64)

    def field(x, evaluation):
        gradient = x @ J.T
        return (x * gradient).sum(-1) / 2, gradient

    return field


def slow_end(jacobian, spec, steps, start=(1.0, 1.0)):
    run = record(linear_field(jacobian), [spec], [start[: len(jacobian)]], steps, keep="last")
    return run.outermost(0)[-1, 0]


def test_without_layers_the_only_factor_is_that_of_the_base_step():
    assert factors(0.9, ()).tolist() == [0.9 + 0j]
    assert rate(0.9, ()) == pytest.approx(0.9)


def test_one_layer_by_hand():
    # ρ_1 = 1 − .5 + .5 · .5² = .625
    assert factors(0.5, [Layer(2, 0.5)])[-1] == 0.625


def test_two_layers_by_hand():
    # ρ_1 = .625; ρ_2 = 1 − .4 + .4 · .625² = .75625
    assert factors(0.5, [Layer(2, 0.5), Layer(2, 0.4)])[-1] == pytest.approx(0.75625, rel=1e-15)


def test_odd_k_is_stable_and_even_k_is_not_just_past_the_edge():
    c = 1 - 2.04
    assert abs(factors(c, [Layer(5, 0.5)])[-1]) == pytest.approx(0.108, abs=5e-4)
    assert abs(factors(c, [Layer(6, 0.5)])[-1]) == pytest.approx(1.13, abs=5e-3)
    assert converges(c, [Layer(5, 0.5)])
    assert not converges(c, [Layer(6, 0.5)])


@pytest.mark.parametrize(
    ("k", "alpha", "size", "digits"), [(5, 0.5, 0.981, 3), (31, 0.5, 0.088, 3), (63, 0.5, 1.18, 2), (5, 0.8, 1.0004, 4)]
)
def test_bilinear_window(k, alpha, size, digits):
    measured = np.abs(factors(game_eigenvalues(0.1), [Layer(k, alpha)])[-1])
    assert measured == pytest.approx([size, size], abs=0.5 * 10**-digits)


def test_simultaneous_descent_ascent_has_eigenvalues_one_plus_minus_i_lr():
    assert sorted(game_eigenvalues(0.1), key=np.imag) == pytest.approx([1 - 0.1j, 1 + 0.1j])
    assert sorted(game_eigenvalues(0.1, 0.5), key=np.imag) == pytest.approx([0.95 - 0.1j, 0.95 + 0.1j])


def test_alternating_descent_ascent_neither_expands_nor_contracts():
    # x' = x − ηy, y' = y + ηx': determinant 1 and trace 2 − η², so both eigenvalues lie on the unit circle
    assert base_matrix(BILINEAR, 0.1, alternating=True) == pytest.approx(np.array([[1, -0.1], [0.1, 0.99]]))
    assert np.abs(game_eigenvalues(0.1, alternating=True)) == pytest.approx([1, 1], rel=1e-14)


@pytest.mark.parametrize("layers", [(), (Layer(5, 0.5),), (Layer(5, 0.5), Layer(4, 0.8)), (Layer(2, 0.3),) * 4])
def test_factor_predicts_where_the_optimizer_ends(layers):
    spec = OptimizerSpec("one", "sgd", 0.1, layers)
    periods = 3
    end = slow_end(BILINEAR, spec, periods * spec.outer_period)
    predicted = abs(factors(1 + 0.1j, layers)[-1]) ** periods * math.sqrt(2)
    assert np.linalg.norm(end) == pytest.approx(predicted, rel=1e-12)


def test_known_distances_after_1000_steps_of_the_bilinear_game():
    stacks = ((), (Layer(5, 0.5),), (Layer(5, 0.5), Layer(5, 0.5)))
    distances = [np.linalg.norm(slow_end(BILINEAR, OptimizerSpec("game", "sgd", 0.1, one), 1000)) for one in stacks]
    assert distances[0] == pytest.approx(205, abs=0.5)
    assert distances[1] == pytest.approx(0.033, abs=5e-4)
    assert distances[2] == pytest.approx(4.4e-5, abs=5e-7)


def test_result_files_momentum_diverges_where_the_scalar_recursion_promises_convergence():
    # The radius is steep in h (3.5 per unit): 1.269 belongs to an h within the rounding of 37.14.
    spec = OptimizerSpec("momentum", "momentum", 0.1, (Layer(19, 0.5),), momentum=0.9)
    radii = [
        spectral_radius(layer_matrices(base_matrix([[h]], 0.1, momentum=0.9), spec.layers)[-1])
        for h in (37.135, 37.14, 37.145)
    ]
    assert radii[0] < 1.269 < radii[2]
    assert radii[1] == pytest.approx(1.269, abs=radii[2] - radii[1])
    modes = np.linalg.eigvals(base_matrix([[37.14]], 0.1, momentum=0.9))
    assert np.abs(factors(modes, spec.layers)[-1]).max() == pytest.approx(0.368, abs=5e-4)
    assert linear_rate([[37.14]], spec) == pytest.approx(radii[1] ** (1 / 19))
    assert abs(slow_end([[37.14]], spec, 19 * 100)[0]) > 1e9


@pytest.mark.parametrize("base", ["momentum", "nesterov"])
@pytest.mark.parametrize("mode", ["keep", "reset", "pullback"])
@pytest.mark.parametrize("layers", [(), (Layer(3, 0.5),), (Layer(3, 0.5), Layer(2, 0.7)), (Layer(2, 0.6),) * 3])
def test_momentum_matrices_predict_where_the_optimizer_ends(base, mode, layers):
    spec = OptimizerSpec("one", base, 0.1, layers, momentum=0.8, sync_momentum=mode)
    matrices = layer_matrices(
        base_matrix([[3.0]], 0.1, momentum=0.8, nesterov=base == "nesterov"), layers, sync_momentum=mode
    )
    periods = 4
    predicted = (np.linalg.matrix_power(matrices[-1], periods) @ [1.0, 0.0])[0]
    assert slow_end([[3.0]], spec, periods * spec.outer_period)[0] == pytest.approx(predicted, rel=1e-11)


def test_pulled_back_momentum_has_the_scalar_factors_of_its_modes():
    layers = (Layer(4, 0.5), Layer(3, 0.7))
    base = base_matrix([[3.0]], 0.1, momentum=0.8)
    last = layer_matrices(base, layers, sync_momentum="pullback")[-1]
    expected = np.abs(factors(np.linalg.eigvals(base), layers)[-1])
    assert spectral_radius(last) == pytest.approx(expected.max(), rel=1e-12)


def test_weight_decay_shifts_the_curvature():
    plain = OptimizerSpec("a", "sgd", 0.1, (Layer(5, 0.5),))
    decayed = OptimizerSpec("b", "sgd", 0.1, (Layer(5, 0.5),), weight_decay=0.5)
    assert linear_rate([[1.0]], decayed) == pytest.approx(linear_rate([[1.5]], plain), rel=1e-15)


def test_layers_may_differ_from_cell_to_cell():
    k, alpha, c = np.array([2, 5, 31]), np.array([0.5, 0.8, 1.0]), np.array([0.5, 1 + 0.1j, -1.04])
    together = factors_of_cells(c, [k], [alpha])[-1]
    apart = [factors(c[i], [Layer(int(k[i]), alpha[i])])[-1] for i in range(3)]
    assert together == pytest.approx(np.array(apart), rel=1e-15)


def test_overflow_is_infinite_and_alpha_zero_stays():
    assert np.isinf(factors(1e200, [Layer(5, 0.5), Layer(2, 0.5)])[-1])
    assert factors(1e200, [Layer(5, 0.0)])[-1] == 1
    assert not converges(1e200, [Layer(5, 0.5)])


def test_base_without_a_closed_form_is_refused():
    with pytest.raises(ValueError, match=r"linear base .*'adam'"):
        linear_rate([[1.0]], OptimizerSpec("a", "adam", 0.1))


def test_matrix_that_is_not_square_is_refused():
    with pytest.raises(ValueError, match=r"square matrix .*\(1, 2\)"):
        base_matrix([[1.0, 2.0]], 0.1)


def test_unknown_sync_momentum_is_refused():
    with pytest.raises(ValueError, match=r"sync_momentum must be one of .*'drop'"):
        layer_matrices(np.eye(2), [Layer(2, 0.5)], sync_momentum="drop")
