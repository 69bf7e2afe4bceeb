"""What is done to parameters, state and hooks between two steps; every base step adds 1 (gradient −1, lr 1)."""

import copy

import pytest
import torch
from torch.optim.optimizer import register_optimizer_step_post_hook, register_optimizer_step_pre_hook

import optim_core
from optim_core import MultilayerLookahead
from tests.optim_core.ascending import ascent, at, step


def steps(optimizer, number):
    """The values of all parameters after each of `number` steps."""
    return [tuple(step(optimizer)) for _ in range(number)]


def test_a_tensor_replaced_in_mid_window_starts_at_its_own_value_and_the_old_one_is_dropped():
    old, new = at(0), at(100)
    optimizer = ascent([old], 3)
    steps(optimizer, 1)
    optimizer.param_groups[0]["params"][0] = new
    assert steps(optimizer, 2) == [(101,), (101,)]  # half-way from 100 to 102
    assert list(optimizer.state) == [new]


def test_a_tensor_appended_in_mid_window_starts_at_its_own_value():
    optimizer = ascent([at(0)], 3)
    steps(optimizer, 1)
    optimizer.param_groups[0]["params"].append(at(100))
    assert steps(optimizer, 3) == [(2, 101), (1.5, 101), (2.5, 102)]


def test_a_removed_tensor_is_synchronised_no_more():
    tensor = at(0)
    optimizer = ascent([at(0), tensor], 2)
    steps(optimizer, 1)
    optimizer.param_groups[0]["params"].remove(tensor)
    steps(optimizer, 1)
    assert tensor.item() == 1


def test_state_that_is_cleared_starts_again_at_the_present_values():
    optimizer = ascent([at(0)], 3)
    steps(optimizer, 1)
    optimizer.state.clear()
    assert steps(optimizer, 2) == [(2,), (2,)]  # half-way from 1 to 3


def delete_and_write_back(optimizer, parameter, entries):
    kept = dict(entries)
    del optimizer.state[parameter]
    optimizer.state[parameter] = kept


LOSSES = {
    "popped": lambda optimizer, parameter, entries: entries.pop("lookahead_slow_1"),
    "cleared": lambda optimizer, parameter, entries: optimizer.state[parameter].clear(),
    "replaced by none": lambda optimizer, parameter, entries: optimizer.state.update({parameter: {}}),
    "deleted": lambda optimizer, parameter, entries: optimizer.state.pop(parameter),
    "deleted and written back": delete_and_write_back,
    "a new state": lambda optimizer, parameter, entries: setattr(optimizer, "state", {}),
}


@pytest.mark.parametrize("duplicate", [False, True])
@pytest.mark.parametrize("lose", LOSSES.values(), ids=LOSSES)
def test_entries_lost_between_two_steps_start_again_however_they_were_lost(lose, duplicate):
    """Also through entries that somebody has held since an earlier step, and in a copy of the optimizer."""
    optimizer = ascent([at(0)], 3)
    optimizer.capture()
    optimizer = copy.deepcopy(optimizer) if duplicate else optimizer
    parameter = optimizer.param_groups[0]["params"][0]
    entries = optimizer.state[parameter]
    steps(optimizer, 1)
    lose(optimizer, parameter, entries)
    assert steps(optimizer, 2) == [(2,), (2,)]


def test_parameters_in_another_order_or_group_keep_their_slow_weights():
    optimizer = ascent([at(0), at(100)], 4)
    steps(optimizer, 1)
    optimizer.param_groups[0]["params"].reverse()
    assert steps(optimizer, 1) == [(102, 2)]
    moved = optimizer.param_groups[0]["params"].pop()
    optimizer.add_param_group({"params": [moved]})
    assert steps(optimizer, 2) == [(103, 3), (102, 2)]


def test_a_parameter_in_a_list_twice_is_synchronised_once():
    parameter = at(0)
    optimizer = ascent([parameter], 2)
    optimizer.param_groups[0]["params"].append(parameter)
    steps(optimizer, 2)  # the base adds 1 for each
    assert parameter.item() == 2


def test_a_step_without_a_synchronisation_looks_no_tensor_up(monkeypatch):
    """A tensor's hash is a call of a Python function, most of what such a step used to cost."""
    optimizer = ascent([at(0), at(1)], 3)
    steps(optimizer, 1)
    hashed = []
    monkeypatch.setattr(torch.Tensor, "__hash__", lambda tensor: hashed.append(tensor) or id(tensor))
    steps(optimizer, 1)
    assert not hashed


