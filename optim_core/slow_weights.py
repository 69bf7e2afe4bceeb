"""The slow weights beside a base optimizer: where they are kept, when they start, how they are read.

`MultilayerLookahead` builds on this and says when and how they move.
"""

from __future__ import annotations

import operator
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer

from optim_core.bases import checked_base
from optim_core.checkpoint import StateDict, has_slow_weights, outer_key, slow_key
from optim_core.groups import BUFFERS, all_parameters, frozen
from optim_core.layers import InnerBuffers, Layer
from optim_core.live_state import LiveState
from optim_core.momentum import ITERATE, Momentum, momentum_buffers
from optim_core.progress import Progress, Shared
from optim_core.synchronise import assign, slow_copy

_PICKLED_ATTRIBUTES = ("base", "slow_dtype", "foreach", "defaults", "_progress", "_slow")
_NONE: tuple[None, dict[str, Tensor]] = (None, {})


class SlowWeights(Optimizer):
    """Slow weights of every layer for each parameter of a base optimizer: its `param_groups`, and beside its state."""

    layers = Shared[tuple[Layer, ...]]()
    momentum = Shared[Momentum]()
    inner_buffers = Shared[InnerBuffers]()
    base_steps = Shared[int]()
    synchronised = Shared[int]()

    def __init__(
        self, base: Optimizer, progress: Progress, slow_dtype: torch.dtype | None, foreach: bool | None
    ) -> None:
        self.base = checked_base(base)
        self.slow_dtype = slow_dtype
        self.foreach = foreach
        self._progress = progress
        self._slow: dict[Tensor, dict[str, Tensor]] = defaultdict(dict)
        # Optimizer.__init__ would make parameter groups of its own; __setstate__ sets up hooks and profiling only.
        self.__setstate__({"defaults": dict(getattr(base, "defaults", {}))})

    def __getstate__(self) -> StateDict:
        self._refuse_while_evaluating("copying or pickling")
        return {name: getattr(self, name) for name in _PICKLED_ATTRIBUTES}

    @property
    def param_groups(self) -> list[StateDict]:
        """The base optimizer's own list."""
        return self.base.param_groups

    @param_groups.setter
    def param_groups(self, groups: list[StateDict]) -> None:
        self.base.param_groups = groups

    @property  # type: ignore[override]  # torch's is a defaultdict
    def state(self) -> LiveState:
        """The base's entries and the slow weights of every parameter, live, in one mapping."""
        return LiveState(self._slow, self.base, lambda: self._progress.base_steps)

    @state.setter
    def state(self, state: Mapping[Tensor, Mapping[str, Any]]) -> None:
        live = self.state
        for parameter in live.keys() - state.keys():
            del live[parameter]
        live.update({parameter: dict(entries) for parameter, entries in state.items()})

    def add_param_group(self, param_group: StateDict) -> None:
        """Add a group to the base; its slow weights start at the next step, in step with those already there."""
        self._refuse_while_evaluating("add_param_group()")
        self.base.add_param_group(param_group)

    def add_buffers(self, buffers: Iterable[Tensor]) -> None:
        """Treat floating-point buffers of a model, `model.buffers()`, as parameters that the base never moves.

        They are synchronised, and exchanged in use_slow_weights. They are a parameter group of their own: call it
        before a scheduler is made, and again before a checkpoint is loaded.
        """
        floating = [buffer for buffer in buffers if buffer.is_floating_point()]
        if floating:
            self.add_param_group({"params": floating, BUFFERS: True})

    def capture(self) -> None:
        """Start slow weights that are missing at the parameters' current values, and then drop those of no parameter.

        Before the first base step all of them start, whatever there was. `step` does this itself. Only who calls
        `base.step` and `advance` separately calls it, before the base's step.
        """
        self._refuse_while_evaluating("step()")
        missing = self._without_slow_weights() if self._progress.base_steps else self._parameters()
        for parameter in missing:
            self._slow[parameter].update(self._slow_copies(parameter))
        for parameter in self._slow.keys() - set(self._parameters()) if missing else ():
            del self._slow[parameter]
        self._progress.captured[:] = [(parameter, self._slow[parameter]) for parameter in self._parameters()]

    def restart(self, *, reset_phase: bool = False) -> None:
        """Let all slow weights start anew at the present parameters, for instance after best weights were reloaded.

        Outer momentum starts anew at zero. The windows go on as they were counted; with `reset_phase` they begin here,
        and base_steps is 0.
        """
        self._refuse_while_evaluating("restart()")
        self._slow.clear()
        self._progress.captured.clear()
        self.capture()
        self.base_steps = 0 if reset_phase else self.base_steps

    def slow_weights(self, layer: int) -> list[Tensor]:
        """The slow weights of a layer in parameter order: 1 is the innermost, −1 the outermost.

        These are the live tensors, not copies. For parameters that have not taken a step yet: copies of the parameters.

        Raises:
            ValueError: there is no such layer.
        """
        depth, layer = len(self.layers), operator.index(layer)
        if layer == 0 or abs(layer) > depth:
            raise ValueError(f"layer must be in 1 to {depth}, or −1 to −{depth} from the outermost, got {layer}")
        key = slow_key(layer if layer > 0 else depth + 1 + layer)
        self._settle(frozen(self.base.param_groups))
        return [
            self._slow[parameter][key] if key in self._slow.get(parameter, ()) else parameter.detach().clone()
            for parameter in self._parameters()
        ]

    @contextmanager
    def use_slow_weights(self, layer: int = -1) -> Iterator[None]:
        """A context in which the parameters hold the slow weights of a layer; they are restored when it ends.

        Memory: a copy of the parameters for as long as it lasts.

        Raises:
            ValueError: there is no such layer.
            RuntimeError: entered twice, or between eval() and train(); step, state_dict, load_state_dict,
                add_param_group or a copy inside it.
        """
        self._refuse_while_evaluating("use_slow_weights()")
        if self._progress.averaged:
            raise RuntimeError("use_slow_weights() wants the parameters that the base trains: call train() first")
        slow, parameters = self.slow_weights(layer), self._parameters()
        fast = [parameter.detach().clone() for parameter in parameters]
        self._progress.evaluating = True
        try:
            assign(parameters, slow)
            yield
        finally:
            assign(parameters, fast)
            self._progress.evaluating = False

    def project(self, function: Callable[[], Any]) -> None:
        """Call `function` with the fast weights, then with those of each layer in their place; keep what it changes.

        For pruning masks, weight clipping and the like, which otherwise would reach the fast weights alone: the next
        synchronisation would mix them with slow weights that lie outside.
        """
        self._refuse_while_evaluating("project()")
        with torch.no_grad():
            function()
            for layer in range(1, len(self.layers) + 1):
                with self.use_slow_weights(layer):
                    slow, parameters = self.slow_weights(layer), self._parameters()
                    old_values = [parameter.detach().clone() for parameter in parameters]
                    function()
                    for copy, old_value, new_value in zip(slow, old_values, parameters, strict=True):
                        # slow weights may be finer than parameters
                        copy.copy_(torch.where(old_value == new_value, copy, new_value))

    def train(self) -> None:
        """Call the base's method of that name, if it has one: the parameters are again those that it trains."""
        self._turn("train", averaged=False)

    def eval(self) -> None:
        """Call the base's method of that name, if it has one: the parameters then hold its average, until train()."""
        self._turn("eval", averaged=True)

    def _turn(self, mode: str, *, averaged: bool) -> None:
        self._refuse_while_evaluating(f"{mode}()")
        method = getattr(self.base, mode, None)
        if callable(method):
            method()
            self._progress.averaged = averaged

    @torch.no_grad()
    def _slow_copies(self, parameter: Tensor) -> dict[str, Tensor]:
        """A parameter's slow weights of every layer and, under pullback, its slow momentum, at the current values."""
        buffers = momentum_buffers(self.base, [parameter]) if self.momentum == "pullback" else []
        live = {"": parameter, **{name: buffer for _, name, buffer in buffers}}
        levels = range(1, len(self.layers) + 1)
        copies = {slow_key(level, name): slow_copy(live[name], self.slow_dtype) for name in live for level in levels}
        with_momentum = [level for level in levels if self.layers[level - 1].has_momentum]
        return copies | {outer_key(level): torch.zeros_like(copies[slow_key(level)]) for level in with_momentum}

    def _complete(self) -> None:
        """Bring what a checkpoint holds up to date: slow weights of frozen parameters, slow copies of momentum."""
        self._settle(frozen(self.base.param_groups))
        if self.momentum == "pullback":
            self._pulled_back([parameter for parameter in self._slow if has_slow_weights(self._slow[parameter])])

    @torch.no_grad()
    def _settle(self, frozen: Sequence[Tensor]) -> None:
        """The slow weights of a frozen parameter are its value: interpolating could turn −0 into 0 and ∞ into NaN."""
        for parameter in frozen:
            mine = self._slow.get(parameter, {})
            slow = [mine[slow_key(level)] for level in range(1, len(self.layers) + 1) if slow_key(level) in mine]
            assign(slow, [parameter] * len(slow))

    def _pulled_back(self, parameters: Sequence[Tensor]) -> list[tuple[Tensor, str, Tensor]]:
        """(parameter, name, live buffer) of their momentum, whose missing slow copies are made."""
        buffers = momentum_buffers(self.base, parameters, has_stepped=True)
        for parameter, name, buffer in buffers:
            mine = self._slow[parameter]
            for level in range(1, len(self.layers) + 1):
                if slow_key(level, name) not in mine:
                    # the base made this buffer after the slow weights had started: it was zero then, or the weights
                    start = mine[slow_key(level)] if name == ITERATE else torch.zeros_like(buffer)
                    mine[slow_key(level, name)] = slow_copy(start, self.slow_dtype)
        return buffers

    def _is_captured(self) -> bool:
        """Whether `capture` would do nothing: asked at every step, since others replace parameters and write `state`.

        Parameters are compared one by one: to look up a tensor in a dictionary takes several times as long.
        """
        progress = self._progress
        key, captured = slow_key(len(progress.layers)), iter(progress.captured)
        for group in self.base.param_groups:
            for parameter in group["params"]:
                known, slow = next(captured, _NONE)
                if parameter is not known or key not in slow:
                    return False
        return next(captured, _NONE) is _NONE and not progress.evaluating

    def _without_slow_weights(self) -> list[Tensor]:
        slow, key = self._slow, slow_key(len(self._progress.layers))
        return [p for group in self.base.param_groups for p in group["params"] if key not in slow[p]]

    def _parameters(self) -> list[Tensor]:
        return all_parameters(self.base.param_groups)

    def _refuse_while_evaluating(self, what: str) -> None:
        if self._progress.evaluating:
            raise RuntimeError(f"{what} inside use_slow_weights(): the parameters hold slow weights for the moment")
