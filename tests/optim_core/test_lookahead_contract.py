"""A good citizen of torch: groups, schedulers, closures, hooks, the profiler, copies, unusual parameters."""

import copy
import pickle

import pytest
import torch
from torch.optim.lr_scheduler import LambdaLR, OneCycleLR, StepLR

from optim_core import Lookahead, MultilayerLookahead


def network():
    torch.manual_seed(3)
    return torch.nn.Sequential(torch.nn.Linear(4, 3), torch.nn.Tanh(), torch.nn.Linear(3, 1)).double()


def train(model, optimizer, steps, seed=0):
    generator = torch.Generator().manual_seed(seed)
    for _ in range(steps):
        x = torch.randn(8, 4, generator=generator, dtype=torch.float64)
        optimizer.zero_grad()
        model(x.to(next(model.parameters()).dtype)).square().mean().backward()
        optimizer.step()


def weights(model):
    return torch.nn.utils.parameters_to_vector(model.parameters()).detach().clone()


def lookahead(model, k=(2, 3), alpha=0.5, **options):
    return MultilayerLookahead(torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9), k, alpha, **options)


def test_param_groups_are_the_bases_own_list_also_after_loading():
    optimizer = lookahead(network())
    assert optimizer.param_groups is optimizer.base.param_groups
    optimizer.base.load_state_dict(optimizer.base.state_dict())
    assert optimizer.param_groups is optimizer.base.param_groups
    optimizer.load_state_dict(optimizer.state_dict())
    assert optimizer.param_groups is optimizer.base.param_groups
    optimizer.param_groups = list(optimizer.param_groups)
    assert optimizer.param_groups is optimizer.base.param_groups


def test_nothing_of_the_base_is_touched():
    model, other = network(), network()
    optimizer, bare = lookahead(model), torch.optim.SGD(other.parameters(), lr=0.1, momentum=0.9)
    train(model, optimizer, 7)
    train(other, bare, 7)
    assert optimizer.base.defaults == bare.defaults
    assert [g.keys() for g in optimizer.base.param_groups] == [g.keys() for g in bare.param_groups]
    assert [s.keys() for s in optimizer.base.state.values()] == [s.keys() for s in bare.state.values()]
    assert optimizer.state is not optimizer.base.state
    assert not hasattr(optimizer.base, "slow_weights")


class SomebodysOwn(torch.optim.Optimizer):
    def __init__(self, params):
        super().__init__(params, {"lr": 0.1})

    def step(self, closure=None):
        pass


def test_the_defaults_of_somebodys_own_optimizer_stay_theirs():
    optimizer = Lookahead(SomebodysOwn([torch.nn.Parameter(torch.zeros(1))]))
    optimizer.step()
    assert optimizer.base.defaults == {"lr": 0.1}


@pytest.mark.parametrize("momentum", ["keep", "reset", "pullback"])
def test_the_state_of_a_parameter_without_gradient_stays_absent(momentum):
    parameter, idle = torch.nn.Parameter(torch.ones(1)), torch.nn.Parameter(torch.ones(1))
    optimizer = MultilayerLookahead(torch.optim.Adam([parameter, idle]), 2, 0.5, momentum=momentum)
    for _ in range(4):
        parameter.grad = torch.ones(1)
        optimizer.step()
    assert list(optimizer.base.state) == [parameter]


def test_unknown_attributes_are_not_the_bases():
    optimizer = MultilayerLookahead(torch.optim.SGD(network().parameters(), lr=0.1, fused=True), 5, 0.5)
    assert optimizer.base._step_supports_amp_scaling
    assert not hasattr(optimizer, "_step_supports_amp_scaling")
    optimizer.grad_scale = 1
    assert not hasattr(optimizer.base, "grad_scale")


