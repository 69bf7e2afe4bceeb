"""Mixed precision: gradient scaling, and slow weights finer than the parameters."""

import pytest
import torch

from optim_core import MultilayerLookahead


def scaler():
    return torch.amp.GradScaler("cpu", init_scale=1024.0, growth_interval=1000)


def scaled_step(optimizer, parameter, scale, loss):
    optimizer.zero_grad()
    scale.scale(loss(parameter)).backward()
    scale.step(optimizer)
    scale.update()


def overflowing(parameter):
    return (parameter * float("inf")).sum()


@pytest.mark.parametrize("options", [{}, {"fused": True}, {"foreach": True}])
@pytest.mark.parametrize("make", [torch.optim.SGD, torch.optim.Adam])
def test_gradients_are_unscaled_once(make, options):
    """Also with a fused base, which would unscale them itself if the scaler thought that it could."""

    def run(scale):
        parameter = torch.nn.Parameter(torch.tensor([1.0, -2.0]))
        optimizer = MultilayerLookahead(make([parameter], lr=0.1, **options), (2, 2), 0.5)
        for _ in range(7):
            scaled_step(optimizer, parameter, scale, lambda p: p.square().sum())
        return parameter.detach()

    torch.testing.assert_close(run(scaler()), run(torch.amp.GradScaler("cpu", enabled=False)), rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("fused", [True, False])
@pytest.mark.parametrize("before", [0, 1, 2, 3])
def test_an_overflow_changes_nothing_wherever_it_falls(before, fused):
    """`before` good steps of (2, .5)(2, .5), an overflow, more good steps: as if nothing had been but for the scale."""

    def run(overflow):
        scale = scaler()
        parameter = torch.nn.Parameter(torch.tensor([1.0, -2.0]))
        base = torch.optim.SGD([parameter], lr=0.1, momentum=0.9, fused=fused)
        optimizer = MultilayerLookahead(base, (2, 2), 0.5, momentum="pullback")
        path = []
        for number in range(8):
            if overflow and number == before:
                steps, state = optimizer.base_steps, len(optimizer.state)
                scaled_step(optimizer, parameter, scale, overflowing)
                assert (optimizer.base_steps, len(optimizer.state)) == (steps, state)
                assert scale.get_scale() == 512
            scaled_step(optimizer, parameter, scale, lambda p: p.square().sum())
            path.append(parameter.detach().clone())
        return torch.stack(path)

    assert torch.equal(run(True), run(False))


def test_clipping_between_unscaling_and_the_step():
    parameter = torch.nn.Parameter(torch.tensor([3.0]))
    optimizer, scale = MultilayerLookahead(torch.optim.SGD([parameter], lr=1.0, fused=True), 1, 0.5), scaler()
    scale.scale(parameter.square().sum()).backward()
    scale.unscale_(optimizer)
    torch.nn.utils.clip_grad_norm_([parameter], 1.0)
    scale.step(optimizer)
    assert parameter.item() == pytest.approx(2.5)  # a clipped step of 1, halved


def drift(slow_dtype, steps=600):
    """bfloat16 weights at 1, where the spacing is 2^-7; every base step adds that much, α = .1 takes a tenth of it.

    Returns the slow weights and what they would be in double precision, the fast ones being bfloat16 as before.
    """
    parameter = torch.nn.Parameter(torch.ones(4, dtype=torch.bfloat16))
    optimizer = MultilayerLookahead(torch.optim.SGD([parameter], lr=2.0**-7), 1, 0.1, slow_dtype=slow_dtype)
    exact = torch.ones(4, dtype=torch.float64)
    for _ in range(steps):
        parameter.grad = -torch.ones_like(parameter)
        optimizer.step()
        exact += 0.1 * ((exact.bfloat16() + 2.0**-7).double() - exact)
    return optimizer.slow_weights(1)[0].double(), exact, parameter.detach()


def test_float32_slow_weights_follow_a_double_reference_to_within_one_ulp_of_bfloat16():
    slow, exact, parameter = drift(torch.float32)
    ulp = 2.0**-7
    assert exact[0] > 1 + 20 * ulp
    assert (slow - exact).abs().max() < ulp
    assert torch.equal(parameter, slow.bfloat16())


def test_bfloat16_slow_weights_would_not_move_at_all():
    slow, exact, _ = drift(None)
    assert slow[0] == 1
    assert exact[0] > 1.1


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
@pytest.mark.parametrize("shape", [(3,), (300, 1000)])
@pytest.mark.parametrize("foreach", [None, True])
def test_parameters_are_the_rounded_slow_weights(dtype, shape, foreach):
    parameter = torch.nn.Parameter(torch.randn(shape).to(dtype))
    base = torch.optim.SGD([parameter], lr=0.1)
    optimizer = MultilayerLookahead(base, (2, 2), 0.3, slow_dtype=torch.float32, foreach=foreach)
    for _ in range(4):
        parameter.grad = torch.randn(shape).to(dtype)
        optimizer.step()
    inner, outer = (optimizer.slow_weights(layer)[0] for layer in (1, 2))
    assert (inner.dtype, outer.dtype, parameter.dtype) == (torch.float32, torch.float32, dtype)
    assert torch.equal(inner, outer)
    assert torch.equal(parameter, outer.to(dtype))


def test_slow_weights_are_never_coarser_than_the_parameters():
    parameter = torch.nn.Parameter(torch.zeros(1, dtype=torch.float64))
    optimizer = MultilayerLookahead(torch.optim.SGD([parameter], lr=0.1), 1, 0.5, slow_dtype=torch.bfloat16)
    parameter.grad = torch.ones_like(parameter)
    optimizer.step()
    assert optimizer.slow_weights(1)[0].dtype == torch.float64


def test_autocast_training_goes_down():
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Linear(4, 16), torch.nn.ReLU(), torch.nn.Linear(16, 1))
    optimizer = MultilayerLookahead(torch.optim.Adam(model.parameters(), lr=0.02), (5, 2), 0.5)
    scale, x = scaler(), torch.randn(64, 4)
    losses = []
    for _ in range(60):
        optimizer.zero_grad()
        with torch.autocast("cpu", dtype=torch.bfloat16):
            loss = (model(x) - x.sum(1, keepdim=True)).square().mean()
        scale.scale(loss).backward()
        scale.step(optimizer)
        scale.update()
        losses.append(loss.item())
    assert losses[-1] < 0.3 * losses[0]
