"""What frameworks do to an optimizer, tried with torch alone; tests/ecosystem has the frameworks themselves."""

import copy

import pytest
import torch
from torch.distributed.checkpoint.state_dict import (
    StateDictOptions,
    get_optimizer_state_dict,
    set_optimizer_state_dict,
)

from optim_core import Lookahead, MultilayerLookahead, lookahead

pytestmark = pytest.mark.filterwarnings("ignore:torch.distributed is disabled")


def network():
    torch.manual_seed(2)
    return torch.nn.Linear(3, 2).double()


def adam(model, k=(3, 2), momentum="pullback", **options):
    return MultilayerLookahead(torch.optim.Adam(model.parameters()), k, 0.5, momentum=momentum, **options)


def train(model, optimizer, numbers):
    for number in numbers:
        for parameter in model.parameters():
            parameter.grad = parameter.detach() + number
        optimizer.step()


def same(first, second):
    return all(map(torch.equal, first.parameters(), second.parameters()))


FLAT = StateDictOptions(flatten_optimizer_state_dict=True)


@pytest.mark.parametrize("options", [None, FLAT])
def test_torchs_own_state_dict_functions_continue_bit_for_bit(options):
    model, optimizer = network(), None
    optimizer = adam(model)
    train(model, optimizer, range(5))
    checkpoint = copy.deepcopy(get_optimizer_state_dict(model, optimizer, options=options))
    optimizer.zero_grad()  # torch fills nothing into an optimizer whose parameters have gradients
    other = copy.deepcopy(model)
    continuation = adam(other)
    set_optimizer_state_dict(other, continuation, checkpoint, options=options)
    assert continuation.base_steps == 5
    train(model, optimizer, range(5, 13))
    train(other, continuation, range(5, 13))
    assert same(model, other)


def test_a_flattened_checkpoint_of_other_layers_is_refused():
    model = network()
    optimizer = adam(model, k=(3,))
    train(model, optimizer, range(5))
    checkpoint = copy.deepcopy(get_optimizer_state_dict(model, optimizer, options=FLAT))
    optimizer.zero_grad()
    with pytest.raises((ValueError, KeyError), match=r"has 2 layers|lookahead_slow_2"):  # torch 2.6 misses it itself
        set_optimizer_state_dict(model, adam(model), checkpoint, options=FLAT)


def test_the_rehearsal_of_torchs_get_before_the_first_step_neither_counts_nor_captures():
    """It takes a step with lr 0 and gradients 0, so that the state is there to be filled."""
    model, optimizer = network(), None
    optimizer = adam(model, momentum="keep")
    get_optimizer_state_dict(model, optimizer)
    assert optimizer.base_steps == 0
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.fill_(7)  # as pretrained weights would be loaded
    train(model, optimizer, [0])
    assert optimizer.base_steps == 1
    assert all((slow == 7).all() for slow in optimizer.slow_weights(1))


def test_a_first_step_of_a_warmup_from_lr_0_is_counted():
    parameter = torch.nn.Parameter(torch.zeros(1))
    optimizer = Lookahead(torch.optim.SGD([parameter], lr=0.0))
    parameter.grad = torch.ones(1)
    optimizer.step()
    assert optimizer.base_steps == 1


class Proxy:
    """As Lightning and Fabric wrap an optimizer: its class and attributes, a dictionary of its own."""

    def __init__(self, optimizer):
        self._optimizer = optimizer
        self.__class__ = type("Proxy" + type(optimizer).__name__, (Proxy, type(optimizer)), {})

    def __getattr__(self, name):
        return getattr(self._optimizer, name)


def test_what_is_called_on_a_proxy_happens_to_the_optimizer():
    parameter = torch.nn.Parameter(torch.zeros(1))
    optimizer = MultilayerLookahead(torch.optim.SGD([parameter], lr=1.0), 2, 0.5)
    proxy = Proxy(optimizer)
    proxy.capture()
    for _ in range(3):
        parameter.grad = -torch.ones(1)
        proxy.base.step()
        proxy.advance()
    assert optimizer.base_steps == proxy.base_steps == 3
    assert optimizer.state_dict()["param_groups"][0]["lookahead_base_steps"] == 3
    with proxy.use_slow_weights():
        for act in (optimizer.step, optimizer.state_dict, proxy.state_dict, proxy.step):
            with pytest.raises(RuntimeError, match="inside use_slow_weights"):
                act()
    optimizer.step()
    assert proxy.base_steps == 4
    proxy.restart(reset_phase=True)
    assert optimizer.base_steps == 0


