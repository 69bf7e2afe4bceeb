"""A user's own script under strict checkers, and the pages made from the docstrings."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]
SCRIPT = """
import torch
from torch import Tensor, nn

from optim_core import Layer, Lookahead, MultilayerLookahead, recomputed_batch_norm

model = nn.Linear(2, 1)
base = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
optimizer = MultilayerLookahead(base, k=[5, 5], alpha=0.5, momentum="pullback", slow_dtype=torch.float32)
scheduler = torch.optim.lr_scheduler.StepLR(optimizer, step_size=10)


def closure() -> Tensor:
    optimizer.zero_grad()
    loss: Tensor = model(torch.ones(1, 2)).sum()
    return loss


loss = optimizer.step(closure)
layers: tuple[Layer, ...] = optimizer.layers
steps: int = optimizer.base_steps
slow: list[Tensor] = optimizer.slow_weights(-1)
with optimizer.use_slow_weights(), recomputed_batch_norm(model, [torch.ones(4, 2)]):
    value = model(torch.ones(1, 2))
optimizer.add_buffers(model.buffers())
optimizer.project(lambda: model.weight.clamp_(-1, 1))
optimizer.finish(alpha=0)
optimizer.restart(reset_phase=True)
optimizer.load_state_dict(optimizer.state_dict())
one: Lookahead = Lookahead(base, k=6)
"""
WRONG = "from optim_core import Lookahead\n\nLookahead([1.0], k='five', momentum='none')\n"


def check(command, tmp_path, text):
    (tmp_path / "script.py").write_text(text)
    environment = {**os.environ, "MYPYPATH": str(ROOT), "PYTHONPATH": str(ROOT)}
    return subprocess.run([*command, "script.py"], cwd=tmp_path, env=environment, capture_output=True, text=True)


@pytest.fixture(params=["mypy", "pyright"])
def checker(request, tmp_path):
    if request.param == "mypy":
        pytest.importorskip("mypy", reason="requirements-dev.txt is not installed")
        return [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(tmp_path / "cache")]
    pyright = shutil.which("pyright", path=str(Path(sys.executable).parent)) or shutil.which("pyright")
    if pyright is None or subprocess.run([pyright, "--version"], capture_output=True).returncode:
        pytest.skip("pyright is not installed, or has no Node")
    (tmp_path / "pyrightconfig.json").write_text(f'{{"strict": ["."], "extraPaths": ["{ROOT}"]}}')
    return [pyright, "--pythonpath", sys.executable]


def test_a_users_script_passes_and_a_wrong_one_does_not(checker, tmp_path):
    right = check(checker, tmp_path, SCRIPT)
    assert right.returncode == 0, right.stdout + right.stderr
    wrong = check(checker, tmp_path, WRONG)
    assert wrong.returncode != 0
    assert wrong.stdout.count("script.py:3") >= 2, wrong.stdout


def test_the_pages_of_the_api_are_made_from_the_docstrings(tmp_path):
    pytest.importorskip("pdoc", reason="tests/ecosystem/requirements.txt is not installed")
    command = [sys.executable, "docs/api.py", str(tmp_path)]
    process = subprocess.run(
        command, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True
    )
    assert process.returncode == 0, process.stderr
    page = (tmp_path / "optim_core" / "slow_weights.html").read_text(encoding="utf-8")
    assert all(f'id="SlowWeights.{name}"' in page for name in ("use_slow_weights", "project", "add_buffers"))
