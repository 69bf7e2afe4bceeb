"""A cache of results, shared by all visitors."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from functools import update_wrapper
from typing import Any, Generic, ParamSpec, TypeVar

from app.runs.durations import Durations
from app.runs.log import log_run
from app.state.limits import current_limits

Arguments = ParamSpec("Arguments")
Value = TypeVar("Value")

seconds = Durations()  # of results that were computed, by the name of their function
_caches: list[Recent[Any, Any]] = []


class Recent(Generic[Arguments, Value]):
    """A function that keeps its last `size` results, which are read-only.

    key: of the function's arguments, the cache key. Two visitors may compute at once, neither waits.
    """

    def __init__(self, compute: Callable[Arguments, Value], size: int, key: Callable[..., Hashable]) -> None:
        self._compute, self._size, self._key = compute, min(size, current_limits().cache_entries), key
        self._lock, self._results = threading.Lock(), OrderedDict[Hashable, Value]()
        update_wrapper(self, compute)
        self.name: str = compute.__name__
        _caches.append(self)

    def __call__(self, *arguments: Arguments.args, **keywords: Arguments.kwargs) -> Value:
        """The cached result, computed where there is none."""
        key = self._key(*arguments, **keywords)
        with self._lock:
            if key in self._results:
                self._results.move_to_end(key)
                return self._results[key]
        start_time = time.monotonic()
        value = self._compute(*arguments, **keywords)
        duration = time.monotonic() - start_time
        log_run(key, duration, value)
        seconds.add(self.name, duration)
        with self._lock:
            self._results[key] = value
            while len(self._results) > self._size:
                self._results.popitem(last=False)
        return value

    @property
    def entries(self) -> int:
        """How many results it keeps."""
        return len(self._results)

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._results.clear()


def recent(size: int, key: Callable[..., Hashable]) -> Callable[[Callable[Arguments, Value]], Recent[Arguments, Value]]:
    """Decorates a function as `Recent` describes; `key` takes the function's arguments."""
    return lambda compute: Recent(compute, size, key)


def entries() -> Mapping[str, int]:
    """How many results each cache keeps, by the name of its function."""
    return {cache.name: cache.entries for cache in _caches}
