"""The algorithm itself, against arithmetic done by hand and against its own limits."""

import math

import pytest
import torch

from optim_core import Layer, Lookahead, MultilayerLookahead

BASES = {
    "sgd": lambda params: torch.optim.SGD(params, lr=0.1),
    "momentum": lambda params: torch.optim.SGD(params, lr=0.1, momentum=0.9, weight_decay=0.01),
    "adam": lambda params: torch.optim.Adam(params, lr=0.1),
    "rmsprop": lambda params: torch.optim.RMSprop(params, lr=0.1, momentum=0.5),
}
MODES = [(name, "keep") for name in BASES] + [(name, "pullback") for name in BASES if name != "sgd"]


def ascent(layers, steps):
    """Fast weights after each step with gradient −1, learning rate 1, start 0: a base step adds 1."""
    parameter = torch.nn.Parameter(torch.zeros(1, dtype=torch.float64))
    k, alpha = zip(*layers, strict=True)
    optimizer = MultilayerLookahead(torch.optim.SGD([parameter], lr=1.0), k, alpha)
    path, counts = [], []
    for _ in range(steps):
        parameter.grad = -torch.ones_like(parameter)
        optimizer.step()
        path.append(parameter.item())
        counts.append(optimizer.synchronised)
    return path, counts, optimizer


def two_parameters(dtype=torch.float64):
    generator = torch.Generator().manual_seed(1)
    return [torch.nn.Parameter(torch.randn(shape, generator=generator, dtype=dtype)) for shape in ((3, 2), (4,))]


def step(optimizer, parameters, seed):
    generator = torch.Generator().manual_seed(seed)
    for parameter in parameters:
        parameter.grad = torch.randn(parameter.shape, generator=generator, dtype=parameter.dtype)
    optimizer.step()


def test_one_layer_by_hand():
    path, counts, _ = ascent([(3, 0.5)], 7)
    assert path == [1, 2, 1.5, 2.5, 3.5, 3, 4]
    assert counts == [0, 0, 1, 0, 0, 1, 0]


def test_two_layers_by_hand():
    path, counts, optimizer = ascent([(2, 0.5), (3, 0.5)], 14)
    assert path == [1, 1, 2, 2, 3, 1.5, 2.5, 2.5, 3.5, 3.5, 4.5, 3, 4, 4]
    assert counts == [0, 1, 0, 1, 0, 2, 0, 1, 0, 1, 0, 2, 0, 1]
    assert [w.item() for w in optimizer.slow_weights(1) + optimizer.slow_weights(-1)] == [4, 3]


def test_three_layers_by_hand():
    """(2, .5)(2, .5)(2, .5): two steps of layer 0 make 1, of layer 1 make 1, of layer 2 make 1."""
    path, counts, _ = ascent([(2, 0.5)] * 3, 8)
    assert path == [1, 1, 2, 1, 2, 2, 3, 1]
    assert counts == [0, 1, 0, 2, 0, 1, 0, 3]


def test_first_synchronisation_pulls_towards_the_weights_before_the_first_step():
    """From 10, three steps of +1, α = .25: 10 + .25 · 3. Pulling towards θ_1 would give 11.5, towards θ_3 13."""
    parameter = torch.nn.Parameter(torch.tensor([10.0]))
    optimizer = MultilayerLookahead(torch.optim.SGD([parameter], lr=1.0), 3, 0.25)
    for _ in range(3):
        parameter.grad = torch.tensor([-1.0])
        optimizer.step()
    assert parameter.item() == 10.75


def test_outer_synchronisation_restarts_every_inner_layer():
    parameters = two_parameters()
    optimizer = MultilayerLookahead(BASES["adam"](parameters), (2, 3, 2), (0.5, 0.3, 0.7))
    for number in range(1, 25):
        step(optimizer, parameters, number)
        for level in range(1, optimizer.synchronised + 1):
            assert all(map(torch.equal, optimizer.slow_weights(level), parameters)), (number, level)
        for level in range(optimizer.synchronised + 1, 4):
            assert not any(map(torch.equal, optimizer.slow_weights(level), parameters)), (number, level)


