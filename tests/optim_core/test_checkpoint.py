"""Saving in the middle of anything and loading it into something new continues bit for bit."""

import copy
import inspect
import io
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
import torch

from optim_core import Layer, Lookahead, MultilayerLookahead

ROOT = Path(__file__).parents[2]
BASES = {
    "sgd": lambda params: torch.optim.SGD(params, lr=0.1),
    "momentum": lambda params: torch.optim.SGD(params, lr=0.1, momentum=0.9),
    "adam": lambda params: torch.optim.Adam(params, lr=0.05),
    "adam amsgrad": lambda params: torch.optim.Adam(params, lr=0.05, amsgrad=True),
}


class Run:
    """Two groups of parameters, one of which never has a gradient, and an optimizer around them."""

    def __init__(self, base="momentum", k=(3, 2), alpha=(0.5, 0.25), dtype=torch.float64, **options):
        generator = torch.Generator().manual_seed(1)
        self.parameters = [
            torch.nn.Parameter(torch.randn(shape, generator=generator).to(dtype)) for shape in ((3,), (2, 2), (2,))
        ]
        groups = [{"params": self.parameters[:1]}, {"params": self.parameters[1:], "lr": 0.02}]
        self.optimizer = MultilayerLookahead(BASES[base](groups), k, alpha, **options)
        self.number = 0

    def train(self, steps):
        for _ in range(steps):
            generator = torch.Generator().manual_seed(self.number)
            for parameter in self.parameters[:2]:
                noise = torch.randn(parameter.shape, generator=generator).to(parameter.dtype)
                parameter.grad = parameter.detach() + noise
            self.optimizer.step()
            self.number += 1
        return self

    def save(self):
        """What a file would hold, read back as something untrusted is read."""
        buffer = io.BytesIO()
        torch.save([self.parameters, self.optimizer.state_dict(), self.number], buffer)
        buffer.seek(0)
        return torch.load(buffer, weights_only=True)

    def load(self, checkpoint):
        parameters, state, self.number = checkpoint
        with torch.no_grad():
            for mine, its in zip(self.parameters, parameters, strict=True):
                mine.copy_(its)
        self.optimizer.load_state_dict(state)
        return self

    def everything(self):
        slow = [self.optimizer.slow_weights(level) for level in range(1, len(self.optimizer.layers) + 1)]
        return [tensor for tensors in (self.parameters, *slow) for tensor in tensors]


def same(first, second):
    return all(map(torch.equal, first.everything(), second.everything()))


@pytest.mark.parametrize("offset", range(13))
@pytest.mark.parametrize(
    ("base", "momentum"),
    [("sgd", "keep"), ("momentum", "pullback"), ("adam", "keep"), ("adam", "pullback"), ("adam amsgrad", "reset")],
)
def test_continues_bit_for_bit_from_every_offset(base, momentum, offset):
    """Offsets 0 to 12 of k_1 · k_2 = 6: before the first step, before the first synchronisation, on one, after it."""
    straight = Run(base, momentum=momentum).train(offset)
    continuation = Run(base, momentum=momentum).load(straight.save())
    for _ in range(14):
        assert same(straight.train(1), continuation.train(1))
        assert straight.optimizer.synchronised == continuation.optimizer.synchronised


@pytest.mark.integration
def test_continues_bit_for_bit_in_a_fresh_process(tmp_path):
    program = """
        import sys, torch
        from optim_core import MultilayerLookahead

        parameter, optimizer_state = torch.load(sys.argv[1], weights_only=True)
        parameter = torch.nn.Parameter(parameter)
        base = torch.optim.Adam([parameter], lr=0.1)
        optimizer = MultilayerLookahead(base, (3, 2), (0.5, 0.3), momentum="pullback")
        optimizer.load_state_dict(optimizer_state)
        for _ in range(9):
            parameter.grad = parameter.detach().sin() + 0.1
            optimizer.step()
        torch.save(parameter.detach(), sys.argv[1])
    """
    parameter = torch.nn.Parameter(torch.linspace(-1, 1, 5))
    base = torch.optim.Adam([parameter], lr=0.1)
    optimizer = MultilayerLookahead(base, (3, 2), (0.5, 0.3), momentum="pullback")
    for number in range(17):
        if number == 8:
            torch.save([parameter.detach(), optimizer.state_dict()], tmp_path / "state.pt")
        parameter.grad = parameter.detach().sin() + 0.1
        optimizer.step()
    subprocess.run([sys.executable, "-c", textwrap.dedent(program), str(tmp_path / "state.pt")], check=True, cwd=ROOT)
    assert torch.equal(torch.load(tmp_path / "state.pt", weights_only=True), parameter)


