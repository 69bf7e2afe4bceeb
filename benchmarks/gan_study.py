"""The GAN tables of docs/networks.md: does Lookahead-minmax help two networks that train against each other?

    python -m benchmarks.gan_study [--workers 4] [--seeds 8] [digits] [wgan] [ring]

digits: Adam with β = (0, .999), batches of 64, 3,000 steps, both players at one lr, which is chosen for each depth by
    the mean validation Fréchet distance (on 20 PCA features) of the outermost slow weights over eight seeds; then
    fresh seeds at that lr. Beside the outermost slow weights stands an exponential moving average of the fast ones.
wgan: the same with the Wasserstein objective and gradient penalty, one discriminator step for each of the generator.
ring: eight Gaussians on a circle, SGD, 3,000 steps. Each stack beside plain SGD at its effective lr, lr Π α: is the
    gain anything but the smaller step?
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

import numpy as np
import torch

from benchmarks.network_study import FIVE, Floats, computed, difference, spread
from landscapes.tasks.frechet import frechet_distance
from landscapes.tasks.gan import GanTask
from optim_core.ensemble import Member, MemberRun, train_together
from optim_core.spec import BaseName, OptimizerSpec

STEPS, EMA = 3_000, 0.999
TUNING_SEEDS = range(1000, 1008)  # three chose, by chance, lrs four times as large for the same optimizer
DIGITS_LRS = (0.0005, 0.001, 0.002, 0.004, 0.008, 0.016, 0.032)
RING_LRS = (0.05, 0.1, 0.2, 0.4)
METRICS = ("val_frechet", "test_frechet", "modes", "quality")


@dataclass(frozen=True)
class Job:
    """One run of both players."""

    task: GanTask
    base: BaseName
    lr: float
    depth: int
    seed: int


def outcomes(jobs: Sequence[Job]) -> list[dict[str, dict[str, float]]]:
    """Runs of one task and base, trained together: the last metrics of the outermost slow weights ("kept").

    Beside them those of the fast and of the averaged weights; NaN if the run diverged.
    """
    torch.set_num_threads(1)
    members = [
        Member(job.task, OptimizerSpec("", job.base, job.lr, (FIVE,) * job.depth, betas=(0.0, 0.999)), job.seed)
        for job in jobs
    ]
    runs = train_together(members, STEPS, evaluate_every=STEPS, ema=EMA)
    assert runs is not None
    return [metrics_of(job.depth, run) for job, run in zip(jobs, runs, strict=True)]


def metrics_of(depth: int, run: MemberRun) -> dict[str, dict[str, float]]:
    """The last metrics by weights and name."""
    names = {"kept": f"slow_{depth}" if depth else "fast", "fast": "fast", "averaged": "ema"}
    if run.diverged is not None:
        return {name: dict.fromkeys(METRICS, np.nan) for name in names}
    return {name: {key: run.curves.metrics[weights][key][-1] for key in METRICS} for name, weights in names.items()}


def digits(pool: ProcessPoolExecutor, seeds: int, objective: str = "non-saturating") -> None:
    """Tune, measure on fresh seeds, print."""
    task = GanTask(dataset="digits", objective=objective)
    print(f"\n**Digits, {objective}, Adam, {STEPS:,} steps** ({seeds} seeds; distance on 20 PCA features)\n")
    print(f"Training images themselves are {floor():.2f} from the test images.\n")
    print("| optimizer | lr | outermost slow | from Adam | fast | average of fast | average, from Adam's average |")
    print("|---|---|---|---|---|---|---|")
    base: dict[str, Floats] = {}
    for depth in (0, 1, 2, 3):
        jobs = [Job(task, "adam", lr, depth, seed) for lr in DIGITS_LRS for seed in TUNING_SEEDS]
        tuning = np.array([one["kept"]["val_frechet"] for one in computed(pool, outcomes, jobs)])
        means = np.nan_to_num(tuning.reshape(len(DIGITS_LRS), -1).mean(1), nan=np.inf)
        lr = DIGITS_LRS[int(means.argmin())]
        edge = " (edge of its grid)" if lr in (DIGITS_LRS[0], DIGITS_LRS[-1]) else ""
        results = computed(pool, outcomes, [Job(task, "adam", lr, depth, seed) for seed in range(seeds)])
        distances = {name: np.array([one[name]["test_frechet"] for one in results]) for name in results[0]}
        base = base or distances
        print(
            f"| {title(depth, 'Adam')} | {lr:g}{edge} | {spread(distances['kept'], 2)} "
            f"| {difference(distances['kept'] - base['kept'])} | {spread(distances['fast'], 2)} "
            f"| {spread(distances['averaged'], 2)} | {difference(distances['averaged'] - base['averaged'])} |",
            flush=True,
        )


def wgan(pool: ProcessPoolExecutor, seeds: int) -> None:
    """The other objective."""
    digits(pool, seeds, "wgan-gp")


def floor() -> float:
    """The distance that a perfect generator would have, up to the number of samples."""
    world = GanTask(dataset="digits").world
    train = world.draw(0, 0, world.size).numpy()
    return frechet_distance(world.features(train), world.features(world.held_out["test"]))


def ring(pool: ProcessPoolExecutor, seeds: int) -> None:
    """Every stack beside SGD at the stack's effective lr."""
    print(f"\n**Ring of eight Gaussians, SGD, {STEPS:,} steps** ({seeds} seeds; Fréchet distance, modes of 8)\n")
    print("| lr | optimizer | distance | modes | SGD at its effective lr: distance | modes | paired difference |")
    print("|---|---|---|---|---|---|---|")
    rates = sorted({lr * 0.5**depth for lr in RING_LRS for depth in (0, 1, 2)})
    scores_of_sgd = {lr: scores_of(pool, lr, 0, seeds) for lr in rates}
    for lr in RING_LRS:
        for depth in (0, 1, 2):
            ours, theirs = (
                scores_of(pool, lr, depth, seeds) if depth else scores_of_sgd[lr],
                scores_of_sgd[lr * 0.5**depth],
            )
            gap = difference(ours[0] - theirs[0]) if np.isfinite([ours[0], theirs[0]]).all() else "—"
            both = " | ".join(f"{cell(distance)} | {modes.mean():.1f}" for distance, modes in (ours, theirs))
            print(f"| {lr:g} | {title(depth, 'SGD')} | {both.replace('nan', '—')} | {gap} |", flush=True)


