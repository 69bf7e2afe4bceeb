"""The exported script, executed, gives the numbers of the app to the last bit."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.export.pages import page_of
from app.export.scripts.plane import game_script, surface_script
from app.runs import games as game_runs
from app.runs import surfaces as surface_runs
from app.state import GamesConfig, GansConfig, NetworksConfig, SurfacesConfig
from app.state.presets import PRESETS
from landscapes.games import GAMES
from landscapes.surfaces import SURFACES
from optim_core.averaging import exponential_average
from optim_core.spec import BASES

ROOT = Path(__file__).parents[3]
ALLOWED_MODULES = {"torch", "numpy", "optim_core", "landscapes", "math", "sys", "functools", "itertools"}
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
    "averages": {
        "surface": "rastrigin",
        "starts": ((4.4, -3.8), (1, 2)),
        "cards": [{"ema": 0.9}, {"ema": 0.99, "layers": LAYERS}, {"lr": 0.02}],
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
    "further bases": {
        "surface": "rosenbrock",
        "cards": [
            {"base": "adagrad", "lr": 0.1, "layers": LAYERS, "weight_decay": 0.01},
            {"base": "adagrad", "lr": 0.05, "schedule": "cosine"},
            {"base": "lion", "lr": 0.01, "layers": LAYERS, "sync_momentum": "pullback"},
            {"base": "lion", "lr": 0.02, "weight_decay": 0.1, "schedule": "step", "every": 20},
        ],
    },
    "averages of their own": {
        "surface": "levy",
        "noise": "gaussian",
        "starts": ((-8, 8), (3, 4), (1, -7)),
        "cards": [
            {"base": "schedule_free", "lr": 0.05, "weight_decay": 0.01},
            {"base": "adam", "lr": 0.1, "layers": LAYERS, "ema": 0.9},
            {"base": "gpa", "lr": 0.05, "mu_x": 0.9, "mu_y": 0.5, "schedule": "cosine"},
            {"base": "average", "lr": 0.05, "mu_y": 0.5, "ema": 0.9},
        ],
    },
    "averages that leave": {
        "surface": "ravine",
        "cards": [{"base": base, "lr": 9.0} for base in ("schedule_free", "gpa", "average", "sgd")],
    },
    "outer momentum": {
        "surface": "himmelblau",
        "cards": [
            {"lr": 0.01, "layers": [{"k": 5, "alpha": 0.7, "outer_momentum": 0.9, "outer_nesterov": True}]},
            {"lr": 0.01, "layers": [{"k": 3, "alpha": 0.5}, {"k": 2, "alpha": 0.5, "outer_momentum": 0.5}]},
            {"lr": 0.01, "layers": LAYERS},
            {
                "lr": 0.01,
                "inner_buffers": "reset",
                "layers": [{"k": 3, "alpha": 0.5, "outer_momentum": 0.5}, {"k": 2, "alpha": 0.8}],
            },
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


def expected(config: SurfacesConfig | GamesConfig) -> dict[str, np.ndarray]:
    """What the app computes, by the names under which the script saves it."""
    run = surface_runs.surface_run(config) if isinstance(config, SurfacesConfig) else game_runs.game_run(config)
    arrays = {"loss": run.loss}
    for index, (name, card) in enumerate(zip(run.names, config.active, strict=True)):
        arrays[name] = np.stack([run.fast[:, index], *run.slow[index]], axis=1)
        if card.shown_ema:
            arrays[f"{name}, averaged"] = exponential_average(arrays[name][:, :1], card.ema)
    return arrays


def bits(array: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(array).view(np.uint64)


def assert_same_bits(arrays: dict[str, np.ndarray], want: dict[str, np.ndarray]) -> None:
    assert arrays.keys() == want.keys()
    for name, array in want.items():
        assert arrays[name].shape == array.shape, name
        assert np.array_equal(bits(arrays[name]), bits(array)), name


def arrays_of(script: str, folder: Path) -> dict[str, np.ndarray]:
    """What the script saves."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["run.py", str(folder / "numbers.npz")])
        exec(compile(script, "run.py", "exec", dont_inherit=True), {"__name__": "__main__"})
    with np.load(folder / "numbers.npz", allow_pickle=False) as file:
        return dict(file)


@pytest.mark.parametrize("case", CASES)
def test_the_script_repeats_the_run(case: str, tmp_path: Path) -> None:
    config = SurfacesConfig.model_validate({"steps": 120, **CASES[case]})
    assert_same_bits(arrays_of(surface_script(config), tmp_path), expected(config))


