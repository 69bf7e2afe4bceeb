"""The figures of docs/study.md: do more layers help, and where? Fifteen objectives, depth 0 to 4, and a plain rival.

    python -m benchmarks.depth_study [--workers 2] [NAME ...]

Every layer has k = 5, α = .5. The rival is the base's own exponential moving average (decay .99), from which nothing
restarts. For each objective and contender the lr with the best mean over the tuning seeds, on validation data where
there are any, from a grid of factor 2 that is widened while its best lies at an end; then fresh seeds at that lr, on
test data where there are any. Every run of an objective takes the same number of gradient evaluations. What is computed
goes to app/runs/shipped/study.json, objective by objective: those that are not named stay.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch

from landscapes.games import GAMES
from landscapes.noise import Noise, noisy_field, with_noise
from landscapes.surfaces import SURFACES
from landscapes.tasks import ClassifierTask, GanTask
from landscapes.tasks.registry import Task
from landscapes.tasks.regression import RegressionTask
from optim_core.ensemble import Member, MemberRun, train_together
from optim_core.layers import Layer
from optim_core.spec import OptimizerSpec
from optim_core.trajectory import Field, Floats, record

FILE = Path(__file__).parents[1] / "app" / "runs" / "shipped" / "study.json"
DECAY = 0.99  # of the rival's average
FIRST, WIDER, WIDEST = range(-3, 6), 2, 8  # powers of 2 times an objective's lr: at first, at a time, and at most
TOGETHER = 48  # networks of an ensemble
TUNING, FRESH = 1, 2  # parts: seeds, and their noise, for choosing and for measuring
KS, ALPHAS = (2, 5, 10, 20, 50), (0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 0.95)


@dataclass(frozen=True)
class Contender:
    """So many layers around the base, or the base's average."""

    depth: int
    averaged: bool = False
    k: int = 5
    alpha: float = 0.5

    @property
    def layers(self) -> tuple[Layer, ...]:
        """Innermost first."""
        return (Layer(self.k, self.alpha),) * self.depth


CONTENDERS = (*map(Contender, range(5)), Contender(0, averaged=True))
Run = tuple[Contender, float]
"""A contender at an lr."""


class Objective(Protocol):
    """What is minimised; `lr` is where the grid begins, `seeds` how many fresh ones there are."""

    title: str
    measure: str
    base: str
    lr: float
    steps: int
    seeds: int
    has_map: bool

    def outcomes(self, runs: Sequence[Run], part: int) -> Floats:
        """The measure of each run for each seed of a part, (runs, seeds); infinite where it diverged."""


@dataclass(frozen=True)
class OnField:
    """A surface, a game or a quadratic whose gradient is noisy; the distance is from `place`, else the loss counts."""

    title: str
    measure: str
    field: Any
    start: tuple[float, ...]
    lr: float
    floor: float = 0.0
    place: tuple[float, ...] | None = None
    base: str = "sgd"
    steps: int = 5_000
    seeds: int = 30
    has_map: bool = False
    tuning_seeds: int = 10

    def outcomes(self, runs: Sequence[Run], part: int) -> Floats:
        """As families: the average is a base of its own, which only watches plain descent."""
        seeds = self.seeds if part == FRESH else self.tuning_seeds
        groups = [
            [index for index, (one, _) in enumerate(runs) if one.averaged == is_averaged] for is_averaged in (0, 1)
        ]
        values = np.full((len(runs), seeds), np.inf)
        for group in filter(None, groups):
            values[group] = self._together([runs[index] for index in group], seeds, part)
        return values

    def _together(self, runs: Sequence[Run], seeds: int, part: int) -> Floats:
        specs = [
            OptimizerSpec("", "average" if one.averaged else "sgd", lr, one.layers, mu_x=DECAY) for one, lr in runs
        ]
        starts = np.repeat([self.start], seeds, axis=0)
        run = record(self.field(seeds, part), specs, starts, self.steps, keep="last", escape=1e6, engine="rows")
        if self.place is None:
            values = run.slow_loss[-1] - self.floor
        else:
            ends = np.stack([run.outermost(index)[-1] for index in range(len(specs))])
            values = np.linalg.norm(ends - np.array(self.place), axis=-1)
        return np.where((run.diverged < 0) & np.isfinite(values), values, np.inf)


