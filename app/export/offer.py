"""What can be taken away of a page: each thing by its name, computed when it is asked for."""

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
"""Takes what `render_figure` takes after the picture, `step` among it."""


class DoesNotApplyError(ValueError):
    """A chart has nothing to show at these settings: a bundle goes without it."""


@dataclass(frozen=True, eq=False)
class Offer:
    """Everything that a page lets go.

    Attributes:
        caption: what it shows and how it was made.
        figures: by name; the first is the one that is meant when none is named.
        tables: by the name of a file, in long format.
        interactive: a page with charts to zoom and hover, as HTML; None where there is none.
        scene: what moves, for animations and the player; None where nothing does.
        families: numbers that readers of an exported player can drag, by name.
        charts: those of the figures that are charts, by their names, up to a base step or (None) whole.
    """

    caption: Caption
    figures: Mapping[str, MakeFigure] = field(default_factory=dict)
    tables: Mapping[str, Callable[[], pa.Table]] = field(default_factory=dict)
    interactive: Callable[[], bytes] | None = None
    scene: Callable[[], Scene] | None = None
    charts: Mapping[str, Callable[[int | None], Chart]] = field(default_factory=dict)
    families: Mapping[str, Callable[[], PackedFamily]] = field(default_factory=dict)

    def figure(self, name: str | None = None) -> MakeFigure:
        """A figure by its name.

        Raises:
            ValueError: there is none of that name.
        """
        chosen = next(iter(self.figures), "") if name is None else name
        if chosen not in self.figures:
            raise ValueError(f"figure must be one of {', '.join(self.figures)}, got {chosen!r}")
        return self.figures[chosen]

    def moving(self) -> Scene:
        """What animations and the player show.

        Raises:
            ValueError: nothing moves.
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
    """What can be made of a scene, and of the families of its numbers."""

    def interactive() -> bytes:
        from app.draw.page import plotly_html

        return plotly_html(scene())

    def table() -> pa.Table:
        return long_table(scene())

    return Offer(
        caption, {name: figure_of_scene(scene)}, {"trajectory": table}, interactive, scene, families=families or {}
    )


def figure_of_scene(scene: Callable[[], Scene]) -> MakeFigure:
    """Draws the scene."""

    def make(*args: Any, **settings: Any) -> bytes:
        from app.draw.image import render_figure

        return render_figure(scene(), *args, **settings)

    return make


def figure_of_chart(chart: Callable[[int | None], Chart]) -> MakeFigure:
    """Draws a chart that is made up to a base step, or of all for None."""

    def make(*args: Any, step: int | None = None, **settings: Any) -> bytes:
        from app.draw.image import render_figure

        made = chart(step)
        return render_figure(replace(made, caption=made.caption.at(step)), *args, **settings)

    return make