@pytest.mark.parametrize("key", SURFACES)
def test_the_script_repeats_a_run_on_every_surface(key: str, tmp_path: Path) -> None:
    (low_x, high_x), (low_y, high_y) = SURFACES[key].domain
    starts = tuple((low_x + t * (high_x - low_x), low_y + t * (high_y - low_y)) for t in (0.1, 0.35, 0.8))
    config = SurfacesConfig(surface=key, starts=(SURFACES[key].start, *starts), steps=80)
    assert_same_bits(arrays_of(surface_script(config), tmp_path), expected(config))


@pytest.mark.parametrize("name", PRESETS["surfaces"] | PRESETS["games"])
def test_the_script_repeats_a_ready_made_run(name: str, tmp_path: Path) -> None:
    config = (PRESETS["surfaces"] | PRESETS["games"])[name].config
    assert_same_bits(arrays_of(page_of(config).script(config, "run.py"), tmp_path), expected(config))


def test_the_divergence_of_that_case_is_real() -> None:
    config = SurfacesConfig.model_validate({"steps": 120, **CASES["divergence"]})
    assert (surface_runs.surface_run(config).diverged > 0).all()


def in_a_process(script: str, folder: Path) -> tuple[dict[str, np.ndarray], str]:
    """What the script saves and prints when it is run in a folder of its own."""
    (folder / "run.py").write_text(script, encoding="utf-8")
    process = subprocess.run(
        [sys.executable, "run.py", "numbers.npz"], cwd=folder, env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    with np.load(folder / "numbers.npz", allow_pickle=False) as file:
        return dict(file), process.stdout


def test_a_process_of_its_own_runs_the_script_and_keeps_the_numbers(tmp_path: Path) -> None:
    config = SurfacesConfig(surface="gaussian_wells", noise="gaussian", starts=((2.2, 1.8),), steps=150, seed=3)
    arrays, output = in_a_process(surface_script(config), tmp_path)
    want = expected(config)
    assert_same_bits(arrays, want)
    x, y = want["Multilayer Lookahead (5, .5)(5, .5)"][-1, 0, 0].tolist()
    assert f"Multilayer Lookahead (5, .5)(5, .5) from (2.2, 1.8): x = {x!r}, y = {y!r}" in output


def packages(script: str) -> set[str]:
    lines = [line for line in script.splitlines() if line.startswith(("import ", "from "))]
    return {line.split()[1].split(".")[0] for line in lines}


@pytest.mark.parametrize("case", CASES)
def test_the_script_needs_torch_and_the_library_alone(case: str) -> None:
    assert packages(surface_script(SurfacesConfig.model_validate(CASES[case]))) <= ALLOWED_MODULES


GAME_CASES: dict[str, dict[str, Any]] = {
    "written-out gradient": {"game": "forsaken", "starts": ((-1, -1), (0.5, 0.7))},
    "a parameter": {"game": "quadratic", "parameter": 0.25},
    "autograd, noise": {"game": "dirac_gan_penalty", "parameter": 0.4, "noise": "gaussian", "seed": 3},
    "heavy tails": {"game": "bilinear", "noise": "student"},
    "torch's bases": {"game": "dirac_gan", "cards": [{"base": base, "layers": LAYERS} for base in BASES[:4]]},
    "further bases": {"game": "dirac_gan", "cards": [{"base": base, "layers": LAYERS} for base in BASES[4:]]},
    "every method": {
        "game": "limit_cycle",
        "noise": "multiplicative",
        "starts": ((-1, -1), (0.5, 0.7)),
        "cards": [
            {"base": "extragradient", "layers": LAYERS, "ema": 0.9},
            {"base": "optimistic"}, {"base": "sgd", "alternating": True},
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


@pytest.mark.parametrize("case", GAME_CASES)
def test_the_script_of_a_game_repeats_the_run(case: str, tmp_path: Path) -> None:
    config = GamesConfig.model_validate({"steps": 90, **GAME_CASES[case]})
    assert_same_bits(arrays_of(game_script(config), tmp_path), expected(config))


@pytest.mark.parametrize("key", GAMES)
def test_the_script_repeats_a_run_of_every_game(key: str, tmp_path: Path) -> None:
    config = GamesConfig(game=key, steps=80)
    assert_same_bits(arrays_of(game_script(config), tmp_path), expected(config))


def test_every_run_of_the_diverging_game_diverges() -> None:
    config = GamesConfig.model_validate({"steps": 90, **GAME_CASES["divergence"]})
    assert (game_runs.game_run(config).diverged > 0).all()


@pytest.mark.parametrize("case", GAME_CASES)
def test_the_script_of_a_game_has_a_loop_of_its_own(case: str) -> None:
    script = game_script(GamesConfig.model_validate(GAME_CASES[case]))
    assert packages(script) <= ALLOWED_MODULES
    assert "record(" not in script


def test_a_process_of_its_own_plays_a_game(tmp_path: Path) -> None:
    config = GamesConfig.model_validate({"steps": 60, **GAME_CASES["every method"]})
    arrays, _ = in_a_process(game_script(config), tmp_path)
    assert_same_bits(arrays, expected(config))


def code_lines(script: str) -> int:
    """Lines of code: neither blank nor of the docstring on top."""
    return sum(1 for line in script.split('"""', 2)[2].splitlines() if line)


def test_a_plain_run_is_a_short_script() -> None:
    for script in (surface_script(SurfacesConfig(surface="himmelblau")), game_script(GamesConfig())):
        assert len(script.splitlines()) <= 60
        assert code_lines(script) <= 40


@pytest.mark.parametrize("name", PRESETS["surfaces"] | PRESETS["games"])
def test_the_script_of_a_ready_made_run_is_short(name: str) -> None:
    config = (PRESETS["surfaces"] | PRESETS["games"])[name].config
    assert code_lines(page_of(config).script(config, "run.py")) <= 60


def test_scripts_are_written_as_a_formatter_would_write_them(tmp_path: Path) -> None:
    presets = PRESETS["surfaces"] | PRESETS["games"] | PRESETS["networks"] | PRESETS["gans"]
    many = [{"layers": LAYERS, "momentum": 0.1234567, "base": "nesterov", "sync_momentum": "pullback", "ema": 0.9}] * 4
    long = {
        "cards": many,
        "starts": [(0.123456789, 0.1 * i) for i in range(9)],
        "noise": "student",
        "noise_freedom": 2.5,
    }
    configs = [
        *(preset.config for preset in presets.values()),
        *(SurfacesConfig.model_validate(case) for case in CASES.values()),
        *(GamesConfig.model_validate(case) for case in GAME_CASES.values()),
        SurfacesConfig.model_validate(long),
        SurfacesConfig.model_validate(
            {"surface": "formula", "formula": "((x+y)^-x*2e7*(-3)^x)/(y-(x-1))-(-x)^2*-y^2^x"}
        ),
        GamesConfig.model_validate({"game": "dirac_gan_penalty", **long}),
        NetworksConfig(cards=NetworksConfig().cards[:1], seeds=3, ema=0.9),
        GansConfig.model_validate({"cards": [{"layers": LAYERS, "schedule": "step", "weight_decay": 0.001}]}),
    ]
    for number, config in enumerate(configs):
        (tmp_path / f"script_{number}.py").write_text(page_of(config).script(config, "run.py"), encoding="utf-8")
    for command in (["format", "--diff"], ["check", "--select", "E4,E7,E9,F,UP,C4,SIM", "--ignore", "E402"]):
        process = subprocess.run(
            [sys.executable, "-m", "ruff", *command, "--isolated", "--line-length", "120", str(tmp_path)],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert process.returncode == 0, process.stdout + process.stderr


@pytest.mark.parametrize(
    "formula",
    [
        "x-(y-1)-(x+2)/(3/(y^2+1))",
        "-(x*y)^2+(-x)^2*2-x^-2+2^-y^2",
        "min(3,2,x)+max(1/3,y)*.1",
        "--x^2+y^2",
        "x*(y/x)/3",
    ],
)
def test_a_formula_means_in_python_what_it_means_in_the_app(formula: str, tmp_path: Path) -> None:
    config = SurfacesConfig.model_validate({"surface": "formula", "formula": formula, "steps": 40})
    assert_same_bits(arrays_of(surface_script(config), tmp_path), expected(config))


def test_the_script_says_outer_momentum_where_there_is_some_alone() -> None:
    text = surface_script(SurfacesConfig.model_validate(CASES["outer momentum"]))
    assert text.count("outer_momentum=") == text.count("outer_nesterov=") == 3
    assert "outer_momentum=[0.9], outer_nesterov=[True]" in " ".join(text.split())
