"""The networks: a small CNN, an MLP, and the ResNet-18 of the CIFAR experiments, with group or batch normalisation.

ResNet-18: He et al. 2016, arXiv 1512.03385, with the 3x3 stem customary on CIFAR. Group normalisation: Wu & He 2018,
arXiv 1803.08494; it keeps no running statistics, so slow weights and points of a plane need no second pass.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import torch
from torch import Tensor, nn
from torch.nn import functional

Shape = tuple[int, int, int]  # channels, height, width
Norm = Callable[[int], nn.Module]


@dataclass(frozen=True)
class ModelEntry:
    """A network on offer: `build(shape, classes)` makes one from images of `shape` to one logit per class.

    for_tables: whether it also takes rows of a table, which have no height and width.
    """

    key: str
    name: str
    about: str
    build: Callable[[Shape, int], nn.Module]
    for_tables: bool = False


def build_model(key: str, shape: Shape, classes: int, seed: int) -> nn.Module:
    """A fresh network whose initial weights are those of `seed`; torch's own random state is left as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return MODELS[key].build(shape, classes)


def cnn(shape: Shape, classes: int) -> nn.Module:
    """Conv16, conv32, pool, linear: 9,930 parameters on 8x8 digits. Images above 16 pixels are pooled twice."""
    channels, height, width = shape
    first_pool: list[nn.Module] = [nn.MaxPool2d(2)] if min(height, width) > 16 else []
    scale = 2 ** (1 + len(first_pool))
    # Pooling before the rectifier gives the same function for a quarter of its work.
    network = nn.Sequential(
        nn.Conv2d(channels, 16, 3, padding=1),
        *first_pool,
        nn.ReLU(inplace=True),
        nn.Conv2d(16, 32, 3, padding=1),
        nn.MaxPool2d(2),
        nn.ReLU(inplace=True),
        nn.Flatten(),
        nn.Linear(32 * (height // scale) * (width // scale), classes),
    )
    # The layout of oneDNN's fast convolutions: a step takes three quarters of the time at 8x8, half of it at 32x32.
    return network.to(memory_format=torch.channels_last)  # type: ignore[call-overload,no-any-return]


def mlp(shape: Shape, classes: int) -> nn.Module:
    """One hidden layer of 64 rectified units: 4,810 parameters on 8x8 digits."""
    return nn.Sequential(nn.Flatten(), nn.Linear(math.prod(shape), 64), nn.ReLU(), nn.Linear(64, classes))


class ResidualBlock(nn.Module):
    """x + f(x) with two 3x3 convolutions; a strided 1x1 convolution fits x where the shape changes."""

    def __init__(self, inputs: int, outputs: int, stride: int, norm: Norm) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(inputs, outputs, 3, stride, padding=1, bias=False),
            norm(outputs),
            nn.ReLU(),
            nn.Conv2d(outputs, outputs, 3, padding=1, bias=False),
            norm(outputs),
        )
        self.shortcut: nn.Module = nn.Identity()
        if stride != 1 or inputs != outputs:
            self.shortcut = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), norm(outputs))

    def forward(self, x: Tensor) -> Tensor:
        """Shapes: (rows, inputs, height, width) to (rows, outputs, height / stride, width / stride)."""
        return functional.relu(self.body(x) + self.shortcut(x))


def resnet18(shape: Shape, classes: int, norm: Norm) -> nn.Module:
    """Four stages of two residual blocks, 64 to 512 channels: 11.2 million parameters."""
    layers: list[nn.Module] = [nn.Conv2d(shape[0], 64, 3, padding=1, bias=False), norm(64), nn.ReLU()]
    inputs = 64
    for outputs, stride in ((64, 1), (128, 2), (256, 2), (512, 2)):
        layers += [ResidualBlock(inputs, outputs, stride, norm), ResidualBlock(outputs, outputs, 1, norm)]
        inputs = outputs
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(512, classes))


def _group_norm(channels: int) -> nn.Module:
    return nn.GroupNorm(32, channels)


MODELS: Mapping[str, ModelEntry] = MappingProxyType(
    {
        entry.key: entry
        for entry in (
            ModelEntry("cnn", "small CNN", "two convolutions and a linear layer, no normalisation", cnn),
            ModelEntry("mlp", "MLP", "one hidden layer of 64 units", mlp, for_tables=True),
            ModelEntry(
                "resnet18-gn",
                "ResNet-18, GroupNorm",
                "11 million parameters; no running statistics",
                lambda shape, classes: resnet18(shape, classes, _group_norm),
            ),
            ModelEntry(
                "resnet18-bn",
                "ResNet-18, BatchNorm",
                "11 million parameters; statistics are recomputed for slow weights",
                lambda shape, classes: resnet18(shape, classes, nn.BatchNorm2d),
            ),
        )
    }
)