def test_slow_weights_of_a_layer_rest_between_its_synchronisations():
    parameters = two_parameters()
    optimizer = MultilayerLookahead(BASES["sgd"](parameters), (2, 2), 0.5)
    step(optimizer, parameters, 0)
    for number in range(1, 12):
        before = {level: [w.clone() for w in optimizer.slow_weights(level)] for level in (1, 2)}
        step(optimizer, parameters, number)
        for level in (1, 2):
            is_unmoved = all(map(torch.equal, optimizer.slow_weights(level), before[level]))
            assert is_unmoved == (level > optimizer.synchronised)


@pytest.mark.parametrize(("name", "momentum"), MODES)
@pytest.mark.parametrize(("k", "alpha"), [(1, 1), (7, 1), ((3, 2), 1), ((1, 1, 1), 1), ((2, 3, 2, 1), 1)])
def test_alpha_one_is_the_base_optimizer_bit_for_bit(name, momentum, k, alpha):
    ours, theirs = two_parameters(), two_parameters()
    optimizer, base = MultilayerLookahead(BASES[name](ours), k, alpha, momentum=momentum), BASES[name](theirs)
    for number in range(30):
        step(optimizer, ours, number)
        step(base, theirs, number)
        assert all(map(torch.equal, ours, theirs)), number


def test_alpha_one_keeps_the_sign_of_zero_and_infinities():
    values = torch.tensor([-0.0, math.inf, -math.inf, 1.0])
    parameter = torch.nn.Parameter(torch.ones(4))
    optimizer = MultilayerLookahead(torch.optim.SGD([parameter], lr=0.0), (1, 1), 1)
    optimizer.capture()
    with torch.no_grad():
        parameter.copy_(values)
    optimizer.advance()
    assert torch.equal(parameter.view(torch.int32), values.view(torch.int32))


@pytest.mark.parametrize("name", BASES)
def test_alpha_zero_returns_exactly_to_the_start(name):
    parameters, start = two_parameters(), two_parameters()
    optimizer = MultilayerLookahead(BASES[name](parameters), (3, 2), 0)
    for number in range(1, 13):
        step(optimizer, parameters, number)
        assert all(map(torch.equal, parameters, start)) == (number % 3 == 0)


def test_an_inner_alpha_of_zero_makes_the_outer_layers_idle():
    parameters, start = two_parameters(), two_parameters()
    optimizer = MultilayerLookahead(BASES["sgd"](parameters), (2, 2), (0, 0.5))
    for number in range(4):
        step(optimizer, parameters, number)
    assert all(map(torch.equal, optimizer.slow_weights(-1), start))


@pytest.mark.parametrize("alpha", [0.1, 0.5, 0.9])
def test_large_tensors_synchronise_as_small_ones_do(alpha):
    """A tensor that is cut into pieces, in every layout, with and without multi-tensor kernels: the same numbers."""
    shape = (300, 1200)
    values, move = torch.randn(shape, dtype=torch.float64), torch.randn(shape, dtype=torch.float64)

    def run(arrange, foreach):
        parameter = torch.nn.Parameter(arrange(values.clone()))
        optimizer = MultilayerLookahead(torch.optim.SGD([parameter], lr=1.0), (1, 2), alpha, foreach=foreach)
        for _ in range(4):
            parameter.grad = arrange(move.clone())
            optimizer.step()
        return parameter.detach()

    expected = values
    for _ in range(2):
        inner = expected
        for _ in range(2):
            inner = inner + alpha * ((inner - move) - inner)
        expected = expected + alpha * (inner - expected)
    for arrange in (lambda x: x, lambda x: x.t().contiguous().t(), lambda x: x.repeat(1, 2)[:, :1200]):
        for foreach in (None, True, False):
            torch.testing.assert_close(run(arrange, foreach), expected, rtol=1e-13, atol=1e-13)


