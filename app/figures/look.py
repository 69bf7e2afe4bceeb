"""How a picture looks, in the player's language: a line style and a shape per layer, a colour per optimizer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

StyleName = Literal["light", "dark", "print"]
STYLES: tuple[str, ...] = get_args(StyleName)


@dataclass(frozen=True)
class Stroke:
    """How a line is drawn: its width and dash in points, the shape and size of its head, and whether that is empty."""

    width: float
    dash: tuple[float, ...]
    marker: str
    size: float
    hollow: bool = False


# Fast weights, then slow ones, innermost first: widths, dashes and shapes of player/browser/look.json, in points.
_STROKES = (
    Stroke(1.0, (), "o", 6.0),
    Stroke(2.0, (6, 2.2), "s", 7.0),
    Stroke(2.4, (9, 2.2, 2.2, 2.2), "D", 7.5),
    Stroke(2.8, (2.2, 2.2), "^", 8.5),
    Stroke(3.2, (12, 3.8), "*", 11.0),
)
_AVERAGE = Stroke(1.0, (1.5, 1.5, 4.5, 1.5), "o", 7.0, hollow=True)
PALE = 0.5  # how far an old trail's colour is towards the page's
STAR, STAR_EDGE = "#f0c419", "#6b5900"  # minima

RGB = tuple[float, float, float]


@dataclass(frozen=True)
class Style:
    """Colours of a picture: `shades` fill the landscape from low to high, `own` replaces the optimizers' colours."""

    background: str
    ink: str
    quiet: str
    contour: str
    shades: tuple[str, ...]
    own: tuple[str, ...] = ()

    def color(self, color: str, index: int) -> str:
        """The colour of the optimizer that comes `index`-th in the legend."""
        return self.own[index % len(self.own)] if self.own else color

    def aged(self, color: str, age: float) -> RGB:
        """What becomes of a colour with age, from 0 to 1: it pales towards the page."""
        return mixed(color, self.background, PALE * age)

    def shade(self, color: str, layer: int) -> RGB:
        """The further out a layer, the stronger its ink against the page."""
        return mixed(color, self.ink, min(0.6, max(0.0, 0.22 * (layer - 1))))


_STYLES = {
    # The slate of the page's chart, laid over its own background.
    "light": Style(
        background="#ffffff",
        ink="#22262e",
        quiet="#6d7480",
        contour="#b4bcca",
        shades=("#8d9db7", "#b9c4d5", "#dde3ea", "#f6f7f9"),
    ),
    "dark": Style(
        background="#0e1117",
        ink="#f2f4f7",
        quiet="#9aa3b0",
        contour="#39424f",
        shades=("#33425b", "#2b3646", "#1e242e", "#12161d"),
    ),
    # Grey by optimizer, dash and shape by layer: legible from a monochrome printer.
    "print": Style(
        background="#ffffff",
        ink="#000000",
        quiet="#4d4d4d",
        contour="#cfcfcf",
        shades=("#e9e9e9", "#f3f3f3", "#fafafa", "#ffffff"),
        own=("#000000", "#6b6b6b", "#9a9a9a", "#3d3d3d"),
    ),
}


def style_of(name: str) -> Style:
    """The style of a name.

    Raises:
        ValueError: there is none of that name.
    """
    if name not in _STYLES:
        raise ValueError(f"style must be one of {', '.join(STYLES)}, got {name!r}")
    return _STYLES[name]


def stroke(layer: int) -> Stroke:
    """How the line of a layer (0 = fast weights, AVERAGE) is drawn."""
    return _AVERAGE if layer < 0 else _STROKES[min(layer, len(_STROKES) - 1)]


def mixed(color: str, towards: str, share: float) -> RGB:
    """A colour, some share of the way towards another; both are #rrggbb."""
    first, second = rgb(color), rgb(towards)
    red, green, blue = (a + share * (b - a) for a, b in zip(first, second, strict=True))
    return red, green, blue


def rgb(color: str) -> RGB:
    """#rrggbb as numbers from 0 to 1.

    Raises:
        ValueError: the colour is written in another way.
    """
    if len(color) != 7 or color[0] != "#":
        raise ValueError(f"a colour must read #rrggbb, got {color!r}")
    red, green, blue = (int(color[at : at + 2], 16) / 255 for at in (1, 3, 5))
    return red, green, blue


def distinct(names: Sequence[str]) -> list[str]:
    """Names in the order in which they first appear."""
    return list(dict.fromkeys(names))
