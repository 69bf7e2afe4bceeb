"""The visual language: colours, dashes, widths and shapes, as browser/look.json holds them for every painter."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Mark:
    """How a layer is drawn: its line's width and dash, its head's shape and radius, in pixels."""

    width: float
    dash: tuple[float, ...]
    shape: str
    radius: float


@dataclass(frozen=True)
class Minimum:
    """How a minimum is marked."""

    shape: str
    radius: float
    color: str
    edge: str


@dataclass(frozen=True)
class Inks:
    """Shares of the text's colour in an optimizer's colour.

    dark: of everything on a dark page.      first: of φ₁.      further: more for each layer further out, up to `most`.
    """

    dark: float
    first: float
    further: float
    most: float


@dataclass(frozen=True)
class Projector:
    """What is different for a projector.

    ink: share of the text's colour in every optimizer's.      thickness, letters: of lines and heads, and of letters,
    beside the usual.      slate: opacity of the landscape.
    """

    ink: float
    thickness: float
    letters: float
    slate: float


@dataclass(frozen=True)
class Look:
    """All of it.

    Attributes:
        palette: the optimizers' colours, #rrggbb: Okabe and Ito's, told apart by every common kind of colour vision;
            their yellow is too faint on a light page, their black too near the text.
        layers: a mark for each layer, θ first; layers further out look like the last.
        average: the mark of averaged weights.
        minimum: of a surface.      inks: how the further layers' colours follow from an optimizer's one.
        projector: what is different for one.
        slate: (red, green, blue, opacity) laid over the page where a landscape is lowest, and where it is highest.
    """

    palette: tuple[str, ...]
    layers: tuple[Mark, ...]
    average: Mark
    minimum: Minimum
    inks: Inks
    slate: tuple[tuple[float, ...], tuple[float, ...]]
    projector: Projector

    def layer(self, layer: int) -> Mark:
        """The mark of a layer: 0 is θ, a negative one the average."""
        return self.average if layer < 0 else self.layers[min(layer, len(self.layers) - 1)]


def _mark(fields: dict[str, Any]) -> Mark:
    return Mark(fields["width"], tuple(fields["dash"]), fields["shape"], fields["radius"])


def _load() -> Look:
    table = json.loads((Path(__file__).parent / "browser" / "look.json").read_text(encoding="utf-8"))
    return Look(
        palette=tuple(table["palette"]),
        layers=tuple(_mark(fields) for fields in table["layers"]),
        average=_mark(table["average"]),
        minimum=Minimum(**table["minimum"]),
        inks=Inks(**table["inks"]),
        projector=Projector(**table["projector"]),
        slate=(tuple(table["slate"]["lowest"]), tuple(table["slate"]["highest"])),
    )


LOOK = _load()
