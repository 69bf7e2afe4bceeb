"""How much a comparison costs: record() against one bare loop, the same one by one, and settings as rows.

python -m benchmarks.record
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Literal

import numpy as np
import torch

from landscapes.fields import Field
from landscapes.games import GAMES
from landscapes.noise import Noise, with_noise
from landscapes.surfaces import SURFACES
from optim_core.layers import Layer
from optim_core.spec import OptimizerSpec
from optim_core.trajectory import Engine, record

FIVE = Layer(5, 0.5)
LR, STEPS, REPEATS = 0.01, 1000, 7
SPECS = tuple(OptimizerSpec(f"{depth} layers", lr=LR, layers=(FIVE,) * depth) for depth in range(3))
SURFACE = SURFACES["himmelblau"]
FRACTIONS = [step / 40 for step in range(41)]
FAMILY = tuple(OptimizerSpec(f"{alpha}", lr=LR, layers=(Layer(5, alpha),) * 2) for alpha in FRACTIONS)
MAP = tuple(
    OptimizerSpec(f"{k} {alpha}", lr=LR, layers=(Layer(k, alpha), FIVE)) for k in range(1, 42) for alpha in FRACTIONS
)
WIDE = tuple(
    OptimizerSpec(f"{n}", lr=0.001 + 1e-7 * n, layers=(Layer(5, FRACTIONS[n % 41]), FIVE)) for n in range(10_000)
)
CENTRE = np.zeros((1, 2))
GAME = GAMES["bilinear"]
GAME_FAMILY = tuple(OptimizerSpec(f"{alpha}", lr=GAME.lr, layers=(Layer(5, alpha),) * 2) for alpha in FRACTIONS)
EXTRAGRADIENT_FAMILY = tuple(replace(spec, base="extragradient") for spec in GAME_FAMILY)
GAUSSIAN = Noise("gaussian", scale=0.3)


def bare_loop(start: np.ndarray, spec: OptimizerSpec = SPECS[0]) -> None:
    """One optimizer from one start, as anybody would write it."""
    weight = torch.nn.Parameter(torch.from_numpy(start[None].copy()))
    optimizer = spec.build([weight])
    for _ in range(STEPS):
        optimizer.zero_grad()
        loss = SURFACE.function(weight).sum()
        loss.backward()
        optimizer.step()


def one_by_one(starts: np.ndarray) -> None:
    """The comparison without batching."""
    for spec in SPECS:
        for start in starts:
            bare_loop(start, spec)


def seconds_of(work: Callable[[], object], clock: Callable[[], float] = time.perf_counter) -> float:
    """Seconds."""
    start = clock()
    work()
    return clock() - start


def families() -> dict[str, str]:
    """What and figure, of settings as rows: processor time of one thread, which a busy machine changes little."""
    torch.set_num_threads(1)
    field = SURFACE.field()

    def seconds(specs: tuple[OptimizerSpec, ...], steps: int, engine: Engine, keep: Literal["all", "last"]) -> float:
        return seconds_of(lambda: record(field, specs, CENTRE, steps, keep=keep, engine=engine), time.thread_time)

    def against_classes(specs: tuple[OptimizerSpec, ...], steps: int) -> str:
        return _against_classes(lambda engine: seconds(specs, steps, engine, "all"))

    wide_seconds = statistics.median(seconds(WIDE, 500, "rows", "last") for _ in range(3))
    last_only, all_steps = (
        statistics.median(seconds(MAP, 500, "rows", keep) for _ in range(3)) for keep in ("last", "all")
    )
    evaluations = statistics.median(
        seconds_of(lambda: [field(torch.zeros(41, 2, dtype=torch.float64), t) for t in range(500)], time.thread_time)
        for _ in range(5)
    )
    return {
        "41 values of α, 2 layers, 500 steps": against_classes(FAMILY, 500),
        "of which evaluating the surface": f"{1000 * evaluations:.0f} ms",
        "41 x 41 map over (k, α), 500 steps": f"{1000 * last_only:.0f} ms; every step kept {1000 * all_steps:.0f} ms",
        "row-steps per second, 10,000 settings": f"{len(WIDE) * 500 / wide_seconds:.2e}",
        **{f"the app's 3 cards, {steps} steps": against_classes(SPECS, steps) for steps in (200, 1000)},
        "one optimizer without layers, 500 steps": against_classes(SPECS[:1], 500),
    }


def games() -> dict[str, str]:
    """The same of the bilinear game's customary run, with noise and without."""
    torch.set_num_threads(1)
    start, field = np.array([GAME.start]), GAME.field()
    noisy = with_noise(field, GAUSSIAN, starts=1)

    def against_classes(field: Field, specs: tuple[OptimizerSpec, ...]) -> str:
        return _against_classes(
            lambda engine: seconds_of(lambda: record(field, specs, start, STEPS, engine=engine), time.thread_time)
        )

    return {
        "bilinear game, 41 values of α, 1,000 steps": against_classes(field, GAME_FAMILY),
        "the same with Gaussian noise": against_classes(noisy, GAME_FAMILY),
        "extragradient": against_classes(field, EXTRAGRADIENT_FAMILY),
        "extragradient with Gaussian noise": against_classes(noisy, EXTRAGRADIENT_FAMILY),
    }


def _against_classes(seconds: Callable[[Engine], float]) -> str:
    pairs = [(seconds("classes"), seconds("auto")) for _ in range(REPEATS)]
    classes, auto = (statistics.median(column) for column in zip(*pairs, strict=True))
    return f"{1000 * auto:.0f} ms, {classes / auto:.2f} x as quick as the classes' {1000 * classes:.0f}"


def main() -> None:
    """Print the table of benchmarks/README.md."""
    torch.set_num_threads(2)
    starts = np.random.default_rng(0).uniform(-4, 4, (16, 2))
    field = SURFACE.field()
    loop_seconds, record_seconds = [], []
    for _ in range(REPEATS):  # alternating, so that a busy moment hits both
        loop_seconds.append(seconds_of(lambda: bare_loop(starts[0])))
        record_seconds.append(seconds_of(lambda: record(field, SPECS, starts, STEPS)))
    one_by_one_seconds = seconds_of(lambda: one_by_one(starts))
    many_starts = np.random.default_rng(1).uniform(-4, 4, (16384, 2))
    steps = 200
    wide_seconds = [seconds_of(lambda: record(field, SPECS, many_starts, steps, keep="last")) for _ in range(3)]
    loop, batch = statistics.median(loop_seconds), statistics.median(record_seconds)
    rate = len(SPECS) * len(many_starts) * steps / statistics.median(wide_seconds)
    rows = {
        f"one bare SGD loop, one start, {STEPS} steps": f"{1000 * loop:.0f} ms",
        f"record(), 3 optimizers x 16 starts, {STEPS} steps": f"{1000 * batch:.0f} ms, {batch / loop:.2f} x bare",
        "the same one by one": f"{1000 * one_by_one_seconds:.0f} ms, {one_by_one_seconds / batch:.0f} x record()",
        "row-steps per second, 16,384 starts x 3 optimizers": f"{rate:.2e}",
    }
    for what, figure in (rows | families() | games()).items():
        print(f"{what:52} {figure}")


if __name__ == "__main__":
    main()
