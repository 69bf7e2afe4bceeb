"""The updates of all base methods for many optimizers at once, each a row with numbers of its own.

Operation for operation those of torch.optim's single-tensor implementations and of `optim_core.methods`, so that rows
have the same bits. A number that all rows share is a float, which is quicker; else it is a tensor: of the rows' shape
where rows are short, which is quicker again, and of one number a row where they are long.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Sequence
from typing import Generic, TypeVar

import numpy as np
import torch
from torch import Tensor

from optim_core.spec import OptimizerSpec, Schedule

Number = float | Tensor
Key = TypeVar("Key", bound=Hashable)

EPS, RMSPROP_ALPHA, ADAGRAD_EPS = 1e-8, 0.99, 1e-10  # torch's defaults
LONG = 64  # numbers of a row from which on a number for each row is not repeated along it


class Spread(Generic[Key]):
    """A value per optimizer, from which functions make numbers for all rows of `x`: one call per distinct value."""

    def __init__(self, values: Sequence[Key], x: Tensor) -> None:
        self.distinct = list(dict.fromkeys(values))
        number = {value: place for place, value in enumerate(self.distinct)}
        self.places = np.array([number[value] for value in values])
        self.shape, self.like = shape_of_rows(x), x
        self.repeats = math.prod(self.shape[1:])

    def of(self, function: Callable[[Key], float]) -> Number:
        """`function` of each optimizer's value, in all its rows."""
        numbers = [function(value) for value in self.distinct]
        if len(numbers) == 1:
            return numbers[0]
        rows = np.array(numbers)[self.places].repeat(self.repeats).reshape(self.shape)
        return torch.from_numpy(rows).to(self.like)


def spread(values: Sequence[float], x: Tensor) -> Number:
    """A number per optimizer in all its rows of `x`, (optimizers, …)."""
    return Spread(values, x).of(float)


def shape_of_rows(x: Tensor) -> tuple[int, ...]:
    """The shape of what is one for each row of `x`."""
    return tuple(x.shape) if x.shape[-1] < LONG else (*x.shape[:-1], 1)


class Rule:
    """A base method for the optimizers whose rows are `x` and `gradient`, both live. Without more: gradient descent.

    x ← x − η (g + λ x), with λ the weight decay
    """

    momentum: Tensor | None = None

    def __init__(self, specs: Sequence[OptimizerSpec], x: Tensor, gradient: Tensor) -> None:
        self.x, self.gradient = x, gradient
        self.lr = spread([spec.lr for spec in specs], x)
        self.minus_lr = -self.lr
        self.schedule: Spread[Schedule] = Spread([spec.schedule for spec in specs], x)
        self.has_schedule = any(spec.schedule.kind != "constant" for spec in specs)
        self.decay = spread([spec.weight_decay for spec in specs], x)

    def step(self, step: int, steps: int, evaluate_again: Callable[[], None]) -> None:
        """Take base step number `step` (from 0) of `steps`; `evaluate_again` takes the gradient anew."""
        add_scaled_(self.x, self.gradient_with_decay(), self.minus_lr_at(step, steps))

    def minus_lr_at(self, step: int, steps: int) -> Number:
        """Minus the lr of that step, made once where there is no schedule."""
        return -self.lr_at(step, steps) if self.has_schedule else self.minus_lr

    def lr_at(self, step: int, steps: int) -> Number:
        """Lr of base step number `step` (from 0) of `steps`."""
        if not self.has_schedule:
            return self.lr
        return self.lr * self.schedule.of(lambda schedule: schedule.multiplier(step, steps))

    def gradient_with_decay(self, place: Tensor | None = None) -> Tensor:
        """The sum g + λ x, of another place's λ where one is given; the gradient itself where nothing decays."""
        place = self.x if place is None else place
        if isinstance(self.decay, float):
            return self.gradient.add(place, alpha=self.decay) if self.decay else self.gradient
        return torch.addcmul(self.gradient, place, self.decay)


class Momentum(Rule):
    """v ← μ v + g, x ← x − η v; under Nesterov x ← x − η (g + μ v)."""

    momentum: Tensor
    nesterov = False

    def __init__(self, specs: Sequence[OptimizerSpec], x: Tensor, gradient: Tensor) -> None:
        super().__init__(specs, x, gradient)
        self.momentum, self.weight = torch.zeros_like(x), spread([spec.momentum for spec in specs], x)

    def step(self, step: int, steps: int, evaluate_again: Callable[[], None]) -> None:
        """As torch.optim.SGD."""
        gradient = self.gradient_with_decay()
        push = self.momentum.mul_(self.weight).add_(gradient)
        if self.nesterov:
            push = add_scaled_(gradient.clone(), push, self.weight)
        add_scaled_(self.x, push, self.minus_lr_at(step, steps))


