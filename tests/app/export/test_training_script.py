"""The scripts that train networks and GANs again, executed in processes of their own: the curves to the last bit."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from threadpoolctl import threadpool_limits

from app.export.scripts.training import gan_script, network_script
from app.runs import networks as network_runs
from app.state import GansConfig, NetworksConfig
from optim_core.curves import curves_to_arrays
from optim_core.training import TrainingRun, train

ROOT = Path(__file__).parents[3]
LAYERS = [{"k": 3, "alpha": 0.5}, {"k": 2, "alpha": 0.8}]
SMALL = {"train_size": 60, "batch_size": 10, "steps": 14}
NETWORKS: dict[str, dict[str, Any]] = {
    "as the page opens": {"steps": 12, "seeds": 2},
    "wrong labels, shifted and mirrored images": {
        **SMALL, "label_noise": 0.3, "augmentation": "flip-shift", "network": "mlp", "seed": 3, "ema": 0.9,
        "cards": [
            {"base": "adam", "lr": 0.01, "layers": LAYERS, "sync_momentum": "pullback", "weight_decay": 0.01},
            {"base": "nesterov", "lr": 0.05, "layers": LAYERS, "schedule": "cosine"},
            {"base": "sgd", "lr": 0.1, "schedule": "step", "every": 4, "layers": LAYERS[:1]},
        ],
    },
    "further bases": {
        **SMALL, "network": "mlp",
        "cards": [{"base": "adagrad", "lr": 0.05}, {"base": "lion", "layers": LAYERS, "sync_momentum": "reset"}],
    },
    "filters and matrices by Muon": {
        **SMALL, "cards": [{"base": "muon", "lr": 0.02, "layers": LAYERS, "sync_momentum": "pullback"}],
    },
    "divergence": {**SMALL, "cards": [{"lr": 500.0}, {"base": "momentum", "lr": 900.0, "layers": LAYERS}]},
}  # fmt: skip
GANS: dict[str, dict[str, Any]] = {
    "as the page opens": {"steps": 20},
    "another world": {
        "dataset": "digits", "objective": "wgan-gp", "batch_size": 20, "steps": 15, "seed": 2, "seeds": 2, "ema": 0.9,
        "cards": [
            {"layers": LAYERS, "sync_momentum": "pullback", "schedule": "cosine", "generator_lr": 0.003},
            {"base": "rmsprop", "generator_base": "sgd", "schedule": "step", "every": 4, "layers": LAYERS[:1]},
        ],
    },
    "divergence": {"steps": 20, "cards": [{"base": "sgd", "lr": 1000, "generator_base": "sgd", "layers": LAYERS}]},
}  # fmt: skip
SLOW: dict[str, dict[str, Any]] = {
    network: {"train_size": 20, "batch_size": 10, "steps": 10, "network": network, "cards": [{"layers": LAYERS[:1]}]}
    for network in ("resnet18-gn", "resnet18-bn")
}


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """As workers have, in torch and in NumPy: how many threads share a sum decides its last bit."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    with pytest.MonkeyPatch.context() as patch, threadpool_limits(1):
        patch.setattr(network_runs, "EVALUATIONS", 3)
        yield
    torch.set_num_threads(before)


def runs_of(config: NetworksConfig | GansConfig) -> dict[str, TrainingRun]:
    """What the page's workers compute, by the names that scripts give their arrays."""
    return {
        f"{spec.name}/{one.seed}": train(
            config.task(), one.specs(), one.steps, one.seed, evaluate_every=one.evaluate_every, ema=one.ema
        )
        for spec, row in zip(config.specs(), network_runs.requests(config), strict=True)
        for one in row
    }


