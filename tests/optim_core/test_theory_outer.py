"""Outer momentum in closed form: matrices against the class, variances against responses, and where momentum pays."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optim_core.experiments import measure_variances, simulate_map
from optim_core.layers import Layer
from optim_core.reference import fast_weights
from optim_core.spec import OptimizerSpec
from optim_core.theory import (
    Axis,
    NoisyQuadratic,
    ParameterGrid,
    best_factors,
    best_momentum,
    converges,
    effective_lr,
    factors,
    game_rate,
    layer_matrices,
    least_stable,
    linear_rate,
    lr_for_effective,
    modified_loss,
    outer_factor,
    rate,
    spectral_radius,
    stability_map,
    steady_variances,
    why_not,
)
from optim_core.trajectory import record

ALPHA, MU = st.floats(0.05, 1), st.sampled_from([0.0, 0.5]) | st.floats(0.05, 0.95)
LAYER = st.builds(Layer, st.integers(1, 4), ALPHA, MU, st.booleans())
STACKS = st.lists(LAYER, min_size=1, max_size=3).map(tuple)
INNER = st.sampled_from(["keep", "reset"])


@settings(max_examples=50, deadline=None, derandomize=True)
@given(rho=st.floats(-1.1, 1.1), k=st.integers(1, 6), alpha=ALPHA, mu=st.floats(0.01, 0.99))
def test_one_layer_on_a_mode_is_the_two_by_two_matrix(rho, k, alpha, mu):
    r = rho**k
    nesterov = [[1 - alpha * (1 + mu) * (1 - r), -alpha * mu**2], [1 - r, mu]]
    heavy = [[1 - alpha * (1 - r), -alpha * mu], [1 - r, mu]]
    for rule, expected in ((True, nesterov), (False, heavy)):
        base, outer = layer_matrices([[rho]], [Layer(k, alpha, mu, rule)], has_momentum=False)
        assert base.tolist() == [[rho]]
        np.testing.assert_allclose(outer, expected, rtol=1e-12, atol=1e-12)


def linear_field(jacobian):
    J = np.array(jacobian)
    return lambda z, _: (z[:, 0], z @ z.new_tensor(J).T)


@settings(max_examples=80, deadline=None, derandomize=True)
@given(
    layers=STACKS,
    base=st.sampled_from(["sgd", "momentum", "nesterov"]),
    sync=st.sampled_from(["keep", "reset", "pullback"]),
    inner=INNER,
    lr=st.floats(0.01, 0.3),
)
def test_matrices_at_any_depth_give_the_runs_of_the_class(layers, base, sync, inner, lr):
    jacobian = [[1.0, 0.7], [-0.4, 2.0]]
    spec = OptimizerSpec("x", base, lr, layers, momentum=0.6, sync_momentum=sync, inner_buffers=inner)
    periods = 4
    run = record(linear_field(jacobian), [spec], [1.0, -0.5], periods * spec.outer_period, engine="classes")
    from optim_core.theory.factors import spec_matrix

    matrix = layer_matrices(
        spec_matrix(jacobian, spec), layers, sync_momentum=sync, has_momentum=base != "sgd", inner_buffers=inner
    )[-1]
    state = np.zeros(len(matrix))
    state[:2] = [1.0, -0.5]
    for period in range(1, periods + 1):
        state = matrix @ state
        weights = run.fast[period * spec.outer_period, 0, 0]
        np.testing.assert_allclose(weights, state[:2], rtol=1e-9, atol=1e-9)


GRID_ALPHA, GRID_MU = np.linspace(0.02, 1, 50), np.linspace(0, 0.98, 50)


def least(r, *, momenta, nesterov=True):
    """Smallest factor per synchronisation over a grid of α and μ."""
    layers = [Layer(1, alpha, mu, nesterov) for alpha in GRID_ALPHA for mu in momenta]
    return min(spectral_radius(layer_matrices([[r]], [layer], has_momentum=False)[-1]) for layer in layers)


@pytest.mark.parametrize("nesterov", [False, True])
@pytest.mark.parametrize("r", [0.99, 0.95, 0.9, 0.5])
def test_outer_momentum_overtakes_on_modes_that_do_not_oscillate(r, nesterov):
    plain, with_momentum = best_factors(r)
    assert (plain, with_momentum) == (pytest.approx(r), pytest.approx(1 - math.sqrt(1 - r)))
    assert least(r, momenta=[0.0]) == pytest.approx(plain, rel=1e-12)
    grid = least(r, momenta=GRID_MU, nesterov=nesterov)
    assert with_momentum - 1e-9 <= grid <= with_momentum + 0.03  # the grid misses the best μ by a little
    there = outer_factor(r, Layer(1, 1.0, best_momentum(r, nesterov=nesterov), nesterov))
    assert there == pytest.approx(with_momentum, abs=1e-6)


def test_a_slow_mode_in_numbers():
    assert outer_factor(0.99, Layer(1, 1.0)) == pytest.approx(0.99)
    assert outer_factor(0.99, Layer(1, 1.0, 0.85, True)) == pytest.approx(0.917, abs=5e-4)
    assert best_factors(0.99)[1] == pytest.approx(0.9)
    assert best_momentum(0.99, nesterov=True) == pytest.approx(0.818, abs=5e-4)


@pytest.mark.parametrize("nesterov", [False, True])
@pytest.mark.parametrize("r", [-1.1, -0.5])
def test_outer_momentum_gains_nothing_on_oscillating_modes(r, nesterov):
    assert best_factors(r) == (0, 0)
    assert outer_factor(r, Layer(1, 1 / (1 - r))) < 1e-12  # plain Lookahead is there at once
    assert least(r, momenta=[0.0]) < 0.02
    assert least(r, momenta=GRID_MU[GRID_MU >= 0.1], nesterov=nesterov) > 0.03


@settings(max_examples=200, deadline=None, derandomize=True)
@given(r=st.floats(-4, 1.2), layer=LAYER)
def test_the_factor_is_the_matrixs_and_crosses_one_where_it_says(r, layer):
    one = Layer(1, layer.alpha, layer.outer_momentum, layer.outer_nesterov)
    radius = spectral_radius(layer_matrices([[r]], [one], has_momentum=False)[-1])
    assert outer_factor(r, one) == pytest.approx(radius, rel=1e-6, abs=1e-6)
    if abs(r - 1) > 1e-3 and abs(r - least_stable(one)) > 1e-3:
        assert (radius < 1) == (least_stable(one) < r < 1)


def test_limits_of_stability_in_numbers():
    # α q < 2, 2 (1 + μ), 2 (1 + μ)/(1 + 2 μ) at α = 1, μ = .5: r > −1, −2, −.5
    assert [least_stable(Layer(1, 1.0, *rule)) for rule in ((), (0.5,), (0.5, True))] == [-1, -2, -0.5]
    assert least_stable(Layer(1, 0.0, 0.5)) == -math.inf
    with pytest.raises(ValueError, match=r"r must be at most 1, got 1\.5"):
        best_factors([0.5, 1.5])


def responses(spec, h, periods, inner):
    """φ_n after `periods` outer periods for one unit of gradient noise at each base step, by the textbook's loops."""
    total, steps = [], periods * spec.outer_period
    for impulse in range(steps):
        count = iter(range(steps + spec.outer_period))

        def base_step(x, impulse=impulse, count=count):
            return x - spec.lr * (h * x + (next(count) == impulse))

        total.append(fast_weights(base_step, 0.0, spec.layers, steps, inner_buffers=inner)[steps])
    return np.array(total)