@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize("on_base", [True, False])
def test_schedulers_may_be_made_before_or_after_wrapping(before, on_base):
    model = network()
    base = torch.optim.SGD(model.parameters(), lr=1.0)
    scheduler = StepLR(base, step_size=2, gamma=0.5) if before else None
    optimizer = MultilayerLookahead(base, 2, 0.5)
    if scheduler is None:
        scheduler = StepLR(base if on_base else optimizer, step_size=2, gamma=0.5)
    rates = []
    for _ in range(6):
        train(model, optimizer, 1)
        scheduler.step()
        rates.append(base.param_groups[0]["lr"])
    assert rates == [1, 0.5, 0.5, 0.25, 0.25, 0.125]
    assert optimizer.base_steps == 6


def test_a_scheduler_of_momentum_finds_it():
    optimizer = lookahead(network())
    scheduler = OneCycleLR(optimizer, max_lr=0.1, total_steps=10, cycle_momentum=True)
    optimizer.step()
    scheduler.step()
    assert optimizer.base.param_groups[0]["momentum"] < 0.95


def test_a_scheduler_does_not_warn_of_the_order(recwarn):
    model = network()
    optimizer = lookahead(model)
    scheduler = LambdaLR(optimizer, lambda step: 0.9**step)
    train(model, optimizer, 1)
    scheduler.step()
    assert not recwarn.list


@pytest.mark.parametrize("through_base", [True, False])
def test_a_group_added_in_mid_window_starts_at_its_own_values_and_shares_the_phase(through_base):
    """k = 3; the second parameter joins at 100 after the first step, so that two of its steps are in the window."""
    first, second = torch.nn.Parameter(torch.zeros(1)), torch.nn.Parameter(torch.full((1,), 100.0))
    optimizer = MultilayerLookahead(torch.optim.SGD([first], lr=1.0), 3, 0.5)
    path = []
    for number in range(4):
        if number == 1:
            (optimizer.base if through_base else optimizer).add_param_group({"params": [second], "lr": 2.0})
        first.grad, second.grad = -torch.ones(1), -torch.ones(1)
        optimizer.step()
        path.append((first.item(), second.item()))
    assert path == [(1, 100), (2, 102), (1.5, 102), (2.5, 104)]


@pytest.mark.parametrize("k", [1, 3])
def test_the_closure_reaches_lbfgs_unchanged(k):
    def run(wrap):
        parameter = torch.nn.Parameter(torch.tensor([3.0, -2.0], dtype=torch.float64))
        optimizer = torch.optim.LBFGS([parameter], lr=0.5, max_iter=4)
        optimizer = MultilayerLookahead(optimizer, k, 1) if wrap else optimizer
        calls = 0

        def closure():
            nonlocal calls
            calls += 1
            optimizer.zero_grad()
            loss = (parameter**4).sum() + parameter.square().sum()
            loss.backward()
            return loss

        losses = [optimizer.step(closure).item() for _ in range(5)]
        return losses, calls, parameter.detach()

    ours, theirs = run(True), run(False)
    assert ours[:2] == theirs[:2]
    assert ours[1] > 5
    assert torch.equal(ours[2], theirs[2])


def test_the_closures_value_is_returned_and_it_is_called_once():
    parameter = torch.nn.Parameter(torch.ones(1))
    optimizer = Lookahead(torch.optim.SGD([parameter], lr=0.1), k=1)
    calls = []

    def closure():
        calls.append(1)
        parameter.grad = torch.ones(1)
        return 42.0

    assert optimizer.step(closure) == 42.0
    assert len(calls) == 1
    assert optimizer.step() is None


def test_a_base_step_that_fails_is_not_counted():
    parameter = torch.nn.Parameter(torch.ones(1))
    optimizer = Lookahead(torch.optim.SGD([parameter], lr=0.1), k=2)

    def closure():
        raise ArithmeticError("no loss today")

    with pytest.raises(ArithmeticError):
        optimizer.step(closure)
    assert optimizer.base_steps == 0


