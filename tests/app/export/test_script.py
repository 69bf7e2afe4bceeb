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

from app.export.script import surface_script
from app.export.script_of_game import game_script
from app.runs import games as game_runs
from app.runs import surfaces as surface_runs
from app.state import GamesConfig, SurfacesConfig
from optim_core.spec import BASES
from optim_core.trajectory import Trajectory

ROOT = Path(__file__).parents[3]
ALLOWED = {"torch", "numpy", "optim_core", "math", "sys", "functools", "itertools", "types"}
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


def expected(run: Trajectory) -> dict[str, np.ndarray]:
    slow = {f"slow_{i}_{j}": x for i, layers in enumerate(run.slow) for j, x in enumerate(layers, start=1)}
    return {"fast": run.fast, "loss": run.loss, **slow}


def bits(array: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(array).view(np.uint64)


def assert_same_bits(got: dict[str, np.ndarray], want: dict[str, np.ndarray]) -> None:
    assert got.keys() == want.keys()
    for name, array in want.items():
        assert got[name].shape == array.shape, name
        assert np.array_equal(bits(got[name]), bits(array)), name


def executed(script: str) -> dict[str, np.ndarray]:
    """What `run` of the script gives, as the script itself saves it."""
    namespace: dict[str, Any] = {"__name__": "script"}
    exec(compile(script, "run.py", "exec"), namespace)
    fast, slow, losses = namespace["run"]()
    got = {"fast": torch.stack(fast).numpy(), "loss": torch.stack(losses).numpy()}
    for i, layers in enumerate(slow):
        got |= {f"slow_{i}_{j}": torch.stack(kept).numpy() for j, kept in enumerate(layers, start=1)}
    return got


@pytest.mark.parametrize("case", CASES)
def test_the_script_repeats_the_run(case: str) -> None:
    config = SurfacesConfig.model_validate({"steps": 120, **CASES[case]})
    assert_same_bits(executed(surface_script(config)), expected(surface_runs.surface_run(config)))


def test_the_divergence_of_that_case_is_real() -> None:
    config = SurfacesConfig.model_validate({"steps": 120, **CASES["divergence"]})
    assert (surface_runs.surface_run(config).diverged > 0).all()


def in_a_process(script: str, folder: Path) -> tuple[dict[str, np.ndarray], str]:
    """What the script saves and prints when it is run in a folder of its own."""
    (folder / "run.py").write_text(script, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "run.py", "trajectory.npz"], cwd=folder, env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    with np.load(folder / "trajectory.npz", allow_pickle=False) as saved:
        return dict(saved), done.stdout


def test_a_process_of_its_own_runs_the_script_and_keeps_the_numbers(tmp_path: Path) -> None:
    config = SurfacesConfig(surface="gaussian_wells", noise="gaussian", starts=((2.2, 1.8),), steps=150, seed=3)
    saved, printed = in_a_process(surface_script(config), tmp_path)
    want = expected(surface_runs.surface_run(config))
    assert_same_bits(saved, want)
    x, y = want["fast"][-1, 2, 0].tolist()
    assert f"Multilayer Lookahead (5, .5)(5, .5) from (2.2, 1.8): x = {x!r}, y = {y!r}" in printed


def imported(script: str) -> set[str]:
    lines = [line for line in script.splitlines() if line.startswith(("import ", "from "))]
    return {line.split()[1].split(".")[0] for line in lines}


@pytest.mark.parametrize("case", CASES)
def test_the_script_needs_torch_and_optim_core_alone(case: str) -> None:
    assert imported(surface_script(SurfacesConfig.model_validate(CASES[case]))) <= ALLOWED


GAMES: dict[str, dict[str, Any]] = {
    "written-out gradient": {"game": "forsaken", "starts": ((-1, -1), (0.5, 0.7))},
    "a parameter": {"game": "quadratic", "parameter": 0.25},
    "autograd, noise": {"game": "dirac_gan_penalty", "parameter": 0.4, "noise": "gaussian", "seed": 3},
    "heavy tails": {"game": "bilinear", "noise": "student"},
    "torch's bases": {"game": "dirac_gan", "cards": [{"base": base, "layers": LAYERS} for base in BASES[:4]]},
    "every method": {
        "game": "limit_cycle",
        "noise": "multiplicative",
        "starts": ((-1, -1), (0.5, 0.7)),
        "cards": [
            {"base": "extragradient", "layers": LAYERS}, {"base": "optimistic"}, {"base": "sgd", "alternating": True},
            {"base": "adam", "alternating": True, "layers": LAYERS, "sync_momentum": "pullback", "schedule": "cosine"},
        ],
    },
    "look ahead, decayed": {
        "game": "forsaken",
        "cards": [
            {"base": "optimistic", "layers": LAYERS, "weight_decay": 0.01, "schedule": "step", "every": 20},
            {"base": "extragradient", "weight_decay": 0.02}, {"base": "momentum", "layers": LAYERS},
        ],
    },
    "both in turn, autograd": {
        "game": "dirac_gan",
        "cards": [
            {"base": "nesterov", "alternating": True, "layers": LAYERS, "sync_momentum": "reset"},
            {"base": "rmsprop", "alternating": True, "lr": 0.01}, {"base": "adamw", "layers": LAYERS},
        ],
    },
    "divergence": {
        "game": "bilinear",
        "cards": [
            {"base": "sgd", "lr": 2.0}, {"base": "extragradient", "lr": 3.0, "layers": LAYERS},
            {"base": "optimistic", "lr": 2.0}, {"base": "sgd", "alternating": True, "lr": 4.0, "layers": LAYERS},
        ],
    },
}  # fmt: skip


@pytest.mark.parametrize("case", GAMES)
def test_the_script_of_a_game_repeats_the_run(case: str) -> None:
    config = GamesConfig.model_validate({"steps": 90, **GAMES[case]})
    assert_same_bits(executed(game_script(config)), expected(game_runs.game_run(config)))


def test_every_run_of_the_diverging_game_diverges() -> None:
    config = GamesConfig.model_validate({"steps": 90, **GAMES["divergence"]})
    assert (game_runs.game_run(config).diverged > 0).all()


@pytest.mark.parametrize("case", GAMES)
def test_the_script_of_a_game_has_a_loop_of_its_own(case: str) -> None:
    script = game_script(GamesConfig.model_validate(GAMES[case]))
    assert imported(script) <= ALLOWED
    assert "record(" not in script


def test_a_process_of_its_own_plays_a_game(tmp_path: Path) -> None:
    config = GamesConfig.model_validate({"steps": 60, **GAMES["every method"]})
    saved, _ = in_a_process(game_script(config), tmp_path)
    assert_same_bits(saved, expected(game_runs.game_run(config)))


def test_a_plain_run_is_a_short_script() -> None:
    assert len(surface_script(SurfacesConfig(surface="himmelblau")).splitlines()) < 110