@pytest.mark.filterwarnings("ignore:the checkpoint's")
def test_what_is_loaded_through_a_proxy_is_loaded_into_the_optimizer():
    parameter = torch.nn.Parameter(torch.zeros(1))
    source = MultilayerLookahead(torch.optim.SGD([parameter], lr=1.0), 2, 0.5)
    parameter.grad = -torch.ones(1)
    source.step()
    optimizer = MultilayerLookahead(torch.optim.SGD([parameter], lr=1.0), 3, 0.25)
    Proxy(optimizer).load_state_dict(source.state_dict())
    assert (optimizer.base_steps, optimizer.layers) == (1, source.layers)


class Stateless(torch.optim.Optimizer):
    """Somebody's gradient descent, of which only its state could say whether it has momentum."""

    def __init__(self, params):
        super().__init__(params, {"lr": 1.0})

    @torch.no_grad()
    def step(self, closure=None):
        for group in self.param_groups:
            for parameter in group["params"]:
                parameter.sub_(parameter.grad)


@pytest.mark.parametrize("momentum", ["reset", "pullback"])
def test_momentum_that_a_foreign_base_does_not_show_is_refused_at_the_first_synchronisation(momentum):
    parameter = torch.nn.Parameter(torch.zeros(1))
    optimizer = MultilayerLookahead(Stateless([parameter]), 1, 0.5, momentum=momentum)
    parameter.grad = torch.ones(1)
    with pytest.raises(ValueError, match="use momentum='keep'"):
        optimizer.step()


class Ranger(torch.optim.SGD):
    """Writes entries whose names begin as ours do."""

    def step(self, closure=None):
        for parameter in self.param_groups[0]["params"]:
            self.state[parameter].setdefault("lookahead_params", parameter.detach().clone())
        return super().step(closure)


def test_entries_of_others_whose_names_begin_alike_stay_theirs():
    def build():
        parameter = torch.nn.Parameter(torch.zeros(1))
        return parameter, Lookahead(Ranger([parameter], lr=1.0))

    parameter, optimizer = build()
    parameter.grad = torch.ones(1)
    optimizer.step()
    other, continuation = build()
    continuation.load_state_dict(optimizer.state_dict())
    assert torch.equal(continuation.base.state[other]["lookahead_params"], torch.zeros(1))
    assert list(optimizer.base.state[parameter]) == list(continuation.base.state[other])


def test_another_lookaheads_settings_in_the_groups_are_not_ours():
    """timm writes lookahead_alpha and lookahead_k, two of our four names: that is a bare base's checkpoint."""
    parameter = torch.nn.Parameter(torch.zeros(1))
    foreign = torch.optim.SGD([parameter], lr=0.25).state_dict()
    foreign["param_groups"][0].update(lookahead_alpha=0.5, lookahead_k=6, lookahead_step=2)
    optimizer = Lookahead(torch.optim.SGD([parameter], lr=1.0))
    optimizer.load_state_dict(foreign)
    assert (optimizer.base_steps, optimizer.layers[0].k) == (0, 5)
    assert optimizer.param_groups[0]["lr"] == 0.25


def test_a_parameter_frozen_in_mid_window_is_evaluated_at_its_value_and_not_dragged_back():
    """k = 2: frozen at 1 after the first step, loaded with 7 while it is frozen, thawed after two more."""
    parameter, other = (torch.nn.Parameter(torch.zeros(1)) for _ in range(2))
    optimizer = MultilayerLookahead(torch.optim.SGD([parameter, other], lr=1.0), (2, 1), 0.5)

    def step():
        for each in (parameter, other):
            each.grad = -torch.ones(1) if each.requires_grad else None
        optimizer.step()

    step()
    parameter.requires_grad_(False)
    parameter.grad = None
    with torch.no_grad():
        parameter.fill_(7)
    assert [optimizer.slow_weights(layer)[0].item() for layer in (1, 2)] == [7, 7]
    with optimizer.use_slow_weights():
        assert parameter.item() == 7
    assert optimizer.state_dict()["state"][0]["lookahead_slow_2"].item() == 7
    step()
    parameter.requires_grad_(True)
    step()
    step()
    assert parameter.item() == 7.5  # 7 + ¼ · 2


class Averager(torch.optim.Optimizer):
    """As torch's PostLocalSGDOptimizer: an optimizer without defaults, whose state is another's."""

    def __init__(self, optimizer):
        self.optim, self.param_groups = optimizer, optimizer.param_groups

    @property
    def state(self):
        return self.optim.state

    def state_dict(self):
        return {**self.optim.state_dict(), "step": 0}

    def step(self, closure=None):
        self.optim.step()


def test_a_base_without_defaults():
    parameter = torch.nn.Parameter(torch.zeros(1))
    optimizer = Lookahead(Averager(torch.optim.SGD([parameter], lr=1.0)), k=2)
    for _ in range(2):
        parameter.grad = -torch.ones(1)
        optimizer.step()
    assert parameter.item() == 1
    assert set(optimizer.state_dict()) == {"state", "param_groups", "step"}