def cell(distance: Floats) -> str:
    """Mean and standard deviation, or how many of the runs diverged."""
    count = int(np.isnan(distance).sum())
    return f"{count} of {len(distance)} diverged" if count else spread(distance, 3)


def scores_of(pool: ProcessPoolExecutor, lr: float, depth: int, seeds: int) -> tuple[Floats, Floats]:
    """Test Fréchet distances and covered modes, one per seed."""
    results = computed(pool, outcomes, [Job(GanTask(dataset="ring"), "sgd", lr, depth, seed) for seed in range(seeds)])
    distance, modes = (np.array([one["kept"][key] for one in results]) for key in ("test_frechet", "modes"))
    return distance, modes


def title(depth: int, base: str) -> str:
    """As the tables name an optimizer."""
    return base if depth == 0 else f"{depth} layer{'s' * (depth > 1)} (5, .5)"


STUDIES = {"digits": digits, "wgan": wgan, "ring": ring}


def main() -> None:
    """Run the named studies, or all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", default=list(STUDIES))
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seeds", type=int, default=8)
    arguments = parser.parse_args()
    with ProcessPoolExecutor(arguments.workers) as pool:
        for name in arguments.names:
            STUDIES[name](pool, arguments.seeds)


if __name__ == "__main__":
    main()