def test_every_hook_fires_once():
    model = network()
    optimizer = lookahead(model)
    calls = []
    optimizer.register_step_pre_hook(lambda *_: calls.append("step pre"))
    optimizer.register_step_post_hook(lambda *_: calls.append("step post"))
    optimizer.base.register_step_pre_hook(lambda *_: calls.append("base pre"))
    optimizer.base.register_step_post_hook(lambda *_: calls.append("base post"))
    optimizer.register_state_dict_pre_hook(lambda *_: calls.append("save pre"))
    optimizer.register_state_dict_post_hook(lambda *_: calls.append("save post"))
    optimizer.register_load_state_dict_pre_hook(lambda *_: calls.append("load pre"))
    optimizer.register_load_state_dict_post_hook(lambda *_: calls.append("load post"))
    train(model, optimizer, 1)
    assert calls == ["step pre", "base pre", "base post", "step post"]
    calls.clear()
    optimizer.load_state_dict(optimizer.state_dict())
    assert calls == ["save pre", "save post", "load pre", "load post"]


def test_hooks_may_replace_the_state_dict():
    optimizer = lookahead(network())
    slower = {**optimizer.state_dict()}
    slower["param_groups"] = [{**group, "lr": 0.001} for group in slower["param_groups"]]
    optimizer.register_state_dict_post_hook(lambda _, state: {**state, "note": "mine"})
    optimizer.register_load_state_dict_pre_hook(lambda *_: slower)
    state = optimizer.state_dict()
    assert state["note"] == "mine"
    optimizer.load_state_dict(state)
    assert optimizer.param_groups[0]["lr"] == 0.001


def test_a_post_hook_of_the_base_sees_the_weights_before_they_are_synchronised():
    parameter = torch.nn.Parameter(torch.zeros(1))
    optimizer = MultilayerLookahead(torch.optim.SGD([parameter], lr=1.0), 2, 0.5)
    values = []
    optimizer.base.register_step_post_hook(lambda *_: values.append(parameter.item()))
    for _ in range(4):
        parameter.grad = -torch.ones(1)
        optimizer.step()
    assert values == [1, 2, 2, 3]


@pytest.mark.parametrize("cls", [MultilayerLookahead, Lookahead])
def test_the_profiler_shows_the_class_once(cls):
    model = network()
    optimizer = cls(torch.optim.SGD(model.parameters(), lr=0.1), 5, 0.5)
    train(model, optimizer, 1)
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU]) as profile:
        train(model, optimizer, 1)
    names = [event.name for event in profile.events()]
    assert names.count(f"Optimizer.step#{cls.__name__}.step") == 1
    assert names.count(f"Optimizer.zero_grad#{cls.__name__}.zero_grad") == 1


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda pair: pickle.loads(pickle.dumps(pair))])
@pytest.mark.parametrize("steps", [0, 4])
def test_copies_are_independent_and_continue_alike(duplicate, steps):
    model = network()
    optimizer = lookahead(model, momentum="pullback", slow_dtype=torch.float64)
    train(model, optimizer, steps)
    model_copy, optimizer_copy = duplicate((model, optimizer))
    assert type(optimizer_copy) is MultilayerLookahead
    before = weights(model)
    train(model_copy, optimizer_copy, 9, seed=1)
    assert torch.equal(weights(model), before)
    train(model, optimizer, 9, seed=1)
    assert torch.equal(weights(model), weights(model_copy))
    pairs = zip(optimizer.slow_weights(2), optimizer_copy.slow_weights(2), strict=True)
    assert all(torch.equal(mine, its) and mine.data_ptr() != its.data_ptr() for mine, its in pairs)


@pytest.mark.parametrize("set_to_none", [True, False])
@pytest.mark.parametrize("foreach", [True, False])
def test_zero_grad_in_both_modes(set_to_none, foreach):
    model = network()
    optimizer = Lookahead(torch.optim.SGD(model.parameters(), lr=0.1, foreach=foreach))
    model(torch.ones(1, 4).double()).sum().backward()
    optimizer.zero_grad(set_to_none=set_to_none)
    grads = [parameter.grad for parameter in model.parameters()]
    assert all(grad is None if set_to_none else not grad.any() for grad in grads)


