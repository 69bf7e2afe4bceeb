"""The loss of a network on a plane of 41 x 41 points, side by side with the loss-landscapes package.

    python -m benchmarks.plane            # two threads, three rounds each, medians

Both evaluate the same network on the same images in the same process, in turns, each on a plane of its own: filter-
normalised random directions through the network's weights. The package gets the network in torch's default layout, and,
for the sake of fairness, once more in the channels-last layout that ours has from the start.
"""

from __future__ import annotations

import argparse
import copy
import time
from collections.abc import Callable
from statistics import median

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from landscapes.contours import Grid, plane_losses
from landscapes.planes import pca_plane, random_plane
from landscapes.tasks.classifier import score
from landscapes.tasks.models import build_model
from landscapes.weights import WeightLoss

CASES = {"8x8, 512 images": ((1, 8, 8), 512), "32x32, 128 images": ((3, 32, 32), 128)}


def package(model: nn.Module, images: Tensor, labels: Tensor, points: int) -> float:
    """Seconds that loss-landscapes takes."""
    from loss_landscapes import random_plane as peer
    from loss_landscapes.metrics import Loss

    start = time.perf_counter()
    peer(model, Loss(functional.cross_entropy, images, labels), 1, points, "filter", deepcopy_model=True)
    return time.perf_counter() - start


def ours(model: nn.Module, images: Tensor, labels: Tensor, points: int) -> tuple[float, float]:
    """Seconds to the first, coarse picture and to the whole plane, everything included."""
    start = time.perf_counter()
    images = images.contiguous(memory_format=torch.channels_last)
    landscape = WeightLoss(model, lambda network: score(network, images, labels))
    axis = np.linspace(-1, 1, points)
    levels = plane_losses(landscape, random_plane(model, 0), Grid(axis, axis))
    next(levels)
    first = time.perf_counter() - start
    for _ in levels:
        pass
    return first, time.perf_counter() - start


def compare(name: str, points: int, rounds: int) -> None:
    """Print one row: medians over the rounds and the median of the ratios within a round."""
    shape, count = CASES[name]
    random = torch.Generator().manual_seed(0)
    images = torch.randn((count, *shape), generator=random)
    labels = torch.randint(0, 10, (count,), generator=random)
    model = build_model("cnn", shape, 10, 0).eval()
    usual = copy.deepcopy(model).to(
        memory_format=torch.contiguous_format
    )  # torch's default, as the package's users have
    package(usual, images, labels, 3), package(model, images, labels, 3), ours(model, images, labels, 3)
    peers, swift, firsts, wholes = [], [], [], []
    for _ in range(rounds):
        peers.append(package(usual, images, labels, points))
        swift.append(package(model, images, labels, points))
        first, whole = ours(model, images, labels, points)
        firsts.append(first)
        wholes.append(whole)
    ratio, layout = (median(peer / whole for peer, whole in zip(them, wholes, strict=True)) for them in (peers, swift))
    print(
        f"{name:18} loss-landscapes {median(peers):6.2f} s   here {median(wholes):6.2f} s   {ratio:.2f}x   "
        f"first picture {median(firsts):.2f} s   "
        f"(loss-landscapes given our layout {median(swift):.2f} s, {layout:.2f}x)"
    )


def principal_components(rounds: int) -> None:
    """Print how long a plane takes from every fifth of 2,000 snapshots, and how far it is from that of all."""
    random = np.random.default_rng(0)
    snapshots = random.standard_normal((2_000, 9_930), np.float32).cumsum(0)
    seconds = seconds_of(lambda: pca_plane(snapshots, every=5), rounds)
    fifth, every = pca_plane(snapshots, every=5), pca_plane(snapshots)
    print(
        f"PCA of every fifth of 2,000 snapshots x 9,930: {1e3 * seconds:.0f} ms, "
        f"cosines with all: {abs(fifth.u @ every.u):.5f}, {abs(fifth.v @ every.v):.5f}"
    )


def seconds_of(work: Callable[[], object], rounds: int) -> float:
    """Median seconds of `work`."""
    seconds = []
    for _ in range(rounds):
        start = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - start)
    return median(seconds)


def main() -> None:
    """Run all cases."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--points", type=int, default=41, help="points along each axis")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    for name in CASES:
        compare(name, options.points, options.rounds)
    principal_components(options.rounds)


if __name__ == "__main__":
    main()
