"""What the running statistics of batch normalisation are worth under slow weights: test accuracy on digits.

    python -m benchmarks.batch_norm

A network of two hidden layers with batch normalisation, SGD with momentum, two layers of (5, .5), batches of 32 with
replacement; means over five seeds. Steps 12, 24, 37 and 49 are in mid-window, 60 ends one of the inner layer.
"""

from __future__ import annotations

import torch
from sklearn.datasets import load_digits
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from optim_core import MultilayerLookahead, recomputed_batch_norm

SEEDS, STEPS = 5, (12, 24, 37, 49, 60)


def network() -> nn.Sequential:
    """Two hidden layers of 64, each normalised."""
    layers = [nn.Linear(64, 64), nn.BatchNorm1d(64), nn.ReLU(), nn.Linear(64, 64), nn.BatchNorm1d(64), nn.ReLU()]
    return nn.Sequential(*layers, nn.Linear(64, 10))


def accuracy(model: nn.Module, x: Tensor, y: Tensor) -> float:
    """The share that is right, with the running statistics as they are."""
    model.eval()
    with torch.no_grad():
        share = (model(x).argmax(1) == y).double().mean().item()
    model.train()
    return share


def run(seed: int) -> list[tuple[float, float, float]]:
    """At each of STEPS: slow weights with the fast ones' statistics, with their own, and the fast weights."""
    data, labels = load_digits(return_X_y=True)
    x, y = torch.tensor(data, dtype=torch.float32) / 16, torch.tensor(labels)
    torch.manual_seed(seed)
    order, model = torch.randperm(len(x)), network()
    train, test = order[:1200], order[1200:]
    optimizer = MultilayerLookahead(torch.optim.SGD(model.parameters(), lr=0.3, momentum=0.9), [5, 5], 0.5)
    rows = []
    for step in range(1, max(STEPS) + 1):
        batch = train[torch.randint(len(train), (32,))]
        optimizer.zero_grad()
        cross_entropy(model(x[batch]), y[batch]).backward()
        optimizer.step()
        if step in STEPS:
            with optimizer.use_slow_weights():
                with_fast = accuracy(model, x[test], y[test])
                with recomputed_batch_norm(model, x[train].split(100)):
                    own = accuracy(model, x[test], y[test])
            rows.append((with_fast, own, accuracy(model, x[test], y[test])))
    return rows


def main() -> None:
    """Print the table."""
    runs = torch.tensor([run(seed) for seed in range(SEEDS)]).mean(0)
    print(f"{'step':>4s} {'slow, statistics of the fast':>30s} {'slow, recomputed':>18s} {'fast':>8s}")
    for step, (with_fast, own, fast) in zip(STEPS, runs.tolist(), strict=True):
        print(f"{step:4d} {with_fast:30.3f} {own:18.3f} {fast:8.3f}")


if __name__ == "__main__":
    main()
