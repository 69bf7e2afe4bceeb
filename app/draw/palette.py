"""One palette for all frames of a picture, in which thin lines keep their colours."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from app.figures import look
from app.figures.look import Style
from app.figures.scene import Scene

if TYPE_CHECKING:
    from PIL.Image import Image

COLORS, GREYS = 128, 48  # more make larger files and no visible difference
SHARE = 40  # each key colour gets 1 / SHARE of the sheet's pixels: median cut drops colours of few pixels


def palette_of(picture: Image, scene: Scene, style: Style) -> Image:
    """The palette of a picture, as Pillow's `quantize(palette=...)` takes it."""
    from PIL import Image

    side = max(8, int((picture.width * picture.height / SHARE) ** 0.5))
    keys = key_colors(scene, style)
    sheet = Image.new("RGB", (max(picture.width, side * len(keys)), picture.height + side), style.background)
    sheet.paste(picture, (0, 0))
    for index, (red, green, blue) in enumerate(keys):
        swatch = (round(255 * red), round(255 * green), round(255 * blue))
        sheet.paste(swatch, (index * side, picture.height, (index + 1) * side, picture.height + side))
    palette = sheet.quantize(
        GREYS if style.palette else COLORS, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE
    )
    return _pin(palette, (style.background, style.ink))


def _pin(palette: Image, colors: Sequence[str]) -> Image:
    """The palette with exactly these colours in place of those nearest to them: a page that is white stays white.

    Pillow looks a colour up by its upper six bits, so colours as near to those are replaced, too.
    """
    values = np.array(palette.getpalette(), dtype=np.int64).reshape(-1, 3)
    for color in colors:
        rgb = np.round(255 * np.array(look.rgb(color))).astype(np.int64)
        key = rgb & ~3
        distance = np.square(values - key).sum(axis=1)
        values[distance <= max(distance.min(), np.square(rgb - key).sum())] = rgb
    palette.putpalette(values.astype(np.uint8).tobytes())
    return palette


def key_colors(scene: Scene, style: Style) -> list[look.RGB]:
    """The colours that must survive: of every optimizer and layer, of text and of minima."""
    names = look.distinct([track.name for track in scene.tracks])
    keys = [look.rgb(style.ink), look.rgb(style.background), look.rgb(look.STAR)]
    for track in scene.tracks:
        color = style.color(track.color, names.index(track.name))
        keys.append(style.pale(color, 1))
        keys += [style.shade(color, layer) for layer in range(1, max(len(track.layers), 1) + 1)]
    return list(dict.fromkeys(keys))