class NestedSGD(torch.optim.SGD):
    def state_dict(self):
        return {"base_optimizer": super().state_dict()}


class LookaheadOfOthers(torch.optim.SGD):
    pass


@pytest.mark.parametrize(
    ("cls", "reason"), [(NestedSGD, r"must have the keys .* \['base_optimizer'\]"), (LookaheadOfOthers, "already")]
)
def test_what_cannot_be_a_base_is_refused_when_it_is_wrapped(cls, reason):
    with pytest.raises(TypeError, match=reason):
        Lookahead(cls([torch.nn.Parameter(torch.zeros(1))], lr=1.0))


def test_slow_weights_that_start_in_inference_mode_can_be_synchronised_outside():
    parameter = torch.nn.Parameter(torch.zeros(1))
    optimizer = Lookahead(torch.optim.SGD([parameter], lr=1.0), k=2)
    with torch.inference_mode():
        optimizer.capture()
    for _ in range(2):
        parameter.grad = -torch.ones(1)
        optimizer.step()
    with torch.inference_mode():
        optimizer.restart()
    for _ in range(2):
        optimizer.step()
    assert parameter.item() == 2


class TestState:
    """`state` shows the base's entries and ours; what is written goes where it belongs."""

    def build(self):
        parameter = torch.nn.Parameter(torch.zeros(2))
        optimizer = Lookahead(torch.optim.SGD([parameter], lr=1.0, momentum=0.5), k=3)
        parameter.grad = -torch.ones(2)
        optimizer.step()
        return parameter, optimizer

    def test_both_are_there_to_be_read(self):
        parameter, optimizer = self.build()
        entries = dict(optimizer.state[parameter])
        assert set(entries) == {"momentum_buffer", "lookahead_slow_1", "lookahead_base_steps"}
        assert entries["momentum_buffer"] is optimizer.base.state[parameter]["momentum_buffer"]
        assert (list(optimizer.state), len(optimizer.state), parameter in optimizer.state) == ([parameter], 1, True)
        assert "lookahead_slow_1" in repr(optimizer.state)

    def test_moved_as_frameworks_move_it(self):
        parameter, optimizer = self.build()
        slow = optimizer.slow_weights(1)[0]
        for each, entries in optimizer.state.items():
            optimizer.state[each] = {name: value.clone() for name, value in entries.items()}
        assert set(optimizer.base.state[parameter]) == {"momentum_buffer"}
        assert torch.equal(optimizer.slow_weights(1)[0], slow)
        assert optimizer.slow_weights(1)[0] is not slow
        optimizer.state = {each: {**entries} for each, entries in optimizer.state.items()}
        assert torch.equal(optimizer.slow_weights(1)[0], slow)

    def test_a_parameter_cut_as_gaussian_splatting_cuts_it(self):
        parameter, optimizer = self.build()
        state = optimizer.state.get(parameter)
        state["momentum_buffer"] = state["momentum_buffer"][:1]
        del optimizer.state[parameter]
        shorter = torch.nn.Parameter(torch.full((1,), 10.0))
        optimizer.param_groups[0]["params"][0] = shorter
        optimizer.state[shorter] = state
        assert not optimizer.base.state.keys() - {shorter}
        shorter.grad = -torch.ones(1)
        optimizer.step()
        assert shorter.item() == 11.5  # its momentum went along
        optimizer.step()
        assert shorter.item() == 11.625  # half-way from 10 to 13.25: its slow weights started anew

    def test_entries_of_others_never_reach_the_base(self):
        parameter, optimizer = self.build()
        optimizer.state[parameter]["z"] = torch.zeros(2)
        assert "z" not in optimizer.base.state[parameter]
        del optimizer.state[parameter]["z"]
        assert "z" not in optimizer.state[parameter]
        del optimizer.state[parameter]["momentum_buffer"]
        assert not optimizer.base.state[parameter]
        with pytest.raises(KeyError):
            del optimizer.state[torch.nn.Parameter(torch.zeros(1))]
        optimizer.state.clear()
        assert not optimizer.state


def test_a_step_is_not_captured_in_a_cuda_graph(monkeypatch):
    parameter = torch.nn.Parameter(torch.zeros(1))
    optimizer = Lookahead(torch.optim.SGD([parameter], lr=1.0))
    monkeypatch.setattr(lookahead, "CUDA", True)
    optimizer.step()
    monkeypatch.setattr(torch.cuda, "is_initialized", lambda: True)
    monkeypatch.setattr(torch.cuda, "is_current_stream_capturing", lambda: True)
    with pytest.raises(RuntimeError, match="CUDA graph"):
        optimizer.step()
    assert optimizer.base_steps == 1
