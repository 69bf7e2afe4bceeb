"""The look of charts and scenes; the part shared with the player stands in `player/browser/look.json`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from app.player.look import LOOK

StyleName = Literal["light", "dark", "print"]
STYLES: tuple[str, ...] = get_args(StyleName)
Shape = Literal["circle", "ring", "square", "diamond", "triangle", "star", "cross", "plus", "stroke"]
CODES: dict[str, tuple[str, str]] = {  # of shapes, as matplotlib and as plotly call them
    "circle": ("o", "circle"),
    "ring": (r"$\odot$", "circle-dot"),
    "square": ("s", "square"),
    "diamond": ("D", "diamond"),
    "triangle": ("^", "triangle-up"),
    "star": ("*", "star"),
    "cross": ("x", "x-thin"),
    "plus": ("+", "cross-thin"),
    "stroke": ("_", "line-ew"),
}
DOTTED, DASHED = (1.5, 1.5), (5.0, 2.0)  # guides

PIXEL = 0.75  # points
PALETTE = LOOK.palette
CONVERGES, DIVERGES = PALETTE[0], PALETTE[1]
RATES = (0.95, 1.05)  # rates beyond these share the colour of the end
AMOUNTS = ("#08274a", "#0b4a80", "#0072b2", "#4b9fd0", "#97c8e4", "#d3e5ef", "#f3efe4")  # from low to high
BAND, BAR_GROUP = 0.18, 0.7  # opacity of an interval; width of all bars at one place
TINY, EDGE, INTERVAL = 3.0, 0.5, 1.2  # points: dots up to here have no edge; that of others; lines of intervals
THIN = ("cross", "plus", "stroke")  # shapes without an inside
MUTED = "#888888"  # readable on light and dark pages alike
# Fades towards the heights: the page shows through, so that the same picture suits light and dark themes.
SLATE = [[end, "rgba({:g},{:g},{:g},{:g})".format(*color)] for end, color in enumerate(LOOK.slate)]
CONTOUR = "rgba(110,125,150,.35)"
QUIET = "rgba(128,128,128,.25)"
LETTERS = "#e8ecef"  # of a dark page
LETTERS_ON_LIGHT = "#1b2126"


@dataclass(frozen=True)
class Stroke:
    """How a line is drawn: its width and dash in points, the shape and size of its head, and whether that is empty."""

    width: float
    dash: tuple[float, ...]
    marker: str
    size: float
    hollow: bool = False


_HEADS = (6.0, 7.0, 7.5, 8.5, 11.0)  # points: of fast weights, then of slow ones; in files they do not move, so smaller
PALE = 0.5  # how far an old trail's colour is towards the page's
STAR, STAR_EDGE = LOOK.minimum.color, LOOK.minimum.edge

RGB = tuple[float, float, float]


@dataclass(frozen=True)
class Style:
    """Colours of a picture: `shades` fill the landscape from low to high, `palette` replaces optimizers' colours.

    amounts: of cells, from low to high.      beyond: of cells above their span.
    """

    background: str
    ink: str
    quiet: str
    contour: str
    shades: tuple[str, ...]
    palette: tuple[str, ...] = ()
    amounts: tuple[str, ...] = AMOUNTS
    beyond: str = DIVERGES

    def color(self, color: str, index: int) -> str:
        """The colour of the optimizer that comes `index`-th in the legend."""
        return self.palette[index % len(self.palette)] if self.palette else color

    def pale(self, color: str, age: float) -> RGB:
        """A colour that pales towards the page with age, from 0 to 1."""
        return mix(color, self.background, PALE * age)

    def shade(self, color: str, layer: int) -> RGB:
        """A colour by layer: the further out, the closer to the style's ink."""
        inks = LOOK.inks
        return mix(color, self.ink, min(inks.most, inks.first + inks.further * (layer - 1)) if layer > 0 else 0.0)


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
        palette=("#000000", "#6b6b6b", "#9a9a9a", "#3d3d3d"),
        amounts=("#5a5a5a", "#ffffff"),
        beyond="#000000",
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
    mark, size = LOOK.layer(layer), _HEADS[1 if layer < 0 else min(layer, len(_HEADS) - 1)]
    dash = tuple(PIXEL * length for length in mark.dash)
    return Stroke(PIXEL * mark.width, dash, mark.shape, size, hollow=layer < 0)


def depth_color(depth: int) -> str:
    """One colour per number of layers, the same in every chart."""
    return PALETTE[depth % len(PALETTE)]


def on_dark(color: str) -> str:
    """A colour for dark pages, a little lighter."""
    return _hex(mix(color, LETTERS, LOOK.inks.dark))


def projector_color(color: str, *, dark: bool) -> str:
    """A colour for a projector: nearer to the text's."""
    return _hex(mix(color, LETTERS if dark else LETTERS_ON_LIGHT, LOOK.projector.ink))


def mix(color: str, towards: str, share: float) -> RGB:
    """A mixture of two colours #rrggbb; `share` is that of the second, from 0 to 1."""
    first, second = rgb(color), rgb(towards)
    red, green, blue = (a + share * (b - a) for a, b in zip(first, second, strict=True))
    return red, green, blue


def _hex(color: RGB) -> str:
    return "#" + "".join(f"{round(255 * part):02x}" for part in color)


def rgb(color: str) -> RGB:
    """#rrggbb as numbers from 0 to 1.

    Raises:
        ValueError: the colour has another form.
    """
    if len(color) != 7 or color[0] != "#":
        raise ValueError(f"a colour must read #rrggbb, got {color!r}")
    red, green, blue = (int(color[at : at + 2], 16) / 255 for at in (1, 3, 5))
    return red, green, blue


def distinct(names: Sequence[str]) -> list[str]:
    """Names in the order in which they first appear."""
    return list(dict.fromkeys(names))
