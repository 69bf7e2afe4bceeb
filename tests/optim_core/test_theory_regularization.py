"""Modified losses: their coefficients by hand, where they apply, and the order of their error by enumeration."""

import math

import numpy as np
import pytest
import torch

from optim_core.experiments import mean_path, mean_step, order_of_accuracy
from optim_core.experiments.regularization import _orders_optimizer, _run, batch_orders
from optim_core.layers import Layer
from optim_core.theory import (
    batch_mean,
    gradient_flow,
    lr_for_effective,
    modified_loss,
    modified_values,
    penalties,
    random_shifts,
    shifted_batches,
    why_not,
)
from optim_core.theory.regularization import _beyond, _within

START = [0.7, -0.4]


def wavy(x):
    """A smooth surface that is not quadratic in any direction."""
    a, b = x[..., 0], x[..., 1]
    return a**2 + 0.3 * b**2 + 0.2 * torch.sin(2 * a * b) + 0.1 * a**3


def batches(m, spread=0.5, seed=1):
    return shifted_batches(wavy, random_shifts(m, spread, seed))


def test_sgd_has_a_quarter_of_the_lr_on_both_penalties():
    coefficients = modified_loss(0.2, 10, ())
    assert (coefficients.variance, coefficients.gradient, coefficients.time) == pytest.approx((0.05, 0.05, 2.0))
    assert coefficients.regime == "sgd"


@pytest.mark.parametrize(("layers", "amplification", "bracket"), [((5,), 1.17, -3), ((5, 5), 2.33, -31)])
def test_known_amplification_and_bracket_for_25_batches(layers, amplification, bracket):
    coefficients = modified_loss(0.1, 25, [Layer(k, 0.5) for k in layers])
    assert coefficients.amplification == pytest.approx(amplification, abs=5e-3)
    assert coefficients.gradient / (coefficients.effective_lr / 4) == pytest.approx(bracket, rel=1e-12)


def test_two_layers_by_hand():
    # Λ = 1 + ρ_1 (1 − α_1)/(α_1 α_2) + ρ_2 (1 − α_2)/α_2, m = 12, ρ_1 = 1/11, ρ_2 = 5/11
    coefficients = modified_loss(0.1, 12, [Layer(2, 0.5), Layer(3, 0.8)])
    expected = 1 + 1 / 11 * 0.5 / 0.4 + 5 / 11 * 0.2 / 0.8
    assert coefficients.amplification == pytest.approx(expected, rel=1e-14)
    assert coefficients.time == pytest.approx(0.4 * 12 * 0.1)


def test_layers_beyond_the_epoch_by_hand():
    # T_1 = 6 · .1 = .6; T_2 = 2 · .5 · .6 = .6; ‖g‖²: .025 − .15 · .5 − .15 · .4
    coefficients = modified_loss(0.1, 3, [Layer(6, 0.5), Layer(2, 0.6)])
    assert coefficients.variance == pytest.approx(0.025)
    assert coefficients.gradient == pytest.approx(0.025 - 0.075 - 0.06)
    assert coefficients.time == pytest.approx(0.36)
    assert coefficients.base_steps == 12
    assert coefficients.amplification == pytest.approx(1 / 0.3)  # 1/ᾱ


def test_both_forms_agree_for_one_layer_of_one_epoch():
    inside, outside = (form(0.1, 7, [Layer(7, 0.3)]) for form in (_within, _beyond))
    assert (inside.variance, inside.gradient, inside.time) == pytest.approx(
        (outside.variance, outside.gradient, outside.time), rel=1e-12
    )


def test_at_an_equal_fast_lr_the_variance_penalty_of_a_whole_epoch_is_that_of_sgd():
    assert modified_loss(0.1, 8, [Layer(8, 0.5)]).variance == pytest.approx(modified_loss(0.1, 8, ()).variance)


def test_at_an_equal_effective_lr_every_layer_amplifies_the_variance_penalty():
    stacks = [[], [Layer(2, 0.5)], [Layer(2, 0.5)] * 2, [Layer(2, 0.5)] * 3]
    values = [modified_loss(lr_for_effective(0.1, layers), 8, layers).variance for layers in stacks]
    assert (np.diff(values) > 0).all()


@pytest.mark.parametrize(
    "layers", [(), (Layer(4, 0.5),), (Layer(2, 0.5), Layer(4, 0.5)), (Layer(16, 0.5), Layer(3, 0.2))]
)
def test_formulas_apply_inside_or_beyond_the_epoch(layers):
    assert why_not(8, layers) is None


