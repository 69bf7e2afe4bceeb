"""Everything at once: a ZIP with the picture in every form, the data, the settings and the code."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from typing import TYPE_CHECKING

from app.export.animation import CancelledError, render_animation
from app.export.document import CONFIG_NAME, to_json
from app.export.figures import render_figure
from app.export.pages import page_of
from app.export.playing import player_html
from app.export.plotly_page import plotly_html
from app.export.scene import Scene
from app.export.tables import to_csv, to_parquet
from app.share import short_link

if TYPE_CHECKING:
    from pydantic import BaseModel

DATE = (1980, 1, 1, 0, 0, 0)  # the earliest that ZIP knows: the same run gives the same bytes
STORED = (".png", ".gif", ".mp4", ".parquet")  # compressed already


def to_bundle(
    scene: Scene,
    config: BaseModel,
    *,
    style: str = "light",
    step: int | None = None,
    on_progress: Callable[[int, int], None] | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> bytes:
    """The archive; `document.restore` restores the page from it.

    Args:
        scene: the picture.
        config: the settings it was made from.
        style: of figures and animations.
        step: of figures.
        on_progress: called with (files done, files).
        should_stop: asked before each file and each frame.

    Raises:
        CancelledError: should_stop said so.
    """
    makers = _makers(scene, config, style, step, should_stop)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for done, (name, make) in enumerate(makers.items(), start=1):
            if should_stop is not None and should_stop():
                raise CancelledError
            kind = zipfile.ZIP_STORED if name.endswith(STORED) else zipfile.ZIP_DEFLATED
            archive.writestr(zipfile.ZipInfo(name, DATE), make(), kind)
            if on_progress is not None:
                on_progress(done, len(makers))
    return buffer.getvalue()


def _makers(
    scene: Scene, config: BaseModel, style: str, step: int | None, should_stop: Callable[[], bool] | None
) -> dict[str, Callable[[], bytes]]:
    makers: dict[str, Callable[[], bytes]] = {
        CONFIG_NAME: lambda: to_json(config),
        "caption.txt": f"{scene.caption.text}\nLink: {short_link(config)}\n".encode,
        "trajectory.csv": lambda: to_csv(scene),
        "trajectory.parquet": lambda: to_parquet(scene),
        "figure.png": lambda: render_figure(scene, "png", style=style, step=step),
        "figure.svg": lambda: render_figure(scene, "svg", style=style, step=step),
        "figure.pdf": lambda: render_figure(scene, "pdf", style=style, step=step),
        "player.html": lambda: player_html(scene),
        "chart.html": lambda: plotly_html(scene),
        "animation.gif": lambda: render_animation(scene, "gif", style=style, should_stop=should_stop),
        "animation.mp4": lambda: render_animation(scene, "mp4", style=style, should_stop=should_stop),
    }
    script = page_of(config).script
    if script is not None:
        makers["run.py"] = lambda: script(config, "run.py").encode()
    return makers