class Nesterov(Momentum):
    """Momentum by Nesterov's rule."""

    nesterov = True


class Adam(Rule):
    """m ← β₁ m + (1 − β₁) g, v ← β₂ v + (1 − β₂) g², x ← x − η m̂ / (√v̂ + ε), m̂ and v̂ corrected for a start at 0."""

    momentum: Tensor

    def __init__(self, specs: Sequence[OptimizerSpec], x: Tensor, gradient: Tensor) -> None:
        super().__init__(specs, x, gradient)
        self.momentum, self.square = torch.zeros_like(x), torch.zeros_like(x)
        self.betas = Spread([(float(spec.betas[0]), float(spec.betas[1])) for spec in specs], x)
        self.beta2 = self.betas.of(lambda betas: betas[1])
        self.rest1, self.rest2 = (self.betas.of(lambda betas, i=i: 1 - betas[i]) for i in (0, 1))  # type: ignore[misc]

    def step(self, step: int, steps: int, evaluate_again: Callable[[], None]) -> None:
        """As torch.optim.Adam."""
        self._update(self.gradient_with_decay(), self.lr_at(step, steps), float(step + 1))

    def _update(self, gradient: Tensor, lr: Number, count: float) -> None:
        self.momentum.lerp_(gradient, self.rest1)
        add_square_(self.square.mul_(self.beta2), gradient, self.rest2)
        bias1 = self.betas.of(lambda betas: 1 - betas[0] ** count)
        bias2 = self.betas.of(lambda betas: (1 - betas[1] ** count) ** 0.5)
        add_ratio_(self.x, self.momentum, (self.square.sqrt() / bias2).add_(EPS), -(lr / bias1))


class AdamW(Adam):
    """Adam, before which x ← (1 − η λ) x."""

    def step(self, step: int, steps: int, evaluate_again: Callable[[], None]) -> None:
        """As torch.optim.AdamW."""
        lr = self.lr_at(step, steps)
        if isinstance(self.decay, Tensor) or self.decay:
            self.x.mul_(1 - lr * self.decay)
        self._update(self.gradient, lr, float(step + 1))


class RMSprop(Rule):
    """v ← .99 v + .01 g², x ← x − η g / (√v + ε)."""

    def __init__(self, specs: Sequence[OptimizerSpec], x: Tensor, gradient: Tensor) -> None:
        super().__init__(specs, x, gradient)
        self.square = torch.zeros_like(x)

    def step(self, step: int, steps: int, evaluate_again: Callable[[], None]) -> None:
        """As torch.optim.RMSprop."""
        gradient = self.gradient_with_decay()
        add_square_(self.square.mul_(RMSPROP_ALPHA), gradient, 1 - RMSPROP_ALPHA)
        add_ratio_(self.x, gradient, self.square.sqrt().add_(EPS), self.minus_lr_at(step, steps))


class Adagrad(Rule):
    """v ← v + g², x ← x − η g / (√v + ε)."""

    def __init__(self, specs: Sequence[OptimizerSpec], x: Tensor, gradient: Tensor) -> None:
        super().__init__(specs, x, gradient)
        self.sum = torch.zeros_like(x)

    def step(self, step: int, steps: int, evaluate_again: Callable[[], None]) -> None:
        """As torch.optim.Adagrad."""
        gradient = self.gradient_with_decay()
        add_ratio_(
            self.x,
            gradient,
            add_square_(self.sum, gradient, 1.0).sqrt().add_(ADAGRAD_EPS),
            self.minus_lr_at(step, steps),
        )


