"""Multilayer Lookahead: nested slow weights around any torch optimizer.

After every k_i steps of layer i−1 (a step of layer 0 is a step of the base optimizer, φ_0 = θ):

    φ_i ← φ_i + α_i (φ_{i−1} − φ_i)
    φ_j ← φ_i  for every j < i, θ included

One layer is Lookahead: Zhang, Lucas, Hinton, Ba 2019, arXiv 1907.08610.
More are Multilayer Lookahead: Pushkin, Barba 2021, arXiv 2110.14254.
With outer momentum the step is SGD's with momentum on s_i = φ_i − φ_{i−1}, see `optim_core.layers.Layer`:
SNOO, Kallusky et al. 2025, arXiv 2510.15830; DiLoCo, Douillard et al. 2023, arXiv 2311.08105.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

import torch
from torch import Tensor
from torch.autograd import profiler
from torch.optim import Optimizer
from torch.optim import optimizer as torch_optimizer

from optim_core.bases import CUDA, refuse_graph_capture, refuse_master_weights
from optim_core.checkpoint import Settings, StateDict, merge, outer_key, slow_key, slow_keys, split
from optim_core.groups import by_layers, is_rehearsal, with_alpha
from optim_core.layers import InnerBuffers, Layer, checked_inner_buffers, layers_due, make_layers
from optim_core.momentum import Momentum, checked_momentum, momentum_buffers, reset
from optim_core.progress import Progress
from optim_core.slow_weights import SlowWeights
from optim_core.synchronise import checked_dtype, synchronise, synchronise_by


class MultilayerLookahead(SlowWeights):
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
        outer_momentum: momentum μ in [0, 1) of each layer's step, likewise; 0 is the rule above. With more, every layer
            has a buffer b, zero at first (memory: one more tensor per parameter), and the step is
            :math:`b \leftarrow \mu b + s`, :math:`\phi_i \leftarrow \phi_i - \alpha_i b` with
            :math:`s = \phi_i - \phi_{i-1}`.
        outer_nesterov: whether that step is Nesterov's, :math:`\phi_i \leftarrow \phi_i - \alpha_i (s + \mu b)`.
        inner_buffers: what becomes of the outer momentum of the layers inside when a layer synchronises: "keep" leaves
            it, "reset" zeroes it.
        allow_overshoot: lets `alpha` be above 1.
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
        ValueError: `k` < 1, `alpha` outside [0, 1] or NaN, `outer_momentum` outside [0, 1), sequences of unequal
            length, no layers; unknown `momentum`, or one that the base has not; `slow_dtype` not floating.

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
        outer_momentum: float | Sequence[float] = 0.0,
        outer_nesterov: bool | Sequence[bool] = False,
        inner_buffers: InnerBuffers = "keep",
        allow_overshoot: bool = False,
        momentum: Momentum = "keep",
        slow_dtype: torch.dtype | None = None,
        foreach: bool | None = None,
    ) -> None:
        layers = make_layers(k, alpha, outer_momentum, outer_nesterov, allow_overshoot=allow_overshoot)
        progress = Progress(layers, checked_inner_buffers(inner_buffers))
        super().__init__(optimizer, progress, checked_dtype(slow_dtype), foreach)
        self.momentum = checked_momentum(momentum, optimizer)

    def __repr__(self) -> str:
        return f"{type(self).__name__} (layers: {self.layers}, momentum: {self.momentum}, base: {self.base!r})"

    @staticmethod
    def profile_hook_step(func: Callable[..., Any]) -> Callable[..., Any]:
        """Torch's hooks and profiler marks around a step, skipped where there is neither hook nor profiler."""
        hooked_step = Optimizer.profile_hook_step(func)

        @wraps(func)
        def step(self: Optimizer, *args: Any, **kwargs: Any) -> Any:
            hooks = self._optimizer_step_pre_hooks or self._optimizer_step_post_hooks
            global_hooks = torch_optimizer._global_optimizer_pre_hooks or torch_optimizer._global_optimizer_post_hooks
            return (hooked_step if hooks or global_hooks or profiler._is_profiler_enabled else func)(
                self, *args, **kwargs
            )

        return step

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Take one step of the base optimizer, then synchronise the layers that are due.

        The closure is passed on to the base unchanged; what the base's step returns is returned.
        """
        if CUDA:
            refuse_graph_capture()
        progress = self._progress
        if not (progress.base_steps and self._is_captured()):
            self.capture()
        counts = progress.base_steps or not is_rehearsal(self.base.param_groups)
        loss = self.base.step() if closure is None else self.base.step(closure)
        if counts:
            self._count()
        else:
            self._complete()
        return loss

    def advance(self) -> None:
        """Count one base step and synchronise the layers that are due: `step` without the base's step.

        For players that move one after the other but synchronise together: all capture() once; in every round all take
        their base.step(), then all advance().

        Raises:
            RuntimeError: some parameters have no slow weights yet.
        """
        self._refuse_while_evaluating("advance()")
        if self._without_slow_weights():
            raise RuntimeError("some parameters have no slow weights: call capture() before the base optimizer's step")
        self._count()

    def _count(self) -> None:
        progress = self._progress
        progress.base_steps += 1
        progress.synchronised = 0
        if progress.base_steps % progress.layers[0].k == 0:
            progress.synchronised = layers_due(progress.base_steps, progress.layers)
            self._synchronise(progress.layers, progress.synchronised)

    def finish(self, alpha: float | Sequence[float] | None = None) -> None:
        """Synchronise every layer once more where the run is, in mid-window or not; the windows go on as counted.

        Args:
            alpha: slow step sizes for this once, one for all layers or one each; 0 ends on the outermost slow weights.
        """
        self._refuse_while_evaluating("finish()")
        self.capture()
        layers = self.layers if alpha is None else with_alpha(self.layers, alpha)
        self.synchronised = len(layers)
        self._synchronise(layers, len(layers), by_group=alpha is None)

    def sync_lookahead(self) -> None:
        """`finish`, by the name that timm's training scripts look for before they evaluate."""
        self.finish()

    def outer(self, layer: int, differences: list[Tensor]) -> Sequence[Tensor]:
        """The s = φ_i − φ_{i−1} that a layer steps with, one tensor per parameter: override it to change them.

        Called where the step is taken, with all parameters that move: workers who average s in one all-reduce are
        DiLoCo. The tensors that are returned will be overwritten.
        """
        return differences

    def zero_grad(self, *args: Any, **kwargs: Any) -> None:
        """The base's own zero_grad, since some bases accumulate gradients or keep more than `grad`."""
        with profiler.record_function(self._zero_grad_profile_name):
            self.base.zero_grad(*args, **kwargs)

    def state_dict(self) -> StateDict:
        """The base's state_dict, with slow weights in `state` and base_steps, k, alpha, momentum in `param_groups`.

        Outer momentum lies beside the slow weights where a layer has some.

        As in every torch optimizer, the tensors are the live ones.
        """
        self._refuse_while_evaluating("state_dict()")
        for pre_hook in self._optimizer_state_dict_pre_hooks.values():
            pre_hook(self)
        self._complete()
        slow = [self._slow.get(parameter, {}) for parameter in self._parameters()]
        checkpoint = merge(self.base.state_dict(), slow, self._settings())
        for post_hook in self._optimizer_state_dict_post_hooks.values():
            checkpoint = post_hook(self, checkpoint) or checkpoint
        return checkpoint

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
        settings = settings or self._settings().at(slow)
        checked_momentum(settings.momentum, self.base)
        settings.compare(self._settings())
        self.base.load_state_dict(base)
        self.layers, self.base_steps, self.synchronised = settings.layers, settings.base_steps, 0
        self.momentum, self.inner_buffers = settings.momentum, settings.inner_buffers
        self._slow.clear()
        self._progress.captured.clear()
        for parameter, entries in zip(self._parameters(), slow, strict=True):
            if entries:
                copies = self._slow_copies(parameter)
                self._slow[parameter] = {key: copies[key].copy_(entries[key]) for key in copies if key in entries}
        for post_hook in self._optimizer_load_state_dict_post_hooks.values():
            post_hook(self)

    def _settings(self) -> Settings:
        return Settings(self.layers, self.momentum, self.base_steps, self.inner_buffers)

    def _synchronise(self, layers: tuple[Layer, ...], due: int, *, by_group: bool = True) -> None:
        together, frozen = by_layers(self.base.param_groups, layers, by_group=by_group)
        if not self._progress.searched:
            refuse_master_weights(self.base, [parameter for _, alike in together for parameter in alike])
            self._progress.searched = True
        with torch.set_grad_enabled(False):  # no_grad() does the same in twice the time
            for group_layers, parameters in together:
                self._synchronise_alike(parameters, group_layers[:due])
        if frozen:
            self._settle(frozen)

    def _synchronise_alike(self, parameters: Sequence[Tensor], layers: Sequence[Layer]) -> None:
        progress = self._progress
        pulled_back = self._pulled_back(parameters) if progress.momentum == "pullback" else ()
        columns = self._columns([(parameter, "", parameter) for parameter in parameters], layers)
        if type(self).outer is MultilayerLookahead.outer:
            synchronise(columns, layers, self.foreach)
        else:
            synchronise_by(self.outer, columns, layers)
        if progress.inner_buffers == "reset":
            self._reset_inner_buffers(parameters, layers[:-1])
        if progress.momentum == "reset":
            reset(momentum_buffers(self.base, parameters, has_stepped=True))
        if pulled_back:
            without_momentum = [layer.without_momentum() for layer in layers]
            synchronise(self._columns(pulled_back, without_momentum), without_momentum, self.foreach)

    def _columns(self, rows: Sequence[tuple[Tensor, str, Tensor]], layers: Sequence[Layer]) -> list[list[Tensor]]:
        """[θ, φ_1, …, φ_m, b, …] of each parameter, or the same of a momentum buffer by its name."""
        slow, depth = self._slow, len(layers)
        outer = [outer_key(level) for level, layer in enumerate(layers, start=1) if layer.outer_momentum]
        for parameter, _, _ in rows if outer else ():
            for key in set(outer) - slow[parameter].keys():  # the checkpoint was made without
                slow[parameter][key] = torch.zeros_like(slow[parameter][slow_key(1)])
        return [
            [live, *map(slow[parameter].__getitem__, (*slow_keys(depth, name), *outer))]
            for parameter, name, live in rows
        ]

    def _reset_inner_buffers(self, parameters: Sequence[Tensor], inner: Sequence[Layer]) -> None:
        for level, layer in enumerate(inner, start=1):
            for parameter in parameters if layer.has_momentum else ():
                self._slow[parameter][outer_key(level)].zero_()


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
        outer_momentum: float = 0.0,
        outer_nesterov: bool = False,
        allow_overshoot: bool = False,
        momentum: Momentum = "keep",
        slow_dtype: torch.dtype | None = None,
        foreach: bool | None = None,
    ) -> None:
        super().__init__(
            optimizer, [k], [alpha], outer_momentum=[outer_momentum], outer_nesterov=[outer_nesterov],
            allow_overshoot=allow_overshoot, momentum=momentum, slow_dtype=slow_dtype, foreach=foreach,
        )  # fmt: skip
