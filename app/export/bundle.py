"""A ZIP with the picture in every format, the data, the settings and the code."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from app.draw.animation import (
    ANIMATION_FORMATS,
    CancelledError,
    FfmpegMissingError,
    render_animation,
    render_animations,
)
from app.draw.image import FIGURE_FORMATS
from app.draw.player_page import player_html
from app.export.document import CONFIG_NAME, to_json
from app.export.offer import DoesNotApplyError, Offer, scene_offer
from app.export.pages import page_of
from app.export.tables import csv_of, parquet_of
from app.figures.scene import Scene
from app.state.links import short_link

if TYPE_CHECKING:
    from app.state.base import PageConfig

DATE = (1980, 1, 1, 0, 0, 0)  # the earliest in ZIP, always the same: the same run gives the same bytes
COMPRESSED_KINDS = (".png", ".gif", ".mp4", ".parquet")  # compressed already


def to_bundle(
    content: Offer | Scene,
    config: PageConfig,
    *,
    style: str = "light",
    step: int | None = None,
    seconds: float = 5.0,
    on_progress: Callable[[int, int], None] | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> bytes:
    """The archive; `document.restore` restores the page from it.

    Args:
        content: the exports of the page, or its scene alone.
        config: the settings it was made from.
        style: of figures and animations.
        step: of figures; the end if not given.
        seconds: of animations.
        on_progress: called with (files done, files) after each file, and after each frame of the animations; may raise,
            to stop.
        should_stop: called before each file and each frame.

    Raises:
        CancelledError: should_stop was true.
    """
    count = 0

    def report(*_: int) -> None:
        if on_progress is not None:
            on_progress(count, len(makers))

    film = {"style": style, "seconds": seconds, "should_stop": should_stop, "on_progress": report}
    scene = content
    offer = scene_offer(lambda: scene, scene.caption) if isinstance(scene, Scene) else scene
    makers = _makers(offer, config, {"style": style, "step": step}, film)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, make in makers.items():
            if should_stop is not None and should_stop():
                raise CancelledError
            kind = zipfile.ZIP_STORED if name.endswith(COMPRESSED_KINDS) else zipfile.ZIP_DEFLATED
            with suppress(DoesNotApplyError):
                try:
                    archive.writestr(zipfile.ZipInfo(name, DATE), make(), kind)
                except FfmpegMissingError as error:
                    archive.writestr(zipfile.ZipInfo(f"{name}.txt", DATE), f"{error}.\n", zipfile.ZIP_DEFLATED)
            count += 1
            report()
    return buffer.getvalue()


def _makers(
    offer: Offer, config: PageConfig, figure: dict[str, Any], film: dict[str, Any]
) -> dict[str, Callable[[], bytes]]:
    """A function for each file, the quick ones first."""
    page = page_of(config)
    link = short_link(config, page.path)
    makers: dict[str, Callable[[], bytes]] = {
        CONFIG_NAME: lambda: to_json(config),
        "caption.txt": f"{offer.caption.text}\nLink: {link}\n".encode,
    }
    for name, table in offer.tables.items():
        makers[f"{name}.csv"] = partial(_table_bytes, csv_of, table)
        makers[f"{name}.parquet"] = partial(_table_bytes, parquet_of, table)
    if offer.scene is not None:
        makers["player.html"] = lambda: player_html(offer.moving())
    if offer.interactive is not None:
        makers["chart.html"] = offer.interactive
    script = page.script
    if script is not None:
        makers["run.py"] = lambda: script(config, "run.py").encode()
    for number, (name, draw) in enumerate(offer.figures.items()):
        stem = f"figure-{name.replace(' ', '-')}" if number else "figure"
        makers |= {f"{stem}.{kind}": partial(draw, kind, **figure) for kind in FIGURE_FORMATS}
    if offer.scene is not None:
        films = _Films(offer, film)
        makers |= {f"animation.{kind}": partial(films.one, kind) for kind in ANIMATION_FORMATS}
    return makers


def _table_bytes(write: Callable[[Any], bytes], table: Callable[[], Any]) -> bytes:
    return write(table())


class _Films:
    """The animations in all formats, made together when the first is asked for: they have the same frames."""

    def __init__(self, offer: Offer, settings: dict[str, Any]) -> None:
        self.offer, self.settings = offer, settings
        self.films: dict[str, bytes] = {}

    def one(self, kind: str) -> bytes:
        """The film in one format; without ffmpeg all but MP4 can be made."""
        if kind not in self.films:
            try:
                self.films = render_animations(self.offer.moving(), **self.settings)
            except FfmpegMissingError:
                self.films[kind] = render_animation(self.offer.moving(), kind, **self.settings)
        return self.films.pop(kind)
