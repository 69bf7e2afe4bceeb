"""One player of many networks at once: its weights in rows, their gradients, and what moves them.

Networks of one shape are evaluated together, by torch's vmap over their stacked parameters: many small products of
matrices become few large ones. Convolutions of large batches are the exception on a processor: those of many networks
are one grouped convolution, for which its kernels are slower, so there the networks take turns.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from operator import itemgetter
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call, vmap

from optim_core.columns import Column, MomentumColumn
from optim_core.device import with_tensors
from optim_core.rules import RULES, rule_of
from optim_core.spec import OptimizerSpec
from optim_core.task import Task, flat

Named = Mapping[str, Tensor]

CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.Conv3d)
MOST_ROWS_OF_CONVOLUTIONS = 8  # of a mini-batch up to which networks with convolutions are stacked


class StackedPlayer:
    """One player's weights, (members, parameters), with a gradient, an optimizer and layers for each row.

    Raises:
        ValueError: base methods that differ in kind, or one that does not act number by number.
    """

    def __init__(
        self, task: Task, models: Sequence[nn.Module], name: str, specs: Sequence[OptimizerSpec], device: str = "cpu"
    ) -> None:
        self.name = name
        self.loss = _Loss(task, models[0], name)
        self.x = torch.stack([flat(task.parameters(model, name)) for model in models]).to(device)
        self.gradient = torch.zeros_like(self.x)
        self.weights = self._views(_names(self.loss, task.parameters(models[0], name)))
        self.leaves = {name: view.detach().requires_grad_() for name, view in self.weights.items()}
        self.rule = _common_rule(specs)(specs, self.x, self.gradient)
        resets = [spec.inner_buffers == "reset" for spec in specs]
        self.column = Column(self.x, [spec.layers for spec in specs], resets)
        self.momentum = None if self.rule.momentum is None else MomentumColumn(self.rule.momentum, specs)
        self.is_costly = device == "cpu" and any(isinstance(module, CONVOLUTIONS) for module in models[0].modules())

    def _views(self, parameters: Mapping[str, nn.Parameter]) -> Named:
        """The rows' parts as stacked parameters, (members, *shape), which share their memory."""
        parts = torch.split(self.x, [parameter.numel() for parameter in parameters.values()], dim=1)
        pairs = zip(parameters.items(), parts, strict=True)
        return {name: part.view(-1, *parameter.shape) for (name, parameter), part in pairs}

    def evaluate(self, batch: Any, rows: int, others: Named) -> tuple[Tensor, Tensor]:
        """Loss and norm of the gradient of each member, (members,), on its mini-batch of so many rows."""
        if self.is_costly and rows > MOST_ROWS_OF_CONVOLUTIONS:
            losses = self._evaluate_in_turn(batch, others)
        else:
            losses = self._evaluate_together(batch, others)
        return losses, torch.linalg.vector_norm(self.gradient, dim=1)

    def _evaluate_together(self, batch: Any, others: Named) -> Tensor:
        in_dims = (0, 0, None if batch is None else 0)
        losses = vmap(self.loss.at, in_dims=in_dims)(self.leaves, dict(others), batch)
        # A sum over members, of which each depends on its own row alone, has each member's gradient in its row.
        gradients = torch.autograd.grad(losses.sum(), list(self.leaves.values()))
        torch.cat([gradient.flatten(1) for gradient in gradients], dim=1, out=self.gradient)
        return losses.detach()

    def _evaluate_in_turn(self, batch: Any, others: Named) -> Tensor:
        parameters = [self.loss.get_parameter(name) for name in (*self.weights, *others)]
        own, losses = parameters[: len(self.weights)], []
        for row, gradient in enumerate(self.gradient):
            for parameter, weights in zip(parameters, (*self.weights.values(), *others.values()), strict=True):
                parameter.data = _laid_out(weights[row])
            loss: Tensor = self.loss(with_tensors(batch, itemgetter(row)))
            torch.cat([one.reshape(-1) for one in torch.autograd.grad(loss, own)], out=gradient)
            losses.append(loss.detach())
        return torch.stack(losses)

    def step(self, step: int, steps: int) -> None:
        """Take base step number `step` (from 0)."""
        self.rule.step(step, steps, _refuse)

    def synchronise(self, step: int) -> None:
        """Synchronise what is due after `step` base steps."""
        due = self.column.due.at(step)
        if due:
            self.column.synchronise(due)
            if self.momentum is not None:
                self.momentum.synchronise(step)


class _Loss(nn.Module):
    """A player's loss as a function of the weights."""

    def __init__(self, task: Task, model: nn.Module, player: str) -> None:
        super().__init__()
        self.task, self.model, self.player = task, model, player

    def forward(self, batch: Any) -> Tensor:
        return self.task.loss(self.model, batch, self.player)

    def at(self, weights: Named, others: Named, batch: Any) -> Tensor:
        """The loss at these weights of the player and of the others, by their names here."""
        loss: Tensor = functional_call(self, {**weights, **others}, (batch,))
        return loss


def stacked(batches: Sequence[Any], places: Sequence[int]) -> tuple[Any, int]:
    """Mini-batches as one with a row for each member, who takes the batch at its place; and the rows of one batch.

    Raises:
        TypeError: a batch that is neither a tensor, nor a tuple of them, nor None.
    """
    first = batches[0]
    if first is None:
        return None, 0
    if isinstance(first, Tensor):
        return _stack(batches, places), len(first)
    if isinstance(first, tuple) and all(isinstance(part, Tensor) for part in first):
        parts = [_stack(part, places) for part in zip(*batches, strict=True)]
        return type(first)(*parts) if hasattr(first, "_fields") else tuple(parts), len(first[0])
    raise TypeError(f"a batch must be a tensor, a tuple of tensors or None, got {type(first).__name__}")


def _stack(parts: Sequence[Tensor], places: Sequence[int]) -> Tensor:
    together = torch.stack(list(parts))
    return together if len(places) == len(parts) else together[torch.tensor(places)]


def _laid_out(weights: Tensor) -> Tensor:
    """A copy, of filters in the layout of fast convolutions: those of one channel have both layouts at once."""
    layout = torch.channels_last if weights.dim() == 4 else torch.contiguous_format
    return weights.detach().clone(memory_format=layout)


def _names(module: nn.Module, parameters: Sequence[nn.Parameter]) -> dict[str, nn.Parameter]:
    """These parameters by their names in the module, in their order."""
    names = {id(parameter): name for name, parameter in module.named_parameters()}
    return {names[id(parameter)]: parameter for parameter in parameters}


def _common_rule(specs: Sequence[OptimizerSpec]) -> Any:
    rules = {rule_of(spec) if spec.base in RULES else spec.base for spec in specs}
    (rule, *others) = rules
    if others or isinstance(rule, str):
        bases = ", ".join(dict.fromkeys(spec.base for spec in specs))
        raise ValueError(
            f"members of an ensemble must have one base method, which acts number by number, got {bases}: "
            "train those of each base by themselves, and muon by `train`"
        )
    return rule


def _refuse() -> None:
    raise ValueError("optimizers of networks take one gradient a step")
