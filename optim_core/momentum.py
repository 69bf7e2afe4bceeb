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


def checked_momentum(momentum: str, base: Optimizer) -> Momentum:
    """The mode, if it exists and the base has what it needs.

    Raises:
        ValueError: unknown mode, or a mode other than "keep" for a torch.optim base without momentum. Bases from
            elsewhere are judged by their state, at the first synchronisation: see `momentum_buffers`.
    """
    if momentum not in get_args(Momentum):
        raise ValueError(f"momentum must be one of {', '.join(get_args(Momentum))}, got {momentum!r}")
    from_torch = type(base).__module__.startswith("torch.optim")
    if momentum != "keep" and from_torch and not any(_has_momentum(group) for group in base.param_groups):
        raise ValueError(f"momentum={momentum!r} needs a base with momentum; this {type(base).__name__} has none")
    return momentum  # type: ignore[return-value]


def momentum_buffers(base: Optimizer, parameters: Sequence[Tensor]) -> list[tuple[Tensor, str, Tensor]]:
    """(parameter, name, live buffer) of every momentum buffer; none before a parameter's first gradient.

    Raises:
        ValueError: the base has state, but nothing in it is known to be momentum.
    """
    # base.state[parameter] would leave an empty entry behind
    states = [(parameter, base.state[parameter]) for parameter in parameters if parameter in base.state]
    buffers = [(parameter, *buffer) for parameter, state in states for buffer in _buffers(state)]
    if not buffers and any(state for _, state in states):
        raise ValueError(
            f"momentum is known by the names {', '.join(MOMENTUM_BUFFERS)}, and {type(base).__name__} keeps neither: "
            "use momentum='keep'"
        )
    return buffers


def _buffers(state: Mapping[str, Any]) -> Iterator[tuple[str, Tensor]]:
    for name in MOMENTUM_BUFFERS:
        if isinstance(state.get(name), Tensor):
            yield name, state[name]


def _has_momentum(group: Mapping[str, Any]) -> bool:
    return "betas" in group or bool(group.get("momentum"))
