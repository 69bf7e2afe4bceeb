"""Lion: by hand, beside another implementation, and with slow weights around it."""

import math

import numpy as np
import pytest
import torch

from optim_core import MultilayerLookahead
from optim_core.lion import Lion


def one_parameter(value=0.0):
    return torch.nn.Parameter(torch.tensor([value], dtype=torch.float64))


def step_with(optimizer, parameter, gradient):
    parameter.grad = torch.tensor([gradient], dtype=torch.float64)
    optimizer.step()
    return parameter.item()


def test_three_steps_by_hand():
    parameter = one_parameter(1.0)
    optimizer = Lion([parameter], lr=0.5, betas=(0.5, 0.75))
    # m = 0: u = sign(.5 · 2) = 1, θ = .5, m = .25 · 2 = .5
    assert step_with(optimizer, parameter, 2.0) == 0.5
    # u = sign(.5 · .5 − .5 · .25) = 1, θ = 0, m = .75 · .5 − .25 · .25 = .3125
    assert step_with(optimizer, parameter, -0.25) == 0.0
    # u = sign(.5 · .3125 − .5 · .5) = −1, θ = .5, m = .75 · .3125 − .25 · .5
    assert step_with(optimizer, parameter, -0.5) == 0.5
    assert optimizer.state[parameter]["exp_avg"].item() == 0.75 * 0.3125 - 0.125


def test_decay_is_decoupled_and_without_a_gradient_nothing_moves():
    parameter = one_parameter(2.0)
    optimizer = Lion([parameter], lr=0.5, weight_decay=0.1)
    optimizer.step()
    assert parameter.item() == 2.0
    assert step_with(optimizer, parameter, 3.0) == pytest.approx(0.95 * 2 - 0.5)
    assert step_with(optimizer, parameter, 0.0) == pytest.approx(0.95 * 1.4 - 0.5)


@pytest.mark.parametrize("decay", [0.0, 0.1])
def test_another_implementation_takes_the_same_path(decay):
    peer = pytest.importorskip("pytorch_optimizer").Lion
    paths = []
    for make in (Lion, lambda params, **options: peer(params, foreach=False, **options)):
        parameter = torch.nn.Parameter(torch.tensor([1.0, -2.0, 0.5], dtype=torch.float64))
        optimizer, path = make([parameter], lr=0.03, betas=(0.9, 0.99), weight_decay=decay), []
        for step in range(200):
            draw = torch.randn(3, generator=torch.Generator().manual_seed(step), dtype=torch.float64)
            parameter.grad = parameter.detach() * torch.tensor([1.0, 3.0, 10.0]) + draw
            optimizer.step()
            path.append(parameter.detach().numpy().copy())
        paths.append(np.array(path))
    np.testing.assert_allclose(*paths, rtol=1e-12, atol=1e-12)


def test_a_closure_is_called_once_with_autograd():
    parameter = one_parameter(1.0)
    optimizer = Lion([parameter], lr=0.25)

    def closure():
        optimizer.zero_grad()
        loss = parameter.square().sum()
        loss.backward()
        return loss

    assert optimizer.step(closure).item() == 1.0
    assert parameter.item() == 0.75


def test_its_momentum_is_reset_at_a_synchronisation_as_adams_is():
    parameter = one_parameter()
    optimizer = MultilayerLookahead(Lion([parameter], lr=1.0), k=2, alpha=0.5, momentum="reset")
    path = [step_with(optimizer, parameter, gradient) for gradient in (-1.0, -1.0, 0.0, -1.0)]
    # 1, 2 → 1 with m = 0; a gradient of 0 then has no sign; 2 → 1 + .5
    assert path == [1.0, 1.0, 1.0, 1.5]


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"lr": -1.0}, "lr must be at least 0 and finite, got -1.0"),
        ({"lr": math.inf}, "lr must be at least 0 and finite, got inf"),
        ({"weight_decay": -0.1}, "weight_decay must be at least 0 and finite, got -0.1"),
        ({"betas": (1.0, 0.9)}, r"beta1 must be in \[0, 1\), got 1.0"),
        ({"betas": (0.9, math.nan)}, r"beta2 must be in \[0, 1\), got nan"),
    ],
)
def test_wrong_settings_are_refused_by_name_and_value(settings, words):
    with pytest.raises(ValueError, match=words):
        Lion([one_parameter()], **settings)
