"""Figures are opened again by independent readers: Pillow, an XML parser, a PDF library."""

from __future__ import annotations

import io
import json
import re
import threading
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from matplotlib.colors import to_hex
from PIL import Image
from pypdf import PdfReader

from app.draw import scenes
from app.draw.scenes import wrap_title
from app.export import Scene, render_figure, surface_scene
from app.figures import lines
from app.figures.look import style_of
from app.figures.scene import trajectory_scene
from app.runs import surfaces as surface_runs
from app.state import SurfacesConfig
from optim_core.layers import Layer
from optim_core.spec import OptimizerSpec
from optim_core.trajectory import Trajectory, record

DUBLIN = "{http://purl.org/dc/elements/1.1/}"


def scene_of(**settings: object) -> Scene:
    config = SurfacesConfig.model_validate({"surface": "himmelblau", "steps": 60, **settings})
    return surface_scene(config, surface_runs.surface_run(config))


@pytest.fixture(scope="module")
def scene() -> Scene:
    return scene_of()


def bowl_run(steps: int = 40, *, lr: float = 0.1) -> Trajectory:
    """½‖x‖² from (1, 2), by SGD and by two layers."""
    optimizers = (OptimizerSpec("SGD", lr=lr), OptimizerSpec("two", lr=lr, layers=(Layer(3, 0.5), Layer(2, 0.5))))
    return record(lambda x, _: (0.5 * (x * x).sum(-1), x), optimizers, [[1.0, 2.0]], steps)


def test_png_has_the_chosen_pixels_and_carries_the_caption(scene: Scene) -> None:
    image = Image.open(io.BytesIO(render_figure(scene, "png", width=5, height=3, dpi=100)))
    image.load()
    assert image.size == (500, 300)
    assert image.info["Description"] == scene.caption.text
    assert SurfacesConfig.model_validate_json(image.info["Source"]).surface == "himmelblau"
    assert "Seed: 0" in image.info["Description"]
    assert "arXiv:2110.14254" in image.info["Description"]


def test_the_head_is_drawn_where_the_run_is(scene: Scene) -> None:
    """The last place of SGD, put on the canvas by hand, has SGD's colour; before the run got there it has not."""
    track, (width, height), dpi = scene.tracks[0], (5.0, 4.0), 100
    end = np.array(Image.open(io.BytesIO(render_figure(scene, width=width, height=height, dpi=dpi))).convert("RGB"))
    start = render_figure(scene, width=width, height=height, dpi=dpi, step=0)
    begin = np.array(Image.open(io.BytesIO(start)).convert("RGB"))
    edges = frame_of(end)
    column, row = pixel_of(track.fast[-1], scene, edges)
    color = tuple(int(track.color[at : at + 2], 16) for at in (1, 3, 5))
    assert np.abs(end[row, column].astype(int) - color).max() < 20
    assert np.abs(begin[row, column].astype(int) - color).max() > 60


def frame_of(image: np.ndarray) -> tuple[int, int, int, int]:
    """Left, right, top and bottom pixel of the axes' frame: the longest grey lines."""
    grey = np.abs(image.astype(int) - (0x6D, 0x74, 0x80)).max(axis=-1) < 40
    columns = np.flatnonzero(grey.sum(axis=0) > 0.5 * image.shape[0])
    rows = np.flatnonzero(grey.sum(axis=1) > 0.5 * image.shape[1])
    return columns[0], columns[-1], rows[0], rows[-1]


def pixel_of(place: np.ndarray, scene: Scene, edges: tuple[int, int, int, int]) -> tuple[int, int]:
    left, right, top, bottom = edges
    (x_low, x_high), (y_low, y_high) = scene.extent
    across, up = (place[0] - x_low) / (x_high - x_low), (place[1] - y_low) / (y_high - y_low)
    return round(left + across * (right - left)), round(bottom - up * (bottom - top))


def test_svg_is_wellformed_with_vector_paths_and_the_caption(scene: Scene) -> None:
    root = ET.fromstring(render_figure(scene, "svg", width=5, height=3))
    assert (root.get("width"), root.get("height")) == ("360pt", "216pt")
    assert root.find(f".//{DUBLIN}description").text == scene.caption.text
    assert len(root.findall(".//{http://www.w3.org/2000/svg}path")) > 20
    assert not root.findall(".//{http://www.w3.org/2000/svg}image")


