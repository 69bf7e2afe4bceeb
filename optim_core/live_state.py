"""`optimizer.state`: the base's entries of each parameter and those of a Lookahead in one mapping.

Slow weights are not kept in the base's own state, since bases look there to see whether they have started. But readers
of `optimizer.state` expect the base's entries too: torch.distributed.checkpoint, frameworks that move states to
another device, scripts that cut a parameter's moments when they cut the parameter.
"""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer

from optim_core.checkpoint import BASE_STEPS, has_slow_weights, theirs

Entries = MutableMapping[str, Any]


class LiveState(MutableMapping[Tensor, Entries]):
    """Both states of every parameter, live. Names that the base knows are the base's; new ones never reach it."""

    def __init__(self, slow: dict[Tensor, dict[str, Any]], base: Optimizer, base_steps: Callable[[], int]) -> None:
        self._slow, self._base, self._base_steps = slow, base, base_steps

    def __getitem__(self, parameter: Tensor) -> Entries:
        mine = self._slow[parameter]
        steps = {BASE_STEPS: torch.tensor(self._base_steps())} if has_slow_weights(mine) else {}
        return _Both(mine, self._base.state.get(parameter, {}), steps)

    def __setitem__(self, parameter: Tensor, entries: Mapping[str, Any]) -> None:
        """Replace all entries. A new parameter takes over only the base's from another: slow weights start anew."""
        entries, mine = dict(entries), self._slow[parameter]
        its = {name: value for name, value in theirs(entries).items() if name not in mine}
        self._base.state.pop(parameter, None)
        if its:
            self._base.state[parameter] = its
        kept = {name: entries[name] for name in mine if name in entries}
        mine.clear()  # in place: `Progress.captured` has the same dictionary
        mine.update(kept)

    def __delitem__(self, parameter: Tensor) -> None:
        if parameter not in self:
            raise KeyError(parameter)
        self._slow.pop(parameter, {}).clear()
        self._base.state.pop(parameter, None)

    def __iter__(self) -> Iterator[Tensor]:
        return iter(dict.fromkeys([*self._slow, *self._base.state]))

    def __len__(self) -> int:
        return len(self._slow.keys() | self._base.state.keys())

    def __contains__(self, parameter: object) -> bool:
        return parameter in self._slow or parameter in self._base.state

    def __repr__(self) -> str:
        return repr(dict(self))


class _Both(ChainMap[str, Any]):
    """A parameter's entries: ours first, then the base's, then the number of base steps."""

    def __setitem__(self, name: str, value: Any) -> None:
        self.maps[1 if name in self.maps[1] else 0][name] = value

    def __delitem__(self, name: str) -> None:
        del self.maps[1 if name in self.maps[1] else 0][name]
