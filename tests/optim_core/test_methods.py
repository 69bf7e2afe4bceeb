"""Extragradient, optimistic gradient and alternating updates against hand arithmetic and plain loops."""

import copy
import math
import pickle

import numpy as np
import pytest
import torch

from optim_core import Layer, MultilayerLookahead, OptimizerSpec, record
from optim_core.methods import Alternating, Extragradient, OptimisticGradient
from optim_core.theory.methods import game_rate, method_matrix

FIVE = Layer(5, 0.5)
ROTATION = np.array([[0.0, 1.0], [-1.0, 0.0]])
QUADRATIC = np.array([[0.2, 1.0], [-1.0, 0.2]])


def linear(jacobian):
    """The field z → Jz of a game; the loss is of no interest."""
    J = torch.from_numpy(np.asarray(jacobian, dtype=float))

    def field(z, evaluation):
        return z.sum(-1), z @ J.T

    return field


def quartic(z, evaluation):
    x, y = z.unbind(-1)
    return x * y + 0.1 * (x**4 - y**4), torch.stack((y + 0.4 * x**3, -x + 0.4 * y**3), -1)


def noisy(z, evaluation):
    """As `quartic`, disturbed by the number of the evaluation alone."""
    loss, gradient = quartic(z, evaluation)
    return loss, gradient + 0.1 * math.sin(1 + 3 * evaluation)


def run_loop(optimizer, parameters, field, steps):
    """The weights after every step of the loop anybody would write, and how often it took the gradient."""
    path, calls = [], 0

    def closure():
        nonlocal calls
        z = torch.cat([parameter.detach() for parameter in parameters], -1)
        loss, gradient = field(z, calls)
        for parameter, own in zip(parameters, gradient.chunk(len(parameters), -1), strict=True):
            parameter.grad = own.clone()
        calls += 1
        return loss

    for _ in range(steps):
        optimizer.step(closure)
        path.append(torch.cat([parameter.detach() for parameter in parameters], -1).numpy().copy())
    return np.array(path), calls


def two_players(*place):
    return [torch.nn.Parameter(torch.tensor([value], dtype=torch.float64)) for value in place]


def both(*place):
    return [torch.nn.Parameter(torch.tensor(place, dtype=torch.float64))]


def groups(parameters):
    return [{"params": [parameter]} for parameter in parameters]


def test_extragradient_by_hand():
    """On xy with lr .5 from (1, 2): ahead is (1 − .5·2, 2 + .5·1) = (0, 2.5); the gradient there is (2.5, −0)."""
    z = both(1.0, 2.0)
    path, calls = run_loop(Extragradient(z, 0.5), z, linear(ROTATION), 1)
    assert path.tolist() == [[1 - 0.5 * 2.5, 2.0]]
    assert calls == 2


def test_optimistic_gradient_by_hand():
    """On xy with lr .5 from (1, 2): first (1 − 1, 2 + .5) = (0, 2.5); then (0 − .5(2·2.5 − 2), 2.5 + .5(0 − 1))."""
    z = both(1.0, 2.0)
    path, calls = run_loop(OptimisticGradient(z, 0.5), z, linear(ROTATION), 2)
    assert path.tolist() == [[0.0, 2.5], [-1.5, 2.0]]
    assert calls == 2


def test_alternating_by_hand():
    """On xy with lr .5 from (1, 2): x ← 1 − .5·2 = 0, and y answers that: y ← 2 + .5·0 = 2."""
    z = two_players(1.0, 2.0)
    path, calls = run_loop(Alternating(torch.optim.SGD(groups(z), 0.5)), z, linear(ROTATION), 1)
    assert path.tolist() == [[0.0, 2.0]]
    assert calls == 2


def test_the_look_ahead_is_taken_back_where_there_is_no_second_gradient():
    z = both(1.0, 2.0)
    gradients = iter([torch.ones(2, dtype=torch.float64), None])

    def closure():
        z[0].grad = next(gradients)

    Extragradient(z, 0.5).step(closure)
    assert z[0].tolist() == [1.0, 2.0]