class Lion(Rule):
    """x ← (1 − η λ) x − η sign(β₁ m + (1 − β₁) g), m ← β₂ m + (1 − β₂) g."""

    momentum: Tensor

    def __init__(self, specs: Sequence[OptimizerSpec], x: Tensor, gradient: Tensor) -> None:
        super().__init__(specs, x, gradient)
        self.momentum = torch.zeros_like(x)
        self.rest1, self.rest2 = (spread([1 - float(spec.betas[i]) for spec in specs], x) for i in (0, 1))

    def step(self, step: int, steps: int, evaluate_again: Callable[[], None]) -> None:
        """As `optim_core.lion.Lion`."""
        lr = self.lr_at(step, steps)
        if isinstance(self.decay, Tensor) or self.decay:
            self.x.mul_(1 - lr * self.decay)
        add_scaled_(self.x, self.momentum.lerp(self.gradient, self.rest1).sign_(), -lr)
        self.momentum.lerp_(self.gradient, self.rest2)


class Extragradient(Rule):
    """x ← x − η g(x − η g(x)), two evaluations a step."""

    def step(self, step: int, steps: int, evaluate_again: Callable[[], None]) -> None:
        """As `optim_core.methods.Extragradient`."""
        lr, start = self.lr_at(step, steps), self.x.clone()
        self.x.sub_(lr * self.gradient_with_decay())
        evaluate_again()
        move = lr * self.gradient_with_decay()
        self.x.copy_(start).sub_(move)


class Optimistic(Rule):
    """x ← x − η (2 g − g of the step before)."""

    previous: Tensor | None = None

    def step(self, step: int, steps: int, evaluate_again: Callable[[], None]) -> None:
        """As `optim_core.methods.OptimisticGradient`."""
        gradient = self.gradient_with_decay()
        previous = gradient if self.previous is None else self.previous
        self.x.sub_(self.lr_at(step, steps) * (2 * gradient - previous))
        self.previous = gradient.clone()


class ScheduleFree(Rule):
    """y = μ_y a + (1 − μ_y) x, x ← x − η g(y), a ← (1 − c) a + c x, with a the mean of the x so far."""

    def __init__(self, specs: Sequence[OptimizerSpec], x: Tensor, gradient: Tensor) -> None:
        super().__init__(specs, x, gradient)
        self.average = x.clone()
        self.mu_y = spread([spec.used_mu_y for spec in specs], x)

    def gradient_place(self) -> Tensor:
        """The y at which the next step's gradient is taken."""
        return torch.lerp(self.x, self.average, self.mu_y)

    def step(self, step: int, steps: int, evaluate_again: Callable[[], None]) -> None:
        """As `optim_core.primal_averaging.PrimalAveraging`."""
        add_scaled_(self.x, self.gradient_with_decay(self.gradient_place()), self.minus_lr_at(step, steps))
        self.average.lerp_(self.x, self.share(step))

    def share(self, step: int) -> Number:
        """The c of base step number `step` (from 0)."""
        return 1 / (step + 1)


class GPA(ScheduleFree):
    """The same with an exponential average: c = 1 − μ_x."""

    def __init__(self, specs: Sequence[OptimizerSpec], x: Tensor, gradient: Tensor) -> None:
        super().__init__(specs, x, gradient)
        self.rest = spread([1 - spec.mu_x for spec in specs], x)

    def share(self, step: int) -> Number:
        """The same at every step."""
        return self.rest


RULES: dict[str, type[Rule]] = {
    "sgd": Rule, "momentum": Momentum, "nesterov": Nesterov, "adam": Adam, "adamw": AdamW, "rmsprop": RMSprop,
    "adagrad": Adagrad, "lion": Lion, "extragradient": Extragradient, "optimistic": Optimistic,
    "schedule_free": ScheduleFree, "gpa": GPA, "average": GPA,
}  # fmt: skip


def rule_of(spec: OptimizerSpec) -> type[Rule]:
    """Momentum without a weight is gradient descent, as in torch.optim.SGD."""
    return Rule if spec.base in ("momentum", "nesterov") and spec.momentum == 0 else RULES[spec.base]


def add_scaled_(x: Tensor, y: Tensor, factor: Number) -> Tensor:
    """Add: x ← x + c y."""
    return x.add_(y, alpha=factor) if isinstance(factor, float) else x.addcmul_(y, factor)


def add_square_(x: Tensor, y: Tensor, factor: Number) -> Tensor:
    """Add: x ← x + c y²."""
    return x.addcmul_(y, y, value=factor) if isinstance(factor, float) else x.addcmul_(y * factor, y)


def add_ratio_(x: Tensor, y: Tensor, z: Tensor, factor: Number) -> Tensor:
    """Add: x ← x + c y / z."""
    return x.addcdiv_(y, z, value=factor) if isinstance(factor, float) else x.addcdiv_(y * factor, z)
