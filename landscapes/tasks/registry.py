"""The ready-made tasks, and tasks from their description."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from types import MappingProxyType
from typing import Any, TypeAlias

from landscapes.tasks.checks import choice
from landscapes.tasks.classifier import ClassifierTask
from landscapes.tasks.gan import GanTask
from landscapes.tasks.regression import RegressionTask

Task: TypeAlias = ClassifierTask | RegressionTask | GanTask
"""A network, its data and its losses, as `optim_core.train` takes them; a GAN has two players."""


@dataclass(frozen=True)
class TaskEntry:
    """A task on offer: its name for people, and what one learns from it."""

    key: str
    name: str
    teaches: str
    task: Task


TASKS: Mapping[str, TaskEntry] = MappingProxyType(
    {
        entry.key: entry
        for entry in (
            TaskEntry(
                "digits",
                "digits, clean",
                "on clean data slow weights make no difference to accuracy: all optimizers end alike",
                ClassifierTask(),
            ),
            TaskEntry(
                "digits-noisy",
                "digits, 40 % noisy labels",
                "fast weights fit the wrong labels; slow weights average that away",
                ClassifierTask(label_noise=0.4),
            ),
            TaskEntry(
                "digits-quick",
                "digits, 20 % noisy labels, batch 4",
                "the same effect in 2,500 steps: the smaller the batch, the noisier the gradient",
                ClassifierTask(label_noise=0.2, batch_size=4),
            ),
            TaskEntry(
                "digits-100",
                "digits, 100 training images",
                "few images: where an optimizer ends among many perfect fits decides what it has learned",
                ClassifierTask(train_size=100, batch_size=10),
            ),
            TaskEntry(
                "cancer",
                "breast cancer, 20 % noisy labels",
                "a table in place of images: thirty measurements of cells, malignant or benign",
                ClassifierTask("cancer", "mlp", label_noise=0.2, batch_size=10),
            ),
            TaskEntry(
                "waves",
                "regression: waves",
                "no classes at all: the network fits a known function from noisy targets, judged on the true one",
                RegressionTask(),
            ),
            TaskEntry(
                "friedman",
                "regression: Friedman's function",
                "ten inputs of which five matter, and as much noise as signal",
                RegressionTask("friedman", noise=1.0),
            ),
            TaskEntry(
                "mnist",
                "MNIST",
                "the classic at 28 pixels: three times the parameters, ten times the images",
                ClassifierTask("mnist", train_size=10_000, batch_size=64, evaluation_size=2_000),
            ),
            TaskEntry(
                "fashion",
                "Fashion-MNIST, 20 % noisy labels",
                "as hard as a small network finds it: the gain under label noise is not a matter of digits",
                ClassifierTask("fashion", train_size=10_000, label_noise=0.2, batch_size=64, evaluation_size=2_000),
            ),
            TaskEntry(
                "cifar10",
                "CIFAR-10, small CNN",
                "colour photographs, mirrored and shifted: augmentation is noise too",
                ClassifierTask(
                    "cifar10", train_size=10_000, batch_size=64, augmentation="flip-shift", evaluation_size=2_000
                ),
            ),
            TaskEntry(
                "cifar10-resnet",
                "CIFAR-10, ResNet-18",
                "the kind of network with which Lookahead was introduced; hours of work for a processor",
                ClassifierTask(
                    "cifar10", "resnet18-bn", batch_size=128, augmentation="flip-shift", evaluation_size=1_000
                ),
            ),
            TaskEntry(
                "cifar100-resnet",
                "CIFAR-100, ResNet-18",
                "a hundred classes, five hundred images each: the same network on a harder set",
                ClassifierTask(
                    "cifar100", "resnet18-bn", batch_size=128, augmentation="flip-shift", evaluation_size=1_000
                ),
            ),
            TaskEntry(
                "gan-ring",
                "GAN: ring of 8 Gaussians",
                "two players turn around each other; here slow weights gain no more than a smaller step would",
                GanTask("ring"),
            ),
            TaskEntry(
                "gan-digits",
                "GAN: digits",
                "both players synchronise together, which damps their rotation",
                GanTask(),
            ),
            TaskEntry(
                "gan-digits-wgan",
                "GAN: digits, WGAN-GP",
                "a gradient penalty tames the discriminator: compare with what slow weights do",
                GanTask(objective="wgan-gp"),
            ),
            TaskEntry(
                "gan-mnist",
                "GAN: MNIST",
                "the same game at 28 pixels",
                GanTask("mnist", train_size=10_000, latent=32),
            ),
        )
    }
)

_KINDS: Mapping[str, type[Task]] = MappingProxyType(
    {kind.kind: kind for kind in (ClassifierTask, RegressionTask, GanTask)}
)


def task_from(description: Mapping[str, Any]) -> Task:
    """The task that `describe()` described; a field left out has its default.

    Raises:
        ValueError: an unknown kind or field, or a value out of range.
        TypeError: a value of the wrong type.
    """
    values = dict(description)
    kind = _KINDS[choice("kind", values.pop("kind", None), _KINDS)]
    names = {field.name for field in fields(kind)}
    if unknown_names := sorted(set(values) - names):
        raise ValueError(f"a {kind.kind} has no field {', '.join(unknown_names)}; it has {', '.join(sorted(names))}")
    return kind(**values)
