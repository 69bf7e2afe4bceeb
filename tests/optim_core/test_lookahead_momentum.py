"""Momentum at a synchronisation: by hand, against the matrices of a quadratic, and for every base that has any."""

import numpy as np
import pytest
import torch

from optim_core import MultilayerLookahead


def with_momentum(parameters, lr=1.0, momentum=0.5, **options):
    return torch.optim.SGD(parameters, lr=lr, momentum=momentum, **options)


def run(momentum, steps, layers=((2, 0.5),)):
    """(weight, momentum buffer) after each step; gradient −1, lr 1, μ = .5, start 0: v ← v/2 − 1, x ← x − v."""
    parameter = torch.nn.Parameter(torch.zeros(1, dtype=torch.float64))
    k, alpha = zip(*layers, strict=True)
    optimizer = MultilayerLookahead(with_momentum([parameter]), k, alpha, momentum=momentum)
    path = []
    for _ in range(steps):
        parameter.grad = -torch.ones_like(parameter)
        optimizer.step()
        path.append((parameter.item(), optimizer.base.state[parameter]["momentum_buffer"].item()))
    return path


def test_keep_by_hand():
    """Steps of 1, 1.5, 1.75, 1.875: the second lands at 2.5 and is pulled to 1.25."""
    assert run("keep", 4) == [(1, -1), (1.25, -1.5), (3, -1.75), (1.25 + (3.625 / 2), -1.875)]


def test_reset_by_hand():
    assert run("reset", 4) == [(1, -1), (1.25, 0), (2.25, -1), (2.5, 0)]


def test_pullback_by_hand():
    """Slow momentum starts at 0: ½(0 + −1.5) = −.75; then v = −1.375, x = 2.625; v = −1.6875, x = 4.3125."""
    assert run("pullback", 4) == [(1, -1), (1.25, -0.75), (2.625, -1.375), (2.78125, -1.21875)]


def test_pullback_on_two_layers_by_hand():
    """(1, .5)(2, .5). Inner: v −1 → −.5, x 1 → .5. Then v −1.25, x 1.75 → inner −.875, 1.125 → outer −.4375, .5625."""
    assert run("pullback", 2, ((1, 0.5), (2, 0.5))) == [(0.5, -0.5), (0.5625, -0.4375)]


def matrix(layers, momentum, lr, h, mu):
    """The map of (x, v) over one step of the outermost layer, for gradient hx and heavy-ball momentum."""
    m = np.array([[1 - lr * h, -lr * mu], [h, mu]])
    for k, alpha in layers:
        velocity = {"keep": (0, 1), "reset": (0, 0), "pullback": (1 - alpha, alpha)}[momentum]
        m = np.diag([1 - alpha, velocity[0]]) + np.diag([alpha, velocity[1]]) @ np.linalg.matrix_power(m, k)
    return m


@pytest.mark.parametrize("momentum", ["keep", "reset", "pullback"])
@pytest.mark.parametrize("layers", [((19, 0.5),), ((3, 0.4), (2, 0.7)), ((2, 0.3), (3, 0.8), (2, 0.6))])
def test_a_quadratic_follows_the_momentum_matrices(momentum, layers):
    lr, h, mu = 0.1, 37.14, 0.9
    parameter = torch.nn.Parameter(torch.ones(1, dtype=torch.float64))
    k, alpha = zip(*layers, strict=True)
    optimizer = MultilayerLookahead(with_momentum([parameter], lr, mu), k, alpha, momentum=momentum)
    state, m = np.array([1.0, 0.0]), matrix(layers, momentum, lr, h, mu)
    for _ in range(6):
        for _ in range(int(np.prod(k))):
            parameter.grad = h * parameter.detach()
            optimizer.step()
        state = m @ state
        buffer = optimizer.base.state[parameter]["momentum_buffer"]
        np.testing.assert_allclose([parameter.item(), buffer.item()], state, rtol=1e-9, atol=1e-12)


def test_result_files_momentum_diverges_where_the_scalar_recursion_would_have_it_converge():
    """lr .1, h = 37.14, μ = .9, (19, .5): every synchronisation multiplies by 1.27; ρ = .5 + .5 c^19 is below 1."""
    parameter = torch.nn.Parameter(torch.ones(1, dtype=torch.float64))
    optimizer = MultilayerLookahead(with_momentum([parameter], 0.1, 0.9), 19, 0.5)
    sizes = []
    for _ in range(60 * 19):
        parameter.grad = 37.14 * parameter.detach()
        optimizer.step()
        if optimizer.synchronised:
            sizes.append(abs(parameter.item()))
    assert (sizes[-1] / sizes[9]) ** (1 / 50) == pytest.approx(1.268, abs=2e-3)
    base_step = max(abs(np.linalg.eigvals(matrix([], "keep", 0.1, 37.14, 0.9))))
    assert 0.5 + 0.5 * base_step**19 < 1


