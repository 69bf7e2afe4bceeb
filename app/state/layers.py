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
    """k steps of the level below, then a fraction alpha towards it, with outer momentum where that is not 0."""

    k: int = Field(5, ge=1, le=MAX_K)
    alpha: Finite = Field(0.5, ge=0, le=1)
    outer_momentum: Finite = Field(0.0, ge=0, lt=1)
    outer_nesterov: bool = False


FIVE = LayerConfig(k=5, alpha=0.5)
NESTEROV = "nesterov"  # a link's word for the rule


def _parse(text: str) -> Any:
    if text in ("", NONE):
        return ()
    layers = [layer.split(":") for layer in text.split(",")]
    if any(not 2 <= len(layer) <= 4 or layer[3:] not in ([], [NESTEROV]) for layer in layers):
        raise ValueError(
            "every layer must read k:alpha, as in 5:0.5,5:0.5, or with outer momentum k:alpha:momentum, "
            f"as in 5:0.7:0.9, and k:alpha:momentum:{NESTEROV} by Nesterov's rule"
        )
    return tuple(
        dict(zip(("k", "alpha", "outer_momentum"), layer, strict=False)) | {"outer_nesterov": len(layer) == 4}
        for layer in layers
    )


def _text(layer: LayerConfig) -> str:
    plain = f"{layer.k}:{layer.alpha!r}"
    if not layer.outer_momentum and not layer.outer_nesterov:
        return plain
    return f"{plain}:{layer.outer_momentum!r}" + (f":{NESTEROV}" if layer.outer_nesterov else "")


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


LAYERS = Codec(  # links have 5:0.5,5:0.7:0.9, innermost first; widgets are called depth, 1.k, 1.alpha, ..., 2.k, ...
    text=lambda value: ",".join(map(_text, value)) or NONE,
    read=_parse,
    widgets=_widgets,
    from_widgets=_from_widgets,
    always_written=True,
)
Layers = Annotated[tuple[LayerConfig, ...], Field(max_length=MAX_LAYERS), LAYERS]


def library_layers(layers: Sequence[LayerConfig]) -> tuple[Layer, ...]:
    """The same stack for the library."""
    return tuple(Layer(layer.k, layer.alpha, layer.outer_momentum, layer.outer_nesterov) for layer in layers)


def config_layers(layers: Sequence[Layer]) -> tuple[LayerConfig, ...]:
    """The opposite of `library_layers`."""
    fields = LayerConfig.model_fields
    return tuple(LayerConfig(**{name: getattr(layer, name) for name in fields}) for layer in layers)


def layer_words(layer: LayerConfig | Layer) -> str:
    """A layer as captions write it, its numbers in full: k 5, α 0.5."""
    rule = "Nesterov " if layer.outer_nesterov else ""
    return f"k {layer.k}, α {layer.alpha!r}" + (
        f", {rule}outer momentum {layer.outer_momentum!r}" if layer.outer_momentum else ""
    )


def layer_numbers(layer: LayerConfig | Layer) -> str:
    """A layer as titles write it: (5, .5), and (5, .7, Nesterov .9) or (5, .7, μ .9) with outer momentum."""
    rule = "Nesterov" if layer.outer_nesterov else "μ"
    momentum = f", {rule} {short(layer.outer_momentum)}" if layer.outer_momentum else ""
    return f"({layer.k}, {short(layer.alpha)}{momentum})"


def short(value: float) -> str:
    """A number as cards write it: .5 for 0.5."""
    return f"{value:g}".replace("0.", ".", 1) if 0 < value < 1 else f"{value:g}"