@dataclass(frozen=True)
class OnNetwork:
    """A network or a GAN: `metric` on the validation part chooses, on the test part counts; 1 less it where `falls`."""

    title: str
    measure: str
    task: Task
    metric: str
    lr: float
    base: str = "sgd"
    falls: bool = False
    steps: int = 2_500
    seeds: int = 30
    has_map: bool = False
    tuning_seeds: int = 3

    def outcomes(self, runs: Sequence[Run], part: int) -> Floats:
        """Plain runs serve the average, too."""
        seeds = range(self.seeds) if part == FRESH else range(1_000, 1_000 + self.tuning_seeds)
        trained = list(dict.fromkeys((one.layers, lr) for one, lr in runs))
        members = [
            Member(self.task, OptimizerSpec("", self.base, lr, layers, betas=(0.0, 0.999)), seed)  # type: ignore[arg-type]
            for layers, lr in trained
            for seed in seeds
        ]
        groups = [members[first:][:TOGETHER] for first in range(0, len(members), TOGETHER)]
        ends = [end for group in groups for end in self._train(group, part)]
        rows = dict(zip(trained, np.array(ends).reshape(len(trained), len(seeds), 2), strict=True))
        return np.array([rows[one.layers, lr][:, int(one.averaged)] for one, lr in runs])

    def _train(self, members: Sequence[Member], part: int) -> list[tuple[float, float]]:
        """Of each member the measure at the outermost slow weights and at the average."""
        ema = 0.999 if isinstance(self.task, GanTask) else DECAY
        results = train_together(members, self.steps, evaluate_every=self.steps, ema=ema)
        assert results is not None
        depths = [len(member.optimizers.layers) for member in members]  # type: ignore[union-attr]
        return [
            (self._value(f"slow_{depth}" if depth else "fast", run, part), self._value("ema", run, part))
            for depth, run in zip(depths, results, strict=True)
        ]

    def _value(self, weights: str, run: MemberRun, part: int) -> float:
        if run.diverged is not None:
            return float("inf")
        value = run.curves.metrics[weights][f"{'test' if part == FRESH else 'val'}_{self.metric}"][-1]
        value = 1 - value if self.falls else value
        return float(value) if np.isfinite(value) else float("inf")


def quadratic_field(seeds: int, part: int) -> Field:
    """½ Σ h x² in 100 dimensions, h = 1, 1/2, …, 1/100, gradient noise of covariance H, as in Zhang et al. 2019."""
    h = 1 / torch.arange(1, 101, dtype=torch.float64)

    def field(x: torch.Tensor, evaluation: int) -> tuple[torch.Tensor, torch.Tensor]:
        draws = np.random.default_rng((part, evaluation)).standard_normal((seeds, 100))
        noise = torch.from_numpy(draws) * h.sqrt()
        return 0.5 * (h * x.square()).sum(-1), (h * x.view(-1, seeds, 100) + noise).view_as(x)

    return field


def surface(key: str, scale: float, **options: Any) -> OnField:
    """A surface under Gaussian noise of a scale."""
    one = SURFACES[key]
    lowest = min(minimum.value for minimum in one.minima)
    return OnField(
        f"{one.name}, noise {scale:g}",
        "loss above the lowest minimum",
        lambda seeds, part: noisy_field(one, Noise("gaussian", scale, part), seeds),
        one.start,
        one.lr,
        floor=lowest,
        **options,
    )


def game(key: str, scale: float, **options: Any) -> OnField:
    """A game under Gaussian noise of a scale."""
    one = GAMES[key]
    return OnField(
        f"{one.name}, noise {scale:g}",
        "distance from the equilibrium",
        lambda seeds, part: with_noise(one.field(), Noise("gaussian", scale, part), seeds),
        one.start,
        one.lr,
        place=one.equilibria[0].place,
        **options,
    )


def digits(title: str, lr: float = 0.05, network: str = "mlp", **task: Any) -> OnNetwork:
    """Classification of digits from 1,000 training images, if not said otherwise."""
    settings: dict[str, Any] = {"network": network, "train_size": 1000} | task
    has_map = settings.get("label_noise") == 0.4
    return OnNetwork(title, "test error", ClassifierTask(**settings), "accuracy", lr, falls=True, has_map=has_map)