WITH_MOMENTUM = {
    "sgd": (lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9), "momentum_buffer"),
    "nesterov": (lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9, nesterov=True), "momentum_buffer"),
    "fused sgd": (lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9, fused=True), "momentum_buffer"),
    "rmsprop": (lambda p: torch.optim.RMSprop(p, lr=0.1, momentum=0.9), "momentum_buffer"),
    "adam": (lambda p: torch.optim.Adam(p, lr=0.1), "exp_avg"),
    "adamw": (lambda p: torch.optim.AdamW(p, lr=0.1, foreach=True), "exp_avg"),
    "adamax": (lambda p: torch.optim.Adamax(p, lr=0.1), "exp_avg"),
    "nadam": (lambda p: torch.optim.NAdam(p, lr=0.1), "exp_avg"),
    "radam": (lambda p: torch.optim.RAdam(p, lr=0.1), "exp_avg"),
}


@pytest.mark.parametrize(("momentum", "share"), [("reset", 0), ("pullback", 0.5)])
@pytest.mark.parametrize("name", WITH_MOMENTUM)
def test_every_base_with_momentum_is_reset_and_pulled_back(name, momentum, share):
    make, key = WITH_MOMENTUM[name]
    parameter = torch.nn.Parameter(torch.ones(3))
    optimizer = MultilayerLookahead(make([parameter]), 2, 0.5, momentum=momentum)
    proposal = []
    optimizer.base.register_step_post_hook(lambda base, *_: proposal.append(base.state[parameter][key].clone()))
    for number in range(2):
        parameter.grad = torch.full((3,), 1.0 + number)
        optimizer.step()
    assert proposal[-1].abs().min() > 0
    torch.testing.assert_close(optimizer.base.state[parameter][key], proposal[-1] * share)


def test_pullback_keeps_its_own_copy_of_the_buffer():
    parameter = torch.nn.Parameter(torch.zeros(2))
    optimizer = MultilayerLookahead(with_momentum([parameter]), (1, 1), 0.5, momentum="pullback")
    parameter.grad = torch.ones(2)
    optimizer.step()
    entries = optimizer.state[parameter]
    buffers = [entries[name] for name in entries if "momentum_buffer" in name]
    assert len(buffers) == 3
    assert len({tensor.data_ptr() for tensor in buffers}) == len(buffers)


def test_pullback_of_a_base_that_already_has_momentum_starts_from_it():
    """One bare step leaves v = −1; wrapped, v goes to −1.5 and is pulled to ½(−1 + −1.5)."""
    parameter = torch.nn.Parameter(torch.zeros(1))
    base = with_momentum([parameter])
    parameter.grad = -torch.ones(1)
    base.step()
    optimizer = MultilayerLookahead(base, 1, 0.5, momentum="pullback")
    optimizer.step()
    assert base.state[parameter]["momentum_buffer"].item() == -1.25


@pytest.mark.parametrize("momentum", ["reset", "pullback"])
@pytest.mark.parametrize(
    "make",
    [
        lambda p: torch.optim.SGD(p, lr=0.1),
        lambda p: torch.optim.RMSprop(p, lr=0.1),
        lambda p: torch.optim.Adagrad(p, lr=0.1),
        lambda p: torch.optim.LBFGS(p, lr=0.1),
    ],
)
def test_a_base_without_momentum_is_refused(make, momentum):
    with pytest.raises(ValueError, match=f"momentum='{momentum}' needs a base with momentum"):
        MultilayerLookahead(make([torch.nn.Parameter(torch.zeros(1))]), 5, 0.5, momentum=momentum)


class Stateful(torch.optim.Optimizer):
    """Somebody's own optimizer, whose state has a name that nobody knows."""

    def __init__(self, params):
        super().__init__(params, {"lr": 0.1})

    def step(self, closure=None):
        for group in self.param_groups:
            for parameter in group["params"]:
                self.state[parameter]["velocity"] = parameter.grad.clone()


@pytest.mark.parametrize("momentum", ["reset", "pullback"])
def test_momentum_of_an_unknown_name_is_an_error_at_the_first_synchronisation(momentum):
    parameter = torch.nn.Parameter(torch.zeros(1))
    optimizer = MultilayerLookahead(Stateful([parameter]), 2, 0.5, momentum=momentum)
    parameter.grad = torch.ones(1)
    optimizer.step()
    with pytest.raises(ValueError, match="momentum_buffer, exp_avg, and Stateful keeps neither"):
        optimizer.step()


def test_a_group_without_momentum_beside_one_with_it():
    plain, heavy = torch.nn.Parameter(torch.zeros(1)), torch.nn.Parameter(torch.zeros(1))
    base = torch.optim.RMSprop([{"params": [plain], "momentum": 0}, {"params": [heavy], "momentum": 0.9}])
    optimizer = MultilayerLookahead(base, 1, 0.5, momentum="reset")
    plain.grad, heavy.grad = torch.ones(1), torch.ones(1)
    optimizer.step()
    assert base.state[heavy]["momentum_buffer"].item() == 0
    assert "momentum_buffer" not in base.state[plain]
