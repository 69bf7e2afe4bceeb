"""Multilayer Lookahead: nested slow weights around any torch optimizer.

After every k_i steps of layer i−1 (a step of layer 0 is a step of the base optimizer, φ_0 = θ):

    φ_i ← φ_i + α_i (φ_{i−1} − φ_i)
    φ_j ← φ_i  for every j < i, θ included

One layer is Lookahead: Zhang, Lucas, Hinton, Ba 2019, arXiv 1907.08610.
More are Multilayer Lookahead: Pushkin, Barba 2021, arXiv 2110.14254.
"""

from __future__ import annotations

import operator
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import wraps
from typing import Any, ParamSpec, TypeVar, cast

import torch
from torch import Tensor
from torch.autograd import profiler
from torch.optim import Optimizer, optimizer as torch_optimizer

from optim_core.checkpoint import Settings, StateDict, merge, slow_key, split
from optim_core.layers import Layer, layers_due, make_layers
from optim_core.momentum import Momentum, checked_momentum, momentum_buffers
from optim_core.synchronise import synchronise

P, R = ParamSpec("P"), TypeVar("R")

_PICKLED = ("base", "layers", "momentum", "slow_dtype", "foreach", "base_steps", "synchronised", "defaults", "state")


class MultilayerLookahead(Optimizer):
    r"""Lookahead with any number of layers of slow weights, around any optimizer.

    .. math::
        \phi_i \leftarrow \phi_i + \alpha_i (\phi_{i-1} - \phi_i), \qquad
        \phi_j \leftarrow \phi_i \text{ for every } j < i

    after every :math:`k_i` steps of layer :math:`i - 1`, where :math:`\phi_0 = \theta` are the parameters (the fast
    weights) and a step of layer 0 is a step of the base optimizer. Layer 1 is the innermost; layer i synchronises every
    :math:`k_1 k_2 \cdots k_i` base steps. All slow weights start equal to the parameters as they are just before the
    base's first step.

    It is a :class:`torch.optim.Optimizer` with the base's own ``param_groups``: use it wherever the base was used. Slow
    weights are in ``state``, one tensor per parameter and layer, of the parameter's shape and device.

    Args:
        optimizer: the base optimizer, already constructed; it must not be a MultilayerLookahead itself.
        k: synchronisation periods, innermost first; ``k[i]`` counts steps of the layer below. One number with one
            number `alpha` means one layer; beside a sequence, it serves every layer.
        alpha: slow step sizes in [0, 1], likewise.
        momentum: what happens to the base's momentum (`momentum_buffer`, `exp_avg`) at a synchronisation: "keep" leaves
            it, "reset" zeroes it, "pullback" interpolates it and copies it down as the weights are (memory: one
            more tensor per parameter and layer).
        slow_dtype: least precision of slow weights, for instance torch.float32 beside bfloat16 parameters, where slow
            weights of the same type would lose every increment below their spacing. None: the parameter's dtype.
        foreach: None chooses by device; True or False forces multi-tensor kernels on or off.

    Attributes:
        base: the wrapped optimizer. Its step post-hooks see the fast weights before they are synchronised.
        layers: one `Layer` per layer, innermost first.
        base_steps: base steps taken so far.
        synchronised: how many layers synchronised in the last step, 0 to len(layers).

    Raises:
        TypeError: `optimizer` is not an optimizer or is a MultilayerLookahead; a `k` that is not a whole number.
        ValueError: `k` < 1, `alpha` outside [0, 1] or NaN, sequences of unequal length, no layers; unknown `momentum`,
            or one that the base has not; `slow_dtype` not floating.

    Example:
        >>> weight = torch.nn.Parameter(torch.tensor([0.0]))
        >>> optimizer = MultilayerLookahead(torch.optim.SGD([weight], lr=1.0), k=[2, 3], alpha=0.5)
        >>> path = []
        >>> for _ in range(7):
        ...     optimizer.zero_grad()
        ...     (-weight.sum()).backward()
        ...     optimizer.step()
        ...     path.append(weight.item())
        >>> path
        [1.0, 1.0, 2.0, 2.0, 3.0, 1.5, 2.5]

    Sources: Zhang et al. 2019, https://arxiv.org/abs/1907.08610; Pushkin, Barba 2021, https://arxiv.org/abs/2110.14254.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        k: int | Sequence[int],
        alpha: float | Sequence[float],
        *,
        momentum: Momentum = "keep",
        slow_dtype: torch.dtype | None = None,
        foreach: bool | None = None,
    ) -> None:
        self.base = _checked_base(optimizer)
        self.layers = make_layers(k, alpha)
        self.momentum = checked_momentum(momentum, optimizer)
        self.slow_dtype = _checked_dtype(slow_dtype)
        self.foreach = foreach
        self.base_steps = 0
        self.synchronised = 0
        # Optimizer.__init__ would make parameter groups of its own; __setstate__ sets up hooks and profiling only.
        self.__setstate__({"defaults": dict(optimizer.defaults), "state": defaultdict(dict)})

    def __setstate__(self, state: StateDict) -> None:
        super().__setstate__(state)
        self._evaluating = False
        self._recount()

    def __getstate__(self) -> StateDict:
        self._refuse_while_evaluating("copying or pickling")
        return {name: getattr(self, name) for name in _PICKLED}

    def __repr__(self) -> str:
        return f"{type(self).__name__} (layers: {self.layers}, momentum: {self.momentum}, base: {self.base!r})"

    @property
    def param_groups(self) -> list[StateDict]:
        """The base optimizer's own list."""
        return self.base.param_groups

    @param_groups.setter
    def param_groups(self, groups: list[StateDict]) -> None:
        self.base.param_groups = groups

    def add_param_group(self, param_group: StateDict) -> None:
        """Add a group to the base; its slow weights start at the next step, in step with those already there."""
        self._refuse_while_evaluating("add_param_group()")
        self.base.add_param_group(param_group)

    @staticmethod
    def profile_hook_step(func: Callable[P, R]) -> Callable[P, R]:
        """Torch's hooks and profiler marks around a step, passed by where nothing is there to notice them."""
        hooked = Optimizer.profile_hook_step(func)

        @wraps(func)
        def step(*args: P.args, **kwargs: P.kwargs) -> R:
            return (hooked if _observed(cast(Optimizer, args[0])) else func)(*args, **kwargs)

        return step

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Take one step of the base optimizer, then synchronise the layers that are due.

        Args:
            closure: passed on to the base unchanged.

        Returns:
            What the base's step returns.
        """
        self.capture()
        loss = self.base.step() if closure is None else self.base.step(closure)
        self.advance()
        return loss

    def capture(self) -> None:
        """Let the slow weights of parameters that have none yet start at the parameters' current values.

        `step` does this itself. Only who calls `base.step` and `advance` separately calls it, before the base's first
        step; where there is nothing to do it costs a comparison.
        """
        self._refuse_while_evaluating("step()")
        if self._groups_captured != len(self.base.param_groups):
            for parameter in self._parameters():
                if parameter not in self.state:
                    self.state[parameter] = self._slow_copies(parameter)
            self._recount()

    def advance(self) -> None:
        """Count one base step and synchronise the layers that are due: `step` without the base's step.

        For players that move one after the other but synchronise together: all capture() once; in every round all take
        their base.step(), then all advance().

        Raises:
            RuntimeError: some parameters have no slow weights yet.
        """
        self._refuse_while_evaluating("advance()")
        if self._groups_captured != len(self.base.param_groups):
            raise RuntimeError("some parameters have no slow weights: call capture() before the base optimizer's step")
        self.base_steps += 1
        self.synchronised = 0
        if self.base_steps % self.layers[0].k == 0:
            self.synchronised = layers_due(self.base_steps, self.layers)
            self._synchronise(self.layers[: self.synchronised])

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
        return [
            self.state[parameter][key] if parameter in self.state else parameter.detach().clone()
            for parameter in self._parameters()
        ]

    @contextmanager
    def use_slow_weights(self, layer: int = -1) -> Iterator[None]:
        """A context in which the parameters hold the slow weights of a layer; they are restored when it ends.

        Memory: a copy of the parameters for as long as it lasts.

        Raises:
            ValueError: there is no such layer.
            RuntimeError: entered twice; step, state_dict, load_state_dict, add_param_group or a copy inside it.
        """
        self._refuse_while_evaluating("use_slow_weights()")
        slow, parameters = self.slow_weights(layer), self._parameters()
        fast = [parameter.detach().clone() for parameter in parameters]
        self._evaluating = True
        try:
            _assign(parameters, slow)
            yield
        finally:
            _assign(parameters, fast)
            self._evaluating = False

    def state_dict(self) -> StateDict:
        """The base's state_dict, with slow weights in `state` and base_steps, k, alpha, momentum in `param_groups`.

        As in every torch optimizer, the tensors are the live ones.
        """
        self._refuse_while_evaluating("state_dict()")
        for pre_hook in self._optimizer_state_dict_pre_hooks.values():
            pre_hook(self)
        if self.momentum == "pullback":
            self._pulled_back(list(self.state))
        slow = [self.state.get(parameter, {}) for parameter in self._parameters()]
        merged = merge(self.base.state_dict(), slow, Settings(self.layers, self.momentum, self.base_steps))
        for post_hook in self._optimizer_state_dict_post_hooks.values():
            merged = post_hook(self, merged) or merged
        return merged

    def load_state_dict(self, state_dict: StateDict) -> None:
        """Continue from a checkpoint, of this class or of the bare base optimizer.

        As with lr, the checkpoint's k, alpha and momentum replace those given to the constructor (with a warning where
        they differ); the number of layers must agree. From a bare base's checkpoint, slow weights start at the
        parameters as they are at the next step. Slow weights get the dtype that slow_dtype says here.

        Raises:
            ValueError: another number of layers, or of parameters.
        """
        self._refuse_while_evaluating("load_state_dict()")
        state_dict = state_dict.copy()
        for pre_hook in self._optimizer_load_state_dict_pre_hooks.values():
            state_dict = pre_hook(self, state_dict) or state_dict
        base, slow, settings = split(state_dict)
        settings = settings or Settings(self.layers, self.momentum, base_steps=0)
        checked_momentum(settings.momentum, self.base)
        settings.compare(Settings(self.layers, self.momentum, base_steps=0))
        self.base.load_state_dict(base)
        self._restore(slow, settings)
        for post_hook in self._optimizer_load_state_dict_post_hooks.values():
            post_hook(self)

    def _restore(self, slow: Sequence[StateDict], settings: Settings) -> None:
        self.layers, self.base_steps, self.synchronised = settings.layers, settings.base_steps, 0
        self.momentum = settings.momentum
        self.state = defaultdict(dict)
        for parameter, saved in zip(self._parameters(), slow, strict=True):
            if saved:
                copies = self._slow_copies(parameter)
                self.state[parameter] = {key: copies[key].copy_(saved[key]) for key in copies if key in saved}
        self._recount()

    @torch.no_grad()
    def _slow_copies(self, parameter: Tensor) -> dict[str, Tensor]:
        """A parameter's slow weights of every layer and, under pullback, its slow momentum, at the current values."""
        buffers = momentum_buffers(self.base, [parameter]) if self.momentum == "pullback" else []
        live = {"": parameter, **{name: buffer for _, name, buffer in buffers}}
        levels = range(1, len(self.layers) + 1)
        return {slow_key(level, name): self._slow_copy(live[name]) for name in live for level in levels}

    def _slow_copy(self, live: Tensor) -> Tensor:
        dtype = live.dtype if self.slow_dtype is None else torch.promote_types(live.dtype, self.slow_dtype)
        return torch.empty_like(live, dtype=dtype, requires_grad=False).copy_(live)

    @torch.no_grad()
    def _synchronise(self, layers: Sequence[Layer]) -> None:
        # A frozen parameter is left alone: interpolating it with itself could still turn −0 into 0 and ∞ into NaN.
        moving = [p for p in dict.fromkeys(self._parameters()) if p.requires_grad or p.grad is not None]
        rows = [(p, "", p) for p in moving]
        if self.momentum == "reset":
            for _, _, buffer in momentum_buffers(self.base, moving):
                buffer.zero_()
        elif self.momentum == "pullback":
            rows += self._pulled_back(moving)
        levels = range(1, len(layers) + 1)
        columns = [[live, *(self.state[p][slow_key(i, name)] for i in levels)] for p, name, live in rows]
        synchronise(columns, [layer.alpha for layer in layers], self.foreach)

    def _pulled_back(self, parameters: Sequence[Tensor]) -> list[tuple[Tensor, str, Tensor]]:
        """(parameter, name, live buffer) of their momentum, whose slow copies exist once they have been asked for."""
        buffers = momentum_buffers(self.base, parameters)
        for parameter, name, buffer in buffers:
            for level in range(1, len(self.layers) + 1):
                if slow_key(level, name) not in self.state[parameter]:
                    # the base made this buffer after the slow weights had started: it was zero then
                    self.state[parameter][slow_key(level, name)] = self._slow_copy(torch.zeros_like(buffer))
        return buffers

    def _recount(self) -> None:
        """Note whether all parameters have slow weights: from then on a step only compares the number of groups."""
        complete = all(parameter in self.state for parameter in self._parameters())
        self._groups_captured = len(self.base.param_groups) if complete else 0

    def _parameters(self) -> list[Tensor]:
        return [parameter for group in self.base.param_groups for parameter in group["params"]]

    def _refuse_while_evaluating(self, what: str) -> None:
        if self._evaluating:
            raise RuntimeError(f"{what} inside use_slow_weights(): the parameters hold slow weights for the moment")


