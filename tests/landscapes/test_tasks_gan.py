"""GANs as tasks: losses against arithmetic, distances against closed forms, training that repeats."""

import dataclasses
import json
import math
from typing import Any

import numpy as np
import pytest
import torch
from scipy.linalg import sqrtm
from torch import nn
from torch.nn import functional

from landscapes.tasks import ClassifierTask, GanBatch, GanTask, task_from
from landscapes.tasks.frechet import frechet_distance, principal_features, raw_features
from landscapes.tasks.gan import Gan, gradient_penalty
from landscapes.weights import flat_weights

RING = GanTask("ring", batch_size=16, hidden=8, latent=2)
DIGITS = GanTask("digits")


class Constant(nn.Module):
    """Generates the same sample whatever the latent vector."""

    def __init__(self, sample: torch.Tensor) -> None:
        super().__init__()
        self.sample = sample

    def forward(self, latent: torch.Tensor) -> torch.Tensor:
        return self.sample.expand(len(latent), *self.sample.shape)


class Replay(nn.Module):
    """Generates given samples, in order."""

    def __init__(self, samples: torch.Tensor) -> None:
        super().__init__()
        self.samples = samples

    def forward(self, latent: torch.Tensor) -> torch.Tensor:
        return self.samples[: len(latent)]


def with_generator(task: GanTask, generator: nn.Module) -> nn.Module:
    model = task.model(0)
    model.generator = generator
    return model


def train(task: GanTask, steps: int, seed: int = 0) -> nn.Module:
    model = task.model(seed)
    optimizers = {
        player: torch.optim.Adam(task.parameters(model, player), lr=2e-3, betas=(0.0, 0.999)) for player in task.players
    }
    for step in range(steps):
        batch = task.batch(step, seed)
        for player in task.players:
            optimizers[player].zero_grad()
            task.loss(model, batch, player).backward(inputs=task.parameters(model, player))
            optimizers[player].step()
    return model


def test_the_digits_players_have_the_sizes_worked_out_by_hand() -> None:
    model = DIGITS.model(0)
    sizes = {player: sum(p.numel() for p in DIGITS.parameters(model, player)) for player in DIGITS.players}
    assert sizes == {"discriminator": 64 * 128 + 128 + 128 + 1, "generator": 16 * 128 + 128 + 128 * 64 + 64}
    # Flat vectors hold the discriminator first, as the players' order says.
    assert torch.equal(flat_weights(model)[: 64 * 128], model.discriminator[1].weight.detach().flatten())


def test_non_saturating_losses_by_hand() -> None:
    task = dataclasses.replace(RING, batch_size=2)
    model, batch = task.model(0), task.batch(0, 0)
    model.discriminator = nn.Sequential(nn.Linear(2, 1, bias=False), nn.Flatten(0))
    model.generator = Constant(torch.tensor([-1.0, 0.0]))
    with torch.no_grad():
        model.discriminator[0].weight.copy_(torch.tensor([[1.0, 0.0]]))
    batch = batch._replace(real=torch.tensor([[2.0, 5.0], [0.0, 7.0]]))
    soft = [math.log1p(math.exp(value)) for value in (-2, 0, -1, 1)]
    assert task.loss(model, batch, "discriminator").item() == pytest.approx((soft[0] + soft[1]) / 2 + soft[2])
    assert task.loss(model, batch, "generator").item() == pytest.approx(soft[3])


def test_wasserstein_losses_by_hand() -> None:
    task = dataclasses.replace(RING, batch_size=2, objective="wgan-gp", penalty=10.0)
    model, batch = task.model(0), task.batch(0, 0)
    model.discriminator = nn.Sequential(nn.Linear(2, 1, bias=False), nn.Flatten(0))
    model.generator = Constant(torch.tensor([-1.0, 0.0]))
    with torch.no_grad():
        model.discriminator[0].weight.copy_(torch.tensor([[3.0, 4.0]]))
    batch = batch._replace(real=torch.tensor([[1.0, 0.0], [0.0, 1.0]]))
    # Real 3 and 4, generated −3; a linear discriminator has the gradient (3, 4), of norm 5, everywhere.
    assert task.loss(model, batch, "discriminator").item() == pytest.approx(-3 - 3.5 + 10 * 16)
    assert task.loss(model, batch, "generator").item() == pytest.approx(3)


def test_the_penalty_is_taken_between_real_and_generated_samples() -> None:
    # D(x) = ½‖x‖² has the gradient x: the norm at x̂ is its distance from 0.
    class Half(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return 0.5 * (x**2).sum(1)

    real, fake = torch.tensor([[4.0, 0.0]]), torch.tensor([[0.0, 0.0]])
    for mix in (0.0, 0.25, 1.0):
        assert gradient_penalty(Half(), real, fake, torch.tensor([mix])).item() == pytest.approx((4 * mix - 1) ** 2)


def test_each_loss_reaches_its_own_player() -> None:
    for objective in ("non-saturating", "wgan-gp"):
        task = dataclasses.replace(RING, objective=objective)
        model, batch = task.model(0), task.batch(0, 0)
        task.loss(model, batch, "discriminator").backward()
        assert all(p.grad is None for p in task.parameters(model, "generator"))
        assert task.parameters(model, "discriminator")[0].grad.abs().sum() > 0
        task.loss(model, batch, "generator").backward(inputs=task.parameters(model, "generator"))
        assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in task.parameters(model, "generator"))


