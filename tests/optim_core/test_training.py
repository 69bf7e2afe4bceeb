from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from optim_core.layers import Layer
from optim_core.snapshots import FolderSink, read_folder
from optim_core.spec import OptimizerSpec, Schedule
from optim_core.task import set_weights
from optim_core.training import TrainingRun, train
from optim_core.trajectory import record

TWO = (Layer(2, 0.5), Layer(3, 0.8))


def himmelblau(x: torch.Tensor) -> torch.Tensor:
    return (x[..., 0] ** 2 + x[..., 1] - 11) ** 2 + (x[..., 0] + x[..., 1] ** 2 - 7) ** 2


class Point(nn.Module):
    """A network of two parameters."""

    def __init__(self, start: tuple[float, float]) -> None:
        super().__init__()
        self.weights = nn.Parameter(torch.tensor(start, dtype=torch.float64))


@dataclass
class PointTask:
    """Minimise a surface: the batch is nothing."""

    start: tuple[float, float] = (-1.0, 2.0)
    objective: Callable[[torch.Tensor], torch.Tensor] = himmelblau
    players: tuple[str, ...] = ("model",)
    steps_per_epoch: int = 10

    def model(self, seed: int) -> nn.Module:
        return Point(self.start)

    def parameters(self, model: nn.Module, player: str) -> list[nn.Parameter]:
        return list(model.parameters())

    def batch(self, step: int, seed: int) -> None:
        return None

    def loss(self, model: nn.Module, batch: None, player: str) -> torch.Tensor:
        return self.objective(model.weights)

    def evaluate(self, model: nn.Module) -> dict[str, float]:
        return {"loss": self.objective(model.weights).item()}

    def describe(self) -> dict[str, Any]:
        return {"kind": "point", "start": list(self.start)}