class Lookahead(MultilayerLookahead):
    """One layer of slow weights: `MultilayerLookahead` with the defaults of Zhang et al. 2019, arXiv 1907.08610.

    Args and errors are those of `MultilayerLookahead`; `k` and `alpha` are single numbers.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        k: int = 5,
        alpha: float = 0.5,
        *,
        momentum: Momentum = "keep",
        slow_dtype: torch.dtype | None = None,
        foreach: bool | None = None,
    ) -> None:
        super().__init__(optimizer, [k], [alpha], momentum=momentum, slow_dtype=slow_dtype, foreach=foreach)


def _observed(optimizer: Optimizer) -> bool:
    """Whether a profiler or a hook of a step, this optimizer's or a global one, is there."""
    return bool(
        profiler._is_profiler_enabled
        or optimizer._optimizer_step_pre_hooks
        or optimizer._optimizer_step_post_hooks
        or torch_optimizer._global_optimizer_pre_hooks
        or torch_optimizer._global_optimizer_post_hooks
    )


@torch.no_grad()
def _assign(parameters: Sequence[Tensor], values: Sequence[Tensor]) -> None:
    for parameter, value in zip(parameters, values, strict=True):
        parameter.copy_(value)


def _checked_base(optimizer: Optimizer) -> Optimizer:
    if not isinstance(optimizer, Optimizer):
        raise TypeError(f"optimizer must be a torch.optim.Optimizer, got {type(optimizer).__name__}")
    if isinstance(optimizer, MultilayerLookahead):
        raise TypeError(f"optimizer is a {type(optimizer).__name__} already: give one MultilayerLookahead more layers")
    return optimizer


def _checked_dtype(slow_dtype: torch.dtype | None) -> torch.dtype | None:
    if slow_dtype is not None and not isinstance(slow_dtype, torch.dtype):
        raise TypeError(f"slow_dtype must be a torch.dtype or None, got {slow_dtype!r}")
    if slow_dtype is not None and not slow_dtype.is_floating_point:
        raise ValueError(f"slow_dtype must be a floating-point dtype, got {slow_dtype}")
    return slow_dtype
