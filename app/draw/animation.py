"""Animations as GIF and MP4, for slides and pages where no script runs."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np

from app.draw.palette import palette_of
from app.figures.caption import Caption, program
from app.figures.look import style_of
from app.figures.scene import Scene

if TYPE_CHECKING:
    from app.draw.frames import Pixels, Stage

AnimationFormat = Literal["gif", "mp4"]
ANIMATION_FORMATS: tuple[str, ...] = get_args(AnimationFormat)

SECONDS = (0.2, 60.0)
FPS = (1, 50)  # browsers slow a GIF down that asks for more
SIDES = (160, 2000)  # pixels
MOST_PIXELS = {"gif": 150_000_000, "mp4": 1_500_000_000}  # all frames together: a GIF is put together in memory
PAUSE = 1.5  # seconds that a GIF rests on its last frame before it starts again


class CancelledError(Exception):
    """`should_stop` was true."""


class FfmpegMissingError(ValueError):
    """There is no ffmpeg: everything but MP4 can be made."""


def render_animation(
    scene: Scene,
    format: str = "gif",  # noqa: A002
    *,
    seconds: float = 5.0,
    fps: int = 20,
    width: int = 640,
    height: int = 480,
    style: str = "light",
    on_progress: Callable[[int, int], None] | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> bytes:
    """The whole run as a moving picture; the same scene and settings give the same bytes of a GIF.

    Args:
        scene: what to draw.
        format: "gif" or "mp4" (H.264, which every player and slide program reads).
        seconds: from the start to the end of the run, 0.2 to 60.
        fps: frames per second, 1 to 50; a GIF counts in hundredths of a second, so it takes the nearest it can.
        width: in pixels, 160 to 2000; odd numbers are rounded down, as H.264 needs.
        height: likewise.
        style: "light", "dark" or "print".
        on_progress: called with (frames done, frames) after each.
        should_stop: called before each frame.

    Raises:
        ValueError: a value out of range, or an unknown format or style.
        FfmpegMissingError: an MP4 without ffmpeg.
        CancelledError: should_stop was true.
    """
    if format not in ANIMATION_FORMATS:
        raise ValueError(f"format must be one of {', '.join(ANIMATION_FORMATS)}, got {format!r}")
    (animation,) = render_animations(
        scene, (format,), seconds=seconds, fps=fps, width=width, height=height, style=style, on_progress=on_progress,
        should_stop=should_stop,
    ).values()  # fmt: skip
    return animation


def render_animations(
    scene: Scene,
    formats: Sequence[str] = ANIMATION_FORMATS,
    *,
    seconds: float = 5.0,
    fps: int = 20,
    width: int = 640,
    height: int = 480,
    style: str = "light",
    on_progress: Callable[[int, int], None] | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> dict[str, bytes]:
    """The same picture in several formats, each frame of which is drawn once; as `render_animation`."""
    count = max(_checked_frames(kind, seconds, fps, width, height) for kind in formats)
    size = (width // 2 * 2, height // 2 * 2)
    if "mp4" in formats:
        require_ffmpeg()
    from app.draw.frames import Stage  # matplotlib takes a third of a second to import

    stage = Stage(scene, style_of(style), size)
    steps = np.linspace(0, scene.last_step, count).round().astype(int).tolist()
    frames = _frames(stage, steps, on_progress, should_stop)
    if "mp4" not in formats:
        return {"gif": _gif(stage, frames, fps, count)}
    with _Mp4(fps, size, scene.caption) as mp4:
        mp4_frames = mp4.passing(frames)
        animations = {"gif": _gif(stage, mp4_frames, fps, count)} if "gif" in formats else {}
        for _ in mp4_frames:
            pass
    return animations | {"mp4": mp4.data}


def _checked_frames(kind: str, seconds: float, fps: int, width: int, height: int) -> int:
    """How many frames there will be."""
    ranges = (("seconds", seconds, SECONDS), ("fps", fps, FPS), ("width", width, SIDES), ("height", height, SIDES))
    for name, value, (low, high) in ranges:
        if not low <= value <= high:
            raise ValueError(f"{name} must be in [{low:g}, {high:g}], got {value:g}")
    count = max(2, round(seconds * fps))
    if count * width * height > MOST_PIXELS[kind]:
        raise ValueError(
            f"seconds × fps × width × height must be at most {MOST_PIXELS[kind]:,} pixels for {kind.upper()}, "
            f"got {count * width * height:,}"
        )
    return count


def _frames(
    stage: Stage,
    steps: Sequence[int],
    on_progress: Callable[[int, int], None] | None,
    should_stop: Callable[[], bool] | None,
) -> Iterator[Pixels]:
    for count, step in enumerate(steps, start=1):
        if should_stop is not None and should_stop():
            raise CancelledError
        yield stage.frame(step)
        if on_progress is not None:
            on_progress(count, len(steps))


def _gif(stage: Stage, frames: Iterator[Pixels], fps: int, count: int) -> bytes:
    """One palette, taken from the last frame, where every track is; unchanged pixels are left out of each frame."""
    from PIL import Image

    def palette_frames() -> Iterator[Image.Image]:
        return (Image.fromarray(frame).quantize(palette=palette, dither=Image.Dither.NONE) for frame in frames)

    palette = palette_of(Image.fromarray(stage.frame(stage.last_step)), stage.scene, stage.style)
    each, pictures, buffer = max(20, round(100 / fps) * 10), palette_frames(), io.BytesIO()
    next(pictures).save(
        buffer, "GIF", save_all=True, append_images=pictures, loop=0, optimize=True, disposal=1,
        duration=[each] * (count - 1) + [each + int(PAUSE * 1000)], comment=stage.scene.caption.text.encode(),
    )  # fmt: skip
    return buffer.getvalue()


def require_ffmpeg() -> None:
    """See that MP4 can be made.

    Raises:
        FfmpegMissingError: names what to install.
    """
    import imageio_ffmpeg

    try:
        imageio_ffmpeg.get_ffmpeg_exe()
    except RuntimeError as error:
        raise FfmpegMissingError(
            "MP4 needs ffmpeg, which is not on the server: install it (apt-get install ffmpeg, or the wheel of "
            "imageio-ffmpeg) or name it in IMAGEIO_FFMPEG_EXE; GIF needs none"
        ) from error


class _Mp4:
    """A file that is written frame by frame; `data` is there afterwards."""

    def __init__(self, fps: int, size: tuple[int, int], caption: Caption) -> None:
        self.fps, self.size, self.data = fps, size, b""
        self.words = {"title": caption.title, "comment": caption.text, "artist": program()}

    def __enter__(self) -> _Mp4:
        import imageio_ffmpeg

        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name, "animation.mp4")
        self.writer = imageio_ffmpeg.write_frames(
            str(self.path), self.size, fps=self.fps, codec="libx264", quality=None, macro_block_size=2,
            output_params=[
                *("-crf", "21", "-preset", "veryfast", "-tune", "animation"),
                *("-movflags", "+faststart", "-threads", "2"),
                *(part for key, text in self.words.items() for part in ("-metadata", f"{key}={text}")),
            ],
        )  # fmt: skip
        self.writer.send(None)
        return self

    def passing(self, frames: Iterator[Pixels]) -> Iterator[Pixels]:
        """The frames, each of which is written on its way."""
        for frame in frames:
            self.writer.send(frame)
            yield frame

    def __exit__(self, kind: object, *_: object) -> None:
        self.writer.close()
        if kind is None:
            self.data = self.path.read_bytes()
        self.folder.cleanup()