def test_a_parameter_without_a_gradient_is_still_synchronised():
    """The second parameter moves at the first step only; at the synchronisation it is pulled back like the first."""
    first, second = (torch.nn.Parameter(torch.zeros(1)) for _ in range(2))
    optimizer = MultilayerLookahead(torch.optim.SGD([first, second], lr=1.0), 2, 0.5)
    first.grad, second.grad = -torch.ones(1), -torch.ones(1)
    optimizer.step()
    second.grad = None
    optimizer.step()
    assert (first.item(), second.item()) == (1.0, 0.5)


@pytest.mark.parametrize("alpha", [0.2, 0.8])
@pytest.mark.parametrize("foreach", [True, False])
def test_a_frozen_parameter_stays_bitwise_fixed(alpha, foreach):
    values = torch.tensor([-0.0, math.inf, math.nan, 0.1])
    frozen, moving = torch.nn.Parameter(values.clone(), requires_grad=False), torch.nn.Parameter(torch.zeros(1))
    base = torch.optim.SGD([frozen, moving], lr=1.0, weight_decay=0.1)
    optimizer = MultilayerLookahead(base, (1, 2), alpha, foreach=foreach)
    for _ in range(4):
        moving.grad = torch.ones(1)
        optimizer.step()
    assert torch.equal(frozen.view(torch.int32), values.view(torch.int32))


def test_a_parameter_frozen_in_mid_window_stays_where_it_is():
    parameter = torch.nn.Parameter(torch.zeros(1))
    optimizer = MultilayerLookahead(torch.optim.SGD([parameter], lr=1.0), 2, 0.5)
    parameter.grad = -torch.ones(1)
    optimizer.step()
    optimizer.zero_grad()
    parameter.requires_grad_(False)
    optimizer.step()
    assert parameter.item() == 1


@pytest.mark.filterwarnings("ignore:optimizer contains a parameter group with duplicate parameters")
@pytest.mark.parametrize("foreach", [True, False])
def test_a_parameter_given_twice_is_synchronised_once(foreach):
    """Its base moves it twice a step: 0, 2, 4 and back to 2 (φ ← 0 + ½ 4), where a second pull would leave φ at 3."""
    parameter = torch.nn.Parameter(torch.zeros(1))
    base = torch.optim.SGD([parameter, parameter], lr=1.0, foreach=False)
    optimizer = MultilayerLookahead(base, 2, 0.5, foreach=foreach)
    for _ in range(2):
        parameter.grad = -torch.ones(1)
        optimizer.step()
    assert (parameter.item(), optimizer.slow_weights(1)[0].item()) == (2, 2)


def test_parameters_that_share_one_storage_are_synchronised_in_place():
    storage = torch.zeros(2, 3)
    parameters = [torch.nn.Parameter(storage[row]) for row in range(2)]
    optimizer = MultilayerLookahead(torch.optim.SGD(parameters, lr=1.0), 2, 0.5)
    for _ in range(2):
        for parameter in parameters:
            parameter.grad = -torch.ones(3)
        optimizer.step()
    assert (storage == 1).all()


def test_players_can_step_one_after_the_other_and_synchronise_together():
    first, second = (torch.nn.Parameter(torch.zeros(1)) for _ in range(2))
    players = [MultilayerLookahead(torch.optim.SGD([p], lr=1.0), 2, 0.5) for p in (first, second)]
    values = []
    for player in players:
        player.capture()
    for _ in range(2):
        first.grad = -torch.ones(1)
        players[0].base.step()
        second.grad = -first.detach().clone()  # the second player sees the first one's unsynchronised weights
        values.append(first.item())
        players[1].base.step()
        for player in players:
            player.advance()
    assert values == [1, 2]
    assert (first.item(), second.item()) == (1, 1.5)


