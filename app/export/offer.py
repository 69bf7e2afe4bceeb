"""The exports of a page by name, computed on demand."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from app.export.tables import long_table
from app.figures.caption import Caption
from app.figures.scene import Scene

if TYPE_CHECKING:
    import pyarrow as pa

    from app.figures.chart import Chart
    from app.player.dials import PackedFamily

MakeFigure = Callable[..., bytes]
"""Takes the arguments of `render_figure` after the picture, with `step`."""


class DoesNotApplyError(ValueError):
    """A chart has nothing to show at these settings: a bundle omits it."""


@dataclass(frozen=True, eq=False)
class Offer:
    """All exports of a page.

    Attributes:
        caption: what it shows and how it was made.
        figures: by name; the first is the default.
        tables: by the name of a file, in long format.
        interactive: a page with charts to zoom and hover, as HTML; None where there is none.
        scene: for animations and the player; None for pages without one.
        families: numbers that readers of an exported player can drag, by name.
        charts: those of the figures that are charts, by their names, up to a base step or (None) whole.
        has_steps: whether figures can end at a base step.
    """

    caption: Caption
    figures: Mapping[str, MakeFigure] = field(default_factory=dict)
    tables: Mapping[str, Callable[[], pa.Table]] = field(default_factory=dict)
    interactive: Callable[[], bytes] | None = None
    scene: Callable[[], Scene] | None = None
    charts: Mapping[str, Callable[[int | None], Chart]] = field(default_factory=dict)
    families: Mapping[str, Callable[[], PackedFamily]] = field(default_factory=dict)
    has_steps: bool = True

    def figure(self, name: str | None = None) -> MakeFigure:
        """A figure by its name.

        Raises:
            ValueError: there is none of that name.
        """
        key = next(iter(self.figures), "") if name is None else name
        if key not in self.figures:
            raise ValueError(f"figure must be one of {', '.join(self.figures)}, got {key!r}")
        return self.figures[key]

    def moving(self) -> Scene:
        """The scene for animations and the player.

        Raises:
            ValueError: the page has no scene.
        """
        if self.scene is None:
            raise ValueError("nothing moves on this page: choose a figure (png, svg, pdf) or a chart (html)")
        return self.scene()


def scene_offer(
    scene: Callable[[], Scene],
    caption: Caption,
    name: str = "paths",
    families: Mapping[str, Callable[[], PackedFamily]] | None = None,
) -> Offer:
    """The exports of a scene, and of the families of its numbers."""

    def interactive() -> bytes:
        from app.draw.page import plotly_html

        return plotly_html(scene())

    def table() -> pa.Table:
        return long_table(scene())

    return Offer(
        caption, {name: figure_of_scene(scene)}, {"trajectory": table}, interactive, scene, families=families or {}
    )


def figure_of_scene(scene: Callable[[], Scene]) -> MakeFigure:
    """A function that draws the scene."""

    def make(*args: Any, **settings: Any) -> bytes:
        from app.draw.image import render_figure

        return render_figure(scene(), *args, **settings)

    return make


def figure_of_chart(chart: Callable[[int | None], Chart]) -> MakeFigure:
    """A function that draws a chart up to a base step; None is the whole run."""

    def make(*args: Any, step: int | None = None, **settings: Any) -> bytes:
        from app.draw.image import render_figure

        value = chart(step)
        return render_figure(replace(value, caption=value.caption.at(step)), *args, **settings)

    return make
