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
AveragingName = Literal["schedule_free", "gpa", "average"]
NetworkBaseName = Literal["muon"]
SyncMomentum = Literal["keep", "reset", "pullback"]
ScheduleKind = Literal["constant", "step", "cosine"]

BASES: tuple[str, ...] = get_args(BaseName)
METHODS: tuple[str, ...] = get_args(MethodName)
"""Bases for games, from `optim_core.methods`; those of `BASES` are torch's own, and `optim_core.lion`."""
AVERAGING: tuple[str, ...] = get_args(AveragingName)
"""Bases from `optim_core.primal_averaging`, whose result is an average of the weights; "average": GPA with μ_y = 0."""
NETWORK_BASES: tuple[str, ...] = get_args(NetworkBaseName)
"""Bases that are defined for the weights of a network alone, from `optim_core.muon`."""
WITH_MU_Y, WITH_MU_X = ("schedule_free", "gpa"), ("gpa", "average")
"""Bases that `mu_y` serves, and those that `mu_x` does."""
WEIGHTED: tuple[str, ...] = ("momentum", "nesterov")
"""Bases whose momentum has the weight `momentum`."""
WITH_BETAS: tuple[str, ...] = ("adam", "adamw", "lion")
WITH_MOMENTUM = WEIGHTED + WITH_BETAS + NETWORK_BASES


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
    inside. `alternating` lets the two players of a game move in turn, each a param group of its own. `mu_y` serves
    schedule_free and gpa, `mu_x` gpa and average: bases with an average of their own, which take no layers.

    Raises:
        ValueError: unknown base, sync_momentum or inner_buffers, lr not positive and finite, momentum, a beta or mu_x
            outside [0, 1), mu_y outside [0, 1], negative weight decay, alternating with a base that is not one of
            `BASES`, layers around one of `AVERAGING`; each names the field and the value.
    """

    name: str
    base: BaseName | MethodName | AveragingName | NetworkBaseName = "sgd"
    lr: float = 0.01
    layers: tuple[Layer, ...] = ()
    momentum: float = 0.9
    betas: tuple[float, float] = (0.9, 0.999)
    weight_decay: float = 0.0
    sync_momentum: SyncMomentum = "keep"
    schedule: Schedule = Schedule()
    alternating: bool = False
    inner_buffers: InnerBuffers = "keep"
    mu_y: float = 0.9
    mu_x: float = 0.95

    def __post_init__(self) -> None:
        self._check_base()
        if self.sync_momentum not in get_args(SyncMomentum):
            raise ValueError(f"sync_momentum must be one of {get_args(SyncMomentum)}, got {self.sync_momentum!r}")
        checked_inner_buffers(self.inner_buffers)
        if not (math.isfinite(self.lr) and self.lr > 0):
            raise ValueError(f"lr must be positive and finite, got {self.lr}")
        shares = {"momentum": self.momentum, "beta1": self.betas[0], "beta2": self.betas[1], "mu_x": self.mu_x}
        for field, value in shares.items():
            if not 0 <= value < 1:
                raise ValueError(f"{field} must be in [0, 1), got {value}")
        if not 0 <= self.mu_y <= 1:
            raise ValueError(f"mu_y must be in [0, 1], got {self.mu_y}")
        if not (math.isfinite(self.weight_decay) and self.weight_decay >= 0):
            raise ValueError(f"weight_decay must be at least 0 and finite, got {self.weight_decay}")

    def _check_base(self) -> None:
        known = BASES + METHODS + AVERAGING + NETWORK_BASES
        if self.base not in known:
            raise ValueError(f"base must be one of {known}, got {self.base!r}")
        if self.alternating and self.base not in BASES:
            raise ValueError(f"alternating updates need a base of {BASES}, got {self.base!r}")
        if self.averages and self.layers:
            raise ValueError(
                f"base {self.base!r} keeps an average of its own and takes no layers, got {len(self.layers)}: "
                f"use layers=(), or one of {BASES + METHODS + NETWORK_BASES}"
            )

    @property
    def depth(self) -> int:
        """Number of layers of slow weights."""
        return len(self.layers)

    @property
    def averages(self) -> bool:
        """Whether the base's result is an average of its own, from which nothing restarts."""
        return self.base in AVERAGING

    @property
    def slow_tracks(self) -> int:
        """How many sequences of weights a trajectory has beside the fast ones: of its layers, or of the average."""
        return 1 if self.averages else self.depth

    @property
    def used_mu_y(self) -> float:
        """How far from the fast weights towards the average the gradient is taken."""
        return self.mu_y if self.base in WITH_MU_Y else 0.0

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
        if self.averages:
            return self._averaging(params)
        if self.base == "optimistic":
            return OptimisticGradient(params, self.lr, self.weight_decay)
        if self.base == "muon":
            return self._muon(params)
        base = self._lion(params) if self.base == "lion" else self._torch_base(params, options)
        return Alternating(base) if self.alternating else base

    def _averaging(self, params: Iterable[Any]) -> torch.optim.Optimizer:
        from optim_core.primal_averaging import GPA, ScheduleFreeSGD

        if self.base == "schedule_free":
            return ScheduleFreeSGD(params, self.lr, self.mu_y, self.weight_decay)
        return GPA(params, self.lr, self.mu_x, self.used_mu_y, self.weight_decay)

    def _muon(self, params: Iterable[Any]) -> torch.optim.Optimizer:
        from optim_core.muon import Muon

        return Muon(params, self.lr, weight_decay=self.weight_decay, betas=self.betas)

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
        has_momentum = self.base in WITH_MOMENTUM and (self.base not in WEIGHTED or self.momentum > 0)
        return self.sync_momentum if has_momentum else "keep"