@pytest.mark.parametrize("task", [RING, DIGITS])
def test_a_batch_depends_on_step_and_seed_alone(task: GanTask) -> None:
    forwards = [task.batch(step, 3) for step in range(20)]
    for step in reversed(range(20)):
        assert all(torch.equal(a, b) for a, b in zip(task.batch(step, 3), forwards[step], strict=True))
    other = task.batch(0, 4)
    assert not any(torch.equal(a, b) for a, b in zip(other, forwards[0], strict=True))
    assert not torch.equal(other.discriminator_latent, other.generator_latent)
    assert isinstance(other, GanBatch)


def test_the_ring_is_drawn_as_described() -> None:
    real = GanTask("ring", batch_size=20_000).batch(0, 0).real.numpy()
    world = RING.world
    modes = world.mode_of(real)
    assert np.abs(np.bincount(modes[modes >= 0], minlength=8) / 20_000 - 1 / 8).max() < 0.01
    # A two-dimensional Gaussian lies within three deviations with probability 1 − exp(−9/2).
    assert (modes >= 0).mean() == pytest.approx(1 - math.exp(-4.5), abs=0.004)
    assert real[modes == 2].mean(0) == pytest.approx([0, 2], abs=0.01)
    assert real[modes == 2].std(0) == pytest.approx([0.1, 0.1], abs=0.01)


def test_a_perfect_generator_is_judged_perfect() -> None:
    scores = RING.evaluate(with_generator(RING, Replay(GanTask("ring", batch_size=2_000).batch(0, 9).real)))
    assert scores["modes"] == 8
    assert scores["quality"] == pytest.approx(1 - math.exp(-4.5), abs=0.01)
    assert max(scores["val_frechet"], scores["test_frechet"]) < 0.02


def test_a_collapsed_generator_covers_one_mode() -> None:
    scores = RING.evaluate(with_generator(RING, Constant(torch.tensor([2.0, 0.0]))))
    assert (scores["modes"], scores["quality"]) == (1, 1)
    # To a point mass at (2, 0) from a ring of mean 0 and variance r²/2 + σ² in each direction: 4 + 2 (2 + .01).
    assert scores["test_frechet"] == pytest.approx(8.02, rel=0.02)


def test_real_digits_cover_all_classes_and_one_digit_covers_one() -> None:
    real = DIGITS.world.held_out["test"]
    model = with_generator(DIGITS, Replay(torch.from_numpy(np.tile(real, (5, 1, 1, 1)))))
    scores = DIGITS.evaluate(model)
    assert (scores["modes"], scores["quality"]) == (10, 1)
    assert scores["test_frechet"] < 0.02
    assert 0 < scores["val_frechet"] < 0.6
    single = DIGITS.evaluate(with_generator(DIGITS, Constant(torch.from_numpy(real[0]))))
    assert single["modes"] == 1
    assert single["test_frechet"] > 5


def test_a_diverged_generator_has_no_scores() -> None:
    scores = RING.evaluate(with_generator(RING, Constant(torch.tensor([math.nan, 0.0]))))
    assert all(math.isnan(value) for value in scores.values())


def test_held_out_digits_are_told_by_their_neighbours() -> None:
    world = DIGITS.world
    modes, labels = world.mode_of(world.held_out["test"]), ClassifierTask().data.test.labels.numpy()
    assert (modes == labels).mean() > 0.95
    assert DIGITS.world is world


def test_the_distance_of_gaussians_in_closed_form() -> None:
    random = np.random.default_rng(0)
    standard = random.standard_normal((1_000, 1))
    standard = (standard - standard.mean()) / standard.std(ddof=1)
    # In one dimension (μ₁ − μ₂)² + (σ₁ − σ₂)².
    assert frechet_distance(standard, 3 * standard + 5) == pytest.approx(25 + 4)
    assert frechet_distance(standard, standard) == pytest.approx(0, abs=1e-9)


def test_the_distance_agrees_with_the_matrix_square_root() -> None:
    random = np.random.default_rng(1)
    first, second = random.standard_normal((50, 4)) @ random.standard_normal((4, 4)), random.random((60, 4))
    one, other = np.cov(first.T), np.cov(second.T)
    expected = ((first.mean(0) - second.mean(0)) ** 2).sum() + np.trace(one + other - 2 * sqrtm(one @ other).real)
    assert frechet_distance(first, second) == pytest.approx(expected)
    assert frechet_distance(second, first) == pytest.approx(expected)


