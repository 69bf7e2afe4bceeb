"""Devices: what is chosen and refused, and that every step goes through the same path wherever it runs."""

import json
from collections import namedtuple
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from landscapes.sharpness import sharpness
from landscapes.tasks import ClassifierTask, GanTask, RegressionTask
from optim_core import Layer, OptimizerSpec
from optim_core import device as device_module
from optim_core import training as training_module
from optim_core.device import available_devices, mixed_precision, moved, placed, resolved_device
from optim_core.training import Plan, Training, train

TASK = ClassifierTask(train_size=100, batch_size=10, evaluation_size=50)
SPEC = OptimizerSpec("two layers", "momentum", 0.02, (Layer(2, 0.5), Layer(3, 0.5)))
ACCELERATORS = available_devices()[1:]
on_accelerator = pytest.mark.skipif(not ACCELERATORS, reason="PyTorch finds no accelerator on this machine")


def test_an_absent_device_is_refused_with_what_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device_module, "available_devices", lambda: ("cpu",))
    assert (resolved_device("auto"), resolved_device("cpu")) == ("cpu", "cpu")
    for name, maker in (("cuda", "CUDA"), ("mps", "Metal")):
        with pytest.raises(
            ValueError, match=f"'{name}' is not at hand: PyTorch finds no {maker} device.*has cpu; choose"
        ):
            resolved_device(name)
        with pytest.raises(ValueError, match="is not at hand"):
            train(TASK, SPEC, 5, 0, device=name)
    with pytest.raises(ValueError, match="device must be one of auto, cpu, cuda, mps, got 'tpu'"):
        resolved_device("tpu")
    with pytest.raises(ValueError, match="device must be one of cpu, cuda, mps, got 'auto'"):
        Plan(5, 0, device="auto")


def test_auto_is_the_accelerator_where_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device_module, "available_devices", lambda: ("cpu", "mps"))
    assert resolved_device("auto") == "mps"


def test_a_batch_keeps_its_kind_and_its_values_where_it_is_moved() -> None:
    pair = namedtuple("pair", ["left", "right"])
    tensor = torch.arange(3)
    batch = {"a": pair(tensor, 5), "b": [tensor, (tensor, "text")], "c": None}
    there: Any = moved(batch, "meta")
    assert type(there["a"]) is pair
    assert [t.device.type for t in (there["a"].left, there["b"][0], there["b"][1][0])] == ["meta"] * 3
    assert (there["a"].right, there["b"][1][1], there["c"]) == (5, "text", None)
    assert moved(TASK.batch(0, 0), "cpu").images is not None
    assert moved(tensor, "cpu") is tensor


def test_on_the_processor_nothing_is_changed() -> None:
    model = TASK.model(0)
    assert placed(model, "cpu") is model
    with mixed_precision(model, "cpu"):
        assert not torch.is_autocast_enabled("cpu")
    assert model(TASK.batch(0, 0).images).dtype == torch.float32


@pytest.mark.filterwarnings("ignore:CUDA is not available")
def test_only_convolutions_on_cuda_are_computed_in_bfloat16() -> None:
    context = mixed_precision(TASK.model(0), "cuda")
    assert isinstance(context, torch.autocast)
    assert context.fast_dtype == torch.bfloat16
    for model, device in ((nn.Linear(2, 2), "cuda"), (TASK.model(0), "mps"), (TASK.model(0), "cpu")):
        assert not isinstance(mixed_precision(model, device), torch.autocast)


def test_states_and_plans_of_the_processor_are_as_before_there_was_a_choice() -> None:
    run = train(TASK, SPEC, 6, 0, device="auto" if not ACCELERATORS else "cpu")
    assert "device" not in json.loads(run.state["run"])
    assert run.state["run"] == train(TASK, SPEC, 6, 0).state["run"]


def test_a_checkpoint_of_another_device_is_not_continued(monkeypatch: pytest.MonkeyPatch) -> None:
    half = train(TASK, SPEC, 6, 0, should_stop=iter([False, False, True]).__next__)
    assert half.done == 2
    settings = json.loads(half.state["run"]) | {"device": "cuda"}
    state = {**half.state, "run": json.dumps(settings, sort_keys=True)}
    with pytest.raises(ValueError, match="intervals and device"):
        train(TASK, SPEC, 6, 0, resume_from=state)


@pytest.mark.parametrize(
    "task", [TASK, replace(TASK, network="mlp"), RegressionTask(), GanTask(), GanTask(objective="wgan-gp")]
)
def test_every_tensor_of_a_training_is_on_its_device(task: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """On torch's "meta" device, which has shapes and no numbers, and which no other device's tensors mix with."""
    monkeypatch.setattr(device_module, "DEVICES", (*device_module.DEVICES, "meta"))
    monkeypatch.setattr(training_module, "DEVICES", (*device_module.DEVICES, "meta"))
    monkeypatch.setattr(device_module, "available_devices", lambda: ("cpu", "meta"))
    monkeypatch.setattr(torch.Tensor, "item", lambda _: 1.0)
    monkeypatch.setattr(GanTask, "evaluate", lambda *_: {})  # it measures samples in NumPy
    training = Training(task, SPEC, Plan(7, 0, evaluate_every=3, ema=0.9, device="meta"))
    training.begin()
    training.run()
    assert training.step == 7
    states = [value for mover in training.movers for one in mover.optimizer.state.values() for value in one.values()]
    tensors = [*training.model.parameters(), *training.tracks.values(), *filter(torch.is_tensor, states)]
    assert {tensor.device.type for tensor in tensors if tensor.ndim} == {"meta"}  # counters are plain numbers


@on_accelerator
@pytest.mark.parametrize(
    "task", [TASK, replace(TASK, network="mlp"), RegressionTask(), GanTask("digits", batch_size=8)]
)
def test_an_accelerator_starts_from_the_processors_weights_and_batches(task: Any) -> None:
    name = ACCELERATORS[0]
    here, there = (train(task, SPEC, 12, 0, snapshot_every=3, device=device) for device in ("cpu", name))
    np.testing.assert_array_equal(here.snapshots.proposal[0], there.snapshots.proposal[0])
    np.testing.assert_allclose(here.curves.loss[:, 0], there.curves.loss[:, 0], rtol=2e-2)  # bfloat16 has 8 bits
    np.testing.assert_allclose(here.snapshots.slow[1][-1], there.snapshots.slow[1][-1], atol=2e-2)


@on_accelerator
def test_an_accelerator_continues_its_own_checkpoints_alone() -> None:
    name = ACCELERATORS[0]
    half = train(TASK, SPEC, 12, 0, device=name, should_stop=iter([False] * 5 + [True]).__next__)
    assert train(TASK, SPEC, 12, 0, device=name, resume_from=half.state).done == 12
    with pytest.raises(ValueError, match="device"):
        train(TASK, SPEC, 12, 0, resume_from=half.state)


@on_accelerator
def test_planes_and_sharpness_agree_on_an_accelerator() -> None:
    task, name = replace(TASK, network="mlp"), ACCELERATORS[0]
    weights = nn.utils.parameters_to_vector(task.model(3).parameters()).detach()
    here, there = (task.landscape(100, device=device)(weights) for device in ("cpu", name))
    assert there == pytest.approx(here, rel=1e-3)
    rows = [
        sharpness(task.model(3).to(device), losses := task.losses(100, 100, device), losses, probes=2)
        for device in ("cpu", name)
    ]
    assert rows[1].eigenvalue == pytest.approx(rows[0].eigenvalue, rel=1e-2)
    assert rows[1].trace == pytest.approx(rows[0].trace, rel=1e-2)
