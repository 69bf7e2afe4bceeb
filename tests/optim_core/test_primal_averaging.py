"""Schedule-Free SGD and GPA: by hand, by the papers' equations, by their special cases, and beside another's class."""

import math

import numpy as np
import pytest
import torch

from optim_core import MultilayerLookahead
from optim_core.averaging import exponential_average
from optim_core.layers import Layer
from optim_core.primal_averaging import GPA, ScheduleFreeSGD
from optim_core.spec import AVERAGING, OptimizerSpec, Schedule
from optim_core.training import train
from optim_core.trajectory import record

LR, STEPS = 0.05, 120
START = np.array([1.0, -2.0, 0.5])
CURVATURE = np.array([1.0, 3.0, 10.0])


def constant(x, evaluation):
    """Gradient −1 everywhere: with lr 1 each step adds 1 to z."""
    return -x.sum(-1), -torch.ones_like(x)


def slope(place, step):
    """A noisy gradient, the same draw for everyone at a step."""
    return CURVATURE * place + np.random.default_rng(step).standard_normal(3)


def field(x, evaluation):
    """`slope` for `record`, with the loss of its mean."""
    draw = torch.from_numpy(np.random.default_rng(evaluation).standard_normal(3))
    curvature = torch.from_numpy(CURVATURE)
    return (curvature * x.square()).sum(-1) / 2, curvature * x + draw


def by_the_equations(mu_y, share, decay=0.0):
    """(x, y, z) of every step: y = μ x + (1 − μ) z, z ← z − γ (g(y) + λ y), x ← (1 − c) x + c z."""
    x, z, rows = START.copy(), START.copy(), []
    for step in range(STEPS):
        y = mu_y * x + (1 - mu_y) * z
        z = z - LR * (slope(y, step) + decay * y)
        c = share(step + 1)
        x = (1 - c) * x + c * z
        rows.append((x, y, z))
    return (np.array(column) for column in zip(*rows, strict=True))


def by_the_class(make):
    """(x, y, z) of every step of an optimizer with a closure."""
    parameter = torch.nn.Parameter(torch.from_numpy(START.copy()))
    optimizer, rows = make([parameter]), []

    def closure(step, places):
        places.append(parameter.detach().numpy().copy())
        parameter.grad = torch.from_numpy(slope(places[-1], step))
        return 0.0

    for step in range(STEPS):
        places = []
        optimizer.step(lambda step=step, places=places: closure(step, places))
        assert len(places) == 1  # gradients a step
        rows.append((optimizer.averages()[0].numpy().copy(), places[0], parameter.detach().numpy().copy()))
    return (np.array(column) for column in zip(*rows, strict=True))


def plain_path(make):
    """Every iterate of an optimizer of torch's, the start left out."""
    parameter = torch.nn.Parameter(torch.from_numpy(START.copy()))
    optimizer, path = make([parameter]), []
    for step in range(STEPS):
        parameter.grad = torch.from_numpy(slope(parameter.detach().numpy(), step))
        optimizer.step()
        path.append(parameter.detach().numpy().copy())
    return np.array(path)


def paths(**settings):
    """Fast weights and average of a spec, the start left out."""
    run = record(field, [OptimizerSpec("one", lr=LR, **settings)], START, STEPS)
    return run.fast[1:, 0, 0], run.outermost(0)[1:, 0]


@pytest.mark.parametrize("engine", ["rows", "classes"])
def test_three_steps_by_hand(engine):
    specs = [
        OptimizerSpec("mean", "schedule_free", lr=1.0, mu_y=0.5),
        OptimizerSpec("decayed", "gpa", lr=1.0, mu_x=0.75),
        OptimizerSpec("beside", "average", lr=1.0, mu_x=0.5),
    ]
    run = record(constant, specs, [0.0], 3, engine=engine)
    assert run.fast[:, :, 0, 0].T.tolist() == [[0, 1, 2, 3]] * 3
    assert run.outermost(0)[:, 0, 0].tolist() == [0, 1, 1.5, 2]
    # x ← .75 x + .25 z: .25, .75 · .25 + .5 = .6875, .75 · .6875 + .75
    assert run.outermost(1)[:, 0, 0].tolist() == [0, 0.25, 0.6875, 1.265625]
    assert run.outermost(2)[:, 0, 0].tolist() == [0, 0.5, 1.25, 2.125]
    assert run.slow_loss[:, :, 0].T.tolist() == [[-x for x in run.outermost(i)[:, 0, 0].tolist()] for i in range(3)]
    assert run.evaluations[:, 0].tolist() == [0, 1, 2, 3]
    assert [run.averages(index) for index in range(3)] == [True] * 3


