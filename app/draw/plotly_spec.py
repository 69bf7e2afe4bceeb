"""What a page sends of a chart: plain values in plotly's terms."""

from __future__ import annotations

import base64
from functools import lru_cache
from typing import Any, TypeAlias

import numpy as np
import plotly.graph_objects as go
import plotly.io as pio
from plotly.basedatatypes import BaseFigure

Spec: TypeAlias = dict[str, Any]
"""A figure: `data`, a list of traces, `layout`, and `frames` where it is played."""

Trace: TypeAlias = dict[str, Any]
"""One of its traces: its `type` and the properties that plotly documents for it."""


class SpecFigure(BaseFigure):  # type: ignore[misc]  # plotly has no types
    """A figure for a page, sent as its spec; of the interface of plotly's figures it has only `to_dict`.

    Their own objects check each value as it is put in, again and again; here a test checks the values of all charts.
    """

    def __init__(self, spec: Spec) -> None:
        self._spec = spec

    def to_dict(self) -> dict[str, Any]:
        """What the browser's plotly reads: the description, with arrays as it unpacks them, and the page's template."""
        packed: Spec = _pack(self._spec)
        return packed | {"layout": {"template": _template(pio.templates.default), **packed["layout"]}}


@lru_cache(maxsize=4)
def _template(name: str) -> dict[str, Any]:
    template: dict[str, Any] = go.Figure(layout={"template": name}).to_dict()["layout"]["template"]
    return template


def axes_of(layout: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The axes in a layout, by name."""
    return {name: axis for name, axis in layout.items() if name.startswith(("xaxis", "yaxis"))}


def _pack(value: Any) -> Any:
    """Arrays of numbers as plotly's typed arrays: their bytes in base64."""
    if isinstance(value, dict):
        return {name: _pack(part) for name, part in value.items()}
    if isinstance(value, list | tuple) and value and isinstance(value[0], dict):
        return [_pack(part) for part in value]
    if not isinstance(value, np.ndarray):
        return value
    if value.dtype.kind in "iu" and value.size and abs(value).max() < 2**31:
        value = value.astype(np.int32)
    if value.dtype == np.float64:
        with np.errstate(over="ignore"):
            single = value.astype(np.float32)
        value = single if np.array_equal(single, value, equal_nan=True) else value  # half of the bytes, nothing lost
    if value.dtype.name not in ("int32", "float32", "float64") or not value.size:
        return value.tolist()
    shape = {"shape": ", ".join(map(str, value.shape))} if value.ndim > 1 else {}
    code = f"{value.dtype.kind}{value.dtype.itemsize}"
    return {"dtype": code, "bdata": base64.b64encode(value.tobytes()).decode(), **shape}
