"""The entries that a Lookahead adds to its base optimizer's state_dict: written by `merge`, read back by `split`.

Nothing is added at the top level: slow weights and outer momentum lie among each parameter's state, and the number of
base steps, k, alpha and momentum in every parameter group, which is where torch's own tools (distributed checkpointing,
for one) look.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from torch import Tensor

from optim_core.layers import InnerBuffers, Layer, make_layers
from optim_core.momentum import Momentum

PREFIX = "lookahead_"

StateDict = dict[str, Any]


@dataclass(frozen=True)
class Settings:
    """The settings of a Lookahead, as a checkpoint holds them; those of outer momentum only where a layer has some."""

    layers: tuple[Layer, ...]
    momentum: Momentum
    base_steps: int
    inner_buffers: InnerBuffers = "keep"

    def entries(self) -> dict[str, Any]:
        """As entries of a parameter group, plain enough for torch.load(weights_only=True)."""
        entries = {
            PREFIX + "k": [layer.k for layer in self.layers],
            PREFIX + "alpha": [layer.alpha for layer in self.layers],
            PREFIX + "momentum": self.momentum,
            PREFIX + "base_steps": self.base_steps,
        }
        if any(layer.has_momentum for layer in self.layers):
            entries |= {
                PREFIX + "outer_momentum": [layer.outer_momentum for layer in self.layers],
                PREFIX + "outer_nesterov": [layer.outer_nesterov for layer in self.layers],
                PREFIX + "inner_buffers": self.inner_buffers,
            }
        return entries

    def compare(self, given: Settings) -> None:
        """Raise or warn where these differ from the settings given to the constructor."""
        if len(self.layers) != len(given.layers):
            raise ValueError(
                f"this optimizer has {len(given.layers)} layers, {given.layers}; "
                f"the checkpoint has {len(self.layers)}, {self.layers}"
            )
        if self._said() != given._said():
            warnings.warn(f"the checkpoint's {self._said()} replace {given._said()}", stacklevel=3)

    def _said(self) -> str:
        inner = ", inner_buffers='reset'" if self.inner_buffers == "reset" else ""
        return f"{self.layers}, momentum={self.momentum!r}{inner}"

    @staticmethod
    def of(group: Mapping[str, Any]) -> Settings | None:
        """The settings in a parameter group; none where a bare base optimizer wrote it."""
        if PREFIX + "k" not in group:
            return None
        k, alpha, momentum, base_steps = (group[PREFIX + name] for name in ("k", "alpha", "momentum", "base_steps"))
        outer = [list(group.get(PREFIX + name, [0] * len(k))) for name in ("outer_momentum", "outer_nesterov")]
        layers = make_layers(list(k), list(alpha), *outer, allow_overshoot=True)
        return Settings(layers, momentum, int(base_steps), group.get(PREFIX + "inner_buffers", "keep"))


@cache
def slow_key(layer: int, buffer: str = "") -> str:
    """Name of a layer's slow weights in a parameter's state, or of its slow copy of a momentum buffer."""
    return f"{PREFIX}slow_{layer}_{buffer}" if buffer else f"{PREFIX}slow_{layer}"


@cache
def outer_key(layer: int) -> str:
    """Name of a layer's outer momentum in a parameter's state."""
    return f"{PREFIX}outer_momentum_{layer}"


def merge(base: StateDict, slow: Sequence[Mapping[str, Any]], settings: Settings) -> StateDict:
    """The base's state_dict with the slow tensors of each parameter, in parameter order, and the settings."""
    state = dict(base["state"])
    for key, tensors in zip(_keys(base), slow, strict=True):
        if tensors:
            state[key] = {**state.get(key, {}), **tensors}
    groups = [{**group, **settings.entries()} for group in base["param_groups"]]
    return {**base, "state": state, "param_groups": groups}


def split(state_dict: StateDict) -> tuple[StateDict, list[dict[str, Tensor]], Settings | None]:
    """Undo `merge`: the base's own state_dict, the slow tensors of each parameter, the settings if there are any."""
    groups, state = state_dict["param_groups"], dict(state_dict["state"])
    settings = Settings.of(groups[0]) if groups else None
    slow = [_ours(state.get(key, {})) for key in _keys(state_dict)]
    for key in set(_keys(state_dict)) & set(state):
        state[key] = _theirs(state[key])
        if not state[key]:  # it held slow weights only, and the base never wrote it
            del state[key]
    return {**state_dict, "state": state, "param_groups": [_theirs(group) for group in groups]}, slow, settings


def _keys(state_dict: StateDict) -> list[Any]:
    return [key for group in state_dict["param_groups"] for key in group["params"]]


def _ours(entries: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in entries.items() if str(name).startswith(PREFIX)}


def _theirs(entries: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in entries.items() if not str(name).startswith(PREFIX)}
