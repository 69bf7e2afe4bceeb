"""DiLoCo on two processes: s averaged over the workers in one all-reduce, where the outer step is taken."""

import subprocess
import sys

import pytest
import torch

from optim_core import DiLoCo

WORKER = """
import sys
import torch
import torch.distributed as dist
from optim_core import DiLoCo

rank, file, out = int(sys.argv[1]), sys.argv[2], sys.argv[3]
dist.init_process_group("gloo", init_method=f"file://{file}", rank=rank, world_size=2)
reductions = []


class Worker(DiLoCo):
    def outer(self, layer, differences):
        flat = torch.cat([difference.flatten() for difference in differences])
        dist.all_reduce(flat)
        reductions.append(self.base_steps)
        parts = (flat / dist.get_world_size()).split([difference.numel() for difference in differences])
        return [part.view_as(difference) for part, difference in zip(parts, differences)]


weights = [torch.nn.Parameter(torch.ones(3, dtype=torch.float64)), torch.nn.Parameter(torch.zeros(2, 2).double())]
optimizer = Worker(torch.optim.SGD(weights, lr=0.1), k=3)
path = []
for step in range(9):
    for weight in weights:
        weight.grad = weight.detach() - (step + 1) * (rank + 1)  # every worker has data of its own
    optimizer.step()
    path.append([weight.detach().clone() for weight in weights])
torch.save([path, reductions], f"{out}/{rank}.pt")
dist.destroy_process_group()
"""


def together(k, steps):
    """The same in one process: two workers whose s are averaged by hand before each step of torch's SGD."""
    slow = [torch.ones(3, dtype=torch.float64), torch.zeros(2, 2).double()]
    phi = [torch.nn.Parameter(one.clone()) for one in slow]
    outer = torch.optim.SGD(phi, lr=0.7, momentum=0.9, nesterov=True, foreach=False)
    workers = [[torch.nn.Parameter(one.clone()) for one in slow] for _ in range(2)]
    inner = [torch.optim.SGD(worker, lr=0.1) for worker in workers]
    for step in range(steps):
        for rank, worker in enumerate(workers):
            for weight in worker:
                weight.grad = weight.detach() - (step + 1) * (rank + 1)
            inner[rank].step()
        if (step + 1) % k == 0:
            for number, one in enumerate(phi):
                differences = [one.detach() - worker[number].detach() for worker in workers]
                one.grad = (differences[0] + differences[1]) / 2
            outer.step()
            for worker in workers:
                for weight, one in zip(worker, phi, strict=True):
                    weight.data.copy_(one.data)
        yield workers


@pytest.mark.skipif(not torch.distributed.is_available(), reason="torch without distributed")
def test_two_workers_are_diloco_with_one_all_reduce_an_outer_step(tmp_path):
    command = [sys.executable, "-c", WORKER]
    rest = [str(tmp_path / "rendezvous"), str(tmp_path)]
    processes = [subprocess.Popen([*command, str(rank), *rest]) for rank in range(2)]
    try:
        assert [process.wait(timeout=120) for process in processes] == [0, 0]
    finally:
        for process in processes:
            process.kill()
    runs = [torch.load(tmp_path / f"{rank}.pt", weights_only=True) for rank in range(2)]
    for _, reductions in runs:
        assert reductions == [3, 6, 9]
    for step, expected in enumerate(together(k=3, steps=9)):
        for (path, _), worker in zip(runs, expected, strict=True):
            for own, weight in zip(path[step], worker, strict=True):
                assert torch.equal(own, weight)
    for one, other in zip(runs[0][0][-1], runs[1][0][-1], strict=True):
        assert torch.equal(one, other)
    assert not torch.equal(runs[0][0][-2][0], runs[1][0][-2][0])  # between synchronisations each goes its own way


def test_one_worker_needs_no_process_group():
    weight = torch.nn.Parameter(torch.zeros(1))
    optimizer = DiLoCo(torch.optim.SGD([weight], lr=1.0), k=1, alpha=0.5, outer_momentum=0.5)
    weight.grad = -torch.ones(1)
    optimizer.step()
    assert weight.item() == 0.75  # s = b = −1: .5 (1 + .5)