def test_torch_s_two_keys_and_nothing_else_at_the_top():
    state = Run().train(4).optimizer.state_dict()
    assert set(state) == {"state", "param_groups"}
    assert set(state["state"]) == {0, 1, 2}
    assert set(state["state"][0]) == {"momentum_buffer", "lookahead_slow_1", "lookahead_slow_2", "lookahead_base_steps"}
    assert set(state["state"][2]) == {"lookahead_slow_1", "lookahead_slow_2", "lookahead_base_steps"}
    for group in state["param_groups"]:
        assert group["lookahead_k"] == [3, 2]
        assert group["lookahead_alpha"] == [0.5, 0.25]
        assert (group["lookahead_momentum"], group["lookahead_base_steps"]) == ("keep", 4)


def test_the_bases_part_is_the_bases_own_state_dict():
    run = Run().train(4)
    whole, own = run.optimizer.state_dict(), run.optimizer.base.state_dict()
    for index, state in own["state"].items():
        assert all(whole["state"][index][name] is value for name, value in state.items())
    for group, ours in zip(own["param_groups"], whole["param_groups"], strict=True):
        assert group == {name: value for name, value in ours.items() if not name.startswith("lookahead_")}


@pytest.mark.parametrize("base", BASES)
def test_loading_leaves_nothing_of_ours_in_the_base(base):
    straight = Run(base).train(4)
    continuation = Run(base).load(straight.save())
    ours, theirs = continuation.optimizer.base.state_dict(), straight.optimizer.base.state_dict()
    assert ours["param_groups"] == theirs["param_groups"]
    assert {key: set(state) for key, state in ours["state"].items()} == {
        key: set(state) for key, state in theirs["state"].items()
    }
    assert all(len(state) for state in continuation.optimizer.base.state.values())


def test_loading_shares_no_memory_with_the_checkpoint():
    straight, other = Run().train(4), Run()
    other.load([straight.parameters, straight.optimizer.state_dict(), 4])
    for mine, its in zip(other.optimizer.slow_weights(1), straight.optimizer.slow_weights(1), strict=True):
        assert mine.data_ptr() != its.data_ptr()


def test_saving_changes_nothing():
    straight, saving = Run(), Run()
    for _ in range(8):
        straight.train(1)
        saving.save()
        saving.train(1)
        assert same(straight, saving)


def test_a_checkpoint_of_the_bare_base_loads():
    """Slow weights start at the parameters as they are, and the first window with them."""
    bare = Run("adam").train(4)
    checkpoint = [bare.parameters, bare.optimizer.base.state_dict(), 4]
    run = Run("adam").train(5).load(checkpoint)
    assert run.optimizer.base_steps == 0
    assert all(map(torch.equal, run.optimizer.slow_weights(-1), bare.parameters))
    start = [parameter.detach().clone() for parameter in run.parameters]
    run.train(3)
    assert run.optimizer.synchronised == 1
    assert all(map(torch.equal, run.optimizer.slow_weights(2), start))


def test_pullback_from_a_checkpoint_of_the_bare_base_starts_from_its_momentum():
    bare = Run("momentum").train(4)
    checkpoint = [bare.parameters, bare.optimizer.base.state_dict(), 4]
    run = Run("momentum", k=1, alpha=0, momentum="pullback").load(checkpoint)
    before = bare.optimizer.base.state[bare.parameters[0]]["momentum_buffer"].clone()
    run.train(1)
    assert torch.equal(run.optimizer.base.state[run.parameters[0]]["momentum_buffer"], before)


