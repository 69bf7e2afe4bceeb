"""The gallery of the documentation: a picture of each surface, game and preset, a page with all of them, a film."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

from app.draw.animation import render_animation
from app.draw.image import render_figure
from app.draw.palette import palette_of
from app.export.pages import page_of, scene_of
from app.figures.look import style_of
from app.state import SurfacesConfig
from app.state.base import PageConfig
from app.state.gallery import Exhibit, exhibits
from app.state.links import short_link

FILM = "moving.gif"  # what the app opens on, for the project's front page


def render_gallery(folder: Path, on_progress: Callable[[int, int], None] | None = None) -> int:
    """Draw every exhibit into the folder, with a README.md that shows them, and the film; gives their number."""
    folder.mkdir(parents=True, exist_ok=True)
    groups = exhibits()
    everything = [exhibit for group in groups.values() for exhibit in group]
    for count, exhibit in enumerate(everything, start=1):
        (folder / exhibit.file).write_bytes(_picture(exhibit.config))
        if on_progress is not None:
            on_progress(count, len(everything))
    (folder / FILM).write_bytes(render_animation(scene_of(SurfacesConfig()), seconds=8, fps=12, width=760, height=440))
    (folder / "README.md").write_text(_page(groups), encoding="utf-8")
    return len(everything)


def _picture(config: PageConfig) -> bytes:
    """A PNG with a palette: a third of the size, and no visible difference in flat colours."""
    from PIL import Image

    scene, buffer = scene_of(config), io.BytesIO()
    image = Image.open(io.BytesIO(render_figure(scene, "png", width=6.4, height=4.4, dpi=110))).convert("RGB")
    palette = palette_of(image, scene, style_of("light"))
    image.quantize(palette=palette, dither=Image.Dither.NONE).save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def _page(groups: dict[str, list[Exhibit]]) -> str:
    lines = ["# Gallery", "", "Rendered by `make gallery`. Each link opens the picture's run in a started app.", ""]
    for heading, group in groups.items():
        lines += [f"## {heading}", ""]
        for exhibit in group:
            lines += [
                f"### {exhibit.name}",
                "",
                exhibit.description,
                "",
                f"[![{exhibit.name}]({exhibit.file})]({_link(exhibit.config)})",
                "",
            ]
    return "\n".join(lines)


def _link(config: PageConfig) -> str:
    """To its page in an app on this machine."""
    return short_link(config, f"http://localhost:8501{page_of(config).path}")
