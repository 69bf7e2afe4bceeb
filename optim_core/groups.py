"""The settings in parameter groups: which parameters are synchronised, and how far.

Users may set two entries of a group: `lookahead_alpha`, slow step sizes that replace the layers' own, and
`lookahead_buffers`, which `add_buffers` sets on groups of buffers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from torch import Tensor

from optim_core.layers import Layer

ALPHA = "lookahead_alpha"
BUFFERS = "lookahead_buffers"

Groups = Sequence[Mapping[str, Any]]
Layers = tuple[Layer, ...]


def all_parameters(groups: Groups) -> list[Tensor]:
    """Every parameter, in the groups' order."""
    return [parameter for group in groups for parameter in group["params"]]


def frozen(groups: Groups) -> list[Tensor]:
    """The parameters that neither want a gradient nor have one: they are left alone."""
    parameters = all_parameters([group for group in groups if BUFFERS not in group])
    return [parameter for parameter in parameters if not parameter.requires_grad and parameter.grad is None]


def by_layers(
    groups: Groups, layers: Layers, *, by_group: bool = True
) -> tuple[list[tuple[Layers, list[Tensor]]], list[Tensor]]:
    """The parameters that are synchronised, once each, with the layers that their groups ask for; and the frozen ones.

    Without `by_group` all of them go with `layers`.

    Raises:
        ValueError: a group has another number of slow step sizes than there are layers, or one outside [0, 1].
    """
    together: dict[Any, dict[int, Tensor]] = {}  # by id: a tensor's hash is slow
    still = []
    for group in groups:
        alpha, buffers = group.get(ALPHA) if by_group else None, BUFFERS in group
        alike = together.setdefault(tuple(alpha) if isinstance(alpha, list) else alpha, {})
        for parameter in group["params"]:
            if parameter.requires_grad or buffers or parameter.grad is not None:
                alike[id(parameter)] = parameter
            else:
                still.append(parameter)
    rows = [
        (layers if alpha is None else with_alpha(layers, alpha), list(alike.values()))
        for alpha, alike in together.items()
    ]
    return rows, still


def with_alpha(layers: Layers, alpha: float | Sequence[float]) -> Layers:
    """The layers with other slow step sizes, one for all or one each."""
    alphas = list(alpha) if isinstance(alpha, Sequence) else [alpha] * len(layers)
    if len(alphas) != len(layers):
        raise ValueError(f"{ALPHA} must have one entry per layer, {len(layers)}, got {alpha}")
    return tuple(replace(layer, alpha=one) for layer, one in zip(layers, alphas, strict=True))


def is_rehearsal(groups: Groups) -> bool:
    """Whether lr and gradients are all 0, as in the step that torch.distributed.checkpoint takes before the first one.

    It is there to make the base allocate its state, which is then filled from a file.
    """
    if not all("lr" in group and float(group["lr"]) == 0 for group in groups):
        return False
    gradients = [parameter.grad for parameter in all_parameters(groups) if parameter.grad is not None]
    return bool(gradients) and not any(gradient.is_sparse or gradient.any() for gradient in gradients)