def test_the_bare_base_loads_our_checkpoint():
    run = Run().train(4)
    bare = BASES["momentum"]([{"params": run.parameters[:1]}, {"params": run.parameters[1:]}])
    bare.load_state_dict(run.optimizer.state_dict())
    ours = run.optimizer.base.state[run.parameters[0]]["momentum_buffer"]
    assert torch.equal(bare.state[run.parameters[0]]["momentum_buffer"], ours)


@pytest.mark.parametrize("layers", [1, 3])
def test_another_number_of_layers_says_what_was_expected_and_found_and_changes_nothing(layers):
    checkpoint, run = Run(k=[2] * layers, alpha=0.5).train(3).save(), Run().train(4)
    before, rates = [tensor.clone() for tensor in run.everything()], [g["lr"] for g in run.optimizer.param_groups]
    checkpoint[1]["param_groups"][0]["lr"] = 7
    with pytest.raises(ValueError, match=rf"has 2 layers, .*Layer\(k=3.* checkpoint has {layers}, .*Layer\(k=2"):
        run.optimizer.load_state_dict(checkpoint[1])
    assert all(map(torch.equal, run.everything(), before))
    assert [g["lr"] for g in run.optimizer.param_groups] == rates
    assert run.optimizer.base_steps == 4


def test_another_number_of_parameters_changes_nothing():
    checkpoint, run = Run().train(4).save(), Run().train(2)
    before = [tensor.clone() for tensor in run.everything()]
    for group in checkpoint[1]["param_groups"]:
        group["params"] = group["params"][:1]
    with pytest.raises(ValueError, match="size of optimizer's group"):
        run.optimizer.load_state_dict(checkpoint[1])
    assert all(map(torch.equal, run.everything(), before))
    assert run.optimizer.base_steps == 2


@pytest.mark.parametrize("options", [{"k": (5, 2)}, {"alpha": (0.1, 0.2)}, {"momentum": "pullback"}])
def test_k_alpha_and_momentum_are_the_checkpoints_as_lr_is(options):
    straight = Run().train(4)
    continuation = Run(**options)
    with pytest.warns(UserWarning, match=r"Layer\(k=3, alpha=0.5\).*momentum='keep' replace"):
        continuation.load(straight.save())
    assert continuation.optimizer.layers == (Layer(3, 0.5), Layer(2, 0.25))
    for _ in range(9):
        assert same(straight.train(1), continuation.train(1))


def test_k_and_alpha_can_be_changed_in_the_checkpoint():
    checkpoint = Run().train(4).save()
    for group in checkpoint[1]["param_groups"]:
        group["lookahead_k"], group["lookahead_alpha"] = [5, 2], [1.0, 0.0]
    with pytest.warns(UserWarning, match="replace"):
        continuation = Run().load(checkpoint)
    assert continuation.optimizer.layers == (Layer(5, 1.0), Layer(2, 0.0))
    assert continuation.train(1).optimizer.synchronised == 1


def test_loading_the_same_settings_does_not_warn(recwarn):
    Run().load(Run().train(4).save())
    assert not recwarn.list


def test_pullback_cannot_be_loaded_around_a_base_without_momentum():
    checkpoint, run = Run("momentum", momentum="pullback").train(4).save(), Run("sgd")
    with pytest.raises(ValueError, match="needs a base with momentum"):
        run.optimizer.load_state_dict(checkpoint[1])


def test_lr_set_through_the_wrapper_after_loading_reaches_the_base():
    run = Run("sgd").load(Run("sgd").train(4).save())
    for group in run.optimizer.param_groups:
        group["lr"] = 0.0
    before = run.parameters[0].detach().clone()
    run.train(1)
    assert torch.equal(run.parameters[0], before)


def test_a_group_added_before_saving_is_captured_after_loading():
    """The new group has no slow weights in the checkpoint: they start at the first step after it."""

    def build(extra):
        run = Run("sgd")
        if extra is not None:
            run.optimizer.add_param_group({"params": [extra]})
        return run

    first, second = (torch.nn.Parameter(torch.full((1,), 5.0, dtype=torch.float64)) for _ in range(2))
    straight = build(None).train(4)
    straight.optimizer.add_param_group({"params": [first]})
    continuation = build(second).load(straight.save())
    for _ in range(9):
        first.grad, second.grad = torch.ones(1, dtype=torch.float64), torch.ones(1, dtype=torch.float64)
        assert same(straight.train(1), continuation.train(1))
        assert torch.equal(first, second)
    assert first.item() < 5


