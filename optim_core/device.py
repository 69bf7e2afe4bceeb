"""Where a training runs: the devices at hand, and what a model and its batches need there.

The processor ("cpu") repeats bit for bit. On "cuda" and "mps" seeds fix weights and batches as on the processor, but
kernels may add in another order each time, so runs agree to rounding and drift apart. On "cuda" a network with
convolutions computes its loss in bfloat16 where torch's autocast finds that safe, in the layout channels_last; weights,
slow weights and optimizer states stay in single precision.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import torch
from torch import Tensor, nn

CPU = "cpu"
DEVICES = ("auto", CPU, "cuda", "mps")
_NAMES = {"cuda": "CUDA", "mps": "Metal"}


def available_devices() -> tuple[str, ...]:
    """Those of "cpu", "cuda" and "mps" that PyTorch finds on this machine; the processor comes first."""
    found = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    return (CPU, *(name for name, is_here in found.items() if is_here))


def resolved_device(name: str) -> str:
    """The device that `name` stands for: "auto" is the accelerator where there is one, or else the processor.

    Raises:
        ValueError: not one of `DEVICES`, or not on this machine; says what there is.
    """
    if name not in DEVICES:
        raise ValueError(f"device must be one of {', '.join(DEVICES)}, got {name!r}")
    devices = available_devices()
    if name == "auto":
        return devices[1] if len(devices) > 1 else CPU
    if name not in devices:
        raise ValueError(
            f"device {name!r} is not at hand: PyTorch finds no {_NAMES[name]} device on this machine, which has "
            f"{', '.join(devices)}; choose one of these, or auto"
        )
    return name


def placed(model: nn.Module, device: str) -> nn.Module:
    """The model on a device, in the layout that is fast there; on the processor it stays as it is."""
    if device == CPU:
        return model
    model = model.to(device)
    if _is_mixed(model, device):
        model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return model


def moved(batch: Any, device: str | torch.device) -> Any:
    """A batch on a device."""
    return with_tensors(batch, lambda tensor: tensor.to(device))


def with_tensors(batch: Any, change: Callable[[Tensor], Tensor]) -> Any:
    """A batch with changed tensors: one, or tuples (named ones, too), lists and mappings of such; all else stays."""
    if isinstance(batch, Tensor):
        return change(batch)
    if isinstance(batch, Mapping):
        return {name: with_tensors(part, change) for name, part in batch.items()}
    if isinstance(batch, tuple) and hasattr(batch, "_fields"):
        return type(batch)(*(with_tensors(part, change) for part in batch))
    if isinstance(batch, (tuple, list)):
        return type(batch)(with_tensors(part, change) for part in batch)
    return batch


def mixed_precision(model: nn.Module, device: str) -> AbstractContextManager[Any]:
    """A context for the computation of a loss: bfloat16 for convolutions on CUDA, and nothing elsewhere."""
    return torch.autocast("cuda", torch.bfloat16) if _is_mixed(model, device) else nullcontext()


def _is_mixed(model: nn.Module, device: str) -> bool:
    return device == "cuda" and any(isinstance(layer, nn.Conv2d) for layer in model.modules())


@contextmanager
def random_state_kept(device: str) -> Iterator[None]:
    """A context that leaves torch's random states as they were: the processor's and, on CUDA, the device's."""
    with torch.random.fork_rng(devices=[torch.cuda.current_device()] if device == "cuda" else []):
        yield


def seed_generators(device: str, seed: int) -> None:
    """Seed what a model draws from on this device (dropout, say)."""
    torch.default_generator.manual_seed(seed)
    if device == "cuda":
        torch.cuda.manual_seed(seed)
    elif device == "mps":
        torch.mps.manual_seed(seed)
