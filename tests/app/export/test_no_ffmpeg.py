"""A machine without ffmpeg makes everything but MP4, and says what is missing."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import imageio_ffmpeg
import pytest
from click.testing import CliRunner
from streamlit.testing.v1 import AppTest

from app.cli import main
from app.export import render_animation, scene_of, to_bundle
from app.state import SurfacesConfig

CONFIG = SurfacesConfig(steps=20)
REMEDY = (
    "MP4 needs ffmpeg, which is not on the server: install it (apt-get install ffmpeg, or the wheel of imageio-ffmpeg)"
)


@pytest.fixture(autouse=True)
def no_ffmpeg(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> None:
        raise RuntimeError("No ffmpeg exe could be found.")

    monkeypatch.setattr(imageio_ffmpeg, "get_ffmpeg_exe", refuse)


def test_an_mp4_is_refused_with_the_remedy_before_anything_is_drawn() -> None:
    with pytest.raises(ValueError, match=r"MP4 needs ffmpeg.*GIF needs none") as refusal:
        render_animation(scene_of(CONFIG), "mp4", seconds=0.2)
    assert str(refusal.value).startswith(REMEDY)


def test_the_command_line_says_so_in_one_line(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["render", "--surface", "bowl", "--steps", "20", "-O", str(tmp_path / "a.mp4")])
    assert result.exit_code == 1
    assert REMEDY in result.stderr
    assert result.stderr.rstrip().rpartition("\n")[2].startswith("Error: MP4")
    assert not list(tmp_path.iterdir())


def test_a_bundle_holds_everything_else_and_a_note() -> None:
    with zipfile.ZipFile(io.BytesIO(to_bundle(scene_of(CONFIG), CONFIG, seconds=0.2))) as archive:
        names = set(archive.namelist())
        note = archive.read("animation.mp4.txt").decode()
    assert {"animation.gif", "figure.png", "player.html", "run.py"} <= names
    assert "animation.mp4" not in names
    assert note.startswith(REMEDY)


def panel() -> None:
    from app.export import scene_of, scene_offer
    from app.state import SurfacesConfig
    from app.views.parts import export_panel

    config = SurfacesConfig(steps=20)
    scene = scene_of(config)
    export_panel._animation(scene_offer(lambda: scene, scene.caption), config, "surfaces")


def test_the_page_says_so() -> None:
    at = AppTest.from_function(panel, default_timeout=60).run()
    at.selectbox(key="surfaces.film.format").set_value("mp4")
    at.button(key="surfaces.film.make").click().run()
    assert at.error[0].value.startswith(REMEDY)
    assert not at.exception
