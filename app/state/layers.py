"""A stack of layers as part of a config."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import Field

from app.state.base import Finite, Frozen
from app.state.codecs import NONE, Codec, Widgets, WidgetValue
from optim_core.layers import Layer

MAX_LAYERS, MAX_K = 4, 1000


class LayerConfig(Frozen):
    """k steps of the level below, then a fraction alpha towards it."""

    k: int = Field(5, ge=1, le=MAX_K)
    alpha: Finite = Field(0.5, ge=0, le=1)


FIVE = LayerConfig(k=5, alpha=0.5)


def _parse(text: str) -> Any:
    if text in ("", NONE):
        return ()
    pairs = [pair.split(":") for pair in text.split(",")]
    if any(len(pair) != 2 for pair in pairs):
        raise ValueError("every layer must read k:alpha, as in 5:0.5,5:0.5")
    return tuple({"k": k, "alpha": alpha} for k, alpha in pairs)


def _widgets(name: str, value: Sequence[LayerConfig]) -> Widgets:
    each = {f"{level}.{part}": number for level, layer in enumerate(value, start=1) for part, number in layer}
    return {"depth": len(value), **each}


def _from_widgets(name: str, value: Sequence[LayerConfig], widget_value: WidgetValue) -> Any:
    """The layers so far, and blank ones where the stack has grown."""
    depth = widget_value("depth", len(value))
    stack = (*value, *(LayerConfig() for _ in range(len(value), depth)))[:depth]
    return [
        {part: widget_value(f"{level}.{part}", number) for part, number in layer}
        for level, layer in enumerate(stack, start=1)
    ]


LAYERS = Codec(  # links have 5:0.5,5:0.5, innermost first; widgets are called depth, 1.k, 1.alpha, 2.k, ...
    text=lambda value: ",".join(f"{layer.k}:{layer.alpha!r}" for layer in value) or NONE,
    read=_parse,
    widgets=_widgets,
    from_widgets=_from_widgets,
    always_written=True,
)
Layers = Annotated[tuple[LayerConfig, ...], Field(max_length=MAX_LAYERS), LAYERS]


def library_layers(layers: Sequence[LayerConfig]) -> tuple[Layer, ...]:
    """The same stack for the library."""
    return tuple(Layer(layer.k, layer.alpha) for layer in layers)
