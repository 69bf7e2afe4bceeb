"""The player as one HTML file with its script, without network, to open anywhere or to embed in a notebook."""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from app.figures.scene import Scene, trajectory_scene
from app.player.bundle import bundle, style
from app.player.dials import PackedFamily
from app.player.first_frame import pack_heights
from app.player.pack import PlayerView, QuantityNames, pack
from app.player.tracks import Track

if TYPE_CHECKING:
    from app.runs.streamlines import Streamlines
    from optim_core.recorder import Recorder
    from optim_core.trajectory import Trajectory

Theme = Literal["auto", "light", "dark"]
Extent = tuple[tuple[float, float], tuple[float, float]]

MOST_POINTS = 160  # of a background along an axis: finer than its visible shading, and 50 kB
_LIGHT = "--st-background-color:#fff;--st-text-color:#22252b;--st-primary-color:#0072b2"
_DARK = "--st-background-color:#14171c;--st-text-color:#eceef2;--st-primary-color:#3f9fdc"
_POLICY = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:"
_ENTRY = 'import { openPlayer } from "./standalone.js";'
_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<title>{title}</title>
<style>
{style}
{theme}
body {{ margin: 0; background: var(--st-background-color); color: var(--st-text-color); }}
main {{ max-width: 1100px; margin: 0 auto; padding: 16px; }}
figcaption {{ margin-top: 12px; font: 14px/1.5 system-ui, sans-serif; opacity: .8; white-space: pre-line; }}
figure {{ margin: 0; }}
</style>
</head>
<body>
<main><figure><div class="lookahead-player"></div><figcaption>{caption}</figcaption></figure></main>
<script type="module">
{script}
openPlayer(document.querySelector(".lookahead-player"), {content});
</script>
</body>
</html>
"""


def player_html(
    scene: Scene, *, theme: Theme = "auto", autoplay: bool = True, family: PackedFamily | None = None
) -> bytes:
    """One HTML file that plays the scene, keeps play, scrub and speed, and needs no network.

    With a `family`, readers drag its number.
    """
    return standalone_html(
        scene.tracks,
        background=None if scene.grid is None else scene.grid.shade(scene.log_view),
        extent=scene.extent,
        flow=scene.flow,
        caption=scene.caption.text,
        theme=theme,
        labels=scene.labels,
        quantities=scene.quantities,
        minima=tuple(minimum.place for minimum in scene.minima),
        autoplay=autoplay,
        title=scene.caption.title,
        family=family,
        narration=scene.narration,
    )


class NotebookPlayer:
    """The player as a notebook displays it; `save` writes it as a page.

    Its output holds a picture, too: it is seen where a notebook is printed, or shown without its scripts.
    """

    def __init__(self, scene: Scene, height: int) -> None:
        self.scene, self.height = scene, height

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        from app.draw.image import render_figure  # matplotlib takes a third of a second to import

        picture = render_figure(self.scene, "png", dpi=100)
        return {
            "text/html": notebook_html(player_html(self.scene), self.height, picture, self.scene.caption.title),
            "image/png": _base64(picture),
        }

    def save(self, path: str) -> None:
        """Write the player to an HTML file."""
        Path(path).write_bytes(player_html(self.scene))


def show(run: Scene | Trajectory | Recorder, *, height: int = 980, **settings: Any) -> NotebookPlayer:
    """The player in a notebook, as the last line of a cell: `show(recorder)`.

    Args:
        run: a `Recorder`, its `Trajectory`, or a scene.
        height: of the frame, in pixels.
        settings: for `trajectory_scene`: colors, extent, grid, labels, title.

    Raises:
        ValueError: the trajectory has fewer than two weights.
    """
    if isinstance(run, Scene):
        return NotebookPlayer(run, height)
    trajectory = run.trajectory() if hasattr(run, "trajectory") else run
    return NotebookPlayer(trajectory_scene(trajectory, **settings), height)


def standalone_html(
    tracks: Sequence[Track],
    *,
    background: bytes | NDArray[np.floating] | None = None,
    extent: Extent | None = None,
    flow: Streamlines | None = None,
    caption: str = "",
    theme: Theme = "auto",
    labels: tuple[str, str] = ("x", "y"),
    quantities: QuantityNames | None = None,
    minima: Sequence[tuple[float, float]] = (),
    autoplay: bool = True,
    title: str = "Lookahead Lab",
    family: PackedFamily | None = None,
    narration: Sequence[tuple[int, str]] = (),
) -> bytes:
    """A page that plays the tracks, with the whole player: play, scrub, speed, clocks, close-up and step inspector.

    Args:
        tracks: what to play.
        background: a PNG that fills `extent`, or heights (rows of y, lowest first, columns of x) to contour.
        extent: ((x_lo, x_hi), (y_lo, y_hi)) of the axes; without one they follow the tracks.
        flow: streamlines to draw over heights in place of their contour lines.
        caption: text under the player.
        theme: "light", "dark", or what the reader's system prefers.
        labels: names of the coordinates.
        quantities: names of the other numbers.
        minima: points to mark.
        autoplay: play when opened, unless the reader's system asks for less motion.
        title: of the page.
        family: a number that readers can drag, with the tracks of all its values.
        narration: lines on what happens, each with the base step from which on it is shown.

    Raises:
        ValueError: no tracks, a background without an extent, or an unknown theme.
    """
    if not tracks:
        raise ValueError("tracks must hold at least one run, got none")
    if background is not None and extent is None:
        raise ValueError("extent must say where the background lies: ((x_lo, x_hi), (y_lo, y_hi)), got None")
    places = tuple((float(x), float(y)) for x, y in minima)
    view = PlayerView(
        autoplay=autoplay,
        pickable=False,
        minima=places,
        labels=labels,
        quantities=quantities or QuantityNames(),
        dials=() if family is None else (family.dial,),
        narration=tuple(narration),
    )
    content = {
        "bytes": _base64(pack(tracks, view)),
        "extent": None if extent is None else [float(edge) for side in extent for edge in side],
        "image": f"data:image/png;base64,{_base64(background)}" if isinstance(background, bytes) else None,
        "heights": None
        if background is None or isinstance(background, bytes)
        else asdict(pack_heights(background, MOST_POINTS)),
        "flow": None if flow is None else _flow(flow),
        "family": None if family is None else _base64(family.message),
    }
    page = _PAGE.format(
        policy=_POLICY,
        title=html.escape(title),
        style=style(),
        theme=_theme(theme),
        caption=html.escape(caption),
        script=bundle(_ENTRY),
        content=json.dumps(content),
    )
    return page.encode()


def notebook_html(document: bytes, height: int = 980, picture: bytes = b"", title: str = "") -> str:
    """A page from `standalone_html` as an iframe that a notebook cell can show (`IPython.display.HTML`).

    A picture (PNG) lies below it, and is what remains where frames and styles are taken out.
    """
    source = html.escape(document.decode(), quote=True)
    frame = f'<iframe srcdoc="{source}" width="100%" height="{height}" style="border:0" allowfullscreen></iframe>'
    if not picture:
        return frame
    image = f'<img src="data:image/png;base64,{_base64(picture)}" alt="{html.escape(title)}" style="grid-area:1/1">'
    player = frame.replace("border:0", "border:0;grid-area:1/1;z-index:1;background:Canvas", 1)
    return f'<div style="display:grid;max-height:{height}px;overflow:hidden">{image}{player}</div>'


def _theme(theme: Theme) -> str:
    styles = {
        "light": f":root {{ color-scheme: light; {_LIGHT} }}",
        "dark": f":root {{ color-scheme: dark; {_DARK} }}",
        "auto": f":root {{ color-scheme: light dark; {_LIGHT} }}\n"
        f"@media (prefers-color-scheme: dark) {{ :root {{ {_DARK} }} }}",
    }
    if theme not in styles:
        raise ValueError(f"theme must be one of {', '.join(styles)}, got {theme!r}")
    return styles[theme]


def _flow(flow: Streamlines) -> dict[str, Any]:
    """Lines and arrows as 32-bit numbers."""
    lines = [_base64(line.astype("<f4").tobytes()) for line in flow.lines]
    return {"lines": lines, "arrows": _base64(flow.arrows.astype("<f4").tobytes())}


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
