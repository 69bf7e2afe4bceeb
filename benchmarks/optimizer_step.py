"""Time of a step, as a multiple of the bare base optimizer: this Lookahead at one to three layers beside its peers.

    python benchmarks/optimizer_step.py                     # 1 and 2 threads, about six minutes
    python benchmarks/optimizer_step.py --rounds 5 --threads 1

ResNet-18's shapes (62 tensors, 11.17 million float32), fused SGD with momentum and weight decay, k = 5, alpha = .5. All
contestants share the parameters and gradients and take turns, in an order shuffled anew each round, for windows of 25
steps, so that every window holds its synchronisations. Three layers of k = 5 have a cycle of five windows: a figure is
the median over the rounds for each window of the cycle, then the mean over the cycle. "bare again" is a second copy
of the base: how far it is from 1 shows what the machine's noise is worth.

Peers are measured where they are installed: pytorch_optimizer, torch-optimizer (jettify), timm.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import random
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer

from optim_core import MultilayerLookahead

K, ALPHA, WINDOW, CYCLE = 5, 0.5, 25, 5

Wrap = Callable[[Optimizer], Any]


class PlainLookahead:
    """What one would write in five minutes: a copy of every parameter, lerp, copy back."""

    def __init__(self, base: Optimizer) -> None:
        self.base, self.count = base, 0
        self.fast = [parameter for group in base.param_groups for parameter in group["params"]]
        self.slow = [parameter.detach().clone() for parameter in self.fast]

    @torch.no_grad()
    def step(self) -> None:
        """A base step; every K of them, φ ← φ + α(θ − φ) and θ ← φ."""
        self.base.step()
        self.count += 1
        if self.count % K == 0:
            for fast, slow in zip(self.fast, self.slow, strict=True):
                slow.lerp_(fast, ALPHA)
                fast.copy_(slow)


def resnet18_shapes() -> list[tuple[int, ...]]:
    """Parameter shapes of ResNet-18 for 32x32 images and ten classes: 62 tensors, 11,173,962 numbers."""
    shapes: list[tuple[int, ...]] = [(64, 3, 3, 3), (64,), (64,)]
    before = 64
    for width in (64, 128, 256, 512):
        for _ in range(2):
            shapes += [(width, before, 3, 3), (width,), (width,), (width, width, 3, 3), (width,), (width,)]
            shapes += [(width, before, 1, 1), (width,), (width,)] if before != width else []
            before = width
    return [*shapes, (10, 512), (10,)]


def parameters(shapes: Sequence[tuple[int, ...]]) -> list[Tensor]:
    """Parameters with a gradient each."""
    torch.manual_seed(0)
    tensors: list[Tensor] = [torch.nn.Parameter(torch.randn(shape)) for shape in shapes]
    for parameter in tensors:
        parameter.grad = 1e-3 * torch.randn_like(parameter)
    return tensors


def ours(depth: int, momentum: str = "keep") -> Wrap:
    """This project's optimizer with `depth` layers."""
    return lambda base: MultilayerLookahead(base, [K] * depth, ALPHA, momentum=momentum)  # type: ignore[arg-type]


def contestants() -> dict[str, Wrap]:
    """By name, what is wrapped around a base optimizer."""
    wraps: dict[str, Wrap] = {"bare": lambda base: base, "bare again": lambda base: base}
    wraps |= {f"ours, {depth} layers": ours(depth) for depth in (1, 2, 3)}
    return wraps | {"plain lerp + copy": PlainLookahead} | peers()


def peers() -> dict[str, Wrap]:
    """Those that are installed."""
    wraps: dict[str, Wrap] = {}
    if importlib.util.find_spec("pytorch_optimizer"):
        from pytorch_optimizer import Lookahead as PytorchOptimizer

        wraps["pytorch_optimizer"] = lambda base: PytorchOptimizer(base, k=K, alpha=ALPHA)
    if importlib.util.find_spec("torch_optimizer"):
        from torch_optimizer import Lookahead as Jettify

        wraps["jettify"] = lambda base: Jettify(base, k=K, alpha=ALPHA)
    timm = importlib.util.find_spec("timm")
    if timm and timm.origin:  # its file alone: the package as a whole wants torchvision
        spec = importlib.util.spec_from_file_location("timm_lookahead", Path(timm.origin).parent / "optim/lookahead.py")
        module = importlib.util.module_from_spec(spec)  # type: ignore[arg-type]
        spec.loader.exec_module(module)  # type: ignore[union-attr]
        wraps["timm"] = lambda base: module.Lookahead(base, alpha=ALPHA, k=K)
    return wraps