def test_weight_decay_is_a_bowl_for_both_players():
    """λz beside Jz is the field of J + λ1, wherever the gradient is taken."""
    for method in (Extragradient, OptimisticGradient):
        with_decay, bowl = both(1.0, 2.0), both(1.0, 2.0)
        first, _ = run_loop(method(with_decay, 0.1, weight_decay=0.2), with_decay, linear(ROTATION), 9)
        second, _ = run_loop(method(bowl, 0.1), bowl, linear(QUADRATIC), 9)
        np.testing.assert_allclose(first, second, rtol=1e-13)


def test_alternating_moves_no_player_out_of_turn_whatever_the_base():
    z = two_players(1.0, 2.0)
    optimizer = Alternating(torch.optim.Adam(groups(z), 0.1))
    run_loop(optimizer, z, linear(ROTATION), 3)
    assert [state["step"].item() for state in optimizer.state.values()] == [3, 3]  # one Adam step each, not two


def test_hooks_run_once_a_step_and_the_gradients_are_left_in_place():
    z, weights = two_players(1.0, 2.0), []
    optimizer = Alternating(torch.optim.SGD(groups(z), 0.5))
    optimizer.register_step_post_hook(lambda *_: weights.append([p.item() for p in z]))
    run_loop(optimizer, z, linear(ROTATION), 1)
    assert weights == [[0.0, 2.0]]
    assert [p.grad.item() for p in z] == [2.0, 0.0]


SPECS = {
    "extragradient": {"base": "extragradient"},
    "optimistic": {"base": "optimistic"},
    "alternating": {"alternating": True},
    "alternating momentum": {"alternating": True, "base": "momentum", "momentum": 0.3},
    "alternating Adam": {"alternating": True, "base": "adam"},
}
EVERY = pytest.mark.parametrize("settings", SPECS.values(), ids=SPECS)


@EVERY
@pytest.mark.parametrize("layers", [(), (Layer(3, 0.5), Layer(2, 0.8))], ids=["bare", "two layers"])
def test_a_batch_gives_the_iterates_of_separate_loops_and_numbers_evaluations_alike(settings, layers):
    starts = np.random.default_rng(0).normal(size=(3, 2))
    spec = OptimizerSpec("method", lr=0.05, layers=layers, **settings)
    plain = OptimizerSpec("plain", lr=0.05)
    run = record(noisy, [plain, spec, plain], starts, 20)
    for number, start in enumerate(starts):
        z = two_players(*start) if spec.alternating else both(*start)
        path, calls = run_loop(spec.build(groups(z), foreach=False), z, noisy, 20)
        np.testing.assert_array_equal(path, run.fast[1:, 1, number])
        assert calls == run.evaluations[-1, 1] == 20 * spec.evaluations_per_step
    alone = record(noisy, [plain], starts, 20)
    assert (run.fast[:, [0, 2]] == alone.fast).all()  # the others never notice
    assert run.evaluations[-1, 0] == 20


@EVERY
def test_lookahead_wraps_every_method_unchanged(settings):
    """φ ← φ + α(θ − φ) around the bare method, as the nested loops of the textbook."""
    layers = (Layer(3, 0.5), Layer(2, 0.8))
    z = two_players(0.5, -0.3) if settings.get("alternating") else both(0.5, -0.3)
    path, _ = run_loop(OptimizerSpec("w", lr=0.1, layers=layers, **settings).build(groups(z)), z, quartic, 12)
    z = two_players(0.5, -0.3) if settings.get("alternating") else both(0.5, -0.3)
    bare = OptimizerSpec("b", lr=0.1, **settings).build(groups(z))
    assert not isinstance(bare, MultilayerLookahead)
    inner = outer = np.array([0.5, -0.3])
    for step in range(1, 13):
        fast = run_loop(bare, z, quartic, 1)[0][0]
        if step % 3 == 0:
            inner = inner + 0.5 * (fast - inner)
            if step % 6 == 0:
                outer = inner = outer + 0.8 * (inner - outer)
            fast = inner
            for parameter, value in zip(z, np.split(fast, len(z)), strict=True):
                parameter.data.copy_(torch.from_numpy(value))
        np.testing.assert_allclose(path[step - 1], fast, rtol=1e-12)


