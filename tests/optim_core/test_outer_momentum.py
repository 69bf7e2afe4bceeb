"""Outer momentum: torch's SGD on the pseudo-gradient, what it costs and refuses, and what a checkpoint keeps of it."""

import copy
import io
import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from optim_core import SNOO, DiLoCo, Layer, Lookahead, MultilayerLookahead
from optim_core.layers import make_layers

SHAPES = [(3,), (2, 2), ()]


def parameters(dtype=torch.float64, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return [
        torch.nn.Parameter(torch.randn(shape, generator=generator, dtype=torch.float64).to(dtype)) for shape in SHAPES
    ]


def train(optimizer, steps, seed=1):
    """Noisy quadratic; the noise depends on the step alone."""
    for _ in range(steps):
        step = optimizer.base_steps
        for group in optimizer.param_groups:
            for parameter in group["params"]:
                noise = torch.randn(parameter.shape, generator=torch.Generator().manual_seed(1000 * seed + step))
                parameter.grad = parameter.detach() + 0.1 * noise.to(parameter.dtype)
        optimizer.step()


def values(params):
    return [parameter.detach().clone() for parameter in params]


def same(ones, others):
    return all(torch.equal(one, other) for one, other in zip(ones, others, strict=True))


def sgd(params, **options):
    return torch.optim.SGD(params, lr=0.1, momentum=0.9, **options)


def by_torch(stack, slow, params, base, outers, take_step):
    """New weights of the last of `stack` after its step from `slow`: torch.optim.SGD(lr=α, momentum=μ) on s."""
    if not stack:
        take_step()
        return values(params)
    *inner, layer = stack
    for _ in range(layer.k):
        fast = by_torch(inner, values(params), params, base, outers, take_step)
    phi, outer = outers[len(inner)]
    for one, place, below in zip(phi, slow, fast, strict=True):
        one.data.copy_(place)
        one.grad = place - below
    if layer.outer_momentum:
        outer.step()
    else:
        for one, below in zip(phi, fast, strict=True):
            one.data.copy_(below if layer.alpha == 1 else torch.lerp(one.data, below, layer.alpha))
    for parameter, one in zip(params, phi, strict=True):
        parameter.data.copy_(one.data)
    return values(params)


MOVING = st.floats(0.01, 1)
PLAIN = st.builds(Layer, st.integers(1, 3), MOVING)
KIN = st.builds(Layer, st.integers(1, 3), MOVING, st.floats(0.01, 0.95), st.booleans())


@settings(max_examples=60, deadline=None, derandomize=True)
@given(stack=st.lists(PLAIN | KIN, min_size=1, max_size=3), foreach=st.booleans())
def test_a_layer_is_torchs_sgd_on_the_pseudo_gradient_to_the_last_bit(stack, foreach):
    columns = zip(*((x.k, x.alpha, x.outer_momentum, x.outer_nesterov) for x in stack), strict=True)
    k, alpha, momentum, nesterov = map(list, columns)
    ours, theirs = parameters(), parameters()
    optimizer = MultilayerLookahead(
        sgd(ours), k, alpha, outer_momentum=momentum, outer_nesterov=nesterov, foreach=foreach
    )
    windows = 1 + 24 // math.prod(k)
    train(optimizer, windows * math.prod(k))

    bare = Lookahead(sgd(theirs), k=10**6, alpha=1.0)  # counts the steps, for the same noise
    outers = []
    for x in stack:
        phi = [torch.nn.Parameter(p.detach().clone()) for p in theirs]
        options = {"momentum": x.outer_momentum, "nesterov": x.outer_nesterov and x.outer_momentum > 0}
        outers.append((phi, torch.optim.SGD(phi, lr=x.alpha, foreach=foreach, **options)))
    for _ in range(windows):
        by_torch(stack, values(theirs), theirs, bare, outers, lambda: train(bare, 1))
    assert same(values(ours), values(theirs))


@pytest.mark.parametrize("large", [False, True])
def test_large_tensors_in_pieces_and_multi_tensor_kernels_have_the_same_bits(large):
    size = 300_000 if large else 7
    ends = []
    for foreach in (False, True):
        weight = torch.nn.Parameter(torch.linspace(-1, 1, size))
        optimizer = SNOO(torch.optim.SGD([weight], lr=0.1), k=2, foreach=foreach)
        train(optimizer, 6)
        ends.append((weight.detach(), optimizer.state[weight]["lookahead_outer_momentum_1"]))
    assert torch.equal(ends[0][0], ends[1][0])
    assert torch.equal(ends[0][1], ends[1][1])
    assert ends[0][1].abs().max() > 0


def slow_keys(optimizer):
    """Of each parameter's state, what is slow weights or outer momentum."""
    own = ("lookahead_slow", "lookahead_outer")
    return [{key for key in state if key.startswith(own)} for state in optimizer.state.values()]


def test_without_outer_momentum_there_is_no_buffer_and_nothing_more_in_a_checkpoint():
    plain = MultilayerLookahead(sgd(parameters()), [2, 2], 0.5)
    train(plain, 5)
    assert slow_keys(plain) == [{"lookahead_slow_1", "lookahead_slow_2"}] * 3
    group = plain.state_dict()["param_groups"][0]
    assert {key for key in group if key.startswith("lookahead_")} == {
        "lookahead_k", "lookahead_alpha", "lookahead_momentum", "lookahead_base_steps",
    }  # fmt: skip


def test_only_layers_with_outer_momentum_have_a_buffer():
    optimizer = MultilayerLookahead(sgd(parameters()), [2, 2, 2], 0.5, outer_momentum=[0.0, 0.5, 0.0])
    train(optimizer, 5)
    keys = {"lookahead_slow_1", "lookahead_slow_2", "lookahead_slow_3", "lookahead_outer_momentum_2"}
    assert slow_keys(optimizer) == [keys] * 3


def test_alpha_above_one_only_where_it_is_allowed():
    with pytest.raises(ValueError, match=r"alpha must be in \[0, 1\], got 1.5; above 1 only with allow_overshoot=True"):
        MultilayerLookahead(sgd(parameters()), 5, 1.5)
    optimizer = MultilayerLookahead(torch.optim.SGD([weight := torch.nn.Parameter(torch.zeros(1))], lr=1.0), 2, 1.5,
                                    allow_overshoot=True)  # fmt: skip
    for _ in range(2):
        weight.grad = -torch.ones(1)
        optimizer.step()
    assert weight.item() == 3  # one and a half times as far as the two steps of 1
    assert Layer(2, 1.5, allow_overshoot=True) == Layer(2, 1.5, 0.0, False, True)
    assert eval(repr(Layer(2, 1.5, 0.5, True, True))) == Layer(2, 1.5, 0.5, True, True)


@pytest.mark.parametrize("alpha", [-0.1, math.inf, math.nan])
def test_no_permission_makes_alpha_negative_or_infinite(alpha):
    with pytest.raises(ValueError, match="alpha must be in"):
        Layer(5, alpha, allow_overshoot=True)


@pytest.mark.parametrize("momentum", [-0.1, 1.0, math.nan])
def test_outer_momentum_outside_its_interval_is_a_value_error(momentum):
    with pytest.raises(ValueError, match=rf"outer_momentum must be in \[0, 1\), got {momentum}"):
        Lookahead(sgd(parameters()), outer_momentum=momentum)


def test_outer_momentum_that_is_no_number_and_sequences_of_unequal_length():
    with pytest.raises(TypeError, match="outer_momentum must be a number"):
        Layer(5, 0.5, "0.5")
    with pytest.raises(ValueError, match="k and outer_momentum must have one entry per layer each, got 2 and 3"):
        make_layers([5, 5], 0.5, [0, 0, 0])
    with pytest.raises(ValueError, match="inner_buffers must be one of keep, reset, got 'zero'"):
        MultilayerLookahead(sgd(parameters()), [5, 5], 0.5, inner_buffers="zero")


def test_one_number_serves_every_layer():
    assert make_layers([2, 3], 0.5, 0.9, True) == (Layer(2, 0.5, 0.9, True), Layer(3, 0.5, 0.9, True))
    assert make_layers(2, 0.5, [0.9, 0.8]) == (Layer(2, 0.5, 0.9), Layer(2, 0.5, 0.8))


@pytest.mark.parametrize("inner", ["keep", "reset"])
@pytest.mark.parametrize("at", range(1, 9))
def test_continues_bit_for_bit_from_a_checkpoint(at, inner):
    def make(params):
        return MultilayerLookahead(
            sgd(params),
            [2, 2],
            [0.5, 0.7],
            outer_momentum=[0.6, 0.9],
            outer_nesterov=[False, True],
            inner_buffers=inner,
        )

    whole = parameters()
    train(make(whole), 16)
    first = parameters()
    optimizer = make(first)
    train(optimizer, at)
    file = io.BytesIO()
    torch.save([values(first), optimizer.state_dict()], file)
    file.seek(0)
    weights, state = torch.load(file, weights_only=True)
    second = [torch.nn.Parameter(weight) for weight in weights]
    continuation = make(second)
    continuation.load_state_dict(state)
    train(continuation, 16 - at)
    assert same(values(second), values(whole))


def test_a_checkpoint_from_before_outer_momentum_loads():
    old = MultilayerLookahead(sgd(params := parameters()), [2, 2], 0.5)
    train(old, 3)
    new = MultilayerLookahead(sgd(other := parameters()), [2, 2], 0.5, outer_momentum=0.5, inner_buffers="reset")
    for parameter, value in zip(other, values(params), strict=True):
        parameter.data.copy_(value)
    with pytest.warns(UserWarning, match=r"checkpoint's \(Layer\(k=2, alpha=0.5\).*replace.*outer_momentum=0.5"):
        new.load_state_dict(copy.deepcopy(old.state_dict()))
    assert (new.layers, new.inner_buffers) == (old.layers, "keep")
    train(new, 5)
    train(old, 5)
    assert same(values(other), values(params))


def test_outer_momentum_given_to_an_old_checkpoint_starts_at_zero():
    old = MultilayerLookahead(sgd(parameters()), [2], 0.5)
    train(old, 2)
    checkpoint = copy.deepcopy(old.state_dict())
    checkpoint["param_groups"][0] |= {"lookahead_outer_momentum": [0.5], "lookahead_outer_nesterov": [True]}
    new = Lookahead(sgd(parameters()), 2, 0.5, outer_momentum=0.5, outer_nesterov=True)
    new.load_state_dict(checkpoint)
    train(new, 2)
    assert new.layers == (Layer(2, 0.5, 0.5, True),)
    buffers = [state["lookahead_outer_momentum_1"] for state in new.state.values()]
    assert all(buffer.abs().sum() > 0 for buffer in buffers)


def test_settings_of_the_checkpoint_also_with_alpha_above_one():
    optimizer = MultilayerLookahead(sgd(parameters()), 2, 1.4, outer_momentum=0.3, allow_overshoot=True)
    train(optimizer, 3)
    other = MultilayerLookahead(sgd(parameters()), 2, 0.5)
    with pytest.warns(UserWarning, match="alpha=1.4"):
        other.load_state_dict(optimizer.state_dict())
    assert other.layers == optimizer.layers


def test_restart_zeroes_outer_momentum():
    optimizer = SNOO(sgd(params := parameters()), k=2)
    train(optimizer, 5)
    assert any(state["lookahead_outer_momentum_1"].any() for state in optimizer.state.values())
    optimizer.restart()
    assert not any(state["lookahead_outer_momentum_1"].any() for state in optimizer.state.values())
    assert same(optimizer.slow_weights(1), values(params))


def test_parameters_added_in_mid_run_start_without_momentum():
    optimizer = SNOO(torch.optim.SGD(first := parameters(), lr=0.1), k=2, alpha=0.5, outer_momentum=0.5)
    train(optimizer, 4)
    late = torch.nn.Parameter(torch.zeros(1, dtype=torch.float64))
    optimizer.add_param_group({"params": [late]})
    for _ in range(2):
        for parameter in first:
            parameter.grad = torch.zeros_like(parameter)
        late.grad = -10 * torch.ones_like(late)  # a step of 1
        optimizer.step()
    assert late.item() == 1.5  # s = −2, b = −2: 0 + .5 (2 + .5 · 2)


def test_slow_weights_and_buffers_get_the_least_precision_asked_for():
    optimizer = SNOO(torch.optim.SGD(params := parameters(torch.bfloat16), lr=0.1), k=2, slow_dtype=torch.float32)
    train(optimizer, 4)
    assert slow_keys(optimizer) == [{"lookahead_slow_1", "lookahead_outer_momentum_1"}] * 3
    tensors = [
        state[key] for state, keys in zip(optimizer.state.values(), slow_keys(optimizer), strict=True) for key in keys
    ]
    assert {tensor.dtype for tensor in tensors} == {torch.float32}
    assert {parameter.dtype for parameter in params} == {torch.bfloat16}
    for parameter, slow in zip(params, optimizer.slow_weights(1), strict=True):
        assert torch.equal(parameter, slow.to(torch.bfloat16))


def test_use_slow_weights_shows_the_slow_point_and_brings_the_fast_one_back():
    optimizer = SNOO(sgd(params := parameters()), k=3)
    train(optimizer, 4)
    fast = values(params)
    with optimizer.use_slow_weights():
        assert same(values(params), optimizer.slow_weights(1))
    assert same(values(params), fast)


def test_a_frozen_parameter_and_its_momentum_are_not_touched():
    optimizer = SNOO(sgd(params := parameters()), k=2)
    train(optimizer, 2)
    params[0].requires_grad_(False)
    params[0].grad = None
    before = params[0].detach().clone()
    buffer = optimizer.state[params[0]]["lookahead_outer_momentum_1"].clone()
    for _ in range(2):
        for parameter in params[1:]:
            parameter.grad = torch.ones_like(parameter)
        optimizer.step()
    assert torch.equal(params[0], before)
    assert torch.equal(optimizer.state[params[0]]["lookahead_outer_momentum_1"], buffer)


def test_the_bases_momentum_is_pulled_back_by_alpha_without_outer_momentum():
    ours = Lookahead(sgd(one := parameters()), 2, 0.5, outer_momentum=0.5, momentum="pullback")
    plain = Lookahead(sgd(parameters()), 2, 0.5, momentum="pullback")
    train(ours, 2)  # up to the first synchronisation both bases have seen the same
    train(plain, 2)
    assert same(*([s["momentum_buffer"] for s in o.base.state.values()] for o in (ours, plain)))
    assert {key for key in ours.state[one[0]] if "outer" in key} == {"lookahead_outer_momentum_1"}


def test_presets_are_one_nesterov_layer_and_one_algorithm_with_one_worker():
    snoo = SNOO(sgd(one := parameters()), k=3)
    diloco = DiLoCo(sgd(two := parameters()), k=3)
    plain = Lookahead(sgd(three := parameters()), 3, 0.7, outer_momentum=0.9, outer_nesterov=True)
    assert DiLoCo(sgd(parameters())).layers == (Layer(500, 0.7, 0.9, True),)
    for optimizer in (snoo, diloco, plain):
        train(optimizer, 10)
    assert snoo.layers == diloco.layers == plain.layers == (Layer(3, 0.7, 0.9, True),)
    assert same(values(one), values(two))
    assert same(values(one), values(three))
    assert same(values(one), optimizer_copy_after(snoo, 0))


def optimizer_copy_after(optimizer, steps):
    other = copy.deepcopy(optimizer)
    train(other, steps)
    return values(other.param_groups[0]["params"])


class HalvedStep(MultilayerLookahead):
    def outer(self, layer, differences):
        self.calls = [*getattr(self, "calls", []), (self.base_steps, layer, len(differences))]
        return [difference / 2 for difference in differences]


def test_the_outer_step_can_be_overridden():
    """On half of s a step is that of half the α, up to rounding; with momentum too, which is linear in s."""
    options = {"outer_momentum": [0.5, 0.3], "outer_nesterov": [True, False]}
    half = HalvedStep(sgd(one := parameters()), [2, 2], [0.8, 0.6], **options)
    plain = MultilayerLookahead(sgd(two := parameters()), [2, 2], [0.4, 0.3], **options)
    train(half, 10)
    train(plain, 10)
    assert half.calls == [(2, 1, 3), (4, 1, 3), (4, 2, 3), (6, 1, 3), (8, 1, 3), (8, 2, 3), (10, 1, 3)]
    for ours, theirs in zip(values(one), values(two), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-12)


def test_a_hook_that_changes_nothing_changes_nothing():
    class Same(MultilayerLookahead):
        def outer(self, layer, differences):
            return list(differences)

    options = {"outer_momentum": [0.5, 0.3], "outer_nesterov": [True, False]}
    with_hook = Same(sgd(one := parameters()), [2, 2], [0.8, 0.6], **options)
    plain = MultilayerLookahead(sgd(two := parameters()), [2, 2], [0.8, 0.6], **options)
    train(with_hook, 10)
    train(plain, 10)
    assert same(values(one), values(two))