@pytest.mark.parametrize("decay", [0.0, 0.1])
@pytest.mark.parametrize("mu_y", [0.0, 0.5, 0.9, 1.0])
def test_both_follow_the_equations_of_their_papers(mu_y, decay):
    cases = [
        (lambda p: ScheduleFreeSGD(p, LR, mu_y, decay), "schedule_free", lambda step: 1 / step),
        (lambda p: GPA(p, LR, 0.8, mu_y, decay), "gpa", lambda step: 0.2),
    ]
    for make, base, share in cases:
        expected = list(by_the_equations(mu_y, share, decay))
        for ours, theirs in zip(by_the_class(make), expected, strict=True):
            np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-13)
        z, x = paths(base=base, mu_y=mu_y, mu_x=0.8, weight_decay=decay)
        np.testing.assert_allclose(x, expected[0], rtol=1e-12, atol=1e-13)
        np.testing.assert_allclose(z, expected[2], rtol=1e-12, atol=1e-13)


def test_another_class_of_schedule_free_sgd_takes_the_same_path():
    peer = pytest.importorskip("pytorch_optimizer").ScheduleFreeSGD
    places = plain_path(lambda params: peer(params, lr=LR, momentum=0.9, foreach=False))  # it shows y
    z, x = paths(base="schedule_free", mu_y=0.9)
    np.testing.assert_allclose(0.9 * x + 0.1 * z, places, rtol=1e-10, atol=1e-12)


def test_schedule_free_at_the_fast_weights_is_the_mean_of_sgd():
    sgd = plain_path(lambda params: torch.optim.SGD(params, LR))
    z, x = paths(base="schedule_free", mu_y=0.0)
    np.testing.assert_array_equal(z, sgd)
    np.testing.assert_allclose(x, np.cumsum(sgd, axis=0) / np.arange(1, STEPS + 1)[:, None], rtol=1e-12)


def test_an_average_beside_sgd_is_the_exponential_one_that_a_card_shows_beside_any_base():
    sgd = plain_path(lambda params: torch.optim.SGD(params, LR))
    z, x = paths(base="average", mu_x=0.9, mu_y=0.7)
    np.testing.assert_array_equal(z, sgd)
    np.testing.assert_allclose(x, exponential_average(np.vstack([START, sgd]), 0.9)[1:], rtol=1e-12)


def test_gpa_without_memory_is_sgd():
    z, x = paths(base="gpa", mu_x=0.0)
    np.testing.assert_array_equal(z, x)
    np.testing.assert_allclose(z, plain_path(lambda params: torch.optim.SGD(params, LR)), rtol=1e-12)


def test_gpa_at_the_average_is_sgd_with_momentum_at_a_smaller_lr():
    _, x = paths(base="gpa", mu_x=0.8, mu_y=1.0)
    np.testing.assert_allclose(x, plain_path(lambda p: torch.optim.SGD(p, 0.2 * LR, momentum=0.8)), rtol=1e-11)


def test_gpa_with_one_mu_is_nesterovs_momentum_which_moves_the_place_of_the_gradient():
    z, x = paths(base="gpa", mu_x=0.8, mu_y=0.8)
    nesterov = plain_path(lambda p: torch.optim.SGD(p, 0.2 * LR, momentum=0.8, nesterov=True))
    np.testing.assert_allclose(0.8 * x + 0.2 * z, nesterov, rtol=1e-11)


@pytest.mark.parametrize("engine", ["rows", "classes"])
def test_beside_others_each_sees_its_own_place_and_the_norm_is_that_of_the_gradient_it_used(engine):
    specs = [
        OptimizerSpec("layers", lr=0.1, layers=(Layer(2, 0.5),)),
        OptimizerSpec("free", "schedule_free", lr=0.1, mu_y=0.5),
        OptimizerSpec("sgd", lr=0.1),
    ]
    run = record(lambda x, _: (x.square().sum(-1) / 2, x), specs, [[8.0], [4.0]], 2, engine=engine)
    # z: 8, 7.2; x: 8, 7.2; y: 8, 7.2, then z = 7.2 − .72 = 6.48, x = 6.84, y = 6.66
    assert run.fast[:, 1, 0, 0].tolist() == pytest.approx([8, 7.2, 6.48])
    assert run.slow[1][0][:, 0, 0].tolist() == pytest.approx([8, 7.2, 6.84])
    assert run.gradient_norm[:, 1, 0].tolist() == pytest.approx([8, 7.2, 6.66])
    assert run.loss[:, 1, 0].tolist() == pytest.approx([32, 7.2**2 / 2, 6.48**2 / 2])
    assert run.slow_loss[:, 1, 0].tolist() == pytest.approx([32, 7.2**2 / 2, 6.84**2 / 2])
    assert [len(slow) for slow in run.slow] == [1, 1, 0]
    assert run.slow[0][0][:, 0, 0].tolist() == pytest.approx([8, 8, 7.24])
    assert run.fast[:, 2, 1, 0].tolist() == pytest.approx([4, 3.6, 3.24])
    assert [run.averages(index) for index in range(3)] == [False, True, False]


