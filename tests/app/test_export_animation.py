"""Animations are opened again by Pillow (GIF) and ffmpeg (MP4)."""

from __future__ import annotations

import io
from pathlib import Path

import imageio_ffmpeg
import numpy as np
import pytest
from PIL import Image

from app import runs
from app.export import CancelledError, Scene, render_animation, surface_scene
from app.state import SurfacesConfig

SIZE = {"width": 320, "height": 240}


@pytest.fixture(scope="module")
def scene() -> Scene:
    config = SurfacesConfig(surface="himmelblau", steps=100)
    return surface_scene(config, runs.surface_run(config))


@pytest.fixture(scope="module")
def gif(scene: Scene) -> bytes:
    return render_animation(scene, "gif", seconds=1, fps=20, **SIZE)


def test_a_gif_has_the_frames_the_size_the_time_and_the_caption_asked_for(scene: Scene, gif: bytes) -> None:
    image = Image.open(io.BytesIO(gif))
    durations = []
    for frame in range(image.n_frames):
        image.seek(frame)
        durations.append(image.info["duration"])
    assert (image.n_frames, image.size) == (20, (320, 240))
    assert durations == [50] * 19 + [1550]
    assert image.info["loop"] == 0
    assert image.info["comment"].decode() == scene.caption.text


def colored(frame: Image.Image, color: str) -> np.ndarray:
    """Rows and columns of the pixels close to a colour."""
    wanted = [int(color[at : at + 2], 16) for at in (1, 3, 5)]
    return np.argwhere(np.abs(np.array(frame.convert("RGB")).astype(int) - wanted).max(axis=-1) < 40)


def test_tracks_grow_from_frame_to_frame(scene: Scene, gif: bytes) -> None:
    image = Image.open(io.BytesIO(gif))
    sizes = []
    for frame in (0, 2, 10):
        image.seek(frame)
        sizes.append(len(colored(image, scene.tracks[2].color)))
    assert sizes[0] + 50 < sizes[1] < sizes[2] - 20


def test_the_last_frame_of_both_formats_is_the_same_picture(scene: Scene, gif: bytes, tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    path.write_bytes(render_animation(scene, "mp4", seconds=1, fps=20, **SIZE))
    reader = imageio_ffmpeg.read_frames(str(path))
    header = next(reader)
    frames = list(reader)
    image = Image.open(io.BytesIO(gif))
    image.seek(19)
    film = np.frombuffer(frames[-1], np.uint8).reshape(240, 320, 3).astype(int)
    assert (header["codec"], header["size"], header["fps"], len(frames)) == ("h264", (320, 240), 20.0, 20)
    assert np.abs(film - np.array(image.convert("RGB"))).mean() < 6


def test_every_optimizer_keeps_its_colour_in_a_palette_however_thin_its_line(scene: Scene, gif: bytes) -> None:
    image = Image.open(io.BytesIO(gif))
    image.seek(19)
    shown = {color for _, color in image.convert("RGB").getcolors(320 * 240)}
    for track in scene.tracks:
        wanted = np.array([int(track.color[at : at + 2], 16) for at in (1, 3, 5)])
        assert min(np.abs(wanted - color).max() for color in shown) <= 8, track.name


def test_a_gif_repeats_byte_for_byte(scene: Scene) -> None:
    first, second = (render_animation(scene, "gif", seconds=0.2, fps=10, **SIZE) for _ in range(2))
    assert first == second


def test_progress_counts_every_frame(scene: Scene) -> None:
    seen: list[tuple[int, int]] = []
    render_animation(scene, "gif", seconds=0.5, fps=10, on_progress=lambda *at: seen.append(at), **SIZE)
    assert seen == [(done, 5) for done in range(1, 6)]


@pytest.mark.parametrize("kind", ["gif", "mp4"])
def test_a_render_can_be_cancelled_midway(scene: Scene, kind: str) -> None:
    seen: list[int] = []
    with pytest.raises(CancelledError):
        render_animation(
            scene, kind, seconds=10, on_progress=lambda done, _: seen.append(done),
            should_stop=lambda: len(seen) == 3, **SIZE,
        )  # fmt: skip
    assert seen == [1, 2, 3]


def test_printed_frames_have_no_colour(scene: Scene) -> None:
    image = Image.open(io.BytesIO(render_animation(scene, "gif", seconds=0.2, fps=10, style="print", **SIZE)))
    image.seek(1)
    assert np.ptp(np.array(image.convert("RGB")).astype(int), axis=-1).max() <= 2


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"format": "avi"}, "format must be one of gif, mp4, got 'avi'"),
        ({"seconds": 0.0}, r"seconds must be in \[0.2, 60\], got 0"),
        ({"fps": 100}, r"fps must be in \[1, 50\], got 100"),
        ({"width": 100}, r"width must be in \[160, 2000\], got 100"),
        ({"seconds": 60, "width": 2000}, "must be at most 150,000,000 pixels for GIF, got 1,152,000,000"),
        ({"style": "neon"}, "style must be one of light, dark, print, got 'neon'"),
    ],
)
def test_bad_settings_are_named(scene: Scene, settings: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        render_animation(scene, **settings)
