"""Two gloo processes on one machine: DDP, FSDP2, sharded optimizers, local SGD."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not torch.distributed.is_available(), reason="this torch has no torch.distributed"),
]
ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("task", ["ddp", "fsdp2", "zero_sharded", "zero_inside", "local_sgd"])
def test_two_processes(task, tmp_path):
    if task == "fsdp2" and not hasattr(torch.cpu.Stream, "record_event"):
        pytest.skip("FSDP2 of this torch wants an accelerator")
    worker = Path(__file__).with_name("workers.py")
    processes = [
        subprocess.Popen(
            [sys.executable, str(worker), task, str(rank), str(tmp_path)],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for rank in range(2)
    ]
    try:
        outputs = [process.communicate(timeout=300)[0] for process in processes]
    finally:
        for process in processes:
            process.kill()
    assert [process.returncode for process in processes] == [0, 0], "\n".join(outputs)