OBJECTIVES: dict[str, Objective] = {
    "quadratic": OnField(
        "Noisy quadratic, 100 dimensions", "loss", quadratic_field, (1.0,) * 100, 0.1, has_map=True
    ),
    "rosenbrock": surface("rosenbrock", 1.0),
    "himmelblau": surface("himmelblau", 10.0),
    "gaussian_wells": surface("gaussian_wells", 1.0),
    "noisy_bilinear": game("noisy_bilinear", 0.3, has_map=True),
    "dirac_gan": game("dirac_gan", 0.1),
    "clean": digits("Digits, MLP"),
    "noisy_20": digits("Digits, MLP, 20 % wrong labels", label_noise=0.2),
    "noisy_40": digits("Digits, MLP, 40 % wrong labels", label_noise=0.4),
    "few": digits("100 digits, MLP", train_size=100, batch_size=10),
    "quick": digits("Digits, CNN, 20 % wrong labels, batch 4", 0.02, "cnn", label_noise=0.2, batch_size=4),
    "regression": OnNetwork("Regression, waves with noise", "test mean squared error", RegressionTask(), "loss", 0.05),
    "cancer": OnNetwork(
        "Breast cancer (a table), MLP, 20 % wrong labels", "test error",
        ClassifierTask("cancer", "mlp", label_noise=0.2, batch_size=10), "accuracy", 0.05, falls=True,
    ),
    "gan_ring": OnNetwork(
        "GAN, ring of Gaussians", "test Fréchet distance", GanTask("ring"), "frechet", 0.1, seeds=10
    ),
    "gan_digits": OnNetwork(
        "GAN, digits", "test Fréchet distance", GanTask(), "frechet", 0.001, base="adam", seeds=10
    ),
}  # fmt: skip


def study(key: str) -> dict[str, Any]:
    """Tune every contender, measure it on fresh seeds, and map α and k where that is asked for."""
    torch.set_num_threads(1)
    objective = OBJECTIVES[key]
    tuned = tune(objective, CONTENDERS)
    runs = [(contender, lr) for contender, (lr, _, _) in zip(CONTENDERS, tuned, strict=True)]
    values = objective.outcomes(runs, FRESH)
    rows = [
        {"depth": contender.depth, "averaged": contender.averaged, "lr": lr, "edge": edge, "values": _plain(row)}
        for contender, (lr, edge, _), row in zip(CONTENDERS, tuned, values, strict=True)
    ]
    about = {name: getattr(objective, name) for name in ("title", "measure", "base", "steps")}
    result = about | {"contenders": rows}
    if objective.has_map:
        cells = [Contender(1, k=k, alpha=alpha) for alpha in ALPHAS for k in KS]
        best = np.array([mean for _, _, mean in tune(objective, cells)]).reshape(len(ALPHAS), len(KS))
        result |= {"map": {"k": KS, "alpha": ALPHAS, "best": [_plain(row) for row in best]}}
    return result


def tune(objective: Objective, contenders: Sequence[Contender]) -> list[tuple[float, bool, float]]:
    """For each contender the best lr, whether that lies at the end of even the widest grid, and its mean."""
    means: dict[Run, float] = {}
    powers = dict.fromkeys(contenders, (FIRST.start, FIRST.stop - 1))

    def best(contender: Contender) -> int:
        low, high = powers[contender]
        return min(range(low, high + 1), key=lambda power: means[contender, objective.lr * 2.0**power])

    while True:
        runs = [
            (contender, objective.lr * 2.0**power)
            for contender, (low, high) in powers.items()
            for power in range(low, high + 1)
        ]
        new = [run for run in runs if run not in means]
        if not new:
            break
        means |= zip(new, objective.outcomes(new, TUNING).mean(axis=1).tolist(), strict=True)
        for contender, (low, high) in powers.items():
            at = best(contender)
            wider_low, wider_high = low - WIDER * (at == low), high + WIDER * (at == high)
            powers[contender] = (max(wider_low, FIRST.start - WIDEST), min(wider_high, FIRST.stop - 1 + WIDEST))
    found = [(objective.lr * 2.0 ** best(one), best(one) in powers[one]) for one in contenders]
    return [(lr, edge, means[one, lr]) for one, (lr, edge) in zip(contenders, found, strict=True)]


def _plain(values: Floats) -> list[float | None]:
    """JSON has no infinity."""
    return [float(f"{value:.6g}") if np.isfinite(value) else None for value in values]


def write(key: str, result: dict[str, Any], file: Path) -> None:
    """Put one objective's result into the file, in the order of `OBJECTIVES`."""
    known = json.loads(file.read_text()) if file.exists() else {}
    known[key] = result
    ordered = {name: known[name] for name in OBJECTIVES if name in known}
    file.write_text(json.dumps(ordered, ensure_ascii=False, allow_nan=False, separators=(",", ":")) + "\n")


def main() -> None:
    """Compute the named objectives, or all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", default=list(OBJECTIVES))
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--output", type=Path, default=FILE)
    arguments = parser.parse_args()
    with ProcessPoolExecutor(arguments.workers) as pool:
        futures = {name: pool.submit(partial(study, name)) for name in arguments.names}
        for name, future in futures.items():
            write(name, future.result(), arguments.output)
            print(name, flush=True)


if __name__ == "__main__":
    main()
