"""Animations are opened again by Pillow (GIF) and ffmpeg (MP4)."""

from __future__ import annotations

import io
from pathlib import Path

import imageio_ffmpeg
import numpy as np
import pytest
from PIL import Image

from app.draw.frames import Stage
from app.export import CancelledError, Scene, render_animation, scene_of, surface_scene
from app.figures.caption import Caption
from app.figures.look import rgb, style_of
from app.player.tracks import Track
from app.runs import surfaces as surface_runs
from app.state import GamesConfig, SurfacesConfig
from optim_core.layers import Layer

SIZE = {"width": 320, "height": 240}


@pytest.fixture(scope="module")
def scene() -> Scene:
    config = SurfacesConfig(surface="himmelblau", steps=100)
    return surface_scene(config, surface_runs.surface_run(config))


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


def pixels_of_color(frame: Image.Image, color: str) -> np.ndarray:
    """Rows and columns of the pixels close to a colour."""
    rgb = [int(color[at : at + 2], 16) for at in (1, 3, 5)]
    return np.argwhere(np.abs(np.array(frame.convert("RGB")).astype(int) - rgb).max(axis=-1) < 40)


def test_tracks_grow_from_frame_to_frame(scene: Scene, gif: bytes) -> None:
    image = Image.open(io.BytesIO(gif))
    sizes = []
    for frame in (0, 2, 10):
        image.seek(frame)
        sizes.append(len(pixels_of_color(image, scene.tracks[2].color)))
    assert sizes[0] + 50 < sizes[1] < sizes[2]


LAYER = Layer(2, 0.5)
CORNERS = np.array([[0, 0], [1, 0], [0.5, 0.5], *[[0.5 - 0.01 * step, 0.5] for step in range(1, 98)]])
PROPOSAL = np.insert(np.delete(CORNERS, 2, axis=0), 2, [[1, 1]], axis=0)


def scene_in_corner(style: str) -> tuple[Stage, Scene]:
    """A track that goes right, up, and is drawn back along the diagonal at its step 2; then it goes left, slowly."""
    rows = np.arange(len(CORNERS))
    track = Track(
        "Lookahead", "#0072B2", (LAYER,), CORNERS, PROPOSAL, (rows == 2).astype(int), np.ones(len(rows)), rows, rows
    )
    scene = Scene((track,), ((-1, 2), (-1, 2)), Caption("A corner"))
    return Stage(scene, style_of(style), (600, 600)), scene


def ink_at(stage: Stage, pixels: np.ndarray, place: tuple[float, float]) -> np.ndarray:
    """The colour farthest from the page's within 3 pixels of a place."""
    x, y = stage.paths[0].axes.transData.transform(place)
    column, row = round(x), pixels.shape[0] - 1 - round(y)
    near = pixels[row - 3 : row + 4, column - 3 : column + 4].reshape(-1, 3).astype(float)
    away = np.abs(near - 255 * np.array(rgb(stage.style.background))).max(axis=1)
    return near[away.argmax()]


@pytest.mark.parametrize("style", ["light", "dark", "print"])
def test_a_fast_path_pales_with_age_and_a_slow_one_stays(style: str) -> None:
    stage, scene = scene_in_corner(style)
    early, late = stage.frame(2), [stage.frame(step) for step in range(3, 99)][-1]
    page, color = (255 * np.array(rgb(hue)) for hue in (stage.style.background, scene.tracks[0].color))
    for place in ((0.7, 0.0), (1.0, 0.6)):
        fresh, old = (np.abs(ink_at(stage, pixels, place) - page).max() for pixels in (early, late))
        assert 0.3 * fresh < old < 0.65 * fresh
    if style == "light":
        assert np.abs(ink_at(stage, late, (0.3, 0.3)) - color).max() < 40


@pytest.mark.parametrize("style", ["light", "dark", "print"])
def test_a_synchronisation_is_seen_for_three_frames_ever_fainter(style: str) -> None:
    """Between where the slow weights arrive, (.5, .5), and where they were drawn to, (1, 1), nothing else is drawn."""
    stage, _ = scene_in_corner(style)
    blank = ink_at(stage, stage.frame(1), (0.8, 0.8))
    strengths = [np.abs(ink_at(stage, stage.frame(step), (0.8, 0.8)) - blank).max() for step in range(2, 6)]
    assert strengths[0] > strengths[1] > strengths[2] > 20
    assert strengths[3] == 0


def test_a_frame_is_the_same_after_going_back(scene: Scene) -> None:
    stage = Stage(scene, style_of("light"), (320, 240))
    first = [stage.frame(step) for step in (0, 40, 80)]
    again = [stage.frame(step) for step in (0, 40, 80)]
    assert all(np.array_equal(*pair) for pair in zip(first, again, strict=True))


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
    palette = {color for _, color in image.convert("RGB").getcolors(320 * 240)}
    for track in scene.tracks:
        rgb = np.array([int(track.color[at : at + 2], 16) for at in (1, 3, 5)])
        assert min(np.abs(rgb - color).max() for color in palette) <= 8, track.name


@pytest.mark.parametrize("style", ["light", "dark", "print"])
def test_the_page_of_a_gif_has_exactly_its_colour(style: str) -> None:
    game = scene_of(GamesConfig(game="forsaken", steps=10))
    image = Image.open(io.BytesIO(render_animation(game, "gif", seconds=0.2, fps=10, style=style, **SIZE)))
    expected = tuple(round(255 * part) for part in rgb(style_of(style).background))
    for frame in range(image.n_frames):
        image.seek(frame)
        assert image.convert("RGB").getpixel((2, 2)) == expected


def test_a_gif_repeats_byte_for_byte(scene: Scene) -> None:
    first, second = (render_animation(scene, "gif", seconds=0.2, fps=10, **SIZE) for _ in range(2))
    assert first == second


def test_progress_counts_every_frame(scene: Scene) -> None:
    reports: list[tuple[int, int]] = []
    render_animation(scene, "gif", seconds=0.5, fps=10, on_progress=lambda *at: reports.append(at), **SIZE)
    assert reports == [(count, 5) for count in range(1, 6)]


@pytest.mark.parametrize("kind", ["gif", "mp4"])
def test_a_render_can_be_cancelled_midway(scene: Scene, kind: str) -> None:
    frames: list[int] = []
    with pytest.raises(CancelledError):
        render_animation(
            scene, kind, seconds=10, on_progress=lambda done, _: frames.append(done),
            should_stop=lambda: len(frames) == 3, **SIZE,
        )  # fmt: skip
    assert frames == [1, 2, 3]


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