@pytest.mark.parametrize(
    ("m", "layers", "reason"),
    [
        (8, (Layer(3, 0.5),), "straddle"),
        (8, (Layer(4, 0.5), Layer(4, 0.5)), "straddle"),
        (8, (Layer(12, 0.5),), "straddle"),
        (1, (), "at least 2 mini-batches"),
        (8, (Layer(4, 0.0),), "alpha = 0"),
    ],
)
def test_elsewhere_the_reason_is_given(m, layers, reason):
    assert reason in why_not(m, layers)
    with pytest.raises(ValueError, match=reason):
        modified_loss(0.1, m, layers)


def test_lr_must_be_positive():
    with pytest.raises(ValueError, match=r"lr .*-0.1"):
        modified_loss(-0.1, 8, ())


def test_penalties_by_hand_on_shifted_parabolas():
    # f = x²/2 seen at 0 ± 1: gradients x ∓ 1, mean gradient x, V = 1, C = (x² + 1)/2
    loss = shifted_batches(lambda x: 0.5 * x.square().sum(-1), [[1.0], [-1.0]])
    mean, variance, squared_norm = penalties(loss, 2, torch.tensor([[3.0], [0.0]], dtype=torch.float64))
    assert mean.tolist() == [5.0, 0.5]
    assert variance.tolist() == [1.0, 1.0]
    assert squared_norm.tolist() == [9.0, 0.0]


def test_modified_values_add_the_weighted_penalties():
    loss, coefficients = batches(4), modified_loss(0.3, 4, [Layer(2, 0.5)])
    x = torch.tensor([START, [0.1, 0.2]], dtype=torch.float64)
    mean, variance, squared_norm = penalties(loss, 4, x)
    expected = mean + coefficients.variance * variance + coefficients.gradient * squared_norm
    assert torch.equal(modified_values(loss, 4, x, coefficients), expected)
    assert torch.allclose(batch_mean(loss, 4, x), mean, rtol=1e-14)


def test_shifts_are_seeded_and_centred():
    assert np.array_equal(random_shifts(5, 0.5, 3), random_shifts(5, 0.5, 3))
    assert random_shifts(5, 0.5, 3).mean(axis=0) == pytest.approx([0, 0], abs=1e-15)


def test_shifts_of_a_wrong_shape_are_refused():
    with pytest.raises(ValueError, match=r"shape \(m, dim\)"):
        shifted_batches(wavy, [1.0, 2.0])


def test_flow_on_a_parabola_is_exponential():
    # one batch seen twice: V = 0, C = x²/2, and on C alone x(t) = x e^{−t}
    loss = shifted_batches(lambda x: 0.5 * x.square().sum(-1), [[0.0], [0.0]])
    coefficients = modified_loss(0.5, 2, ())
    path = gradient_flow(loss, coefficients, [2.0], corrected=False, points=3)
    assert path[:, 0] == pytest.approx([2.0, 2 * math.exp(-0.5), 2 * math.exp(-1)], rel=1e-10)
    # with (ε/4)‖g‖² = x²/8: x(t) = x e^{−1.25 t}
    assert gradient_flow(loss, coefficients, [2.0])[-1, 0] == pytest.approx(2 * math.exp(-1.25), rel=1e-10)


def test_a_flow_that_blows_up_says_so():
    def steep(x):
        return -x.square().square().sum(-1)

    loss = shifted_batches(steep, [[0.0], [0.0]])
    # x' = 4x³ from 3 reaches infinity at t = 1/72
    with pytest.raises(FloatingPointError, match="does not stay finite"):
        gradient_flow(loss, modified_loss(1.0, 2, ()), [3.0], corrected=False)


def test_a_flow_that_cannot_be_followed_ends_and_may_be_stopped_before():
    def wavy(x):
        return (1e4 * x).sin().sum(-1) + 1e3 * x.square().sum(-1)

    def stop(done, most):
        reports.append((done, most))
        if done == 50:
            raise InterruptedError

    reports = []
    loss, coefficients = shifted_batches(wavy, [[0.0], [0.0]]), modified_loss(1.0, 2, ())
    with pytest.raises(FloatingPointError, match="4,000 evaluations of its gradient did not suffice"):
        gradient_flow(loss, coefficients, [3.0])
    with pytest.raises(InterruptedError):
        gradient_flow(loss, coefficients, [3.0], on_progress=stop)
    assert reports == [(count, 4000) for count in range(1, 51)]


def test_every_order_is_enumerated_where_they_fit():
    orders, exact = batch_orders(3, 2, 36, seed=0)
    assert exact
    assert len({tuple(row) for row in orders}) == 36
    assert (np.sort(orders[:, :3]) == [0, 1, 2]).all()
    assert (np.sort(orders[:, 3:]) == [0, 1, 2]).all()


def test_sampled_orders_come_in_reversed_pairs():
    orders, exact = batch_orders(25, 1, 64, seed=0)
    assert not exact
    assert np.array_equal(orders[:32], orders[32:, ::-1])
    assert (np.sort(orders) == np.arange(25)).all()