@settings(max_examples=25, deadline=None, derandomize=True)
@given(layers=st.lists(LAYER, min_size=1, max_size=2).map(tuple), inner=INNER)
def test_the_variance_is_the_sum_of_squared_responses(layers, inner):
    problem = NoisyQuadratic(h=0.5, sigma=1.3)
    spec = OptimizerSpec("x", "sgd", 0.4, layers, inner_buffers=inner)
    periods = 10
    expected = 1.3**2 * np.sum(responses(spec, 0.5, periods, inner) ** 2)
    assert problem.variance_after(spec, periods) == pytest.approx(expected, rel=1e-9)


def test_the_steady_variance_is_its_limit_and_that_of_a_simulation():
    problem = NoisyQuadratic(h=0.5, sigma=1.0)
    stacks = [(Layer(5, 0.5, 0.5, True),), (Layer(5, 0.5, 0.5),), (Layer(3, 0.5, 0.6, True), Layer(2, 0.5, 0.3))]
    specs = [OptimizerSpec(str(n), "sgd", 0.1, stack) for n, stack in enumerate(stacks)]
    specs += [OptimizerSpec("inner", "nesterov", 0.1, stacks[2], momentum=0.5, inner_buffers="reset")]
    for spec in specs:
        assert problem.variance_after(spec, 4000) == pytest.approx(problem.variances(spec)[-1], rel=1e-9)
    run = measure_variances(problem, specs, seeds=20_000, seed=3)
    assert all(run.agrees), (run.predicted, run.measured)


def test_variance_of_a_complex_mode_and_of_an_unstable_layer():
    c, layer = 0.9 * np.exp(0.3j), Layer(4, 0.6, 0.5, True)
    base = layer_matrices([[c.real, -c.imag], [c.imag, c.real]], [layer], has_momentum=False)
    # by steps: the covariance of one window's noise, carried on
    generator = np.random.default_rng(0)
    x, b, phi = (np.zeros(60_000, dtype=complex) for _ in range(3))
    for _ in range(60):
        for _ in range(4):
            noise = generator.standard_normal((2, len(x))) * math.sqrt(0.01 / 2)
            x = c * x + noise[0] + 1j * noise[1]
        s = phi - x
        b = 0.5 * b + s
        phi = phi - 0.6 * (s + 0.5 * b)
        x = phi
    assert spectral_radius(base[-1]) < 1
    assert steady_variances(c, 0.01, [layer])[-1] == pytest.approx(np.mean(np.abs(phi) ** 2), rel=0.02)
    assert steady_variances(-3.0, 0.01, [Layer(1, 1.0, 0.9)])[-1] == math.inf


