"""A stack of layers as part of a config."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field

from app.state.base import Finite, Frozen
from app.state.codecs import NONE, Read, Widgets
from optim_core.layers import Layer

MAX_LAYERS, MAX_K = 4, 1000


class LayerConfig(Frozen):
    """k steps of the level below, then a fraction alpha towards it."""

    k: int = Field(5, ge=1, le=MAX_K)
    alpha: Finite = Field(0.5, ge=0, le=1)


FIVE = LayerConfig(k=5, alpha=0.5)


@dataclass(frozen=True)
class LayersCodec(Read):
    """Links have 5:0.5,5:0.5, innermost first; widgets the depth, and k and α of each layer."""

    def read(self, text: str) -> Any:
        """As links have it; "none" is the bare base."""
        if text in ("", NONE):
            return ()
        pairs = [pair.split(":") for pair in text.split(",")]
        if any(len(pair) != 2 for pair in pairs):
            raise ValueError("every layer must read k:alpha, as in 5:0.5,5:0.5")
        return tuple({"k": k, "alpha": alpha} for k, alpha in pairs)

    def text(self, value: Sequence[LayerConfig]) -> str:
        """As `read` reads it."""
        return ",".join(f"{layer.k}:{layer.alpha!r}" for layer in value) or NONE

    def widgets(self, name: str, value: Sequence[LayerConfig]) -> Widgets:
        """depth, 1.k, 1.alpha, 2.k, ..."""
        each = {f"{level}.{part}": said for level, layer in enumerate(value, start=1) for part, said in layer}
        return {"depth": len(value), **each}

    def from_widgets(self, name: str, value: Sequence[LayerConfig], said: Callable[[str, Any], Any]) -> Any:
        """The layers so far, and blank ones where the stack has grown."""
        depth = said("depth", len(value))
        stack = (*value, *(LayerConfig() for _ in range(len(value), depth)))[:depth]
        return [
            {part: said(f"{level}.{part}", number) for part, number in layer}
            for level, layer in enumerate(stack, start=1)
        ]


Layers = Annotated[tuple[LayerConfig, ...], Field(max_length=MAX_LAYERS), LayersCodec(stated=True)]


def library_layers(layers: Sequence[LayerConfig]) -> tuple[Layer, ...]:
    """The same stack for the library."""
    return tuple(Layer(layer.k, layer.alpha) for layer in layers)