def test_pdf_is_one_vector_page_with_embedded_fonts_and_the_caption(scene: Scene) -> None:
    reader = PdfReader(io.BytesIO(render_figure(scene, "pdf", width=5, height=3)))
    page = reader.pages[0]
    assert len(reader.pages) == 1
    assert (float(page.mediabox.width), float(page.mediabox.height)) == (360, 216)
    assert reader.metadata.subject == scene.caption.text
    assert "Himmelblau" in page.extract_text()
    assert "Lookahead (5, .5)" in page.extract_text()
    for font in page["/Resources"]["/Font"].values():
        descriptor = font.get_object()["/DescendantFonts"][0].get_object()["/FontDescriptor"].get_object()
        assert "/FontFile2" in descriptor
    assert not page.images


def test_two_svgs_share_no_ids_and_each_finds_its_own(scene: Scene) -> None:
    pictures = [render_figure(scene, "svg", width=5, height=3, step=step) for step in (None, 5)]
    ids = [set(re.findall(rb'\sid="([^"]+)"', picture)) for picture in pictures]
    assert len(ids[0]) > 20
    assert not ids[0] & ids[1]
    for picture, own in zip(pictures, ids, strict=True):
        references = set(re.findall(rb'(?:href="|url\()#([^")]+)', picture))
        assert references
        assert references <= own


@pytest.mark.parametrize("kind", ["png", "svg", "pdf"])
def test_the_same_scene_gives_the_same_bytes(scene: Scene, kind: str) -> None:
    assert render_figure(scene, kind) == render_figure(scene, kind)


def test_print_has_no_colour_at_all_and_dark_is_dark(scene: Scene) -> None:
    grey = np.array(Image.open(io.BytesIO(render_figure(scene, style="print"))).convert("RGB")).astype(int)
    assert np.ptp(grey, axis=-1).max() == 0
    dark = np.array(Image.open(io.BytesIO(render_figure(scene, style="dark"))).convert("L"))
    assert np.median(dark) < 80


def test_the_default_figure_shows_every_optimizer_its_minimum_and_what_thin_lines_are() -> None:
    """Lookahead and Multilayer Lookahead share their first 25 steps: there their dashes take turns."""
    scene = scene_of(surface="ravine", steps=150)
    sketch = scenes.backdrop(scene, style_of("light"), (6.4, 4.8), 100)
    scenes.tracks(sketch, None)
    legends = [text.get_text() for legend in sketch.figure.legends for text in legend.get_texts()]
    assert legends[3:] == ["fast weights", "slow weights, layer 1", "slow weights, layer 2", "minimum"]
    lines_drawn = [line for line in sketch.axes[0].lines if len(line.get_xdata()) > 1]
    owners = [to_hex(line.get_color()).upper() for line in lines_drawn if line.get_linestyle() == "-"]
    assert owners == ["#0072B2", "#009E73", "#D55E00"]  # the diverged one, two layers, one layer on top
    image = np.array(Image.open(io.BytesIO(render_figure(scene, width=6.4, height=4.8, dpi=100))).convert("RGB"))
    for color in ("#D55E00", "#009E73"):
        near = np.abs(image[40:190].astype(int) - [int(color[at : at + 2], 16) for at in (1, 3, 5)]).max(axis=-1) < 30
        assert near.sum() > 60
    column, row = pixel_of(np.zeros(2), scene, frame_of(image))
    around = image[row - 12 : row + 13, column - 12 : column + 13].astype(int)
    assert (
        np.abs(around - (0xF0, 0xC4, 0x19)).max(axis=-1) < 40
    ).sum() > 10  # the ring, whatever stands on the minimum


def test_the_legend_names_a_diverged_run_and_its_step() -> None:
    cards = [{"lr": 0.3, "layers": ()}]
    text = PdfReader(io.BytesIO(render_figure(scene_of(surface="ravine", cards=cards), "pdf"))).pages[0].extract_text()
    assert "diverged at step" in text


def test_a_title_is_never_broken_inside_a_layer() -> None:
    title = "Multilayer Lookahead (5, .5)(10, .25)(5, .5)"
    for letters in range(10, 50):
        rows = wrap_title(title, letters).splitlines()
        assert all(line.count("(") == line.count(")") for line in rows)
        assert max(map(len, rows)) <= letters
        assert "".join(rows).replace(" ", "").replace("\u00a0", "") == title.replace(" ", "")


