"""use_slow_weights: there for the duration of the context, gone after it, whatever happens inside."""

import copy

import pytest
import torch

from optim_core import MultilayerLookahead


@pytest.fixture
def parameters():
    return [torch.nn.Parameter(torch.randn(3)), torch.nn.Parameter(torch.randn(2, 2), requires_grad=False)]


@pytest.fixture
def optimizer(parameters):
    """Seven steps of (2, .5)(3, .5): fast weights and both slow weights all differ."""
    optimizer = MultilayerLookahead(torch.optim.SGD(parameters[:1], lr=0.1), (2, 3), 0.5)
    optimizer.add_param_group({"params": parameters[1:]})
    for _ in range(9):
        parameters[0].grad = torch.ones(3)
        optimizer.step()
    return optimizer


def values(parameters):
    return [parameter.detach().clone() for parameter in parameters]


@pytest.mark.parametrize("layer", [1, 2, -1, -2])
def test_parameters_hold_the_slow_weights_and_then_their_own_again(optimizer, parameters, layer):
    fast, storage = values(parameters), [p.data_ptr() for p in parameters]
    with optimizer.use_slow_weights(layer):
        assert all(map(torch.equal, parameters, optimizer.slow_weights(layer)))
        assert not torch.equal(parameters[0], fast[0])
    assert all(map(torch.equal, parameters, fast))
    assert [p.data_ptr() for p in parameters] == storage


def test_the_outermost_layer_is_the_default(optimizer, parameters):
    with optimizer.use_slow_weights():
        assert torch.equal(parameters[0], optimizer.slow_weights(2)[0])


def test_training_goes_on_as_if_nothing_had_been(optimizer, parameters):
    twin_parameters, twin = copy.deepcopy((parameters, optimizer))
    with optimizer.use_slow_weights():
        parameters[0].sum().backward()
    for _ in range(7):
        parameters[0].grad, twin_parameters[0].grad = torch.ones(3), torch.ones(3)
        optimizer.step()
        twin.step()
        assert torch.equal(parameters[0], twin_parameters[0])


def test_exceptions_restore(optimizer, parameters):
    fast = values(parameters)
    with pytest.raises(ZeroDivisionError), optimizer.use_slow_weights():
        raise ZeroDivisionError
    assert all(map(torch.equal, parameters, fast))
    parameters[0].grad = torch.ones(3)
    optimizer.step()
    optimizer.state_dict()


@pytest.mark.parametrize(
    "act",
    [
        lambda optimizer: optimizer.step(),
        lambda optimizer: optimizer.advance(),
        lambda optimizer: optimizer.state_dict(),
        lambda optimizer: optimizer.load_state_dict({}),
        lambda optimizer: optimizer.add_param_group({"params": [torch.zeros(1)]}),
        lambda optimizer: optimizer.use_slow_weights(1).__enter__(),
        copy.deepcopy,
    ],
)
def test_what_would_mistake_slow_weights_for_fast_ones_is_refused(optimizer, parameters, act):
    fast = values(parameters)
    with optimizer.use_slow_weights():
        inside = values(parameters)
        with pytest.raises(RuntimeError, match=r"inside use_slow_weights"):
            act(optimizer)
        assert all(map(torch.equal, parameters, inside))
    assert all(map(torch.equal, parameters, fast))


def test_an_unknown_layer_is_refused_and_changes_nothing(optimizer, parameters):
    fast = values(parameters)
    with pytest.raises(ValueError, match="layer must be"), optimizer.use_slow_weights(3):
        pass
    assert all(map(torch.equal, parameters, fast))
    optimizer.state_dict()


def test_before_the_first_step_slow_weights_are_the_parameters():
    parameter = torch.nn.Parameter(torch.ones(2))
    optimizer = MultilayerLookahead(torch.optim.SGD([parameter], lr=0.1), 2, 0.5)
    with optimizer.use_slow_weights():
        assert torch.equal(parameter, torch.ones(2))
    assert not optimizer.state


def test_the_slow_weights_themselves_cannot_be_changed_through_the_parameters(optimizer, parameters):
    slow = values(optimizer.slow_weights(-1))
    with optimizer.use_slow_weights(), torch.no_grad():
        parameters[0].zero_()
    assert all(map(torch.equal, optimizer.slow_weights(-1), slow))
