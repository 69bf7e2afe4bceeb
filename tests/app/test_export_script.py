"""The exported script, executed, gives the numbers of the app to the last bit."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from app import game_runs, runs
from app.export.script import surface_script
from app.export.script_of_game import game_script
from app.state import GamesConfig, SurfacesConfig

ROOT = Path(__file__).parents[2]
LAYERS = [{"k": 3, "alpha": 0.5}, {"k": 2, "alpha": 0.8}]
CASES: dict[str, dict[str, Any]] = {
    "written-out gradient": {"surface": "himmelblau"},
    "autograd, transcendental, several starts": {"surface": "levy", "starts": ((-8, 8), (3, 4), (1, -7))},
    "a kink": {"surface": "ackley", "starts": ((0.0, 0.0), (1, 1))},
    "a function with constants": {"surface": "bowl", "noise": "gaussian", "seed": 5},
    "multiplicative noise": {"surface": "rastrigin", "noise": "multiplicative", "noise_scale": 0.3},
    "heavy tails": {"surface": "beale", "noise": "student", "noise_freedom": 2.5, "noise_scale": 0.1},
    "copies without replacement": {"surface": "booth", "noise": "minibatch", "noise_scale": 0.4},
    "copies with replacement": {"surface": "ackley", "noise": "minibatch", "noise_replacement": True},
    "a visitor's formula": {
        "surface": "formula",
        "domain": (-4, 4, -3, 5),
        "parameters": (("a", 1.5), ("b", -2.0)),
        "formula": "a*x^2 + ln(1 + y^2) + sin(3x) cos(b*y) - min(x, y, 2) + max(x/3, 1) + 2^x/10 + sqrt(abs(x-y)) + -b",
    },
    "a visitor's formula in copies": {
        "surface": "formula",
        "noise": "minibatch",
        "noise_scale": 0.3,
        "domain": (-2, 2, -2, 2),
        "formula": "x^2+e^y/pi",
    },
    "divergence": {"surface": "ravine", "cards": [{"lr": 0.3}, {"lr": 0.2, "layers": [{"k": 2, "alpha": 0.1}]}]},
    "every base": {
        "surface": "rosenbrock",
        "cards": [
            {"base": "momentum", "lr": 1e-4, "momentum": 0.8, "layers": LAYERS, "sync_momentum": "reset"},
            {"base": "nesterov", "lr": 1e-4, "layers": LAYERS, "sync_momentum": "pullback"},
            {"base": "adam", "lr": 0.02, "layers": LAYERS, "sync_momentum": "pullback", "weight_decay": 0.01},
            {"base": "rmsprop", "lr": 0.01, "layers": LAYERS, "sync_momentum": "reset"},
        ],
    },
    "schedules": {
        "surface": "himmelblau",
        "cards": [
            {"base": "adamw", "lr": 0.1, "schedule": "cosine", "weight_decay": 0.1},
            {"lr": 0.01, "schedule": "step", "every": 20, "factor": 0.7, "layers": LAYERS},
            {"lr": 0.01, "on": False},
            {"lr": 0.01, "layers": LAYERS},
        ],
    },
}


def expected(config: SurfacesConfig) -> dict[str, np.ndarray]:
    run = runs.surface_run(config)
    slow = {f"slow_{i}_{j}": x for i, layers in enumerate(run.slow) for j, x in enumerate(layers, start=1)}
    return {"fast": run.fast, "loss": run.loss, **slow}


def bits(array: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(array).view(np.uint64)


def assert_same_bits(got: dict[str, np.ndarray], want: dict[str, np.ndarray]) -> None:
    assert got.keys() == want.keys()
    for name, array in want.items():
        assert got[name].shape == array.shape, name
        assert np.array_equal(bits(got[name]), bits(array)), name


@pytest.mark.parametrize("case", CASES)
def test_the_script_repeats_the_run(case: str) -> None:
    config = SurfacesConfig.model_validate({"steps": 120, **CASES[case]})
    namespace: dict[str, Any] = {"__name__": "script"}
    exec(compile(surface_script(config), "run.py", "exec"), namespace)
    fast, slow, losses = namespace["run"]()
    got = {"fast": torch.stack(fast).numpy(), "loss": torch.stack(losses).numpy()}
    for i, layers in enumerate(slow):
        got |= {f"slow_{i}_{j}": torch.stack(kept).numpy() for j, kept in enumerate(layers, start=1)}
    assert_same_bits(got, expected(config))


def test_the_divergence_of_that_case_is_real() -> None:
    config = SurfacesConfig.model_validate({"steps": 120, **CASES["divergence"]})
    assert (runs.surface_run(config).diverged > 0).all()


def test_a_process_of_its_own_runs_the_script_and_keeps_the_numbers(tmp_path: Path) -> None:
    config = SurfacesConfig(surface="gaussian_wells", noise="gaussian", starts=((2.2, 1.8),), steps=150, seed=3)
    (tmp_path / "run.py").write_text(surface_script(config), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "run.py", "trajectory.npz"], cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    want = expected(config)
    with np.load(tmp_path / "trajectory.npz", allow_pickle=False) as saved:
        assert_same_bits(dict(saved), want)
    x, y = want["fast"][-1, 2, 0].tolist()
    assert f"Multilayer Lookahead (5, .5)(5, .5) from (2.2, 1.8): x = {x!r}, y = {y!r}" in done.stdout


@pytest.mark.parametrize("case", CASES)
def test_the_script_needs_torch_and_optim_core_alone(case: str) -> None:
    script = surface_script(SurfacesConfig.model_validate(CASES[case]))
    lines = [line for line in script.splitlines() if line.startswith(("import ", "from "))]
    modules = {line.split()[1].split(".")[0] for line in lines}
    assert modules <= {"torch", "numpy", "optim_core", "math", "sys", "functools", "types"}


GAMES: dict[str, dict[str, Any]] = {
    "written-out gradient": {"game": "forsaken", "starts": ((-1, -1), (0.5, 0.7))},
    "a parameter": {"game": "quadratic", "parameter": 0.25},
    "autograd, noise": {"game": "dirac_gan_penalty", "parameter": 0.4, "noise": "gaussian", "seed": 3},
    "heavy tails": {"game": "bilinear", "noise": "student"},
    "every method": {
        "game": "limit_cycle",
        "noise": "multiplicative",
        "cards": [
            {"base": "extragradient", "layers": LAYERS}, {"base": "optimistic"}, {"base": "sgd", "alternating": True},
            {"base": "adam", "alternating": True, "layers": LAYERS, "sync_momentum": "pullback", "schedule": "cosine"},
        ],
    },
}  # fmt: skip


@pytest.mark.parametrize("case", GAMES)
def test_the_script_of_a_game_repeats_the_run(case: str) -> None:
    config = GamesConfig.model_validate({"steps": 90, **GAMES[case]})
    namespace: dict[str, Any] = {"__name__": "script"}
    script = game_script(config)
    exec(compile(script, "run.py", "exec"), namespace)
    again, run = namespace["run"](), game_runs.game_run(config)
    assert_same_bits({"fast": again.fast, "loss": again.loss}, {"fast": run.fast, "loss": run.loss})
    assert "landscapes" not in script.partition("OPTIMIZERS")[0]


def test_a_plain_run_is_a_short_script() -> None:
    assert len(surface_script(SurfacesConfig(surface="himmelblau")).splitlines()) < 110