@pytest.mark.parametrize("base", AVERAGING)
def test_a_run_that_diverges_keeps_its_last_average(base):
    for engine in ("rows", "classes"):
        spec = OptimizerSpec("one", base, lr=90.0)
        run = record(lambda x, _: (x.square().sum(-1) / 2, x), [spec], [1.0], 60, escape=1e3, engine=engine)
        end = int(run.diverged[0, 0])
        assert 0 < end < 60
        assert len(set(run.outermost(0)[end - 1 :, 0, 0].tolist())) == 1
        assert len(set(run.slow_loss[end - 1 :, 0, 0].tolist())) == 1


def test_a_schedule_changes_the_steps_and_leaves_the_mean_uniform():
    z, x = paths(base="schedule_free", schedule=Schedule("cosine"))
    np.testing.assert_allclose(x, np.cumsum(z, axis=0) / np.arange(1, STEPS + 1)[:, None], rtol=1e-12)


def test_evaluating_with_the_average_puts_the_fast_weights_back():
    parameter = torch.nn.Parameter(torch.tensor([4.0]))
    optimizer = GPA([parameter], lr=0.5, mu_x=0.5)

    def closure():
        optimizer.zero_grad()
        loss = parameter.square().sum() / 2
        loss.backward()
        return loss

    assert optimizer.step(closure).item() == 8.0
    with optimizer.use_average():
        assert parameter.item() == 3.0  # halfway from 4 to 2
    assert parameter.item() == 2.0


def test_a_checkpoint_continues_to_the_bit():
    def run(steps, state=None, place=3.0):
        parameter = torch.nn.Parameter(torch.tensor([place], dtype=torch.float64))
        optimizer = ScheduleFreeSGD([parameter], lr=0.3)
        if state is not None:
            optimizer.load_state_dict(state)
        for _ in range(steps):
            optimizer.step(lambda: setattr(parameter, "grad", parameter.detach().sin()))
        return parameter.item(), optimizer.averages()[0].item(), optimizer.state_dict()

    place, _, state = run(5)
    assert run(4, state, place)[:2] == run(9)[:2]


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda p: GPA(p, lr=-1), "lr must be at least 0 and finite, got -1"),
        (lambda p: ScheduleFreeSGD(p, lr=1, weight_decay=math.nan), "weight_decay must be at least 0"),
        (lambda p: GPA(p, lr=1, mu_x=1.0), r"mu_x must be in \[0, 1\), got 1.0"),
        (lambda p: ScheduleFreeSGD(p, lr=1, mu_y=1.5), r"mu_y must be in \[0, 1\], got 1.5"),
        (lambda p: OptimizerSpec("one", "gpa", mu_x=-0.1), r"mu_x must be in \[0, 1\), got -0.1"),
        (lambda p: OptimizerSpec("one", "gpa", mu_y=2), r"mu_y must be in \[0, 1\], got 2"),
        (lambda p: OptimizerSpec("one", "gpa", alternating=True), "alternating updates need a base of"),
        (
            lambda p: OptimizerSpec("one", "schedule_free", layers=(Layer(5, 0.5),)),
            r"base 'schedule_free' keeps an average of its own and takes no layers, got 1: use layers=\(\), or one of",
        ),
    ],
)
def test_wrong_settings_are_refused_by_name_value_and_remedy(make, words):
    with pytest.raises(ValueError, match=words):
        make([torch.nn.Parameter(torch.zeros(1))])


def test_steps_without_a_closure_and_layers_around_it_are_refused():
    optimizer = GPA([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    with pytest.raises(TypeError, match=r"a closure is required, .*: step\(closure\)"):
        optimizer.step()
    with pytest.raises(TypeError, match=r"GPA keeps an average of its own, .*: use it without layers"):
        MultilayerLookahead(optimizer, 5, 0.5)


def test_networks_refuse_it_by_name():
    class NoTask:
        players = ("network",)
        steps_per_epoch = 1

    with pytest.raises(ValueError, match="must take the gradient at their weights, got base 'gpa'"):
        train(NoTask(), OptimizerSpec("one", "gpa"), 5, 0)