def test_the_distance_refuses_sets_that_do_not_compare() -> None:
    with pytest.raises(ValueError, match=r"got \(1, 2\) and \(5, 2\)"):
        frechet_distance(np.zeros((1, 2)), np.zeros((5, 2)))
    with pytest.raises(ValueError, match=r"got \(5, 3\) and \(5, 2\)"):
        frechet_distance(np.zeros((5, 3)), np.zeros((5, 2)))
    assert math.isnan(frechet_distance(np.full((5, 2), np.nan), np.zeros((5, 2))))


def test_features_say_what_they_are() -> None:
    samples = np.random.default_rng(0).standard_normal((200, 3, 4)) * np.arange(1, 5)
    features = principal_features(samples, 2)
    assert features.name == "2 PCA features"
    components = features(samples)
    assert components.mean(0) == pytest.approx([0, 0], abs=1e-12)
    assert np.cov(components.T)[0, 1] == pytest.approx(0, abs=1e-9)
    assert components.var(0)[0] > components.var(0)[1]
    assert np.array_equal(raw_features(12)(samples), samples.reshape(200, 12))
    assert (RING.world.features.name, DIGITS.world.features.name) == ("raw", "20 PCA features")


def test_samples_are_ready_to_be_shown_and_repeat() -> None:
    images = DIGITS.samples(DIGITS.model(0), 9, seed=1)
    assert images.shape == (9, 1, 8, 8)
    assert 0 <= images.min() <= images.max() <= 1
    assert torch.equal(images, DIGITS.samples(DIGITS.model(0), 9, seed=1))
    assert not torch.equal(images, DIGITS.samples(DIGITS.model(0), 9, seed=2))
    assert RING.samples(RING.model(0), 5).shape == (5, 2)


@pytest.mark.parametrize("objective", ["non-saturating", "wgan-gp"])
def test_training_is_finite_and_repeats_bit_for_bit(objective: str) -> None:
    task = dataclasses.replace(RING, objective=objective)
    first, again = train(task, 30), train(task, 30)
    assert flat_weights(first).isfinite().all()
    assert torch.equal(flat_weights(first), flat_weights(again))
    assert task.evaluate(first) == task.evaluate(again)


def test_a_short_training_brings_digits_closer() -> None:
    start, end = DIGITS.evaluate(DIGITS.model(0)), DIGITS.evaluate(train(DIGITS, 300))
    assert end["test_frechet"] < start["test_frechet"] / 3


@pytest.mark.parametrize("objective", ["non-saturating", "wgan-gp"])
@pytest.mark.parametrize("player", ["discriminator", "generator"])
def test_the_landscape_is_the_player_s_loss(objective: str, player: str) -> None:
    task = dataclasses.replace(RING, objective=objective)
    model = task.model(5)
    loss, accuracy = task.landscape(player)(flat_weights(model))
    batch = task.batch(0, 0)
    assert loss == pytest.approx(task.loss(model, batch, player).item(), rel=1e-5)
    with torch.no_grad():
        on_fake = model.discriminator(model.generator(batch.discriminator_latent))
        right = functional.relu(model.discriminator(batch.real).sign()).sum() + functional.relu((-on_fake).sign()).sum()
    assert accuracy == pytest.approx(right.item() / 32)


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("dataset", "cifar10", "dataset must be one of digits, fashion, mnist, ring, got 'cifar10'"),
        ("objective", "hinge", "objective must be one of non-saturating, wgan-gp, got 'hinge'"),
        ("batch_size", 1, "batch_size must be between 2 and 1000, got 1"),
        ("batch_size", 1_001, "batch_size must be between 2 and 1000, got 1001"),
        ("train_size", 10, "train_size must be between 20 and 1000, got 10"),
        ("latent", 0, "latent must be between 1 and 1024, got 0"),
        ("hidden", 0, "hidden must be between 1 and 4096, got 0"),
        ("penalty", -1, "penalty must be between 0 and 1e[+]06, got -1"),
        ("split_seed", -1, "split_seed must be at least 0, got -1"),
    ],
)
def test_a_bad_value_is_refused_by_name(field: str, value: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        dataclasses.replace(DIGITS, **{field: value})


def test_the_ring_has_no_training_set() -> None:
    with pytest.raises(ValueError, match="train_size must be None for the ring"):
        GanTask("ring", train_size=100)


def test_an_unknown_player_is_refused_by_name() -> None:
    model = RING.model(0)
    for call in (RING.parameters, lambda model, player: RING.loss(model, RING.batch(0, 0), player)):
        with pytest.raises(ValueError, match="player must be one of discriminator, generator, got 'model'"):
            call(model, "model")
    assert isinstance(model, Gan)


def test_a_gan_survives_json() -> None:
    task = GanTask("ring", "wgan-gp", batch_size=8, penalty=1.0)
    assert task_from(json.loads(json.dumps(task.describe()))) == task
