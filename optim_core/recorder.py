"""The trajectory of a training loop of your own: `recorder.step()` after every `optimizer.step()`."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from optim_core.lookahead import MultilayerLookahead
from optim_core.task import flat
from optim_core.trajectory import Floats, Trajectory

if TYPE_CHECKING:
    from optim_core.layers import Layer


class Recorder:
    """Watches one optimizer and gives the `Trajectory` of its parameters, flattened in the optimizer's order.

    >>> weight = torch.nn.Parameter(torch.zeros(1))
    >>> optimizer = MultilayerLookahead(torch.optim.SGD([weight], lr=1.0), k=3, alpha=0.5)
    >>> recorder = Recorder(optimizer)
    >>> for _ in range(4):
    ...     optimizer.zero_grad()
    ...     loss = -weight.sum()
    ...     loss.backward()
    ...     optimizer.step()
    ...     recorder.step(loss.item())
    >>> recorder.trajectory().fast[:, 0, 0, 0].tolist()
    [0.0, 1.0, 2.0, 1.5, 2.5]

    Args:
        optimizer: any torch optimizer; a MultilayerLookahead also shows its slow weights.
        name: what the trajectory calls it.
        every: keep each `every`-th step (a network's weights add up quickly).

    Raises:
        ValueError: `every` < 1.
    """

    def __init__(self, optimizer: torch.optim.Optimizer, name: str = "run", *, every: int = 1) -> None:
        if every < 1:
            raise ValueError(f"every must be at least 1 step, got {every}")
        self.optimizer, self.name, self.every = optimizer, name, every
        self.layers: tuple[Layer, ...] = optimizer.layers if isinstance(optimizer, MultilayerLookahead) else ()
        self.steps = 0
        self._slow_loss, self._diverged = math.nan, -1
        self._fast, self._proposal = [self._parameters()], [self._parameters()]
        self._slow = [[self._parameters()] for _ in self.layers]
        self._step, self._synchronised = [0], [0]
        self._loss, self._slow_losses, self._norm = [math.nan], [math.nan], [math.nan]
        self._at_slow = True
        self._hook = self._watch_base()

    def step(self, loss: float = math.nan) -> None:
        """Record one step; `loss` is the one whose gradient this step used, so it belongs to the iterate before."""
        if self._step[-1] == self.steps:
            self._norm[-1] = self._gradient_norm()
            self._loss[-1] = loss
        if self._at_slow:
            self._slow_loss = loss
        if self._step[-1] == self.steps:
            self._slow_losses[-1] = self._slow_loss
        self.steps += 1
        count = self._count()
        self._at_slow = count == len(self.layers)
        if self.steps % self.every == 0:
            self._store(count)

    def trajectory(self) -> Trajectory:
        """What was recorded so far, as one optimizer from one start; the last iterate's loss is not yet known (NaN)."""
        step = np.array(self._step, dtype=np.int64)
        return Trajectory(
            names=(self.name,),
            layers=(self.layers,),
            step=step,
            fast=np.stack(self._fast)[:, None, None],
            proposal=np.stack(self._proposal)[:, None, None],
            slow=(tuple(np.stack(layer)[:, None] for layer in self._slow),),
            loss=_column(self._loss),
            slow_loss=_column(self._slow_losses),
            gradient_norm=_column(self._norm),
            synchronised=np.array(self._synchronised, dtype=np.int64)[:, None],
            evaluations=step[:, None].copy(),
            diverged=np.array([[self._diverged]], dtype=np.int64),
        )

    def close(self) -> None:
        """Stop watching the optimizer."""
        self._hook.remove()

    def _watch_base(self) -> Any:
        base = self.optimizer.base if isinstance(self.optimizer, MultilayerLookahead) else self.optimizer
        return base.register_step_post_hook(self._after_base_step)

    def _after_base_step(self, *_: Any) -> None:
        if (self.steps + 1) % self.every == 0:
            self._last_proposal = self._parameters()

    def _store(self, count: int) -> None:
        fast = self._parameters()
        if self._diverged < 0 and not np.isfinite(fast).all():
            self._diverged = self.steps
        self._step.append(self.steps)
        self._synchronised.append(count)
        self._fast.append(fast)
        self._proposal.append(self._last_proposal if count else fast)
        for number, rows in enumerate(self._slow, start=1):
            rows.append(_flat(self.optimizer.slow_weights(number)))  # type: ignore[attr-defined]
        for column in (self._loss, self._slow_losses, self._norm):
            column.append(math.nan)

    def _count(self) -> int:
        return self.optimizer.synchronised if isinstance(self.optimizer, MultilayerLookahead) else 0

    def _parameters(self) -> Floats:
        return _flat([p for group in self.optimizer.param_groups for p in group["params"]])

    def _gradient_norm(self) -> float:
        grads = [p.grad for group in self.optimizer.param_groups for p in group["params"] if p.grad is not None]
        return float(torch.nn.utils.get_total_norm(grads)) if grads else math.nan


def _flat(tensors: list[torch.Tensor]) -> Floats:
    return flat([t.detach().to("cpu", torch.float64) for t in tensors]).numpy()


def _column(values: list[float]) -> Floats:
    return np.array(values, dtype=np.float64)[:, None, None]
