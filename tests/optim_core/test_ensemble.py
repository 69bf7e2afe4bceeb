"""Many networks at once against `train`, one by one: the same numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from optim_core.device import available_devices
from optim_core.ensemble import Member, MemberRun, train_together
from optim_core.layers import Layer
from optim_core.spec import OptimizerSpec, Schedule
from optim_core.training import TrainingRun, train

STEPS = 23
TWO = (Layer(2, 0.5), Layer(3, 0.8))
STACKS = ((), (Layer(5, 0.5),), TWO, (Layer(1, 1.0), Layer(2, 0.0), Layer(2, 0.3)))


@dataclass
class NetTask:
    """Regression by a small network in double precision on seeded batches; `flip` turns the targets round."""

    flip: bool = False
    convolutions: bool = False
    rows: int = 8
    players: tuple[str, ...] = ("model",)
    steps_per_epoch: int = 10

    def model(self, seed: int) -> nn.Module:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            if self.convolutions:
                body = [nn.Conv2d(1, 2, 3, padding=1), nn.MaxPool2d(2), nn.ReLU(inplace=True), nn.Flatten()]
                return nn.Sequential(*body, nn.Linear(8, 1)).double()
            return nn.Sequential(nn.Flatten(), nn.Linear(16, 6), nn.Tanh(), nn.Linear(6, 1)).double()

    def parameters(self, model: nn.Module, player: str) -> list[nn.Parameter]:
        return list(model.parameters())

    def batch(self, step: int, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
        generator = torch.Generator().manual_seed(1000 * seed + step)
        inputs = torch.randn(self.rows, 1, 4, 4, generator=generator, dtype=torch.float64)
        targets = inputs.mean((1, 2, 3)).sin()
        return inputs, -targets if self.flip else targets

    def loss(self, model: nn.Module, batch: tuple[torch.Tensor, torch.Tensor], player: str) -> torch.Tensor:
        return nn.functional.mse_loss(model(batch[0]).squeeze(-1), batch[1])

    def evaluate(self, model: nn.Module) -> dict[str, float]:
        with torch.no_grad():
            return {"loss": self.loss(model, self.batch(0, 99), "model").item()}

    def describe(self) -> dict[str, Any]:
        return {"flip": self.flip}


class Pair(nn.Module):
    def __init__(self, seed: int) -> None:
        super().__init__()
        self.x = nn.Parameter(torch.tensor([1.0 + seed], dtype=torch.float64))
        self.y = nn.Parameter(torch.tensor([0.5], dtype=torch.float64))


@dataclass
class GameTask(NetTask):
    """min_x max_y xy + x³/9: y moves first, as a discriminator does, and x sees where it went; no batch."""

    players: tuple[str, ...] = ("discriminator", "generator")

    def model(self, seed: int) -> nn.Module:
        return Pair(seed)

    def parameters(self, model: nn.Module, player: str) -> list[nn.Parameter]:
        return [model.y if player == "discriminator" else model.x]

    def batch(self, step: int, seed: int) -> None:
        return None

    def loss(self, model: nn.Module, batch: None, player: str) -> torch.Tensor:
        value = (model.x * model.y + model.x**3 / 9).sum()
        return -value if player == "discriminator" else value


def alone(members: Sequence[Member], **options: Any) -> list[TrainingRun]:
    return [train(member.task, member.optimizers, seed=member.seed, **options) for member in members]


def gap(run: MemberRun, single: TrainingRun) -> float:
    """The largest difference of anything that both measure, and of their last weights."""
    names = ("loss", "gradient_norm", "from_start", "slow_from_start", "separation")
    pairs = [(getattr(run.curves, name), getattr(single.curves, name)) for name in names]
    assert run.curves.metrics.keys() == single.curves.metrics.keys()
    pairs += [
        (run.curves.metrics[weights][name], values)
        for weights, columns in single.curves.metrics.items()
        for name, values in columns.items()
    ]
    if single.diverged is None:
        tracks = single.state["tracks"]
        pairs += [(weights.numpy(), tracks["proposal" if name == "fast" else name].numpy())
                  for name, weights in run.weights.items()]  # fmt: skip
    return max(float(np.abs(ours - theirs).max(initial=0.0)) for ours, theirs in pairs)


def specs(base: str = "sgd", **settings: Any) -> list[OptimizerSpec]:
    """Stacks of four depths at two lr."""
    lrs = (0.01, 0.05) if base in ("sgd", "momentum", "nesterov") else (0.001, 0.01)
    return [OptimizerSpec("", base, lr, layers, **settings) for layers in STACKS for lr in lrs]


@pytest.mark.parametrize(
    "settings",
    [
        {"base": "sgd"},
        {"base": "sgd", "weight_decay": 0.01, "schedule": Schedule("cosine")},
        {"base": "momentum", "sync_momentum": "pullback"},
        {"base": "nesterov", "sync_momentum": "reset", "schedule": Schedule("step", 7, 0.5)},
        {"base": "adam", "sync_momentum": "pullback"},
        {"base": "adamw", "weight_decay": 0.1},
        {"base": "rmsprop"},
        {"base": "adagrad"},
        {"base": "lion", "betas": (0.9, 0.99)},
    ],
    ids=lambda settings: settings["base"],
)
def test_members_are_the_runs_of_train(settings: dict[str, Any]) -> None:
    members = [Member(NetTask(flip=number % 3 == 0), spec, number % 2) for number, spec in enumerate(specs(**settings))]
    options = {"steps": STEPS, "evaluate_every": 10, "ema": 0.9}
    runs = train_together(members, **options)
    assert runs is not None
    assert max(gap(run, single) for run, single in zip(runs, alone(members, **options), strict=True)) < 1e-12


def test_outer_momentum_and_inner_buffers_are_those_of_train() -> None:
    layers = (Layer(2, 0.5, outer_momentum=0.4), Layer(2, 0.7, outer_momentum=0.3, outer_nesterov=True))
    both = [OptimizerSpec("", "sgd", 0.05, layers, inner_buffers=mode) for mode in ("keep", "reset")]
    members = [Member(NetTask(), spec, 0) for spec in (*both, OptimizerSpec("", "sgd", 0.05, TWO))]
    runs = train_together(members, STEPS)
    assert runs is not None
    assert max(gap(run, single) for run, single in zip(runs, alone(members, steps=STEPS), strict=True)) < 1e-12


@pytest.mark.parametrize("rows", [4, 16], ids=["stacked", "in turn"])
def test_convolutions_are_those_of_train(rows: int) -> None:
    task = NetTask(convolutions=True, rows=rows)
    members = [Member(task, spec, number) for number, spec in enumerate(specs())]
    runs = train_together(members, STEPS)
    assert runs is not None
    assert max(gap(run, single) for run, single in zip(runs, alone(members, steps=STEPS), strict=True)) < 1e-12


def test_two_players_move_in_turn_to_the_bit_of_train() -> None:
    members = [Member(GameTask(), spec, number % 2) for number, spec in enumerate(specs())]
    slower = {"discriminator": OptimizerSpec("", "sgd", 0.1, TWO), "generator": OptimizerSpec("", "sgd", 0.02, TWO)}
    members.append(Member(GameTask(), slower, 0))
    runs = train_together(members, STEPS, ema=0.5)
    assert runs is not None
    assert [gap(run, single) for run, single in zip(runs, alone(members, steps=STEPS, ema=0.5), strict=True)] == [
        0.0
    ] * len(members)


def test_a_member_that_diverges_ends_there_and_leaves_the_others_alone() -> None:
    calm, wild = OptimizerSpec("", "sgd", 0.01), OptimizerSpec("", "sgd", 1e150)
    members = [Member(NetTask(), calm, 0), Member(NetTask(), wild, 0), Member(NetTask(), wild.with_lr(1e300), 1)]
    runs = train_together(members, STEPS)
    singles = alone(members, steps=STEPS)
    assert runs is not None
    assert [run.diverged for run in runs] == [single.diverged for single in singles]
    assert runs[0].diverged is None
    assert runs[1].diverged is not None
    assert [len(run.curves.step) for run in runs] == [single.done for single in singles]
    assert gap(runs[0], singles[0]) < 1e-12


def test_an_ensemble_of_diverged_members_ends_early() -> None:
    steps: list[int] = []
    wild = OptimizerSpec("", "sgd", 1e300)
    train_together([Member(NetTask(), wild, 0)], STEPS, on_progress=lambda step, _: steps.append(step))
    assert 0 < steps[-1] < STEPS


def test_it_stops_when_asked_and_then_has_no_result() -> None:
    steps: list[int] = []
    member = Member(NetTask(), OptimizerSpec("", "sgd", 0.01), 0)
    result = train_together(
        [member], STEPS, on_progress=lambda step, _: steps.append(step), should_stop=lambda: len(steps) == 5
    )
    assert result is None
    assert steps == [1, 2, 3, 4, 5]


def test_the_same_members_give_the_same_bits_twice() -> None:
    members = [Member(NetTask(), spec, number) for number, spec in enumerate(specs())]
    first, second = (train_together(members, STEPS) for _ in range(2))
    assert first is not None
    assert second is not None
    assert all(
        torch.equal(one.weights["fast"], other.weights["fast"]) for one, other in zip(first, second, strict=True)
    )


@dataclass
class BatchNormTask(NetTask):
    def model(self, seed: int) -> nn.Module:
        return nn.Sequential(nn.Flatten(), nn.Linear(16, 4), nn.BatchNorm1d(4), nn.Linear(4, 1)).double()


@dataclass
class WideTask(NetTask):
    def model(self, seed: int) -> nn.Module:
        return nn.Sequential(nn.Flatten(), nn.Linear(16, 9), nn.Linear(9, 1)).double()


SGD = OptimizerSpec("", "sgd", 0.01)


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ([], "at least 1 member, got none"),
        ([Member(NetTask(), SGD, 0), Member(NetTask(), replace(SGD, base="adam"), 0)], "one base method.*sgd, adam"),
        ([Member(NetTask(), replace(SGD, base="muon"), 0)], "number by number, got muon"),
        ([Member(BatchNormTask(), SGD, 0)], "no state beside their parameters, got 2.running_mean"),
        ([Member(NetTask(), SGD, 0), Member(WideTask(), SGD, 0)], "networks of one shape"),
        ([Member(NetTask(), SGD, -1)], "seed must be a whole number"),
        ([Member(NetTask(), replace(SGD, base="extragradient"), 0)], "one gradient a step"),
    ],
)
def test_what_cannot_train_together_is_refused(members: list[Member], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        train_together(members, STEPS)


@pytest.mark.skipif("cuda" in available_devices(), reason="this machine has a CUDA device")
def test_a_device_that_is_not_at_hand_is_refused() -> None:
    with pytest.raises(ValueError, match="device 'cuda' is not at hand"):
        train_together([Member(NetTask(), SGD, 0)], STEPS, device="cuda")


@pytest.mark.skipif("cuda" not in available_devices(), reason="no CUDA device at hand")
@pytest.mark.parametrize("convolutions", [False, True])
def test_an_accelerator_gives_the_numbers_of_the_processor(*, convolutions: bool) -> None:
    members = [Member(NetTask(convolutions=convolutions, rows=16), spec, 0) for spec in specs("momentum")]
    ours, theirs = (train_together(members, STEPS, device=device) for device in ("cuda", "cpu"))
    assert ours is not None
    assert theirs is not None
    for one, other in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(one.weights["fast"].numpy(), other.weights["fast"].numpy(), rtol=1e-9)


def test_a_batch_that_is_no_tensor_is_refused() -> None:
    @dataclass
    class TextTask(NetTask):
        def batch(self, step: int, seed: int) -> Any:
            return "text"

        def evaluate(self, model: nn.Module) -> dict[str, float]:
            return {}

    with pytest.raises(TypeError, match="a batch must be a tensor, a tuple of tensors or None, got str"):
        train_together([Member(TextTask(), SGD, 0)], STEPS)
