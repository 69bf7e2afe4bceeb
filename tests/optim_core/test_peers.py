"""Side by side with other public Lookaheads, one layer, on the same gradients.

Where a peer is right, the same numbers; where it departs from the paper's algorithm, a test that says how.
"""

import numpy as np
import pytest
import torch

from optim_core import Lookahead

STEPS = 23


def gradient(x):
    """Of ½ Σ h x² + Σ sin x, in numpy, torch or jax."""
    module = np if isinstance(x, np.ndarray) else torch
    h = np.array([0.1, 1.0, 5.0])
    return (h if module is np else torch.from_numpy(h)) * x + module.cos(x)


def torch_path(wrap, make=lambda params: torch.optim.SGD(params, lr=0.1), start=(1.0, -2.0, 0.5), steps=STEPS):
    parameter = torch.nn.Parameter(torch.tensor(start, dtype=torch.float64))
    optimizer = wrap(make([parameter]))
    path = []
    for _ in range(steps):
        parameter.grad = gradient(parameter.detach())
        optimizer.step()
        path.append(parameter.detach().clone().numpy())
    return np.array(path)


BASES = {
    "sgd": lambda params: torch.optim.SGD(params, lr=0.1),
    "momentum": lambda params: torch.optim.SGD(params, lr=0.1, momentum=0.9),
    "adam": lambda params: torch.optim.Adam(params, lr=0.1),
}


@pytest.mark.parametrize("base", BASES)
@pytest.mark.parametrize(("k", "alpha"), [(1, 0.5), (5, 0.5), (4, 0.8), (7, 0.25)])
def test_pytorch_optimizer_gives_the_same_numbers(base, k, alpha):
    peer = pytest.importorskip("pytorch_optimizer").Lookahead
    ours = torch_path(lambda optimizer: Lookahead(optimizer, k, alpha), BASES[base])
    theirs = torch_path(lambda optimizer: peer(optimizer, k=k, alpha=alpha), BASES[base])
    np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("k", [1, 3])
def test_pytorch_optimizer_pulls_momentum_back_as_we_do(k):
    peer = pytest.importorskip("pytorch_optimizer").Lookahead
    ours = torch_path(lambda optimizer: Lookahead(optimizer, k, 0.4, momentum="pullback"), BASES["momentum"])
    theirs = torch_path(lambda base: peer(base, k=k, alpha=0.4, pullback_momentum="pullback"), BASES["momentum"])
    np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-12)


def test_pytorch_optimizer_leaves_a_parameter_without_gradient_unsynchronised():
    """Ours pulls it back with the others (the slow weights are those of the whole model)."""
    peer = pytest.importorskip("pytorch_optimizer").Lookahead

    def second_parameter(wrap):
        first, second = (torch.nn.Parameter(torch.zeros(1)) for _ in range(2))
        optimizer = wrap(torch.optim.SGD([first, second], lr=1.0))
        first.grad, second.grad = -torch.ones(1), -torch.ones(1)
        optimizer.step()
        second.grad = None
        optimizer.step()
        return second.item()

    assert second_parameter(lambda base: Lookahead(base, 2, 0.5)) == 0.5
    assert second_parameter(lambda base: peer(base, k=2, alpha=0.5)) == 1.0


@pytest.mark.parametrize("base", ["sgd", "momentum", "adam"])
@pytest.mark.parametrize(("k", "alpha"), [(1, 0.5), (5, 0.5), (4, 0.8)])
def test_optax_in_double_precision_gives_the_same_numbers(base, k, alpha):
    jax, optax = pytest.importorskip("jax"), pytest.importorskip("optax")
    make = {
        "sgd": lambda: optax.sgd(0.1),
        "momentum": lambda: optax.sgd(0.1, momentum=0.9),
        "adam": lambda: optax.adam(0.1),
    }[base]
    with jax.enable_x64(True):
        optimizer = optax.lookahead(make(), sync_period=k, slow_step_size=alpha)
        parameters = optax.LookaheadParams.init_synced(jax.numpy.array([1.0, -2.0, 0.5], dtype="float64"))
        state, path = optimizer.init(parameters), []
        for _ in range(STEPS):
            slope = jax.numpy.asarray(gradient(np.asarray(parameters.fast)))
            updates, state = optimizer.update(slope, state, parameters)
            parameters = optax.apply_updates(parameters, updates)
            path.append(np.asarray(parameters.fast))
    ours = torch_path(lambda optimizer: Lookahead(optimizer, k, alpha), BASES[base])
    np.testing.assert_allclose(ours, path, rtol=1e-11, atol=1e-11)


def test_jettify_starts_its_slow_weights_after_the_first_step():
    """Gradient −1, lr 1, k = 3: it synchronises first at step 1, with itself, and then at step 4, towards θ_1 = 1.

    Ours: 1, 2, 1.5, … (towards θ_0 = 0, every third step).
    """
    peer = pytest.importorskip("torch_optimizer").Lookahead
    path = ascent(lambda base: peer(base, k=3, alpha=0.5), 4)
    assert path == [1, 2, 3, 2.5]
    assert ascent(lambda base: Lookahead(base, 3, 0.5), 4) == [1, 2, 1.5, 2.5]


def test_wrapping_jettify_twice_never_synchronises():
    """Both instances count in the groups that they share: neither finds its own phase. Ours: 1, 1, 2, 2, 3, 1.5."""
    peer = pytest.importorskip("torch_optimizer").Lookahead
    path = ascent(lambda base: peer(peer(base, k=2, alpha=0.5), k=3, alpha=0.5), 6)
    assert path == [1, 2, 3, 4, 5, 6]


def test_wrapping_pytorch_optimizer_twice_is_not_two_layers():
    """The shared counter again: from step 2 on both synchronise at every step."""
    peer = pytest.importorskip("pytorch_optimizer").Lookahead
    path = ascent(lambda base: peer(peer(base, k=2, alpha=0.5), k=3, alpha=0.5), 6)
    assert path == [1, 1, 1.5, 2, 2.5, 3]


def ascent(wrap, steps):
    """Fast weights after each step with gradient −1, learning rate 1, start 0."""
    parameter = torch.nn.Parameter(torch.zeros(1, dtype=torch.float64))
    optimizer = wrap(torch.optim.SGD([parameter], lr=1.0))
    path = []
    for _ in range(steps):
        parameter.grad = -torch.ones_like(parameter)
        optimizer.step()
        path.append(parameter.item())
    return path
