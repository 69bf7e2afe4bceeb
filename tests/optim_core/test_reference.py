"""The fast class against the textbook's nested loops, over layers, base optimizers and steps drawn at random."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from optim_core import Layer, MultilayerLookahead
from optim_core.lion import Lion
from optim_core.reference import fast_weights

BASES = {
    "sgd": lambda params: torch.optim.SGD(params, lr=0.1, foreach=False),
    "momentum": lambda params: torch.optim.SGD(params, lr=0.1, momentum=0.9, weight_decay=0.01, foreach=False),
    "nesterov": lambda params: torch.optim.SGD(params, lr=0.1, momentum=0.9, nesterov=True, foreach=False),
    "adam": lambda params: torch.optim.Adam(params, lr=0.1, foreach=False),
    "adamw": lambda params: torch.optim.AdamW(params, lr=0.1, weight_decay=0.1, foreach=False),
    "adagrad": lambda params: torch.optim.Adagrad(params, lr=0.1, foreach=False),
    "lion": lambda params: Lion(params, lr=0.1, weight_decay=0.1),
    "rmsprop": lambda params: torch.optim.RMSprop(params, lr=0.1, foreach=False),
}
DIM = 3

layer = st.builds(Layer, st.integers(1, 4), st.floats(0, 1))
stacks = st.lists(layer, min_size=1, max_size=4)
with_momentum = st.builds(Layer, st.integers(1, 4), st.floats(0, 1), st.floats(0, 0.95), st.booleans())
kin = st.lists(layer | with_momentum, min_size=1, max_size=4)


def gradient(x):
    """Of Σ sin x + ½ Σ h x², at the point where the optimizer stands."""
    return torch.cos(x) + x * torch.tensor([0.1, 1.0, 5.0], dtype=torch.float64)


def by_the_class(name, layers, steps, start, **options):
    parameter = torch.nn.Parameter(start.clone())
    rows = [(layer.k, layer.alpha, layer.outer_momentum, layer.outer_nesterov) for layer in layers]
    k, alpha, outer_momentum, outer_nesterov = map(list, zip(*rows, strict=True))
    base = BASES[name]([parameter])
    optimizer = MultilayerLookahead(
        base, k, alpha, outer_momentum=outer_momentum, outer_nesterov=outer_nesterov, **options
    )
    path = [start.numpy()]
    for _ in range(steps):
        parameter.grad = gradient(parameter.detach())
        optimizer.step()
        path.append(parameter.detach().clone().numpy())
    return np.array(path)


def by_the_textbook(name, layers, steps, start, **options):
    """The base step is the same torch optimizer, told at each step where it stands."""
    parameter = torch.nn.Parameter(start.clone())
    base = BASES[name]([parameter])

    def base_step(x):
        parameter.data.copy_(torch.from_numpy(x))
        parameter.grad = gradient(parameter.detach())
        base.step()
        return parameter.detach().clone().numpy()

    return fast_weights(base_step, start.numpy(), layers, steps, **options)


def torch_lerp(slow, fast, alpha):
    return torch.lerp(torch.from_numpy(slow), torch.from_numpy(fast), alpha).numpy()


def start(seed):
    return torch.randn(DIM, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


cases = {"name": st.sampled_from(sorted(BASES)), "steps": st.integers(0, 40), "seed": st.integers(0, 2**32 - 1)}


@settings(max_examples=100, deadline=None, derandomize=True)
@given(layers=stacks, **cases)
def test_equal_to_the_last_bit_with_the_same_interpolation(layers, name, steps, seed):
    expected = by_the_textbook(name, layers, steps, start(seed), interpolate=torch_lerp)
    assert np.array_equal(by_the_class(name, layers, steps, start(seed)), expected)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(layers=stacks, **cases)
def test_equal_to_the_formula_up_to_rounding(layers, name, steps, seed):
    expected = by_the_textbook(name, layers, steps, start(seed))
    np.testing.assert_allclose(by_the_class(name, layers, steps, start(seed)), expected, rtol=1e-9, atol=1e-9)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(layers=kin, inner=st.sampled_from(["keep", "reset"]), foreach=st.booleans(), **cases)
def test_outer_momentum_at_any_depth_equals_the_formula_up_to_rounding(layers, inner, foreach, name, steps, seed):
    expected = by_the_textbook(name, layers, steps, start(seed), inner_buffers=inner)
    actual = by_the_class(name, layers, steps, start(seed), inner_buffers=inner, foreach=foreach)
    np.testing.assert_allclose(actual, expected, rtol=1e-7, atol=1e-7)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(k=st.lists(st.integers(1, 4), min_size=1, max_size=4), **cases)
def test_alpha_one_at_any_depth_is_the_base(k, name, steps, seed):
    layers = [Layer(each, 1) for each in k]
    bare = by_the_textbook(name, [], steps, start(seed))
    assert np.array_equal(by_the_class(name, layers, steps, start(seed)), bare)


@pytest.mark.parametrize(
    ("layers", "path"),
    [
        ([], [0, 1, 2, 3]),
        ([(3, 0.5)], [0, 1, 2, 1.5, 2.5, 3.5, 3, 4]),
        ([(2, 0.5), (3, 0.5)], [0, 1, 1, 2, 2, 3, 1.5, 2.5, 2.5, 3.5, 3.5, 4.5, 3, 4, 4]),
    ],
)
def test_the_reference_itself_by_hand(layers, path):
    weights = fast_weights(lambda x: x + 1, 0.0, [Layer(*each) for each in layers], len(path) - 1)
    assert weights.tolist() == path


@pytest.mark.parametrize("mode", ["keep", "reset", "pullback"])
@settings(max_examples=25, deadline=None, derandomize=True)
@given(layers=stacks, steps=st.integers(0, 40), seed=st.integers(0, 2**32 - 1))
def test_momentum_modes_equal_the_reference_on_weights_and_momentum(mode, layers, steps, seed):
    """State (x, v): v ← .9 v + g(x), x ← x − .1 v. The reference's interpolation says what becomes of v."""
    h = np.array([0.1, 1.0, 5.0])

    def base_step(state):
        x, v = state
        v = 0.9 * v + np.cos(x) + x * h
        return np.array([x - 0.1 * v, v])

    def interpolate(slow, fast, alpha):
        x = slow[0] + alpha * (fast[0] - slow[0])
        return np.array([x, {"keep": fast[1], "reset": 0 * x, "pullback": slow[1] + alpha * (fast[1] - slow[1])}[mode]])

    parameter = torch.nn.Parameter(start(seed))
    base = torch.optim.SGD([parameter], lr=0.1, momentum=0.9, foreach=False)
    optimizer = MultilayerLookahead(base, [x.k for x in layers], [x.alpha for x in layers], momentum=mode)
    rows = [start(seed).numpy()]
    for _ in range(steps):
        parameter.grad = gradient(parameter.detach())
        optimizer.step()
        rows.append(parameter.detach().clone().numpy())
    states = fast_weights(base_step, [rows[0], 0 * rows[0]], layers, steps, interpolate=interpolate)
    np.testing.assert_allclose(rows, states[:, 0], rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize(
    ("layers", "inner", "path"),
    [
        # k 2, α .5, μ .5, each base step adds 1, so s = −2. Heavy ball: b = −2, −3, −3.5; φ = 1, 2.5, 4.25
        ([(2, 0.5, 0.5)], "keep", [0, 1, 1, 2, 2.5, 3.5, 4.25]),
        # Nesterov: s + b/2 = −3, −3.5, −3.75; φ = 1.5, 3.25, 5.125
        ([(2, 0.5, 0.5, True)], "keep", [0, 1, 1.5, 2.5, 3.25, 4.25, 5.125]),
        # one more layer (2, .5): 2.5 comes back to 1.25; b stays −3, so then −2 − 1.5 = −3.5 and φ_1 = 1.25 + 1.75
        ([(2, 0.5, 0.5), (2, 0.5)], "keep", [0, 1, 1, 2, 1.25, 2.25, 3]),
        # b is zeroed: φ_1 = 1.25 + 1
        ([(2, 0.5, 0.5), (2, 0.5)], "reset", [0, 1, 1, 2, 1.25, 2.25, 2.25]),
    ],
)
def test_outer_momentum_by_hand(layers, inner, path):
    stack = [Layer(*each) for each in layers]
    weights = fast_weights(lambda x: x + 1, 0.0, stack, len(path) - 1, inner_buffers=inner)
    assert weights.tolist() == path
    weight = torch.nn.Parameter(torch.zeros(1, dtype=torch.float64))
    optimizer = MultilayerLookahead(
        torch.optim.SGD([weight], lr=1.0),
        [layer.k for layer in stack],
        [layer.alpha for layer in stack],
        outer_momentum=[layer.outer_momentum for layer in stack],
        outer_nesterov=[layer.outer_nesterov for layer in stack],
        inner_buffers=inner,
    )
    for place in path[1:]:
        weight.grad = -torch.ones_like(weight)
        optimizer.step()
        assert weight.item() == place