def test_advance_before_capture_says_what_to_do():
    optimizer = Lookahead(torch.optim.SGD([torch.nn.Parameter(torch.zeros(2))], lr=0.1))
    with pytest.raises(RuntimeError, match=r"call capture\(\) before"):
        optimizer.advance()


def test_lookahead_is_the_one_layer_case():
    parameters, others = two_parameters(), two_parameters()
    one, many = Lookahead(BASES["adam"](parameters)), MultilayerLookahead(BASES["adam"](others), 5, 0.5)
    assert one.layers == (Layer(5, 0.5),)
    for number in range(12):
        step(one, parameters, number)
        step(many, others, number)
        assert all(map(torch.equal, parameters, others))


def test_slow_weights_before_the_first_step_are_copies_of_the_parameters():
    parameters = two_parameters()
    optimizer = MultilayerLookahead(BASES["sgd"](parameters), (2, 3), 0.5)
    for layer in (1, 2, -1, -2):
        slow = optimizer.slow_weights(layer)
        assert all(map(torch.equal, slow, parameters))
        assert not any(w.data_ptr() == p.data_ptr() for w, p in zip(slow, parameters, strict=True))


@pytest.mark.parametrize("layer", [0, 3, -3])
def test_a_layer_that_does_not_exist_is_refused(layer):
    optimizer = MultilayerLookahead(BASES["sgd"](two_parameters()), (2, 3), 0.5)
    with pytest.raises(ValueError, match=f"layer must be in 1 to 2.*got {layer}"):
        optimizer.slow_weights(layer)


@pytest.mark.parametrize("base", [None, 0.1, [torch.nn.Parameter(torch.zeros(1))], torch.optim.SGD])
def test_a_base_that_is_not_an_optimizer_is_refused(base):
    with pytest.raises(TypeError, match=r"optimizer must be a torch.optim.Optimizer, got"):
        MultilayerLookahead(base, 5, 0.5)


@pytest.mark.parametrize("outer", [MultilayerLookahead, Lookahead])
@pytest.mark.parametrize("inner", [MultilayerLookahead, Lookahead])
def test_wrapping_twice_is_refused_with_advice(outer, inner):
    with pytest.raises(TypeError, match="more layers"):
        outer(inner(BASES["sgd"](two_parameters()), 5, 0.5), 5, 0.5)


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"k": 0}, ValueError, "k must be at least 1, got 0"),
        ({"k": 2.5}, TypeError, "k must be a whole number of steps, got 2.5"),
        ({"k": True}, TypeError, "k must be a whole number of steps, got True"),
        ({"k": [5, True]}, TypeError, "k must be a whole number of steps, got True"),
        ({"alpha": 1.5}, ValueError, r"alpha must be in \[0, 1\], got 1.5"),
        ({"alpha": math.nan}, ValueError, r"alpha must be in \[0, 1\], got nan"),
        ({"k": [5, 5], "alpha": [0.5]}, ValueError, "got 2 and 1"),
        ({"k": []}, ValueError, "at least one layer"),
        ({"momentum": "forget"}, ValueError, "momentum must be one of keep, reset, pullback, got 'forget'"),
        ({"slow_dtype": "float32"}, TypeError, "slow_dtype must be a torch.dtype or None, got 'float32'"),
        ({"slow_dtype": torch.int32}, ValueError, "slow_dtype must be a floating-point dtype, got torch.int32"),
    ],
)
def test_invalid_arguments_name_themselves_and_their_value(arguments, error, words):
    with pytest.raises(error, match=words):
        MultilayerLookahead(BASES["momentum"](two_parameters()), **{"k": 5, "alpha": 0.5, **arguments})


def test_lookahead_takes_single_numbers_only():
    with pytest.raises(TypeError, match=r"k must be a whole number of steps, got \[5\]"):
        Lookahead(BASES["sgd"](two_parameters()), k=[5])