@pytest.mark.parametrize("slow_dtype", [None, torch.float32, torch.float64])
def test_slow_dtype_survives_loading(slow_dtype):
    run = Run(dtype=torch.bfloat16, slow_dtype=slow_dtype).train(4)
    continuation = Run(dtype=torch.bfloat16, slow_dtype=slow_dtype).load(run.save())
    expected = slow_dtype or torch.bfloat16
    assert {slow.dtype for slow in continuation.optimizer.slow_weights(1) + continuation.optimizer.slow_weights(2)} == {
        expected
    }
    for _ in range(9):
        assert same(run.train(1), continuation.train(1))


def test_a_checkpoint_without_slow_dtype_loads_into_one_with_it():
    run, continuation = Run(dtype=torch.bfloat16).train(4), Run(dtype=torch.bfloat16, slow_dtype=torch.float32)
    continuation.load(run.save())
    for slow, original in zip(continuation.optimizer.slow_weights(2), run.optimizer.slow_weights(2), strict=True):
        assert slow.dtype == torch.float32
        assert torch.equal(slow, original.float())


@pytest.mark.parametrize("how", ["loaded", "copied"])
def test_base_step_and_advance_go_on_without_another_capture(how):
    straight = Run().train(4)
    continuation = Run().load(straight.save()) if how == "loaded" else copy.deepcopy(straight)
    continuation.optimizer.step = lambda: (continuation.optimizer.base.step(), continuation.optimizer.advance())
    for _ in range(9):
        assert same(straight.train(1), continuation.train(1))


def test_after_the_checkpoint_of_a_bare_base_advance_wants_a_capture():
    run = Run().train(4)
    run.optimizer.load_state_dict(run.optimizer.base.state_dict())
    with pytest.raises(RuntimeError, match="capture"):
        run.optimizer.advance()


def test_named_parameters_keep_their_names():
    model = torch.nn.Linear(2, 1)
    optimizer = Lookahead(torch.optim.SGD(model.named_parameters(), lr=0.1))
    model(torch.ones(1, 2)).sum().backward()
    optimizer.step()
    state = optimizer.state_dict()
    assert state["param_groups"][0]["param_names"] == ["weight", "bias"]
    optimizer.load_state_dict(state)
    assert optimizer.param_groups[0]["param_names"] == ["weight", "bias"]


@pytest.mark.filterwarnings("ignore:torch.distributed is disabled")
def test_distributed_checkpointing_of_one_process_keeps_everything(tmp_path):
    """torch.distributed.checkpoint renames parameters and rebuilds `state` and `param_groups` from what it knows."""
    checkpoint = pytest.importorskip("torch.distributed.checkpoint")
    from torch.distributed.checkpoint.state_dict import get_optimizer_state_dict, set_optimizer_state_dict

    def build():
        torch.manual_seed(2)
        model = torch.nn.Linear(3, 2).double()
        return model, MultilayerLookahead(torch.optim.Adam(model.parameters()), (3, 2), 0.5, momentum="pullback")

    def train(model, optimizer, numbers):
        for number in numbers:
            for parameter in model.parameters():
                parameter.grad = parameter.detach() + number
            optimizer.step()

    model, optimizer = build()
    train(model, optimizer, range(5))
    state = {"model": model.state_dict(), "optimizer": get_optimizer_state_dict(model, optimizer)}
    alone = {"no_dist": True} if "no_dist" in inspect.signature(checkpoint.save).parameters else {}  # torch 2.6 asks
    checkpoint.save(state, checkpoint_id=tmp_path, **alone)

    other, continuation = build()
    state = {"model": other.state_dict(), "optimizer": get_optimizer_state_dict(other, continuation)}
    checkpoint.load(state, checkpoint_id=tmp_path, **alone)
    other.load_state_dict(state["model"])
    set_optimizer_state_dict(other, continuation, state["optimizer"])
    assert continuation.base_steps == 5
    train(model, optimizer, range(5, 13))
    train(other, continuation, range(5, 13))
    assert all(map(torch.equal, model.parameters(), other.parameters()))
