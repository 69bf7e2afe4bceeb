"""Importing the library is light, and finds what it promises."""

import subprocess
import sys
from pathlib import Path

import pytest

import optim_core

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("name", optim_core.__all__)
def test_every_exported_name_is_there(name):
    assert getattr(optim_core, name).__name__ == name


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = optim_core.nothing


def test_the_optimizer_alone_imports_nothing_but_torch_and_its_own_few_files():
    program = """
import sys, torch
before = set(sys.modules)
import optim_core
print(*sorted(name for name in set(sys.modules) - before))
"""
    run = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True, cwd=ROOT)
    files = ["bases", "checkpoint", "groups", "layers", "live_state", "lookahead", "momentum", "progress"]
    files += ["slow_weights", "synchronise"]
    assert run.stdout.split() == ["optim_core", *(f"optim_core.{name}" for name in files)]


def test_types_are_shipped():
    assert (Path(optim_core.__file__).parent / "py.typed").is_file()


def test_training_and_checkpoints_warn_of_nothing():
    program = """
import copy, torch
from optim_core import MultilayerLookahead

weight = torch.nn.Parameter(torch.ones(2))
optimizer = MultilayerLookahead(torch.optim.Adam([weight]), (2, 2), 0.5, momentum="pullback")
for _ in range(5):
    weight.grad = torch.ones(2)
    optimizer.step()
with optimizer.use_slow_weights():
    pass
optimizer.load_state_dict(copy.deepcopy(optimizer.state_dict()))
optimizer.finish()
"""
    command = [sys.executable, "-W", "error", "-c", program]
    run = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert (run.returncode, run.stderr) == (0, "")
