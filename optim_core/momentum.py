"""What happens to the base optimizer's momentum when layers synchronise.

keep: nothing. reset: it is zeroed. pullback: every layer has a slow copy of it, interpolated and copied down as the
slow weights are, so that weights and momentum restart from the same moment.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal, get_args

from torch import Tensor
from torch.optim import Optimizer

Momentum = Literal["keep", "reset", "pullback"]

MOMENTUM_BUFFERS = ("momentum_buffer", "exp_avg")
"""State entries that are momentum: SGD, RMSprop, Muon; Adam and its relatives (also Lion, LAMB and many others)."""

ITERATE = "z"
"""State entry of Schedule-Free bases, which have train() and eval(): the sequence of weights that takes the steps."""

BUFFERS = (*MOMENTUM_BUFFERS, ITERATE)


def checked_momentum(momentum: str, base: Optimizer) -> Momentum:
    """The mode, if it exists and the base has what it needs.

    Raises:
        ValueError: unknown mode, or a mode other than "keep" for a torch.optim base without momentum. Bases from
            elsewhere are judged by their state, at the first synchronisation: see `momentum_buffers`.
    """
    if momentum not in get_args(Momentum):
        raise ValueError(f"momentum must be one of {', '.join(get_args(Momentum))}, got {momentum!r}")
    if momentum != "keep" and _from_torch(base) and not any(_has_momentum(group) for group in base.param_groups):
        raise ValueError(f"momentum={momentum!r} needs a base with momentum; this {type(base).__name__} has none")
    return momentum  # type: ignore[return-value]


def momentum_buffers(
    base: Optimizer, parameters: Sequence[Tensor], *, has_stepped: bool = False
) -> list[tuple[Tensor, str, Tensor]]:
    """(parameter, name, live buffer) of every momentum buffer; none before a parameter's first gradient.

    Raises:
        ValueError: the base has state, but nothing in it is known to be momentum; or, from elsewhere than torch.optim,
            it has none although it `has_stepped` with the gradients that are there.
    """
    names = BUFFERS if callable(getattr(base, "eval", None)) else MOMENTUM_BUFFERS
    # base.state[parameter] would leave an empty entry behind
    states = [(parameter, base.state[parameter]) for parameter in parameters if parameter in base.state]
    buffers = [(parameter, *buffer) for parameter, state in states for buffer in _buffers(state, names)]
    has_hidden = has_stepped and not _from_torch(base) and any(parameter.grad is not None for parameter in parameters)
    if not buffers and (has_hidden or any(state for _, state in states)):
        raise ValueError(
            f"momentum is known by the names {', '.join(MOMENTUM_BUFFERS)}, and {type(base).__name__} keeps neither: "
            "use momentum='keep'"
        )
    return buffers


def reset(buffers: Sequence[tuple[Tensor, str, Tensor]]) -> None:
    """Zero momentum; a second sequence of weights restarts at the parameters, as they are after a synchronisation."""
    for parameter, name, buffer in buffers:
        if name == ITERATE:
            buffer.copy_(parameter)
        else:
            buffer.zero_()


def _buffers(state: Mapping[str, Any], names: Sequence[str]) -> Iterator[tuple[str, Tensor]]:
    for name in names:
        if isinstance(state.get(name), Tensor):
            yield name, state[name]


def _from_torch(base: Optimizer) -> bool:
    return type(base).__module__.startswith("torch.optim")


def _has_momentum(group: Mapping[str, Any]) -> bool:
    return "betas" in group or bool(group.get("momentum"))
