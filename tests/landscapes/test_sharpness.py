"""Measures of sharpness, against the dense Hessian of small networks and against arithmetic."""

import dataclasses
import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.func import functional_call

from landscapes.sharpness import (
    gradient_variance,
    hessian_product,
    hessian_trace,
    largest_eigenvalue,
    sharpness,
    value_and_gradient,
    worst_loss,
)
from landscapes.tasks import ClassifierTask
from landscapes.weights import assign_weights, flat_weights

Loss = Callable[[nn.Module], Tensor]


class Point(nn.Module):
    """A "network" that is nothing but its weights."""

    def __init__(self, *values: float) -> None:
        super().__init__()
        self.weights = nn.Parameter(torch.tensor(values, dtype=torch.float64))


def quadratic(*curvatures: float) -> Loss:
    """½ Σ h_j w_j²."""
    return lambda model: 0.5 * (torch.tensor(curvatures) * model.weights**2).sum()


def small_network() -> tuple[nn.Module, list[Loss]]:
    """A convolution, a pooling and a linear layer, 73 parameters, and its loss over two halves of 24 images."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.Tanh(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(18, 2)).double()
    images, labels = torch.randn(24, 1, 8, 8, dtype=torch.float64), torch.randint(0, 2, (24,))

    def part(rows: slice) -> Loss:
        return lambda model: nn.functional.cross_entropy(model(images[rows]), labels[rows])

    return model, [part(slice(0, 12)), part(slice(12, 24))]


def dense_hessian(model: nn.Module, losses: list[Loss]) -> Tensor:
    """Column by column by torch's own double differentiation, at the weights of `model`."""

    class Wrapper(nn.Module):
        def __init__(self, values: dict[str, Tensor]) -> None:
            super().__init__()
            self.values = values

        def forward(self, x: Tensor) -> Tensor:
            return functional_call(model, self.values, (x,))

    def objective(weights: Tensor) -> Tensor:
        names, shapes = zip(*((name, p.shape) for name, p in model.named_parameters()), strict=True)
        pieces = torch.split(weights, [shape.numel() for shape in shapes])
        network = Wrapper({name: piece.view(shape) for name, piece, shape in zip(names, pieces, shapes, strict=True)})
        return sum((loss(network) for loss in losses), torch.zeros(())) / len(losses)

    return torch.autograd.functional.hessian(objective, flat_weights(model))


def test_hessian_products_are_those_of_the_dense_hessian() -> None:
    model, losses = small_network()
    hessian = dense_hessian(model, losses)
    for column in (0, 20, 57):
        basis = torch.eye(len(hessian), dtype=torch.float64)[column]
        assert torch.allclose(hessian_product(model, losses, basis), hessian[:, column], atol=1e-12)


def test_the_largest_eigenvalue_is_that_of_the_dense_hessian() -> None:
    model, losses = small_network()
    exact = torch.linalg.eigvalsh(dense_hessian(model, losses))
    assert largest_eigenvalue(model, losses, tolerance=1e-8) == pytest.approx(exact[-1].item(), rel=1e-6)
    assert largest_eigenvalue(model, losses) == pytest.approx(exact[-1].item(), rel=1e-2)


def test_the_largest_eigenvalue_is_algebraic_so_a_steep_descent_is_not_sharp() -> None:
    assert largest_eigenvalue(Point(0.0, 0.0, 0.0), [quadratic(-9, 2, 1)]) == pytest.approx(2)


def test_the_trace_is_that_of_the_dense_hessian_within_its_error() -> None:
    model, losses = small_network()
    exact = dense_hessian(model, losses).trace().item()
    estimate, error = hessian_trace(model, losses, probes=200)
    assert abs(estimate - exact) < 4 * error
    assert error < 0.1 * exact


def test_the_trace_of_a_diagonal_hessian_is_exact_for_every_probe() -> None:
    estimate, error = hessian_trace(Point(1.0, 2.0), [quadratic(3, 5)], probes=2)
    assert (estimate, error) == (8, 0)