def test_a_letter_hides_no_minimum() -> None:
    """SGD on Rosenbrock stops just below the star, which is where its letter would be."""
    config = SurfacesConfig(surface="rosenbrock", steps=2000)
    scene = surface_scene(config, surface_runs.surface_run(config))
    sketch = scenes.backdrop(scene, style_of("print"), (6.4, 4.8), 100)
    mark = scenes.letter_mark(sketch, scene.tracks[0])
    star = np.array(scene.minima[0].place)
    for place in (np.array([0.89, 0.79]), star, star - 5):
        scenes.put_beside(sketch, scene.tracks[0], mark, place)
        middle = sketch.axes[0].transData.transform(place) * 72 / 100 + mark.xyann + np.array(scenes.HALF_LETTER)
        assert np.hypot(*(middle - sketch.axes[0].transData.transform(star) * 72 / 100)) > scenes.LETTER_ROOM
    assert mark.xyann == scenes.BESIDE[0]


def test_panels_side_by_side_have_their_titles() -> None:
    text = PdfReader(io.BytesIO(render_figure(scene_of(panels=True), "pdf", width=9))).pages[0].extract_text()
    assert text.count("Lookahead (5, .5)") >= 2


def test_slow_weights_follow_from_the_fast_ones_bit_for_bit() -> None:
    run = bowl_run()
    scene = trajectory_scene(run)
    for layer in (1, 2):
        assert np.array_equal(lines.weights(scene.tracks[1], layer), run.slow[1][layer - 1][:, 0])


def test_slow_weights_of_a_diverged_run_stay_where_they_were() -> None:
    run = record(
        lambda x, _: (0.5 * (x * x).sum(-1), x),
        (OptimizerSpec("one", lr=20.0, layers=(Layer(3, 0.5),)),), [[1.0, 2.0]], 40, escape=1e6,
    )  # fmt: skip
    assert run.diverged[0, 0] > 0
    assert np.array_equal(lines.weights(trajectory_scene(run).tracks[0], 1), run.slow[0][0][:, 0])


def test_many_weights_are_shown_on_the_plane_of_their_main_directions() -> None:
    """Descent on a bowl moves along one line: the plane's first coordinate has all of the motion, with its length."""
    field = lambda x, _: (0.5 * (x * x).sum(-1), x)  # noqa: E731
    run = record(field, (OptimizerSpec("SGD", lr=0.1),), [[3.0, 0.0, 4.0, 0.0]], 20)
    fast = trajectory_scene(run).tracks[0].fast
    assert np.ptp(fast[:, 0]) == pytest.approx(5 * (1 - 0.9**20))
    assert np.ptp(fast[:, 1]) < 1e-9


def test_one_weight_is_refused() -> None:
    run = record(lambda x, _: (0.5 * (x * x).sum(-1), x), (OptimizerSpec("SGD", lr=0.1),), [[3.0]], 5)
    with pytest.raises(ValueError, match="at least 2 weights, the trajectory has 1"):
        trajectory_scene(run)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"format": "bmp"}, "format must be one of png, svg, pdf, got 'bmp'"),
        ({"style": "neon"}, "style must be one of light, dark, print, got 'neon'"),
        ({"width": 0.2}, r"width must be in \[1.5, 40\] inches, got 0.2"),
        ({"height": float("nan")}, r"height must be in \[1.5, 40\] inches, got nan"),
        ({"dpi": 5000}, r"dpi must be in \[30, 1200\], got 5000"),
        ({"width": 40, "height": 40, "dpi": 600}, "lower the dpi"),
        ({"step": 61}, r"step must be in \[0, 60\], got 61"),
    ],
)
def test_bad_settings_are_named(scene: Scene, settings: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        render_figure(scene, **settings)


def test_figures_from_many_threads_at_once_are_those_of_one(scene: Scene) -> None:
    expected = {style: render_figure(scene, width=3, height=3, dpi=60, style=style) for style in ("light", "dark")}
    wrong: list[str] = []

    def draw(style: str) -> None:
        if render_figure(scene, width=3, height=3, dpi=60, style=style) != expected[style]:
            wrong.append(style)

    threads = [threading.Thread(target=draw, args=(style,)) for style in ("light", "dark") * 3]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_the_caption_holds_the_config_as_json(scene: Scene) -> None:
    assert json.loads(scene.caption.config)["steps"] == 60
