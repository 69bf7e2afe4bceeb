"""Classification as a task: a network, its data (images or a table) and its losses, determined by one frozen value."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any, ClassVar, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from landscapes.tasks.catalogue import DATASETS, DataEntry
from landscapes.tasks.checks import choice, real_number, whole_number
from landscapes.tasks.models import MODELS, build_model
from landscapes.tasks.sampling import AUGMENTATIONS, augment, batch_rows, steps_per_epoch
from landscapes.tasks.splits import Part, Split, small_split, split
from landscapes.weights import Score, WeightLoss, device_of

EVALUATION_ROWS = 256  # images per forward pass: larger activations would be fresh memory from the system each time
STATISTICS_ROWS = 2_048  # training images from which BatchNorm statistics are recomputed


class ImageBatch(NamedTuple):
    """Images (rows, channels, height, width), standardised; labels (rows,)."""

    images: Tensor
    labels: Tensor


@dataclass(frozen=True)
class ClassifierTask:
    """Classify images by mean cross entropy.

    Attributes:
        dataset: a key of `DATASETS`.
        network: a key of `MODELS`.
        train_size: training images, balanced over the classes; None takes all outside the validation and test parts.
        label_noise: share of training labels replaced by another class; validation and test labels stay true.
        batch_size: images per step; a remainder at an epoch's end is left out.
        augmentation: "none", "shift" or "flip-shift".
        split_seed: chooses the validation part, the training images and the noisy labels; never the test part.
        evaluation_size: at most so many images of the validation and of the test part are evaluated; None for all.

    Raises:
        TypeError: a field of the wrong type.
        ValueError: a field out of its range.
    """

    kind: ClassVar[str] = "classifier"

    dataset: str = "digits"
    network: str = "cnn"
    train_size: int | None = None
    label_noise: float = 0.0
    batch_size: int = 32
    augmentation: str = "none"
    split_seed: int = 0
    evaluation_size: int | None = None

    def __post_init__(self) -> None:
        choice("dataset", self.dataset, DATASETS)
        choice("network", self.network, MODELS)
        choice("augmentation", self.augmentation, AUGMENTATIONS)
        entry = DATASETS[self.dataset]
        if entry.is_table:
            self._check_table(entry)
        available = entry.available
        if self.train_size is not None:
            available = whole_number("train_size", self.train_size, entry.classes, available)
        real_number("label_noise", self.label_noise, 0, 1)
        whole_number("batch_size", self.batch_size, 1, available)
        whole_number("split_seed", self.split_seed, 0)
        if self.evaluation_size is not None:
            whole_number("evaluation_size", self.evaluation_size, 1)

    def _check_table(self, entry: DataEntry) -> None:
        if not MODELS[self.network].for_tables:
            networks = ", ".join(model.key for model in MODELS.values() if model.for_tables)
            raise ValueError(f"network must be {networks} for {entry.name}, which is a table, got {self.network!r}")
        if self.augmentation != "none":
            raise ValueError(f"augmentation must be none for {entry.name}, which is a table, got {self.augmentation!r}")

    @property
    def players(self) -> tuple[str, ...]:
        """One: the network."""
        return ("model",)

    @property
    def data(self) -> Split:
        """The train, validation and test parts; loaded on first use."""
        divided = small_split if DATASETS[self.dataset].files is None else split
        return divided(self.dataset, self.train_size, self.label_noise, self.split_seed)

    @property
    def steps_per_epoch(self) -> int:
        """Whole batches in the training part."""
        return steps_per_epoch(len(self.data.train), self.batch_size)

    def model(self, seed: int) -> nn.Module:
        """A fresh network with the initial weights of `seed`, in training mode."""
        entry = DATASETS[self.dataset]
        return build_model(self.network, entry.shape, entry.classes, seed)

    def parameters(self, model: nn.Module, player: str) -> list[nn.Parameter]:
        """What `player` trains: everything, in the order of `model.parameters()`."""
        choice("player", player, self.players)
        return list(model.parameters())

    def batch(self, step: int, seed: int) -> ImageBatch:
        """The mini-batch at `step`, counted from 0: the same for the same (step, seed), whatever came before."""
        train = self.data.train
        rows = batch_rows(step, seed, len(train), self.batch_size)
        return ImageBatch(augment(train.images[rows], self.augmentation, step, seed), train.labels[rows])

    def probe(self, size: int, part: str = "train") -> ImageBatch:
        """The first `size` images of a part, never augmented: the fixed images of planes and sharpness."""
        rows: Part = getattr(self.data, choice("part", part, ("train", "validation", "test")))
        rows = rows.head(whole_number("size", size, 1))
        return ImageBatch(rows.images, rows.labels)

    def loss(self, model: nn.Module, batch: ImageBatch, player: str = "model") -> Tensor:
        """Mean cross entropy of the batch, a scalar."""
        return functional.cross_entropy(model(batch.images), batch.labels)

    def evaluate(self, model: nn.Module) -> dict[str, float]:
        """val_loss, val_accuracy, test_loss and test_accuracy, over true labels; accuracies in [0, 1]."""
        parts = {"val": self.data.validation, "test": self.data.test}
        scores: dict[str, float] = {}
        for name, part in parts.items():
            rows = part.head(self.evaluation_size)
            loss, accuracy = score(model, rows.images, rows.labels)
            scores |= {f"{name}_loss": loss, f"{name}_accuracy": accuracy}
        return scores

    def refresh_statistics(self, model: nn.Module) -> None:
        """Recompute BatchNorm statistics for the present weights; without BatchNorm nothing is done.

        Needed before evaluating weights that were never trained through, such as slow weights or points of a plane:
        the running statistics belong to the fast weights.
        """
        norms = [layer for layer in model.modules() if isinstance(layer, nn.modules.batchnorm._BatchNorm)]
        if norms:
            refresh(model, norms, self.data.train.images[:STATISTICS_ROWS])

    def landscape(self, size: int = 512, part: str = "train", device: str = "cpu") -> WeightLoss:
        """Loss and accuracy over the first `size` images of a part, as a function of the flat weights, on a device."""
        images, labels = (tensor.to(device) for tensor in self.probe(size, part))
        images = images.contiguous(memory_format=torch.channels_last)
        return WeightLoss(self.model(0).to(device), lambda model: score(model, images, labels), self.refresh_statistics)

    def losses(self, size: int, rows: int, device: str = "cpu") -> list[Callable[[nn.Module], Tensor]]:
        """The mean training loss over each `rows` of the first `size` training images: parts of the objective.

        They take models on `device`.

        Raises:
            ValueError: `rows` is more than the images there are.
        """
        images, labels = (tensor.to(device) for tensor in self.probe(size))
        whole_number("rows", rows, 1, len(labels))
        parts = [
            ImageBatch(images[start : start + rows], labels[start : start + rows])
            for start in range(0, len(labels) - rows + 1, rows)
        ]
        return [partial(self.loss, batch=part) for part in parts]

    def describe(self) -> dict[str, Any]:
        """A JSON-able value from which `task_from` makes this task again."""
        return {"kind": self.kind, **asdict(self)}


@torch.inference_mode()
def score(model: nn.Module, images: Tensor, labels: Tensor) -> Score:
    """Mean cross entropy and accuracy of `model`, in evaluation mode, on its device."""
    loss = correct = 0.0
    device = device_of(model)
    with evaluation_mode(model):
        for start in range(0, len(labels), EVALUATION_ROWS):
            chunk = labels[start : start + EVALUATION_ROWS].to(device)
            logits = model(images[start : start + EVALUATION_ROWS].to(device))
            loss += functional.cross_entropy(logits, chunk, reduction="sum").item()
            correct += (logits.argmax(1) == chunk).sum().item()
    return Score(loss / len(labels), correct / len(labels))


@torch.no_grad()
def refresh(model: nn.Module, norms: list[nn.modules.batchnorm._BatchNorm], images: Tensor) -> None:
    """Set the statistics of every BatchNorm layer to their average over `images`, as `swa_utils.update_bn` does."""
    momenta, training = [norm.momentum for norm in norms], model.training
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # torch's way to ask for a cumulative average
    model.train()
    for start in range(0, len(images), EVALUATION_ROWS):
        model(images[start : start + EVALUATION_ROWS].to(device_of(model)))
    model.train(training)
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum


@contextmanager
def evaluation_mode(model: nn.Module) -> Iterator[None]:
    """`model.eval()` for a while; then as it was."""
    training = model.training
    model.eval()
    try:
        yield
    finally:
        model.train(training)
