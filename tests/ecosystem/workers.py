"""What each of two gloo processes does; test_distributed.py starts them: python workers.py TASK RANK FOLDER."""

import copy
import sys
from pathlib import Path

import pytest
import torch
import torch.distributed as dist
from torch.distributed.checkpoint.state_dict import (
    StateDictOptions,
    get_optimizer_state_dict,
    set_optimizer_state_dict,
)
from torch.nn.parallel import DistributedDataParallel

from optim_core import Lookahead, MultilayerLookahead

WORLD = 2


def network():
    torch.manual_seed(0)
    return torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.Tanh(), torch.nn.Linear(8, 2))


def train(model, optimizer, numbers, rank=0):
    """Every rank and step has data of its own."""
    for number in numbers:
        x = torch.randn(8, 4, generator=torch.Generator().manual_seed(100 * number + rank))
        optimizer.zero_grad()
        model(x).square().mean().backward()
        optimizer.step()


def gather(tensors):
    """Each rank's copy of these tensors, as one row per rank."""
    flat = torch.nn.utils.parameters_to_vector(tensors).detach()
    rows = [torch.empty_like(flat) for _ in range(WORLD)]
    dist.all_gather(rows, flat)
    return torch.stack(rows)


def ddp(rank, folder):
    """Replicas are bitwise equal, and equal to one process that sees the mean of both gradients."""
    model = DistributedDataParallel(network())
    base = torch.optim.Adam(model.parameters(), lr=0.01)
    optimizer = MultilayerLookahead(base, (3, 2), 0.5, momentum="pullback")
    train(model, optimizer, range(13), rank)
    for tensors in (list(model.parameters()), optimizer.slow_weights(2)):
        rows = gather(tensors)
        assert torch.equal(rows[0], rows[1])
    assert optimizer.base_steps == 13


def fsdp2(rank, folder):
    """Sharded parameters give the numbers of whole ones; a checkpoint goes on where it was, flattened or not."""
    from torch.distributed.device_mesh import init_device_mesh
    from torch.distributed.fsdp import fully_shard

    mesh = init_device_mesh("cpu", (WORLD,))

    def build(shard):
        model = network()
        if shard:
            fully_shard(model, mesh=mesh)
        base = torch.optim.Adam(model.parameters(), lr=0.01)
        return model, MultilayerLookahead(base, (3, 2), 0.5, momentum="pullback")

    (model, optimizer), (whole, reference) = build(True), build(False)
    train(model, optimizer, range(5))  # the same data on both ranks, so that whole parameters need no all-reduce
    train(whole, reference, range(5))
    for flat in (False, True):
        options = StateDictOptions(flatten_optimizer_state_dict=flat)
        checkpoint = copy.deepcopy(get_optimizer_state_dict(model, optimizer, options=options))
        other, continuation = build(True)
        with torch.no_grad():
            for mine, its in zip(other.parameters(), model.parameters(), strict=True):
                mine.copy_(its)
        set_optimizer_state_dict(other, continuation, checkpoint, options=options)
        assert continuation.base_steps == 5
        train(other, continuation, range(5, 13))
        if flat:
            train(model, optimizer, range(5, 13))
            train(whole, reference, range(5, 13))
            for mine, its, one in zip(model.parameters(), other.parameters(), whole.parameters(), strict=True):
                assert torch.equal(mine.full_tensor(), its.full_tensor())
                torch.testing.assert_close(mine.full_tensor(), one.detach())
    with optimizer.use_slow_weights():
        for mine, slow in zip(model.parameters(), reference.slow_weights(-1), strict=True):
            torch.testing.assert_close(mine.full_tensor(), slow)


def zero_sharded(rank, folder):
    """ZeroRedundancyOptimizer as base: the numbers of the bare one; momentum in its shards is refused."""
    from torch.distributed.optim import ZeroRedundancyOptimizer

    def run(sharded):
        model = DistributedDataParallel(network())
        options = {"lr": 0.1, "momentum": 0.9}
        base = (
            ZeroRedundancyOptimizer(model.parameters(), torch.optim.SGD, **options)
            if sharded
            else torch.optim.SGD(model.parameters(), **options)
        )
        train(model, Lookahead(base, k=3), range(7), rank)
        return gather(list(model.parameters()))

    ours, plain = run(True), run(False)
    assert torch.equal(ours[0], ours[1])
    torch.testing.assert_close(ours, plain)
    model = DistributedDataParallel(network())
    base = ZeroRedundancyOptimizer(model.parameters(), torch.optim.SGD, lr=0.1, momentum=0.9)
    with pytest.raises(ValueError, match="use momentum='keep'"):
        train(model, Lookahead(base, k=1, momentum="reset"), [0], rank)


class ShardedLookahead(Lookahead):
    """For frameworks that take a class and make the optimizer themselves."""

    def __init__(self, params, k=3, alpha=0.5, momentum="keep", **options):
        super().__init__(torch.optim.SGD(params, **options), k, alpha, momentum=momentum)


def zero_inside(rank, folder):
    """The Lookahead inside ZeroRedundancyOptimizer: slow weights are sharded too, and its checkpoint holds them."""
    from torch.distributed.optim import ZeroRedundancyOptimizer

    def build(model):
        return ZeroRedundancyOptimizer(model.parameters(), ShardedLookahead, lr=0.1, weight_decay=0.01)

    model, plain = DistributedDataParallel(network()), DistributedDataParallel(network())
    optimizer = build(model)
    reference = ShardedLookahead(plain.parameters(), lr=0.1, weight_decay=0.01)
    train(model, optimizer, range(7), rank)
    train(plain, reference, range(7), rank)
    torch.testing.assert_close(gather(list(model.parameters())), gather(list(plain.parameters())))
    count = sum("lookahead_slow_1" in entries for entries in optimizer.optim.state.values())
    assert 0 < count < len(list(model.parameters()))


def local_sgd(rank, folder):
    """torch's PostLocalSGDOptimizer as base."""
    from torch.distributed.algorithms.model_averaging.averagers import PeriodicModelAverager
    from torch.distributed.optim import PostLocalSGDOptimizer

    model = network()
    base = PostLocalSGDOptimizer(
        torch.optim.SGD(model.parameters(), lr=0.1), PeriodicModelAverager(period=2, warmup_steps=0)
    )
    optimizer = Lookahead(base, k=2)
    train(model, optimizer, range(4), rank)
    assert optimizer.base_steps == 4
    assert "step" in optimizer.state_dict()


if __name__ == "__main__":
    task, rank, folder = sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])
    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=f"file://{folder}/store", rank=rank, world_size=WORLD)
    globals()[task](rank, folder)
    dist.destroy_process_group()
