"""A scene in the player: as an HTML file for anybody, and inside a notebook."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from app.draw.player_page import notebook_html, standalone_html
from app.figures.scene import Scene, trajectory_scene

if TYPE_CHECKING:
    from optim_core.recorder import Recorder
    from optim_core.trajectory import Trajectory


def player_html(scene: Scene, *, theme: Literal["auto", "light", "dark"] = "auto", autoplay: bool = True) -> bytes:
    """One HTML file that plays the scene, keeps play, scrub and speed, and needs no network."""
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
    )


class Shown:
    """What a notebook shows as the player, and what `save` writes as a page of its own."""

    def __init__(self, scene: Scene, height: int) -> None:
        self.scene, self.height = scene, height

    def _repr_html_(self) -> str:
        return notebook_html(player_html(self.scene), self.height)

    def save(self, path: str) -> None:
        """Write the player to an HTML file."""
        from pathlib import Path

        Path(path).write_bytes(player_html(self.scene))


def show(what: Scene | Trajectory | Recorder, *, height: int = 980, **settings: Any) -> Shown:
    """The player in a notebook, as the last line of a cell: `show(recorder)`.

    Args:
        what: a `Recorder`, the `Trajectory` it gives, or a scene.
        height: of the frame, in pixels.
        settings: for `trajectory_scene`: colors, extent, grid, labels, title.

    Raises:
        ValueError: the trajectory has fewer than two weights.
    """
    if isinstance(what, Scene):
        return Shown(what, height)
    trajectory = what.trajectory() if hasattr(what, "trajectory") else what
    return Shown(trajectory_scene(trajectory, **settings), height)