def window(optimizer: Any, steps: int) -> float:
    """Seconds that `steps` steps take; with one thread the process's own, which a busy machine disturbs less."""
    clock = time.process_time if torch.get_num_threads() == 1 else time.perf_counter
    begin = clock()
    for _ in range(steps):
        optimizer.step()
    return clock() - begin


def race(optimizers: dict[str, Any], rounds: int, steps: int) -> dict[str, list[list[float]]]:
    """Seconds by name, window of the cycle and round; the contestants take turns window by window."""
    order, shuffle = list(optimizers), random.Random(0).shuffle
    times: dict[str, list[list[float]]] = {name: [[] for _ in range(CYCLE)] for name in optimizers}
    for name in optimizers:
        for _ in range(CYCLE):
            window(optimizers[name], steps)
    for _ in range(rounds):
        for phase in range(CYCLE):
            shuffle(order)
            for name in order:
                times[name][phase].append(window(optimizers[name], steps))
    return times


def typical(times: list[list[float]], pick: Callable[[list[float]], float] = statistics.median) -> float:
    """Seconds of a window: the median over the rounds for each window of the cycle, averaged over the cycle."""
    return statistics.fmean(pick(rounds) for rounds in times)


def large_model(wraps: dict[str, Wrap], rounds: int) -> None:
    """Print the table of ResNet-18."""
    weights = parameters(resnet18_shapes())
    optimizers = {
        name: wrap(torch.optim.SGD(weights, lr=1e-5, momentum=0.9, weight_decay=5e-4, fused=True))
        for name, wrap in wraps.items()
    }
    times = race(optimizers, rounds, WINDOW)
    print(f"\nResNet-18, {torch.get_num_threads()} threads, {rounds * CYCLE} windows of {WINDOW} steps each")
    print(f"{'':22s} {'ms a step':>9s} {'x bare':>7s} {'x bare, fastest windows':>24s}")
    for name, seconds in times.items():
        ratio, fastest = (typical(seconds, pick) / typical(times["bare"], pick) for pick in (statistics.median, min))
        print(f"{name:22s} {1e3 * typical(seconds) / WINDOW:9.2f} {ratio:7.3f} {fastest:24.3f}")


def small_model(wraps: dict[str, Wrap], rounds: int) -> None:
    """Print what a step costs when there is next to nothing to compute: two parameters of two numbers."""
    steps = 50 * WINDOW
    optimizers = {name: wrap(torch.optim.SGD(parameters([(2,), (2,)]), lr=1e-5)) for name, wrap in wraps.items()}
    times = race(optimizers, rounds, steps)
    print(f"\nTwo parameters, {torch.get_num_threads()} threads, {rounds * CYCLE} windows of {steps} steps each")
    print(f"{'':22s} {'µs a step':>9s} {'over bare':>10s}")
    for name, seconds in times.items():
        microseconds, bare = (1e6 * typical(each) / steps for each in (seconds, times["bare"]))
        print(f"{name:22s} {microseconds:9.2f} {microseconds - bare:10.2f}")


def main() -> None:
    """Print every table, for every number of threads."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    options.add_argument("--rounds", type=int, default=10, help="cycles of five windows")
    arguments = options.parse_args()
    print(f"torch {torch.__version__}, {os.cpu_count()} CPUs, load {os.getloadavg()[0]:.1f}")
    for threads in arguments.threads:
        torch.set_num_threads(threads)
        large_model(contestants(), arguments.rounds)
        small_model(contestants(), arguments.rounds)


if __name__ == "__main__":
    main()