def test_evaluations_are_counted_and_made_as_said():
    calls = []

    def counting(z, evaluation):
        calls.append((evaluation, len(z)))
        return quartic(z, evaluation)

    specs = [OptimizerSpec("plain"), OptimizerSpec("extra", base="extragradient")]
    run = record(counting, specs, np.zeros((4, 2)), 2)
    # at each step: all rows for the losses, the method's own first gradient, its second one
    assert calls == [(0, 8), (0, 4), (1, 4), (1, 8), (2, 4), (3, 4), (2, 8), (4, 4)]
    assert run.evaluations.tolist() == [[0, 0], [1, 2], [2, 4]]


def test_slow_weights_of_two_players_are_recorded_together():
    run = record(quartic, [OptimizerSpec("turns", lr=0.1, alternating=True, layers=(Layer(2, 0.5),))], [0.4, 0.2], 7)
    rows = run.synchronised[:, 0] > 0
    assert run.slow[0][0].shape == (8, 1, 2)
    assert (run.slow[0][0][rows] == run.fast[rows, 0]).all()


def test_a_schedule_reaches_both_players():
    from optim_core.spec import Schedule

    spec = OptimizerSpec("half", lr=1.0, alternating=True, schedule=Schedule("step", every=1, factor=0.5))
    run = record(lambda z, _: (z.sum(-1), -torch.ones_like(z)), [spec], [0.0, 0.0], 3)
    assert run.fast[:, 0, 0].tolist() == [[0, 0], [1, 1], [1.5, 1.5], [1.75, 1.75]]


def test_a_diverging_method_is_frozen_and_stops_nobody():
    specs = [OptimizerSpec(base, lr=0.5, base=base) for base in ("extragradient", "optimistic", "sgd")]
    run = record(quartic, specs, [[0.1, 0.1], [9.0, 9.0]], 60)
    assert (run.diverged[:, 1] > 0).all()
    assert run.diverged[0, 0] == -1
    assert np.isfinite(run.fast).all()


