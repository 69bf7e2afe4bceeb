"""Spares a command that compiles nothing the import of torch's compiler, a quarter of its time.

Every torch optimizer imports `torch._dynamo` at its first call, only to say "do not compile here". The stand-in takes
note of nothing; whoever asks it for anything else gets the real module.
"""

from __future__ import annotations

import importlib
import sys
from types import ModuleType
from typing import Any

NAME = "torch._dynamo"


class _NothingCompiles(ModuleType):
    """What optimizers ask of `torch._dynamo`, where nothing is ever compiled."""

    @staticmethod
    def graph_break(*_: Any, **__: Any) -> None:
        """Nothing to break."""

    @staticmethod
    def disable(function: Any, *_: Any, **__: Any) -> Any:
        """Nothing to disable."""
        return function

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name != "__path__":  # asked of any module, such as __file__
            raise AttributeError(name)
        import torch

        if sys.modules.get(NAME) is self:
            del sys.modules[NAME]
            torch._dynamo = importlib.import_module(NAME)
        return getattr(sys.modules[NAME], name)


def without_compiler() -> None:
    """From now on this process imports torch's compiler only where something really needs it."""
    import torch

    if NAME not in sys.modules:
        sys.modules[NAME] = torch._dynamo = _NothingCompiles(NAME)