def test_number_of_orders_is_limited():
    with pytest.raises(ValueError, match=r"orders .*got 1"):
        batch_orders(4, 1, 1, seed=0)


CASES = [
    (4, ()),
    (4, (Layer(2, 0.5),)),
    (4, (Layer(2, 0.5), Layer(2, 0.7))),
    (6, (Layer(2, 0.5), Layer(3, 0.8))),
    (6, (Layer(3, 0.3),)),
    (3, (Layer(3, 0.5),)),
    (3, (Layer(3, 0.5), Layer(2, 0.6))),
    (3, (Layer(6, 0.5),)),
    pytest.param(8, (Layer(2, 0.5), Layer(2, 0.6), Layer(2, 0.7)), marks=pytest.mark.slow),
]


@pytest.mark.parametrize(("m", "layers"), CASES)
def test_error_falls_eightfold_with_the_correction_and_fourfold_without(m, layers):
    run = order_of_accuracy(batches(m), m, layers, START, [0.002, 0.001], orders=50_000)
    assert run.exact
    # the next order enters with a share of about lr times the number of steps: a few per cent here
    assert run.corrected[0] / run.corrected[1] == pytest.approx(8, rel=0.03)
    assert run.uncorrected[0] / run.uncorrected[1] == pytest.approx(4, rel=0.03)
    assert run.slopes == pytest.approx((3, 2), abs=0.05)


@pytest.mark.parametrize("wrong", [(Layer(2, 0.6),), (Layer(4, 0.5),), ()])
def test_the_correction_of_other_layers_does_not_reach_third_order(wrong):
    loss, layers = batches(4), (Layer(2, 0.5),)
    errors = []
    for lr in (0.002, 0.001):
        right = modified_loss(lr, 4, layers)
        other = modified_loss(lr, 4, wrong)
        hybrid = type(right)(**{**vars(right), "variance": other.variance, "gradient": other.gradient})
        end = gradient_flow(loss, hybrid, START)[-1] - START
        errors.append(np.linalg.norm(mean_step(loss, 4, layers, lr, START).displacement - end))
    assert errors[0] / errors[1] < 5


def test_sampled_orders_reach_the_same_mean_within_their_error():
    loss, layers = batches(6), (Layer(2, 0.5), Layer(3, 0.8))
    exact = mean_step(loss, 6, layers, 0.02, START, orders=720)
    estimate = mean_step(loss, 6, layers, 0.02, START, orders=200)
    assert exact.exact
    assert not estimate.exact
    assert (np.abs(estimate.displacement - exact.displacement) < 4 * estimate.error).all()


def test_pairing_an_order_with_its_reverse_cuts_the_error_at_least_fourfold():
    loss, layers, m = batches(8), (Layer(2, 0.5), Layer(4, 0.5)), 8
    estimate = mean_step(loss, m, layers, 0.02, START, orders=2_000)
    generator = np.random.default_rng(0)
    orders = generator.permuted(np.tile(np.arange(m), (2_000, 1)), axis=1)
    x, optimizer = _orders_optimizer(layers, 0.02, np.array(START), 2_000)
    _run(loss, orders, x, optimizer)
    alone = x.detach().numpy().std(axis=0, ddof=1) / math.sqrt(2_000)
    assert (alone / estimate.error > 4).all()


def test_slope_of_sampled_orders_with_many_batches():
    run = order_of_accuracy(batches(25, 0.3), 25, (Layer(5, 0.5), Layer(5, 0.5)), START, [0.004, 0.001], orders=2_000)
    assert not run.exact
    assert run.slopes == pytest.approx((3, 2), abs=0.15)
    assert (run.noise < run.corrected / 10).all()


def test_mean_path_follows_the_corrected_flow_closer():
    loss, layers, lr = batches(8, 0.4), (Layer(2, 0.5),), 0.005
    path = mean_path(loss, 8, layers, lr, START, 3, orders=2_000)
    coefficients = modified_loss(lr, 8, layers)
    near, far = (
        np.linalg.norm(path - gradient_flow(loss, coefficients, START, corrected=corrected, steps=3, points=4), axis=1)
        for corrected in (True, False)
    )
    assert path.shape == (4, 2)
    assert near[0] == far[0] == 0
    assert (near[1:] < far[1:] / 3).all()


def test_order_of_accuracy_stops_when_asked_and_reports_progress():
    calls = []
    run = order_of_accuracy(
        batches(3), 3, (), START, [0.1, 0.05, 0.02], on_progress=lambda *at: calls.append(at), should_stop=lambda: True
    )
    assert run.lr.tolist() == [0.1, 0.05]
    assert calls == [(1, 3), (2, 3)]
    with pytest.raises(ValueError, match="at least 2 different"):
        order_of_accuracy(batches(3), 3, (), START, [0.1, 0.1])
