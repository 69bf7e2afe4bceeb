"""Generative adversarial networks as tasks: a discriminator and a generator, each lowering its own loss.

Non-saturating (Goodfellow et al. 2014, arXiv 1406.2661), D the logit of being real:
    L_D = E softplus(−D(x)) + E softplus(D(G(z)))          L_G = E softplus(−D(G(z)))
WGAN-GP (Gulrajani et al. 2017, arXiv 1704.00028), x̂ between a real and a generated sample:
    L_D = E D(G(z)) − E D(x) + λ E (‖∇D(x̂)‖ − 1)²         L_G = −E D(G(z))
Both players are updated once a step, the discriminator first, on the same real samples.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from landscapes.tasks.catalogue import DATASETS
from landscapes.tasks.checks import choice, real_number, whole_number
from landscapes.tasks.frechet import frechet_distance
from landscapes.tasks.sampling import steps_per_epoch
from landscapes.tasks.worlds import Samples, World, images, ring
from landscapes.weights import Score, WeightLoss, device_of

LOSSES = ("non-saturating", "wgan-gp")
WORLDS = ("ring", "digits", "mnist", "fashion")
SAMPLES = 2_000  # samples from which distances and modes are computed


class GanBatch(NamedTuple):
    """Real samples (rows, *shape), latent vectors (rows, latent) for each player's turn, mixing shares (rows,)."""

    real: Tensor
    discriminator_latent: Tensor
    generator_latent: Tensor
    mix: Tensor


class Gan(nn.Module):
    """Both networks; the discriminator's parameters come first.

    Images: generator latent-hidden-pixels, discriminator pixels-hidden-1. Points: one hidden layer more in each.
    """

    def __init__(self, shape: tuple[int, ...], latent: int, hidden: int) -> None:
        super().__init__()
        size, points = math.prod(shape), len(shape) == 1
        between: list[nn.Module] = [nn.Linear(hidden, hidden), nn.LeakyReLU(0.2)] if points else []
        self.discriminator = nn.Sequential(
            nn.Flatten(), nn.Linear(size, hidden), nn.LeakyReLU(0.2), *between, nn.Linear(hidden, 1), nn.Flatten(0)
        )
        between = [nn.Linear(hidden, hidden), nn.ReLU()] if points else []
        squash: list[nn.Module] = [] if points else [nn.Tanh()]
        self.generator = nn.Sequential(
            nn.Linear(latent, hidden), nn.ReLU(), *between, nn.Linear(hidden, size), *squash, nn.Unflatten(1, shape)
        )


