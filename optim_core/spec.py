"""An optimizer as a value: which base, which layers, which schedule. Comparisons of optimizers take these values."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, get_args

from optim_core.layers import InnerBuffers, Layer, checked_inner_buffers, periods

if TYPE_CHECKING:
    import torch

BaseName = Literal["sgd", "momentum", "nesterov", "adam", "adamw", "rmsprop", "adagrad", "lion"]
MethodName = Literal["extragradient", "optimistic"]
SyncMomentum = Literal["keep", "reset", "pullback"]
ScheduleKind = Literal["constant", "step", "cosine"]

BASES: tuple[str, ...] = get_args(BaseName)
METHODS: tuple[str, ...] = get_args(MethodName)
"""Bases for games, from `optim_core.methods`; those of `BASES` are torch's own, and `optim_core.lion`."""
WEIGHTED: tuple[str, ...] = ("momentum", "nesterov")
"""Bases whose momentum has the weight `momentum`."""
WITH_BETAS: tuple[str, ...] = ("adam", "adamw", "lion")
WITH_MOMENTUM = WEIGHTED + WITH_BETAS


@dataclass(frozen=True)
class Schedule:
    """How the lr changes over a run of `steps` base steps.

    constant: lr. step: lr times `factor` after every `every` base steps. cosine: lr (1 + cos(π t / steps)) / 2.

    Raises:
        ValueError: unknown kind, `every` < 1, or `factor` outside (0, 1].
    """

    kind: ScheduleKind = "constant"
    every: int = 250
    factor: float = 0.5

    def __post_init__(self) -> None:
        if self.kind not in get_args(ScheduleKind):
            raise ValueError(f"schedule must be one of {get_args(ScheduleKind)}, got {self.kind!r}")
        if self.every < 1:
            raise ValueError(f"schedule every must be at least 1 base step, got {self.every}")
        if not 0 < self.factor <= 1:
            raise ValueError(f"schedule factor must be in (0, 1], got {self.factor}")

    def multiplier(self, step: int, steps: int) -> float:
        """Multiple of the initial lr used by base step number `step` (from 0) of `steps`."""
        if self.kind == "step":
            return float(self.factor ** (step // self.every))
        if self.kind == "cosine":
            return (1 + math.cos(math.pi * step / max(steps, 1))) / 2
        return 1.0


@dataclass(frozen=True)
class OptimizerSpec:
    """One optimizer of a comparison: `build` makes the real torch.optim / MultilayerLookahead object.

    `momentum` serves the momentum and nesterov bases, `betas` Adam, AdamW and Lion, whose customary ones are
    `optim_core.lion.LION_BETAS`. `layers` are innermost first; none is the bare base. `sync_momentum` says what happens
    to the base's momentum at a synchronisation, `inner_buffers` what happens to the outer momentum of the layers
    inside. `alternating` lets the two players of a game move in turn, each a param group of its own.

    Raises:
        ValueError: unknown base, sync_momentum or inner_buffers, lr not positive and finite, momentum or a beta outside
            [0, 1), negative weight decay, alternating with a base that is not torch's; each names the field and the
            value.
    """

    name: str
    base: BaseName | MethodName = "sgd"
    lr: float = 0.01
    layers: tuple[Layer, ...] = ()
    momentum: float = 0.9
    betas: tuple[float, float] = (0.9, 0.999)
    weight_decay: float = 0.0
    sync_momentum: SyncMomentum = "keep"
    schedule: Schedule = Schedule()
    alternating: bool = False
    inner_buffers: InnerBuffers = "keep"

    def __post_init__(self) -> None:
        if self.base not in BASES + METHODS:
            raise ValueError(f"base must be one of {BASES + METHODS}, got {self.base!r}")
        if self.alternating and self.base in METHODS:
            raise ValueError(f"alternating updates need a base of {BASES}, got {self.base!r}")
        if self.sync_momentum not in get_args(SyncMomentum):
            raise ValueError(f"sync_momentum must be one of {get_args(SyncMomentum)}, got {self.sync_momentum!r}")
        checked_inner_buffers(self.inner_buffers)
        if not (math.isfinite(self.lr) and self.lr > 0):
            raise ValueError(f"lr must be positive and finite, got {self.lr}")
        for field, value in (("momentum", self.momentum), ("beta1", self.betas[0]), ("beta2", self.betas[1])):
            if not 0 <= value < 1:
                raise ValueError(f"{field} must be in [0, 1), got {value}")
        if not (math.isfinite(self.weight_decay) and self.weight_decay >= 0):
            raise ValueError(f"weight_decay must be at least 0 and finite, got {self.weight_decay}")

    @property
    def depth(self) -> int:
        """Number of layers of slow weights."""
        return len(self.layers)

    @property
    def outer_period(self) -> int:
        """Base steps from one synchronisation of the outermost layer to the next; 1 without layers."""
        return periods(self.layers)[-1] if self.layers else 1

    @property
    def evaluations_per_step(self) -> int:
        """Gradient evaluations of one base step: 2 for extragradient and for players who move in turn."""
        return 2 if self.alternating or self.base == "extragradient" else 1

    def with_lr(self, lr: float) -> OptimizerSpec:
        """The same optimizer at another lr."""
        return replace(self, lr=lr)

    def lr_at(self, step: int, steps: int) -> float:
        """Lr of base step number `step` (from 0) of `steps`."""
        return self.lr * self.schedule.multiplier(step, steps)

    def build(self, params: Iterable[Any], **options: Any) -> torch.optim.Optimizer:
        """The optimizer over `params` (tensors or param groups); `options` go to torch's bases, e.g. foreach=False.

        Raises:
            ValueError: alternating, and `params` are not at least two param groups, one for each player.
        """
        from optim_core.lookahead import MultilayerLookahead

        base = self._base(params, options)
        if not self.layers:
            return base
        rows = [(layer.k, layer.alpha, layer.outer_momentum, layer.outer_nesterov) for layer in self.layers]
        k, alpha, outer_momentum, outer_nesterov = map(list, zip(*rows, strict=True))
        return MultilayerLookahead(
            base, k, alpha, outer_momentum=outer_momentum, outer_nesterov=outer_nesterov, allow_overshoot=True,
            inner_buffers=self.inner_buffers, momentum=self.kept_momentum,
        )  # fmt: skip

    def _base(self, params: Iterable[Any], options: dict[str, Any]) -> torch.optim.Optimizer:
        from optim_core.methods import Alternating, Extragradient, OptimisticGradient

        if self.base == "extragradient":
            return Extragradient(params, self.lr, self.weight_decay)
        if self.base == "optimistic":
            return OptimisticGradient(params, self.lr, self.weight_decay)
        base = self._lion(params) if self.base == "lion" else self._torch_base(params, options)
        return Alternating(base) if self.alternating else base

    def _lion(self, params: Iterable[Any]) -> torch.optim.Optimizer:
        from optim_core.lion import Lion

        return Lion(params, self.lr, (float(self.betas[0]), float(self.betas[1])), self.weight_decay)

    def _torch_base(self, params: Iterable[Any], options: dict[str, Any]) -> torch.optim.Optimizer:
        import torch

        common = {"lr": self.lr, "weight_decay": self.weight_decay, **options}
        if self.base in ("adam", "adamw"):
            adam = torch.optim.Adam if self.base == "adam" else torch.optim.AdamW
            return adam(params, betas=(float(self.betas[0]), float(self.betas[1])), **common)
        if self.base in ("rmsprop", "adagrad"):
            adaptive = torch.optim.RMSprop if self.base == "rmsprop" else torch.optim.Adagrad
            return adaptive(params, **common)
        momentum = 0.0 if self.base == "sgd" else self.momentum
        return torch.optim.SGD(params, momentum=momentum, nesterov=self.base == "nesterov" and momentum > 0, **common)

    @property
    def kept_momentum(self) -> SyncMomentum:
        """`sync_momentum`, but "keep" for a base without momentum: it has nothing to reset or pull back."""
        has_momentum = self.base in WITH_BETAS or (self.base in WEIGHTED and self.momentum > 0)
        return self.sync_momentum if has_momentum else "keep"
