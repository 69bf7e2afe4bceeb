"""Multilayer Lookahead for torch, with its reference, trajectories, theory and training."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from optim_core.layers import Layer
from optim_core.lookahead import Lookahead, MultilayerLookahead

if TYPE_CHECKING:
    from optim_core.batch_norm import recomputed_batch_norm
    from optim_core.ensemble import Member, train_together
    from optim_core.kin import SNOO, DiLoCo
    from optim_core.recorder import Recorder
    from optim_core.spec import OptimizerSpec
    from optim_core.training import train
    from optim_core.trajectory import Trajectory, record

_LAZY = {
    "DiLoCo": "kin",
    "Member": "ensemble",
    "OptimizerSpec": "spec",
    "Recorder": "recorder",
    "SNOO": "kin",
    "Trajectory": "trajectory",
    "recomputed_batch_norm": "batch_norm",
    "record": "trajectory",
    "train": "training",
    "train_together": "ensemble",
}

__all__ = [
    "SNOO",
    "DiLoCo",
    "Layer",
    "Lookahead",
    "Member",
    "MultilayerLookahead",
    "OptimizerSpec",
    "Recorder",
    "Trajectory",
    "recomputed_batch_norm",
    "record",
    "train",
    "train_together",
]


def __getattr__(name: str) -> Any:
    """Import what is not the optimizer itself when it is first asked for."""
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"optim_core.{_LAZY[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
