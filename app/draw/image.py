"""Figures for papers and slides: PNG, SVG and PDF with fonts embedded, their caption in the file's metadata."""

from __future__ import annotations

import io
import re
import threading
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Literal, get_args

from app.figures.caption import Caption, program
from app.figures.chart import Chart
from app.figures.look import Style, style_of
from app.figures.scene import Scene

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from matplotlib.typing import RcKeyType

FigureFormat = Literal["png", "svg", "pdf"]
FIGURE_FORMATS: tuple[str, ...] = get_args(FigureFormat)

SIZES = (1.5, 40.0)  # inches
DPIS = (30, 1200)
MOST_PIXELS = 60_000_000
# Fonts embedded whole enough for journals (TrueType); ids that repeat from run to run.
REPEATABLE: dict[RcKeyType, Any] = {"pdf.fonttype": 42, "svg.hashsalt": "lookahead-lab"}
_writing = threading.Lock()


def render_figure(
    picture: Scene | Chart,
    format: str = "png",  # noqa: A002
    *,
    width: float = 6.4,
    height: float = 4.8,
    dpi: float = 150,
    style: str = "light",
    step: int | None = None,
) -> bytes:
    """The picture as a file; the same picture and settings give the same bytes.

    Args:
        picture: what to draw.
        format: "png", "svg" or "pdf".
        width: in inches, 1.5 to 40.
        height: in inches, 1.5 to 40.
        dpi: pixels per inch of a PNG, 30 to 1200.
        style: "light", "dark" or "print", which is safe in greyscale.
        step: of a scene: tracks end, and heads stand, at this base step; the end if not given.

    Raises:
        ValueError: a value out of range, or an unknown format or style.
    """
    check_size(width, height, dpi)
    if format not in FIGURE_FORMATS:
        raise ValueError(f"format must be one of {', '.join(FIGURE_FORMATS)}, got {format!r}")
    figure = _figure(picture, style_of(style), (width, height), dpi, step)
    return _file(figure, format, dpi, metadata(picture.caption.at(step), format))


def _file(figure: Figure, format: str, dpi: float, tags: dict[str, Any]) -> bytes:  # noqa: A002
    """The file; matplotlib takes these settings from all threads at once, so one file is written after the other."""
    import matplotlib as mpl

    buffer = io.BytesIO()
    with _writing, mpl.rc_context(REPEATABLE):
        figure.savefig(buffer, format=format, dpi=dpi, metadata=tags)
    return _own_ids(buffer.getvalue()) if format == "svg" else buffer.getvalue()


def _own_ids(svg: bytes) -> bytes:
    """The same SVG with ids that no other picture has, so that several can stand in one page."""
    digest = sha256(svg).hexdigest()[:8].encode()
    return re.sub(rb'((?<=\s)id="|href="#|url\(#)', rb"\g<1>f" + digest + b"-", svg)


def _figure(picture: Scene | Chart, style: Style, size: tuple[float, float], dpi: float, step: int | None) -> Figure:
    if isinstance(picture, Chart):
        if step is not None:
            raise ValueError(f"step must be left out for a chart, which is made up to its step already, got {step}")
        from app.draw.matplotlib import draw_chart  # matplotlib takes a third of a second to import

        return draw_chart(picture, style, size, dpi)
    if step is not None and not 0 <= step <= picture.last_step:
        raise ValueError(f"step must be in [0, {picture.last_step}], got {step}")
    from app.draw import scenes

    sketch = scenes.backdrop(picture, style, size, dpi)
    scenes.step_text(sketch, step)
    scenes.tracks(sketch, step)
    return sketch.figure


def check_size(width: float, height: float, dpi: float) -> None:
    """Check the size of a figure.

    Raises:
        ValueError: names the field, the value and the range.
    """
    ranges = (("width", width, SIZES, " inches"), ("height", height, SIZES, " inches"), ("dpi", dpi, DPIS, ""))
    for name, value, (low, high), unit in ranges:
        if not low <= value <= high:
            raise ValueError(f"{name} must be in [{low:g}, {high:g}]{unit}, got {value:g}")
    if width * height * dpi * dpi > MOST_PIXELS:
        raise ValueError(
            f"width × height × dpi² must be at most {MOST_PIXELS:,} pixels, got {width * height * dpi * dpi:,.0f}; "
            "lower the dpi"
        )


def metadata(caption: Caption, format: str) -> dict[str, Any]:  # noqa: A002
    """The caption as metadata of a file format; dates are left out, so that files repeat."""
    if format == "svg":
        return {
            "Title": caption.title, "Description": caption.text, "Creator": program(), "Source": caption.config,
            "Date": None, "Format": None,
        }  # fmt: skip
    if format == "pdf":
        return {
            "Title": caption.title, "Subject": caption.text, "Keywords": caption.config, "Creator": program(),
            "CreationDate": None, "ModDate": None,
        }  # fmt: skip
    tags = {"Title": caption.title, "Description": caption.text, "Software": program(), "Source": caption.config}
    return {key: text for key, text in tags.items() if text}