@dataclass(frozen=True)
class GanTask:
    """Imitate a distribution.

    Attributes:
        dataset: "ring", or a grey-scale image set.
        objective: "non-saturating" or "wgan-gp".
        train_size: training images, balanced over the classes; None for all. Without meaning for the ring.
        batch_size: real samples per step.
        latent: numbers that the generator starts from.
        hidden: units of each hidden layer.
        penalty: λ of WGAN-GP; unused by the other objective.
        split_seed: chooses training and validation images.

    Raises:
        TypeError: a field of the wrong type.
        ValueError: a field out of its range.
    """

    kind: ClassVar[str] = "gan"

    dataset: str = "digits"
    objective: str = "non-saturating"
    train_size: int | None = None
    batch_size: int = 64
    latent: int = 16
    hidden: int = 128
    penalty: float = 10.0
    split_seed: int = 0

    def __post_init__(self) -> None:
        choice("dataset", self.dataset, WORLDS)
        choice("objective", self.objective, LOSSES)
        available = 100_000
        if self.dataset != "ring":
            entry = DATASETS[self.dataset]
            available = entry.available
            if self.train_size is not None:
                available = whole_number("train_size", self.train_size, 2 * entry.classes, available)
        elif self.train_size is not None:
            raise ValueError(
                f"train_size must be None for the ring, which is drawn anew each step, got {self.train_size}"
            )
        whole_number("batch_size", self.batch_size, 2, available)
        whole_number("latent", self.latent, 1, 1_024)
        whole_number("hidden", self.hidden, 1, 4_096)
        real_number("penalty", self.penalty, 0, 1e6)
        whole_number("split_seed", self.split_seed, 0)

    @property
    def players(self) -> tuple[str, ...]:
        """The discriminator moves first."""
        return ("discriminator", "generator")

    @property
    def world(self) -> World:
        """What is imitated; loaded on first use."""
        return ring() if self.dataset == "ring" else images(self.dataset, self.train_size, self.split_seed)

    @property
    def steps_per_epoch(self) -> int:
        """Whole batches in the training part."""
        return steps_per_epoch(self.world.size, self.batch_size)

    def model(self, seed: int) -> nn.Module:
        """Fresh networks with the initial weights of `seed`."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            return Gan(self.world.shape, self.latent, self.hidden)

    def parameters(self, model: nn.Module, player: str) -> list[nn.Parameter]:
        """What `player` trains."""
        return list(model.get_submodule(choice("player", player, self.players)).parameters())

    def batch(self, step: int, seed: int) -> GanBatch:
        """Real samples and noise of `step`, counted from 0: the same for the same (step, seed)."""
        random = np.random.default_rng((seed, 7, step))
        latents = random.standard_normal((2, self.batch_size, self.latent), np.float32)
        mix = random.random(self.batch_size, np.float32)
        real = self.world.draw(step, seed, self.batch_size)
        return GanBatch(real, torch.from_numpy(latents[0]), torch.from_numpy(latents[1]), torch.from_numpy(mix))

    def loss(self, model: nn.Module, batch: GanBatch, player: str) -> Tensor:
        """The scalar that `player` lowers; see the top of this file."""
        discriminator, generator = _networks(model)
        if choice("player", player, self.players) == "generator":
            logits: Tensor = discriminator(generator(batch.generator_latent))
            return -logits.mean() if self.objective == "wgan-gp" else functional.softplus(-logits).mean()
        with torch.no_grad():
            fake = generator(batch.discriminator_latent)
        on_real, on_fake = discriminator(batch.real), discriminator(fake)
        if self.objective == "non-saturating":
            return functional.softplus(-on_real).mean() + functional.softplus(on_fake).mean()
        gap: Tensor = on_fake.mean() - on_real.mean()
        return gap + self.penalty * gradient_penalty(discriminator, batch.real, fake, batch.mix)

    def samples(self, model: nn.Module, count: int, seed: int = 0) -> Tensor:
        """Samples (count, *shape) from a fixed seed: points of the ring, or images with intensities in [0, 1]."""
        samples = self._generate(model, count, seed)
        return torch.from_numpy(samples if self.dataset == "ring" else (samples + 1) / 2)

    @torch.no_grad()
    def _generate(self, model: nn.Module, count: int, seed: int = 0) -> Samples:
        latent = np.random.default_rng((seed, 8)).standard_normal((count, self.latent), np.float32)
        samples: Tensor = _networks(model)[1](torch.from_numpy(latent).to(device_of(model)))
        return np.asarray(samples.cpu().numpy())

    def evaluate(self, model: nn.Module) -> dict[str, float]:
        """How good 2,000 generated samples are.

        val_frechet and test_frechet: the Fréchet distance from held-out real samples, in `world.features`.
        modes: how many hold at least a quarter of their fair share of the samples.
        quality: the share of samples that have a mode; 1 for images, each of which is nearest to some class.
        """
        world, samples = self.world, self._generate(model, SAMPLES)
        if not np.isfinite(samples).all():
            return dict.fromkeys(("val_frechet", "test_frechet", "modes", "quality"), math.nan)
        features = world.features(samples)
        scores = {
            f"{part}_frechet": frechet_distance(features, world.features(real)) for part, real in world.held_out.items()
        }
        modes = world.mode_of(samples)
        counts = np.bincount(modes[modes >= 0], minlength=world.modes)
        covered_modes = (counts >= SAMPLES / world.modes / 4).sum()
        return scores | {"modes": float(covered_modes), "quality": float((modes >= 0).mean())}

    def refresh_statistics(self, model: nn.Module) -> None:
        """Nothing: neither network keeps running statistics."""

    def landscape(self, player: str, seed: int = 0, device: str = "cpu") -> WeightLoss:
        """The loss of `player` on one fixed batch as a function of both players' flat weights, discriminator first.

        Computed on `device`.

        The accuracy is the discriminator's: the share of real and generated samples that it tells apart.
        """
        choice("player", player, self.players)
        batch = GanBatch(*(tensor.to(device) for tensor in self.batch(0, seed)))

        def score(model: nn.Module) -> Score:
            with torch.inference_mode(mode=False), torch.enable_grad():  # the gradient penalty differentiates
                loss = self.loss(model, batch, player).item()
            discriminator, generator = _networks(model)
            on_real, on_fake = discriminator(batch.real), discriminator(generator(batch.discriminator_latent))
            shares = (on_real > 0).float().mean() + (on_fake < 0).float().mean()
            return Score(loss, shares.item() / 2)

        return WeightLoss(self.model(0).to(device), score)

    def describe(self) -> dict[str, Any]:
        """A JSON-able value from which `task_from` makes this task again."""
        return {"kind": self.kind, **asdict(self)}


def gradient_penalty(discriminator: nn.Module, real: Tensor, fake: Tensor, mix: Tensor) -> Tensor:
    """E (‖∇D(x̂)‖ − 1)² at x̂ = mix · real + (1 − mix) · fake, differentiable in the discriminator's parameters."""
    between = torch.lerp(fake, real, mix.view(-1, *[1] * (real.ndim - 1)))
    slope = _slope(discriminator, between)
    excess: Tensor = torch.linalg.vector_norm(slope.flatten(1), dim=1) - 1
    return (excess**2).mean()


def _slope(discriminator: nn.Module, points: Tensor) -> Tensor:
    """The gradient of the discriminator's output at each point, differentiable in its parameters."""
    try:
        points.requires_grad_()
    except RuntimeError:  # under torch.func's transforms only their own grad is possible, which is slower elsewhere
        slope: Tensor = torch.func.grad(lambda at: discriminator(at).sum())(points)
        return slope
    (slope,) = torch.autograd.grad(discriminator(points).sum(), points, create_graph=True)
    return slope


def _networks(model: nn.Module) -> tuple[nn.Module, nn.Module]:
    return model.get_submodule("discriminator"), model.get_submodule("generator")
