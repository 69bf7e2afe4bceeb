"""The entries that a Lookahead adds to its base optimizer's state_dict: written by `merge`, read back by `split`.

Nothing is added at the top level: slow weights and outer momentum lie among each parameter's state, and the number of
base steps, k, alpha and momentum in every parameter group, which is where torch's own tools (distributed checkpointing,
for one) look. The number of base steps is among each parameter's state too: flattened, torch reads back only those
entries of a group that the live groups have, and those are the base's.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import torch
from torch import Tensor

from optim_core.groups import ALPHA, with_alpha
from optim_core.layers import InnerBuffers, Layer, make_layers
from optim_core.momentum import BUFFERS, Momentum

PREFIX = "lookahead_"
BASE_STEPS = PREFIX + "base_steps"
_IN_GROUPS = tuple(PREFIX + name for name in ("k", "alpha", "momentum", "base_steps"))
_OUTER_IN_GROUPS = tuple(PREFIX + name for name in ("outer_momentum", "outer_nesterov", "inner_buffers"))
_SLOW = re.compile(rf"{PREFIX}slow_([1-9]\d*)(_({'|'.join(BUFFERS)}))?")
_OUTER = re.compile(rf"{PREFIX}outer_momentum_[1-9]\d*")

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

    def compare(self, settings: Settings) -> None:
        """Raise or warn where these differ from the settings given to the constructor."""
        if len(self.layers) != len(settings.layers):
            raise ValueError(
                f"this optimizer has {len(settings.layers)} layers, {settings.layers}; "
                f"the checkpoint has {len(self.layers)}, {self.layers}"
            )
        if self._text() != settings._text():
            warnings.warn(f"the checkpoint's {self._text()} replace {settings._text()}", stacklevel=3)

    def _text(self) -> str:
        inner = ", inner_buffers='reset'" if self.inner_buffers == "reset" else ""
        return f"{self.layers}, momentum={self.momentum!r}{inner}"

    @staticmethod
    def of(group: Mapping[str, Any]) -> Settings | None:
        """The settings in a parameter group; none where a bare base or another Lookahead wrote it."""
        if not all(name in group for name in _IN_GROUPS):
            return None
        k, alpha, momentum, base_steps = (group[name] for name in _IN_GROUPS)
        outer = [list(group.get(name, [0] * len(k))) for name in _OUTER_IN_GROUPS[:2]]
        layers = make_layers(list(k), list(alpha), *outer, allow_overshoot=True)
        return Settings(layers, momentum, int(base_steps), group.get(PREFIX + "inner_buffers", "keep"))

    def at(self, slow: Sequence[Mapping[str, Any]]) -> Settings:
        """These settings at the number of base steps that lies among the slow weights; 0 and all else where none do."""
        entries = next((each for each in slow if has_slow_weights(each)), {})
        levels = {int(match[1]) for name in entries if (match := _SLOW.fullmatch(name)) and _is_tensor(entries[name])}
        if entries and levels != set(range(1, len(self.layers) + 1)):
            raise ValueError(f"this optimizer has {len(self.layers)} layers, the checkpoint has {len(levels)}")
        return replace(self, base_steps=int(entries.get(BASE_STEPS, 0)))


@cache
def slow_key(layer: int, buffer: str = "") -> str:
    """Name of a layer's slow weights in a parameter's state, or of its slow copy of a momentum buffer."""
    return f"{PREFIX}slow_{layer}_{buffer}" if buffer else f"{PREFIX}slow_{layer}"


@cache
def slow_keys(depth: int, buffer: str = "") -> tuple[str, ...]:
    """The names for layers 1 to `depth`."""
    return tuple(slow_key(layer, buffer) for layer in range(1, depth + 1))


@cache
def outer_key(layer: int) -> str:
    """Name of a layer's outer momentum in a parameter's state."""
    return f"{PREFIX}outer_momentum_{layer}"


def merge(base: StateDict, slow: Sequence[Mapping[str, Any]], settings: Settings) -> StateDict:
    """The base's state_dict with the slow tensors of each parameter, in parameter order, and the settings."""
    state, steps = dict(base["state"]), {BASE_STEPS: torch.tensor(settings.base_steps)}
    for key, tensors in zip(_keys(base), slow, strict=True):
        if tensors:
            state[key] = {**state.get(key, {}), **tensors, **(steps if has_slow_weights(tensors) else {})}
    groups = [{**group, **settings.entries(), **_own_alpha(group, settings)} for group in base["param_groups"]]
    return {**base, "state": state, "param_groups": groups}


def split(state_dict: StateDict) -> tuple[StateDict, list[dict[str, Any]], Settings | None]:
    """Undo `merge`: the base's own state_dict, our entries of each parameter, the settings if there are any."""
    groups, state = state_dict["param_groups"], dict(state_dict["state"])
    settings = Settings.of(groups[0]) if groups else None
    slow = [ours(state.get(key, {})) for key in _keys(state_dict)]
    for key in set(_keys(state_dict)) & set(state):
        state[key] = theirs(state[key])
        if not state[key]:  # it held slow weights only, and the base never wrote it
            del state[key]
    if settings is not None:
        groups = [_their_group(group, groups[0][ALPHA]) for group in groups]
    return {**state_dict, "state": state, "param_groups": groups}, slow, settings


def ours(entries: Mapping[str, Any]) -> dict[str, Any]:
    """Those entries of a parameter's state that are a Lookahead's, by their exact names."""
    return {name: value for name, value in entries.items() if _is_ours(name)}


def theirs(entries: Mapping[str, Any]) -> dict[str, Any]:
    """All other entries of a parameter's state."""
    return {name: value for name, value in entries.items() if not _is_ours(name)}


def has_slow_weights(entries: Mapping[str, Any]) -> bool:
    """Whether slow weights are among a parameter's entries; every depth has a layer 1."""
    return slow_key(1) in entries


def _own_alpha(group: Mapping[str, Any], settings: Settings) -> dict[str, Any]:
    if ALPHA not in group:
        return {}
    return {ALPHA: [layer.alpha for layer in with_alpha(settings.layers, group[ALPHA])]}


def _their_group(group: Mapping[str, Any], alpha: Any) -> dict[str, Any]:
    """A group without our settings; slow step sizes of its own stay, where they are not those of the first group."""
    mine = {*_IN_GROUPS, *_OUTER_IN_GROUPS} - ({ALPHA} if group.get(ALPHA) != alpha else set())
    return {name: value for name, value in group.items() if name not in mine}


def _is_ours(name: Any) -> bool:
    return name == BASE_STEPS or any(kind.fullmatch(str(name)) for kind in (_SLOW, _OUTER))


def _is_tensor(value: Any) -> bool:
    return isinstance(value, Tensor)  # torch writes {} for what a flattened checkpoint lacks


def _keys(state_dict: StateDict) -> list[Any]:
    return [key for group in state_dict["param_groups"] for key in group["params"]]