def test_a_loss_that_is_linear_in_the_weights_has_no_curvature() -> None:
    ones = torch.ones(2, dtype=torch.float64)
    assert torch.equal(hessian_product(Point(1.0, 2.0), [lambda model: model.weights.sum()], ones), 0 * ones)


def test_one_step_is_the_point_of_sharpness_aware_minimisation() -> None:
    # w = (3, 4), ∇f = w, ‖w‖ = 5: one step of ρ = 1 reaches ‖w‖ = 6, f = 18, which is the worst of the ball.
    model = Point(3.0, 4.0)
    assert worst_loss(model, [quadratic(1, 1)], 1.0, steps=1) == pytest.approx(18)
    assert model.weights.tolist() == [3, 4]


def test_at_a_minimum_the_worst_direction_is_that_of_the_largest_curvature() -> None:
    # Worst of ½ Σ h w² in ‖w‖ <= 2 is ½ · 10 · 4.
    assert worst_loss(Point(0.0, 0.0), [quadratic(1, 10)], 2.0, steps=20) == pytest.approx(20)


def test_the_worst_loss_stays_within_the_ball_and_above_the_point() -> None:
    model, losses = small_network()
    here, _ = value_and_gradient(model, losses)
    start, random = flat_weights(model), torch.Generator().manual_seed(0)
    worst = worst_loss(model, losses, 0.05)
    assert torch.equal(flat_weights(model), start)
    for _ in range(50):
        direction = torch.randn(len(start), generator=random, dtype=torch.float64)
        assign_weights(model, start + 0.05 * direction / direction.norm())
        assert here < worst
        assert value_and_gradient(model, losses)[0] < worst


def test_the_variance_of_gradients_by_hand() -> None:
    # Gradients (2, 0), (0, 2), (1, 1): mean (1, 1), squared distances 2, 2, 0.
    slopes = [(2.0, 0.0), (0.0, 2.0), (1.0, 1.0)]
    batches: list[Loss] = [lambda model, a=a, b=b: a * model.weights[0] + b * model.weights[1] for a, b in slopes]
    assert gradient_variance(Point(0.0, 0.0), batches) == pytest.approx(4 / 3)


def test_all_measures_of_the_digits_network_agree_with_each_alone_and_leave_it_as_it_was() -> None:
    task = ClassifierTask(train_size=100, batch_size=10)
    model = task.model(0)
    before, losses, batches = flat_weights(model), task.losses(100, 50), task.losses(100, 10)
    result = sharpness(model, losses, batches, probes=2)
    assert torch.equal(flat_weights(model), before)
    assert model.training
    assert (len(losses), len(batches)) == (2, 10)
    whole, gradient = value_and_gradient(model, task.losses(100, 100))
    assert result.loss == pytest.approx(whole, rel=1e-5)
    assert result.gradient_norm == pytest.approx(gradient.norm().item(), rel=1e-4)
    assert result.eigenvalue == pytest.approx(largest_eigenvalue(model, task.losses(100, 100)), rel=1e-2)
    assert result.worst_loss > result.loss
    assert result == sharpness(model, losses, batches, probes=2)


def test_weights_that_diverged_give_nan_and_no_exception() -> None:
    result = sharpness(Point(math.inf, 1.0), [quadratic(1, 1)], [quadratic(1, 1)], radius=0.1)
    values = dataclasses.asdict(result)
    assert values.pop("radius") == 0.1
    assert all(math.isnan(value) for value in values.values())


def test_bad_settings_are_refused_by_name() -> None:
    model, losses = Point(1.0, 1.0), [quadratic(1, 1)]
    with pytest.raises(ValueError, match="radius must be a positive number, got 0"):
        worst_loss(model, losses, 0)
    with pytest.raises(ValueError, match="probes must be at least 2, got 1"):
        hessian_trace(model, losses, probes=1)
    with pytest.raises(ValueError, match="at least one mini-batch"):
        gradient_variance(model, [])
    with pytest.raises(ValueError, match="at least one part"):
        value_and_gradient(model, [])
    with pytest.raises(ValueError, match="rows must be between 1 and 100, got 200"):
        ClassifierTask(train_size=100).losses(100, 200)