class Pair(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.x = nn.Parameter(torch.tensor([1.0], dtype=torch.float64))
        self.y = nn.Parameter(torch.tensor([0.5], dtype=torch.float64))


@dataclass
class BilinearTask(PointTask):
    """min_x max_y xy; y moves first, as a discriminator does."""

    players: tuple[str, ...] = ("discriminator", "generator")

    def model(self, seed: int) -> nn.Module:
        return Pair()

    def parameters(self, model: nn.Module, player: str) -> list[nn.Parameter]:
        return [model.y if player == "discriminator" else model.x]

    def loss(self, model: nn.Module, batch: None, player: str) -> torch.Tensor:
        product = (model.x * model.y).sum()
        return -product if player == "discriminator" else product

    def evaluate(self, model: nn.Module) -> dict[str, float]:
        return {"distance": (model.x**2 + model.y**2).sqrt().item()}


class Noisy(nn.Module):
    """A net with everything that a checkpoint could forget: dropout, running statistics, several shapes."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.net = nn.Sequential(nn.Linear(3, 5), nn.BatchNorm1d(5), nn.Dropout(0.3), nn.Linear(5, 1))


@dataclass
class NoisyTask(PointTask):
    """Regression on seeded batches; counts how often statistics were refreshed."""

    refreshes: list[str] = field(default_factory=list)

    def model(self, seed: int) -> nn.Module:
        return Noisy(seed)

    def batch(self, step: int, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
        generator = torch.Generator().manual_seed(seed * 1000 + step)
        inputs = torch.randn(8, 3, generator=generator)
        return inputs, inputs.sum(1, keepdim=True)

    def loss(self, model: nn.Module, batch: tuple[torch.Tensor, torch.Tensor], player: str) -> torch.Tensor:
        return nn.functional.mse_loss(model.net(batch[0]), batch[1])

    def refresh_statistics(self, model: nn.Module) -> None:
        self.refreshes.append("refreshed")
        model.net[1].running_mean.fill_(7.0)

    def evaluate(self, model: nn.Module) -> dict[str, float]:
        model.eval()
        loss = self.loss(model, self.batch(10_000, 0), "model").item()
        model.train()
        return {"loss": loss, "mean": model.net[1].running_mean[0].item()}

    def describe(self) -> dict[str, Any]:
        return {"kind": "noisy"}


def surface_field(x: torch.Tensor, _: int) -> tuple[torch.Tensor, torch.Tensor]:
    x = x.detach().requires_grad_()
    loss = himmelblau(x)
    (gradient,) = torch.autograd.grad(loss.sum(), x)
    return loss.detach(), gradient


def through_a_file(state: Any) -> Any:
    buffer = io.BytesIO()
    torch.save(dict(state), buffer)
    return torch.load(io.BytesIO(buffer.getvalue()), weights_only=True)


def stop_after(steps: int) -> Callable[[], bool]:
    counter = iter(range(10**6))
    return lambda: next(counter) >= steps


def assert_same(one: TrainingRun, other: TrainingRun) -> None:
    for name in ("step", "loss", "gradient_norm", "from_start", "slow_from_start", "separation", "evaluated"):
        np.testing.assert_array_equal(getattr(one.curves, name), getattr(other.curves, name))
    assert one.curves.metrics.keys() == other.curves.metrics.keys()
    for weights, columns in one.curves.metrics.items():
        for name, values in columns.items():
            np.testing.assert_array_equal(values, other.curves.metrics[weights][name])
    np.testing.assert_array_equal(one.snapshots.step, other.snapshots.step)
    for name, rows in one.snapshots.tracks.items():
        np.testing.assert_array_equal(rows, other.snapshots.tracks[name])


@pytest.mark.parametrize("layers", [(), (Layer(3, 0.5),), TWO, (Layer(2, 0.5), Layer(2, 1.0), Layer(2, 0.3))])
@pytest.mark.parametrize(("base", "lr"), [("sgd", 0.01), ("momentum", 0.002), ("adam", 0.05)])
def test_a_network_of_two_parameters_moves_as_record_moves_it(layers: tuple[Layer, ...], base: Any, lr: float) -> None:
    spec = OptimizerSpec("one", base, lr, layers, schedule=Schedule("cosine"))
    run = train(PointTask(), spec, 40, 0, snapshot_every=1)
    trajectory = record(surface_field, [spec], [(-1.0, 2.0)], 40)
    np.testing.assert_array_equal(run.snapshots.proposal, trajectory.proposal[:, 0, 0])
    np.testing.assert_array_equal([run.snapshots.fast(row) for row in range(41)], trajectory.fast[:, 0, 0])
    for mine, theirs in zip(run.snapshots.slow, trajectory.slow[0], strict=True):
        np.testing.assert_array_equal(mine, theirs[:, 0])
    np.testing.assert_array_equal(run.snapshots.synchronised, trajectory.synchronised[:, 0])
    np.testing.assert_allclose(run.curves.loss[0], trajectory.loss[:-1, 0, 0], rtol=1e-14)
    np.testing.assert_allclose(run.curves.gradient_norm[0], trajectory.gradient_norm[:-1, 0, 0], rtol=1e-14)


def test_players_take_turns_and_synchronise_together() -> None:
    spec = OptimizerSpec("one", "sgd", 0.1, (Layer(2, 0.5),))
    run = train(BilinearTask(), spec, 4, 0, snapshot_every=1)
    x, y, slow_x, slow_y, rows = 1.0, 0.5, 1.0, 0.5, []
    for step in range(1, 5):
        y = y + 0.1 * x  # the discriminator first,
        x = x - 0.1 * y  # then the generator, which sees its move
        rows.append([y, x])
        if step % 2 == 0:
            slow_x, slow_y = slow_x + 0.5 * (x - slow_x), slow_y + 0.5 * (y - slow_y)
            x, y = slow_x, slow_y
    np.testing.assert_allclose(run.snapshots.proposal[1:], rows, rtol=1e-14)
    np.testing.assert_allclose(run.snapshots.outermost[-1], [slow_y, slow_x], rtol=1e-14)
    assert run.sizes == (1, 1)
    assert run.curves.loss.shape == (2, 4)


def test_players_may_have_optimizers_of_their_own_but_share_the_periods() -> None:
    fast = OptimizerSpec("d", "sgd", 0.3, (Layer(2, 0.5),))
    slow = OptimizerSpec("g", "sgd", 0.1, (Layer(2, 0.9),))
    run = train(BilinearTask(), {"discriminator": fast, "generator": slow}, 1, 0, snapshot_every=1)
    np.testing.assert_allclose(run.snapshots.proposal[1], [0.5 + 0.3 * 1.0, 1.0 - 0.1 * 0.8], rtol=1e-14)
    with pytest.raises(ValueError, match="same periods k"):
        train(BilinearTask(), {"discriminator": fast, "generator": OptimizerSpec("g", "sgd", 0.1)}, 1, 0)
    with pytest.raises(ValueError, match=r"one gradient a step .*, got base 'extragradient' with 2"):
        train(BilinearTask(), OptimizerSpec("e", "extragradient", 0.1), 1, 0)
    with pytest.raises(ValueError, match="exactly the players"):
        train(BilinearTask(), {"generator": slow}, 1, 0)


@pytest.mark.parametrize("stop", [1, 5, 6, 7, 17])
@pytest.mark.parametrize("base", ["nesterov", "adam"])
def test_an_interrupted_run_ends_bit_for_bit_as_an_uninterrupted_one(stop: int, base: Any) -> None:
    spec = OptimizerSpec("one", base, 0.02, TWO, sync_momentum="pullback", schedule=Schedule("step", every=7))
    options: dict[str, Any] = {"evaluate_every": 4, "snapshot_every": 3, "ema": 0.9}
    whole = train(NoisyTask(), spec, 20, 3, **options)
    part = train(NoisyTask(), spec, 20, 3, **options, should_stop=stop_after(stop))
    assert (part.done, part.complete) == (stop, False)
    rest = train(NoisyTask(), spec, 20, 3, **options, resume_from=through_a_file(part.state))
    assert rest.complete
    assert_same(whole, rest)
    for name, value in whole.state["model"].items():
        assert torch.equal(value, rest.state["model"][name])


def test_snapshots_on_disk_continue_where_the_checkpoint_was(tmp_path: Path) -> None:
    spec, options = OptimizerSpec("one", "sgd", 0.02, TWO), {"snapshot_every": 2, "evaluate_every": 5}
    whole = train(NoisyTask(), spec, 20, 0, **options)
    states: list[Any] = []

    def keep(training: Any) -> None:
        if training.step == 9:
            states.append(through_a_file(training.state()))

    train(NoisyTask(), spec, 20, 0, **options, sink=FolderSink(tmp_path), on_progress=keep, should_stop=stop_after(14))
    assert len(np.load(tmp_path / "slow_1.npy")) == 8  # rows beyond the checkpoint, to be cut
    rest = train(NoisyTask(), spec, 20, 0, **options, sink=FolderSink(tmp_path), resume_from=states[0])
    assert_same(whole, rest)
    assert isinstance(rest.snapshots.proposal, np.memmap)


def test_a_checkpoint_whose_snapshots_are_gone_is_refused(tmp_path: Path) -> None:
    part = train(PointTask(), OptimizerSpec("one"), 9, 0, snapshot_every=1, sink=FolderSink(tmp_path))
    (tmp_path / "proposal.npy").unlink()
    with pytest.raises(ValueError, match="must hold 10 rows"):
        train(
            PointTask(), OptimizerSpec("one"), 9, 0, snapshot_every=1, sink=FolderSink(tmp_path), resume_from=part.state
        )


def test_a_state_of_another_run_is_refused_and_another_name_is_not() -> None:
    part = train(PointTask(), OptimizerSpec("one"), 9, 0, should_stop=stop_after(3))
    with pytest.raises(ValueError, match="resume_from must be a state of the same task"):
        train(PointTask(), OptimizerSpec("one", lr=0.02), 9, 0, resume_from=part.state)
    assert train(PointTask(), OptimizerSpec("renamed"), 9, 0, resume_from=part.state).done == 9


def test_what_a_model_draws_depends_on_seed_and_step_and_the_callers_generator_is_left_alone() -> None:
    torch.manual_seed(11)
    expected = torch.rand(1)
    torch.manual_seed(11)
    first = train(NoisyTask(), OptimizerSpec("one"), 6, 0)
    assert torch.equal(torch.rand(1), expected)
    with_layers = train(NoisyTask(), OptimizerSpec("two", layers=(Layer(6, 0.5),)), 6, 0)
    np.testing.assert_array_equal(first.curves.loss, with_layers.curves.loss)  # the same weights, batches and dropout
    assert not np.array_equal(first.curves.loss, train(NoisyTask(), OptimizerSpec("one"), 6, 1).curves.loss)


def test_divergence_ends_the_run_and_is_reported_with_its_step() -> None:
    run = train(PointTask(objective=lambda w: (w**4).sum()), OptimizerSpec("one", lr=2.0), 50, 0, snapshot_every=1)
    assert run.diverged is not None
    assert 2 <= run.diverged <= 10
    assert run.done == run.diverged - 1
    assert run.complete
    assert np.isfinite(run.curves.loss).all()
    assert np.isfinite(run.snapshots.proposal).all()
    again = train(
        PointTask(objective=lambda w: (w**4).sum()),
        OptimizerSpec("one", lr=2.0),
        50,
        0,
        snapshot_every=1,
        resume_from=run.state,
    )
    assert again.diverged == run.diverged


def test_distances_are_those_of_the_snapshots() -> None:
    run = train(NoisyTask(), OptimizerSpec("one", layers=TWO), 12, 0, snapshot_every=1)
    fast, slow = run.snapshots.proposal, run.snapshots.outermost
    for curve, difference in (
        (run.curves.from_start, fast - fast[0]),
        (run.curves.slow_from_start, slow - fast[0]),
        (run.curves.separation, fast - slow),
    ):
        np.testing.assert_allclose(curve, np.linalg.norm(difference, axis=1)[1:], rtol=1e-5)
    assert np.flatnonzero(np.diff(slow[:, 0])).tolist() == [5, 11]  # the outer layer moves at steps 6 and 12


def test_metrics_are_of_the_weights_they_name() -> None:
    run = train(PointTask(), OptimizerSpec("one", layers=TWO), 12, 0, evaluate_every=5, snapshot_every=1, ema=0.5)
    assert run.curves.evaluated.tolist() == [0, 5, 10, 12]
    tracks = {"fast": "proposal", "slow_1": "slow_1", "slow_2": "slow_2", "ema": "ema"}
    assert run.curves.metrics.keys() == tracks.keys()
    for weights, track in tracks.items():
        rows = torch.from_numpy(np.array(run.snapshots.tracks[track][run.curves.evaluated.tolist()]))
        np.testing.assert_array_equal(run.curves.metrics[weights]["loss"], himmelblau(rows))


def test_the_average_is_of_the_fast_weights_after_each_step() -> None:
    run = train(PointTask(), OptimizerSpec("one", layers=TWO), 9, 0, snapshot_every=1, ema=0.8)
    average = np.array([-1.0, 2.0])
    for row in range(1, 10):
        average = 0.8 * average + 0.2 * run.snapshots.fast(row)
        np.testing.assert_allclose(run.snapshots.tracks["ema"][row], average, rtol=1e-14)


def test_statistics_are_refreshed_for_slow_and_averaged_weights_only_and_never_in_training() -> None:
    task = NoisyTask()
    run = train(task, OptimizerSpec("one", layers=(Layer(2, 0.5),)), 4, 0, evaluate_every=2, ema=0.9)
    assert run.curves.metrics["slow_1"]["mean"].tolist() == [7.0, 7.0, 7.0]
    assert run.curves.metrics["ema"]["mean"].tolist() == [7.0, 7.0, 7.0]
    assert len(task.refreshes) == 6
    assert abs(run.curves.metrics["fast"]["mean"]).max() < 1
    assert run.state["model"]["net.1.running_mean"].abs().max() < 1


def test_set_weights_is_the_inverse_of_a_snapshot() -> None:
    task = NoisyTask()
    run = train(task, OptimizerSpec("one"), 3, 0, snapshot_every=3)
    model = task.model(99)
    set_weights(task, model, torch.from_numpy(np.array(run.snapshots.fast(-1))))
    for name, value in model.named_parameters():
        assert torch.equal(value, run.state["model"][name])


def test_progress_is_called_after_each_step_with_what_there_is() -> None:
    reports = []
    train(PointTask(), OptimizerSpec("one"), 3, 0, on_progress=lambda t: reports.append((t.step, len(t.curves().step))))
    assert reports == [(1, 1), (2, 2), (3, 3)]


@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 0.0), ("float32", 6e-8), ("float16", 5e-4)])
def test_a_folder_holds_what_memory_holds_to_its_precision(tmp_path: Path, dtype: str, tolerance: float) -> None:
    spec = OptimizerSpec("one", layers=TWO)
    memory = train(PointTask(), spec, 7, 0, snapshot_every=2).snapshots
    folder = train(PointTask(), spec, 7, 0, snapshot_every=2, sink=FolderSink(tmp_path, dtype)).snapshots
    assert folder.step.tolist() == [0, 2, 4, 6, 7]
    for name, rows in memory.tracks.items():
        assert folder.tracks[name].dtype == np.dtype(dtype)
        np.testing.assert_allclose(folder.tracks[name].astype(np.float64), rows, rtol=tolerance, atol=0)


def test_float16_stores_its_bound_instead_of_infinity(tmp_path: Path) -> None:
    sink = FolderSink(tmp_path, "float16")
    sink.open(["proposal"], 2)
    sink.append(0, {"proposal": torch.tensor([1e6, -1e6])})
    assert sink.close()[1]["proposal"].tolist() == [[65504.0, -65504.0]]


def test_rows_can_be_read_while_more_are_written(tmp_path: Path) -> None:
    sink = FolderSink(tmp_path)
    sink.open(["proposal"], 3)
    for step in range(4):
        sink.append(step, {"proposal": torch.full((3,), float(step))})
    sink.state()
    steps, tracks = read_folder(tmp_path, ["proposal"])
    sink.append(4, {"proposal": torch.zeros(3)})
    assert steps.tolist() == [0, 1, 2, 3]
    assert tracks["proposal"][:, 0].tolist() == [0.0, 1.0, 2.0, 3.0]


def test_a_new_run_in_an_old_folder_leaves_nothing_of_the_old_one(tmp_path: Path) -> None:
    for rows in (5, 2):
        sink = FolderSink(tmp_path)
        sink.open(["proposal"], 3)
        for step in range(rows):
            sink.append(step, {"proposal": torch.zeros(3)})
        sink.close()
        assert len(np.load(tmp_path / "step.npy")) == rows
        assert (tmp_path / "proposal.npy").stat().st_size == 128 + rows * 3 * 4


def test_results_are_read_only() -> None:
    run = train(PointTask(), OptimizerSpec("one"), 2, 0, snapshot_every=1)
    with pytest.raises(ValueError, match="read-only"):
        run.curves.loss[0, 0] = 1
    with pytest.raises(ValueError, match="read-only"):
        run.snapshots.proposal[0, 0] = 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"steps": 0}, "steps must be a whole number from 1 to 1000000, got 0"),
        ({"steps": 2.0}, "steps must be a whole number"),
        ({"steps": True}, "steps must be a whole number"),
        ({"seed": -1}, "seed must be a whole number from 0"),
        ({"evaluate_every": 0}, "evaluate_every must be a whole number at least 1, got 0"),
        ({"snapshot_every": -3}, "snapshot_every must be a whole number at least 1, got -3"),
        ({"ema": 1.0}, r"ema must be a decay in \[0, 1\), got 1.0"),
        ({"ema": float("nan")}, "ema must be a decay"),
    ],
)
def test_bad_numbers_are_refused_by_name(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        train(PointTask(), OptimizerSpec("one"), **{"steps": 3, "seed": 0, **options})


def test_an_unknown_snapshot_dtype_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="snapshot dtype must be one of"):
        FolderSink(tmp_path, "int8")
