"""The entries that a Lookahead adds to its base optimizer's state_dict: written by `merge`, read back by `split`.

Nothing is added at the top level: slow weights lie among each parameter's state, and the number of base steps, k, alpha
and momentum in every parameter group, which is where torch's own tools (distributed checkpointing, for one) look. The
number of base steps is among each parameter's state too: flattened, torch reads back only those entries of a group that
the live groups have, and those are the base's.
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

from optim_core.layers import Layer, make_layers
from optim_core.momentum import BUFFERS, Momentum

PREFIX = "lookahead_"
BASE_STEPS = PREFIX + "base_steps"
_IN_GROUPS = tuple(PREFIX + name for name in ("k", "alpha", "momentum", "base_steps"))
_SLOW = re.compile(rf"{PREFIX}slow_([1-9]\d*)(_({'|'.join(BUFFERS)}))?")

StateDict = dict[str, Any]


@dataclass(frozen=True)
class Settings:
    """The settings of a Lookahead, as a checkpoint holds them."""

    layers: tuple[Layer, ...]
    momentum: Momentum
    base_steps: int

    def entries(self) -> dict[str, Any]:
        """As entries of a parameter group, plain enough for torch.load(weights_only=True)."""
        return {
            PREFIX + "k": [layer.k for layer in self.layers],
            PREFIX + "alpha": [layer.alpha for layer in self.layers],
            PREFIX + "momentum": self.momentum,
            PREFIX + "base_steps": self.base_steps,
        }

    def compare(self, given: Settings) -> None:
        """Raise or warn where these differ from the settings given to the constructor."""
        if len(self.layers) != len(given.layers):
            raise ValueError(
                f"this optimizer has {len(given.layers)} layers, {given.layers}; "
                f"the checkpoint has {len(self.layers)}, {self.layers}"
            )
        if (self.layers, self.momentum) != (given.layers, given.momentum):
            warnings.warn(
                f"the checkpoint's {self.layers}, momentum={self.momentum!r} replace "
                f"{given.layers}, momentum={given.momentum!r}",
                stacklevel=3,
            )

    @staticmethod
    def of(group: Mapping[str, Any]) -> Settings | None:
        """The settings in a parameter group; none where a bare base or another Lookahead wrote it."""
        if not all(name in group for name in _IN_GROUPS):
            return None
        k, alpha, momentum, base_steps = (group[name] for name in _IN_GROUPS)
        return Settings(make_layers(list(k), list(alpha)), momentum, int(base_steps))

    def at(self, slow: Sequence[Mapping[str, Any]]) -> Settings:
        """These settings at the number of base steps that lies among the slow weights; 0 and all else where none do."""
        entries = next((each for each in slow if has_slow_weights(each)), {})
        levels = {int(match[1]) for name in entries if (match := _SLOW.fullmatch(name)) and _there(entries[name])}
        if entries and levels != set(range(1, len(self.layers) + 1)):
            raise ValueError(f"this optimizer has {len(self.layers)} layers, the checkpoint has {len(levels)}")
        return replace(self, base_steps=int(entries.get(BASE_STEPS, 0)))


@cache
def slow_key(layer: int, buffer: str = "") -> str:
    """Name of a layer's slow weights in a parameter's state, or of its slow copy of a momentum buffer."""
    return f"{PREFIX}slow_{layer}_{buffer}" if buffer else f"{PREFIX}slow_{layer}"


def merge(base: StateDict, slow: Sequence[Mapping[str, Any]], settings: Settings) -> StateDict:
    """The base's state_dict with the slow tensors of each parameter, in parameter order, and the settings."""
    state, steps = dict(base["state"]), {BASE_STEPS: torch.tensor(settings.base_steps)}
    for key, tensors in zip(_keys(base), slow, strict=True):
        if tensors:
            state[key] = {**state.get(key, {}), **tensors, **(steps if has_slow_weights(tensors) else {})}
    groups = [{**group, **settings.entries()} for group in base["param_groups"]]
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
        groups = [{name: value for name, value in group.items() if name not in _IN_GROUPS} for group in groups]
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


def _is_ours(name: Any) -> bool:
    return name == BASE_STEPS or _SLOW.fullmatch(str(name)) is not None


def _there(value: Any) -> bool:
    return isinstance(value, Tensor)  # torch writes {} for what a flattened checkpoint lacks


def _keys(state_dict: StateDict) -> list[Any]:
    return [key for group in state_dict["param_groups"] for key in group["params"]]