@pytest.mark.parametrize("momentum", ["keep", "reset", "pullback"])
def test_sparse_gradients(momentum):
    """SparseAdam moves the rows it saw; every row is synchronised."""
    table = torch.nn.Embedding(6, 2, sparse=True)
    start = table.weight.detach().clone()
    optimizer = MultilayerLookahead(torch.optim.SparseAdam(table.parameters(), lr=0.1), 2, 0.5, momentum=momentum)
    for rows in ([0, 1], [1, 2]):
        optimizer.zero_grad()
        table(torch.tensor(rows)).sum().backward()
        optimizer.step()
    changes = (table.weight.detach() - start).abs().sum(1) > 0
    assert changes.tolist() == [True, True, True, False, False, False]
    assert torch.equal(optimizer.slow_weights(1)[0], table.weight)


@pytest.mark.parametrize("slow_dtype", [None, torch.float32, torch.float64])
def test_complex_parameters(slow_dtype):
    parameter = torch.nn.Parameter(torch.zeros(1, dtype=torch.complex64))
    optimizer = MultilayerLookahead(torch.optim.SGD([parameter], lr=1.0), 2, 0.5, slow_dtype=slow_dtype)
    for _ in range(2):
        parameter.grad = torch.tensor([-1 - 2j])
        optimizer.step()
    assert parameter.item() == 1 + 2j
    assert optimizer.slow_weights(1)[0].dtype == (torch.complex128 if slow_dtype is torch.float64 else torch.complex64)


@pytest.mark.parametrize("foreach", [None, True, False])
def test_several_dtypes_in_one_group(foreach):
    dtypes = [torch.float64, torch.float32, torch.bfloat16, torch.float16, torch.complex64]
    parameters = [torch.nn.Parameter(torch.zeros(2, dtype=dtype)) for dtype in dtypes]
    base = torch.optim.SGD(parameters, lr=1.0, foreach=False)
    optimizer = MultilayerLookahead(base, (2, 1), (0.5, 0.5), foreach=foreach)
    for _ in range(2):
        for parameter in parameters:
            parameter.grad = -torch.ones_like(parameter)
        optimizer.step()
    assert [parameter[0].item() for parameter in parameters] == [0.5] * 5
    assert [slow.dtype for slow in optimizer.slow_weights(2)] == dtypes


def test_several_devices_in_one_group():
    """The second device is torch's "meta", which has shapes but no numbers and is everywhere."""
    parameters = [torch.nn.Parameter(torch.zeros(2)), torch.nn.Parameter(torch.zeros(2, device="meta"))]
    base = torch.optim.SGD(parameters, lr=1.0, momentum=0.5, foreach=False)
    optimizer = MultilayerLookahead(base, (1, 2), 0.5, momentum="pullback")
    for _ in range(2):
        for parameter in parameters:
            parameter.grad = -torch.ones_like(parameter)
        optimizer.step()
    for layer in (1, 2):
        assert [slow.device.type for slow in optimizer.slow_weights(layer)] == ["cpu", "meta"]


def test_the_model_may_move_between_construction_and_first_step():
    model = network()
    optimizer = MultilayerLookahead(torch.optim.SGD(model.parameters(), lr=0.1), 2, 0.5)
    with torch.no_grad():
        next(model.parameters()).fill_(1)
    model.float()
    start = weights(model)
    train(model, optimizer, 1)
    assert torch.equal(torch.nn.utils.parameters_to_vector(optimizer.slow_weights(1)), start)
    train(model, optimizer, 1)
    assert weights(model).dtype == torch.float32


def test_the_representation_shows_layers_and_base():
    text = repr(lookahead(network()))
    assert text.startswith(
        "MultilayerLookahead (layers: (Layer(k=2, alpha=0.5), Layer(k=3, alpha=0.5)), momentum: keep"
    )
    assert "SGD (" in text


def test_memory_is_one_array_per_layer_and_one_per_layer_and_buffer_under_pullback():
    model = network()
    for momentum, per_parameter in (("keep", 3), ("reset", 3), ("pullback", 6)):
        optimizer = lookahead(model, (2, 2, 2), momentum=momentum)
        train(model, optimizer, 5)
        states, own = (each.state_dict()["state"] for each in (optimizer, optimizer.base))
        extra = [[states[key][name].shape for name in states[key].keys() - own[key]] for key in states]
        steps = torch.Size()  # one number
        assert [sorted(shapes) for shapes in extra] == [[steps, *[p.shape] * per_parameter] for p in model.parameters()]