def arrays_of(script: str, folder: Path) -> dict[str, np.ndarray]:
    """What the script saves."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["run.py", str(folder / "numbers.npz")])
        patch.setenv("OPENBLAS_NUM_THREADS", "1")  # the script sets it: put back what was there
        exec(compile(script, "run.py", "exec", dont_inherit=True), {"__name__": "__main__"})
    with np.load(folder / "numbers.npz", allow_pickle=False) as file:
        return dict(file)


def saved_by(script: str, folder: Path) -> dict[str, np.ndarray]:
    """What the script saves when a new process runs it in a folder of its own."""
    (folder / "run.py").write_text(script, encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "run.py", "numbers.npz"]
    process = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert process.returncode == 0, process.stderr
    with np.load(folder / "numbers.npz", allow_pickle=False) as file:
        return dict(file)


def same_bits(array: np.ndarray, want: np.ndarray) -> bool:
    return array.dtype == want.dtype and array.shape == want.shape and array.tobytes() == want.tobytes()


def check(
    config: NetworksConfig | GansConfig, file_arrays: dict[str, np.ndarray], *metrics: str
) -> dict[str, TrainingRun]:
    """Losses, norms and distances, and at the evaluated steps the metrics of all weights, these among them."""
    want = runs_of(config)
    for run_name, run in want.items():
        arrays = curves_to_arrays(run.curves)
        assert {f"metric/fast/{name}" for name in metrics} <= arrays.keys()
        for name, values in arrays.items():
            assert same_bits(file_arrays.pop(f"{run_name}/{name}"), values), (run_name, name)
    assert not file_arrays
    return want


def check_network(config: NetworksConfig, arrays: dict[str, np.ndarray]) -> dict[str, TrainingRun]:
    return check(config, arrays, "test_loss", "test_accuracy")


def check_gan(config: GansConfig, arrays: dict[str, np.ndarray]) -> dict[str, TrainingRun]:
    return check(config, arrays, "test_frechet", "modes", "quality")


@pytest.mark.parametrize("case", NETWORKS)
def test_the_script_trains_the_same_networks(case: str, tmp_path: Path) -> None:
    config = NetworksConfig.model_validate(NETWORKS[case])
    runs = check_network(config, arrays_of(network_script(config), tmp_path))
    assert all((run.diverged is not None) == (case == "divergence") for run in runs.values())


def test_a_process_of_its_own_trains_the_same_networks(tmp_path: Path) -> None:
    config = NetworksConfig.model_validate(SMALL)
    check_network(config, saved_by(network_script(config), tmp_path))


@pytest.mark.parametrize("case", GANS)
def test_the_script_trains_the_same_gans(case: str, tmp_path: Path) -> None:
    config = GansConfig.model_validate(GANS[case])
    runs = check_gan(config, arrays_of(gan_script(config), tmp_path))
    assert all((run.diverged is not None) == (case == "divergence") for run in runs.values())


def test_a_process_of_its_own_trains_the_same_gans(tmp_path: Path) -> None:
    config = GansConfig(dataset="digits", steps=12, cards=GansConfig().cards[2:])
    check_gan(config, saved_by(gan_script(config), tmp_path))


@pytest.mark.parametrize("script", [network_script(NetworksConfig()), gan_script(GansConfig())])
def test_the_script_calls_train_and_knows_no_application(script: str) -> None:
    lines = [line for line in script.splitlines() if line.startswith(("import ", "from "))]
    assert "app" not in {line.split()[1].split(".")[0] for line in lines}
    assert "from optim_core import Layer, OptimizerSpec, train" in lines
    assert len(script.splitlines()) <= 60


@pytest.mark.parametrize("dataset", ["mnist", "fashion"])
def test_larger_sets_are_named(dataset: str) -> None:
    for script in (network_script(NetworksConfig(dataset=dataset)), gan_script(GansConfig(dataset=dataset))):
        compile(script, "run.py", "exec")
        assert f'Task(dataset="{dataset}", ' in script


@pytest.mark.slow
@pytest.mark.parametrize("case", SLOW)
def test_the_script_trains_the_same_residual_networks(
    case: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(network_runs, "EVALUATIONS", 1)
    config = NetworksConfig.model_validate(SLOW[case])
    check_network(config, arrays_of(network_script(config), tmp_path))