@EVERY
@pytest.mark.parametrize("jacobian", [ROTATION, QUADRATIC], ids=["bilinear", "quadratic"])
@pytest.mark.parametrize("layers", [(), (FIVE,), (FIVE, Layer(3, 0.7))], ids=len)
def test_the_closed_form_is_the_rate_that_is_simulated(settings, jacobian, layers):
    spec = OptimizerSpec("m", lr=0.1, layers=layers, **settings)
    if spec.base == "adam":
        with pytest.raises(ValueError, match="need a linear base"):
            game_rate(jacobian, spec)
        return
    steps = 600
    run = record(linear(jacobian), [spec], [1.0, 0.4], steps, keep=steps // 2)
    last, first = (np.linalg.norm(run.fast[row, 0, 0]) for row in (2, 1))
    # alternating moves on ellipses, whose axes differ by less than a factor of 1.4: that much is left after 300 steps
    assert (last / first) ** (2 / steps) == pytest.approx(game_rate(jacobian, spec), rel=math.log(1.4) * 2 / steps)


def test_known_factors_of_the_bilinear_game():
    eta = 0.1
    extra = OptimizerSpec("e", base="extragradient", lr=eta)
    assert game_rate(ROTATION, extra) == pytest.approx(abs(1 - eta * 1j + (eta * 1j) ** 2), rel=1e-12)
    turns = OptimizerSpec("a", alternating=True, lr=eta)
    assert game_rate(ROTATION, turns) == pytest.approx(1.0, rel=1e-12)  # bounded, and never nearer
    optimistic = OptimizerSpec("o", base="optimistic", lr=eta)
    c = np.roots([1, -1 + 2 * eta * 1j, -eta * 1j])  # c² = (1 − 2iη) c + iη
    assert game_rate(ROTATION, optimistic) == pytest.approx(np.abs(c).max(), rel=1e-12)
    assert game_rate(ROTATION, OptimizerSpec("s", lr=eta)) == pytest.approx(abs(1 - 0.1j), rel=1e-12)


def test_the_matrix_of_a_method_is_its_step():
    z, previous = np.array([0.3, -0.7]), np.array([0.1, 0.2])
    spec = OptimizerSpec("e", base="extragradient", lr=0.2, weight_decay=0.1)
    J = ROTATION + 0.1 * np.eye(2)
    np.testing.assert_allclose(method_matrix(ROTATION, spec) @ z, z - 0.2 * J @ (z - 0.2 * J @ z))
    spec = OptimizerSpec("o", base="optimistic", lr=0.2)
    after = method_matrix(ROTATION, spec) @ np.concatenate((z, previous))
    np.testing.assert_allclose(after[:2], z - 0.2 * (2 * ROTATION @ z - previous))
    np.testing.assert_allclose(after[2:], ROTATION @ z)


@EVERY
def test_a_run_continues_from_a_checkpoint(settings):
    spec = OptimizerSpec("m", lr=0.1, layers=(Layer(2, 0.5),), **settings)
    make = two_players if spec.alternating else both
    z = make(0.5, -0.3)
    optimizer = spec.build(groups(z))
    run_loop(optimizer, z, quartic, 5)
    other = make(*torch.cat([p.detach() for p in z]).tolist())
    continuation = spec.build(groups(other))
    continuation.load_state_dict(copy.deepcopy(optimizer.state_dict()))
    first, second = (run_loop(o, p, quartic, 5)[0] for o, p in ((optimizer, z), (continuation, other)))
    assert (first == second).all()


def test_alternating_is_pickled_and_loaded_with_its_base():
    z = two_players(1.0, 2.0)
    optimizer = Alternating(torch.optim.SGD(groups(z), 0.5, momentum=0.9))
    run_loop(optimizer, z, quartic, 2)
    twin = pickle.loads(pickle.dumps(optimizer))
    assert twin.param_groups is twin.base.param_groups
    assert twin.state is twin.base.state
    assert [g["lr"] for g in twin.param_groups] == [0.5, 0.5]
    optimizer.load_state_dict(optimizer.state_dict())
    assert optimizer.param_groups is optimizer.base.param_groups
    assert len(optimizer.state) == 2


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda: Extragradient(both(1.0, 2.0), -0.1), ValueError, "lr must be at least 0 and finite, got -0.1"),
        (lambda: OptimisticGradient(both(1.0, 2.0), math.nan), ValueError, "lr must be at least 0"),
        (lambda: Extragradient(both(1.0), 0.1, -1.0), ValueError, "weight_decay must be at least 0"),
        (lambda: Extragradient(both(1.0)).step(), TypeError, "closure is required, since extragradient"),
        (lambda: Alternating(torch.optim.SGD(two_players(1, 2), 0.1)), ValueError, "at least 2 players, got 1"),
        (lambda: OptimizerSpec("x", alternating=True).build(both(1.0, 2.0)), ValueError, "at least 2 players"),
        (
            lambda: OptimizerSpec("x", base="optimistic", alternating=True),
            ValueError,
            "alternating updates need a base",
        ),
        (
            lambda: Alternating(torch.optim.SGD(groups(two_players(1, 2)), 0.1)).step(),
            TypeError,
            "closure is required, since every player",
        ),
    ],
)
def test_bad_input_is_refused_by_name(make, error, words):
    with pytest.raises(error, match=words):
        make()