@pytest.mark.parametrize("inner", ["keep", "reset"])
@pytest.mark.parametrize(("base", "sync"), [("sgd", "keep"), ("momentum", "keep"), ("momentum", "pullback")])
@pytest.mark.parametrize("names", [("mu_1", "alpha_1"), ("mu_2", "lr"), ("k_1", "mu_1"), ("k_2", "lr")])
def test_maps_with_outer_momentum_hold_the_rate_of_every_cell(names, base, sync, inner):
    layers = (Layer(2, 0.5, 0.3, True), Layer(3, 0.6))
    spec = OptimizerSpec("x", base, 0.1, layers, momentum=0.5, sync_momentum=sync, inner_buffers=inner)
    values = {"mu": (0.0, 0.4, 0.9), "alpha": (0.2, 0.9), "lr": (0.05, 0.3), "k": (1, 2, 5)}
    grid = ParameterGrid(spec, *(Axis(name, values[name.partition("_")[0]]) for name in names))
    jacobian = [[1.0, 0.5], [-0.5, 2.0]]
    expected = [linear_rate(jacobian, cell) for cell in grid.specs()]
    # eigenvalues that meet are only known to the root of the precision
    np.testing.assert_allclose(stability_map(jacobian, grid).reshape(-1), expected, rtol=1e-7)


def test_the_simulation_finds_where_outer_momentum_diverges():
    spec = OptimizerSpec("x", "sgd", 0.45, (Layer(3, 0.9, 0.5, True),))
    mus = tuple(np.linspace(0, 0.975, 14))
    grid = ParameterGrid(spec, Axis("mu_1", mus), Axis("lr", (0.3, 0.38, 0.42, 0.45)))
    jacobian = [[5.0]]
    rates = stability_map(jacobian, grid)
    run = simulate_map(jacobian, grid, 3000)
    clear = np.abs(rates - 1) > 5e-3
    assert clear.sum() > 40
    assert (rates[clear] > 1).any()
    assert (rates[clear] < 1).any()
    assert ((rates < 1) == run.converged)[clear].all()


def test_scalar_factors_are_refused_and_rates_take_the_matrix():
    layers = [Layer(5, 0.5, 0.9, True)]
    with pytest.raises(ValueError, match="outer momentum has no scalar factor"):
        factors(0.9, layers)
    rates = rate([0.9, 0.9j], layers)
    for c, value in zip((0.9, 0.9j), rates, strict=True):
        matrix = np.array([[1 - 0.5 * 1.9 * (1 - c**5), -0.5 * 0.81], [1 - c**5, 0.9]])
        assert value == pytest.approx(np.abs(np.linalg.eigvals(matrix)).max() ** (1 / 5), rel=1e-12)
    assert converges(0.9, layers)
    assert not converges(-1.5, [Layer(5, 1.0, 0.9)])


def test_games_take_outer_momentum_too():
    layers = (Layer(5, 0.5, 0.4, True),)
    for base in ("sgd", "extragradient", "optimistic"):
        spec = OptimizerSpec("x", base, 0.2, layers)
        run = record(linear_field([[0, 1.0], [-1.0, 0]]), [spec], [1.0, 0.0], 2000)
        sizes = np.linalg.norm(run.fast[:, 0, 0], axis=-1)
        slope = (sizes[2000] / sizes[1000]) ** (1 / 1000)
        assert slope == pytest.approx(game_rate([[0, 1.0], [-1.0, 0]], spec), abs=2e-3)


def test_the_effective_slow_step_is_alpha_over_one_minus_mu():
    layers = (Layer(2, 0.5, 0.5, True), Layer(3, 0.4, 0.2))
    assert effective_lr(0.1, layers) == pytest.approx(0.1 * (0.5 / 0.5) * (0.4 / 0.8))
    assert lr_for_effective(0.1, layers) == pytest.approx(0.2)
    run = record(lambda x, _: (-x[:, 0], -0 * x - 1), [OptimizerSpec("x", lr=0.1, layers=layers)], [0.0], 600)
    windows = run.slow[0][-1][::6, 0, 0]
    assert windows[-1] - windows[-2] == pytest.approx(6 * effective_lr(0.1, layers), rel=1e-9)


def test_the_modified_loss_does_not_hold_for_outer_momentum():
    layers = [Layer(5, 0.5, 0.5)]
    assert "outer momentum" in why_not(25, layers)
    with pytest.raises(ValueError, match="outer momentum"):
        modified_loss(0.1, 25, layers)