@pytest.mark.parametrize("entries", [{}, {"z": torch.zeros(1)}])
def test_entries_of_others_in_state_are_not_slow_weights_and_are_kept(entries):
    """To read `state[parameter]` before the first step leaves an empty entry; a wrapper outside writes its own."""
    parameter = at(0)
    optimizer = ascent([parameter], (2, 1))
    optimizer.state[parameter].update(entries)
    assert [slow.item() for slow in optimizer.slow_weights(1)] == [0]
    assert steps(optimizer, 2) == [(1,), (0.5,)]
    assert entries.keys() <= optimizer.state[parameter].keys()


def test_advance_says_what_to_do_after_a_replacement():
    optimizer = ascent([at(0)], 2)
    steps(optimizer, 1)
    optimizer.param_groups[0]["params"][0] = at(1)
    with pytest.raises(RuntimeError, match=r"call capture\(\) before"):
        optimizer.advance()
    assert optimizer.base_steps == 1


@pytest.mark.parametrize(("reset_phase", "path"), [(False, [(11,), (10.5,)]), (True, [(11,), (12,)])])
def test_restart_takes_the_present_parameters_and_keeps_the_phase_unless_told_otherwise(reset_phase, path):
    """k = 3, restarted at 10 after the first step: the window ends two steps later, or three."""
    parameter = at(0)
    optimizer = ascent([parameter], (3, 1))
    steps(optimizer, 1)
    with torch.no_grad():
        parameter.fill_(10)
    optimizer.restart(reset_phase=reset_phase)
    assert [optimizer.slow_weights(layer)[0].item() for layer in (1, 2)] == [10, 10]
    assert optimizer.base_steps == (0 if reset_phase else 1)
    assert steps(optimizer, 2) == path


def test_restart_under_pullback_takes_the_present_momentum_too():
    parameter = at(0)
    base = torch.optim.SGD([parameter], lr=1.0, momentum=0.5)
    optimizer = MultilayerLookahead(base, 3, 0.5, momentum="pullback")
    steps(optimizer, 2)
    base.state[parameter]["momentum_buffer"].fill_(8)
    optimizer.restart()
    assert optimizer.state[parameter]["lookahead_slow_1_momentum_buffer"].item() == 8


def test_restart_inside_use_slow_weights_is_refused():
    optimizer = ascent([at(0)], 2)
    with optimizer.use_slow_weights(), pytest.raises(RuntimeError, match="restart"):
        optimizer.restart()


class Accumulating(torch.optim.SGD):
    """Keeps gradients until told that a batch is complete, as accelerate's optimizer does; takes no argument."""

    complete = False

    def zero_grad(self):
        if self.complete:
            super().zero_grad()


def test_zero_grad_is_the_bases_own():
    parameter = at(0)
    base = Accumulating([parameter], lr=1.0)
    optimizer = MultilayerLookahead(base, 1, 1)
    parameter.grad = -torch.ones(1)
    optimizer.zero_grad()
    assert parameter.grad is not None
    base.complete = True
    optimizer.zero_grad()
    assert parameter.grad is None


@pytest.mark.parametrize("register", [register_optimizer_step_pre_hook, register_optimizer_step_post_hook])
def test_global_hooks_see_the_wrapper_once_and_after_removal_no_more(register):
    optimizer = ascent([at(0)], 2)
    optimizers = []
    handle = register(lambda one, *_: optimizers.append(one))
    try:
        steps(optimizer, 1)
    finally:
        handle.remove()
    steps(optimizer, 1)
    assert [one is optimizer for one in optimizers].count(True) == 1


def test_a_hook_that_is_removed_again_fires_no_more():
    optimizer = ascent([at(0)], 2)
    calls = []
    handle = optimizer.register_step_post_hook(lambda *_: calls.append(optimizer.base_steps))
    steps(optimizer, 1)
    handle.remove()
    steps(optimizer, 1)
    assert calls == [1]


def test_a_subclass_with_a_step_of_its_own_has_its_hooks_and_mark():
    class Noting(MultilayerLookahead):
        def step(self, closure=None):
            return ("noted", super().step(closure))

    optimizer = Noting(torch.optim.SGD([at(0)], lr=1.0), 2, 0.5)
    assert optimizer.step() == ("noted", None)
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU]) as profile:
        optimizer.step(closure=None)
    assert "Optimizer.step#Noting.step" in [event.name for event in profile.events()]


def test_dir_lists_what_the_package_offers():
    assert set(optim_core.__all__) <= set(dir(optim_core))
