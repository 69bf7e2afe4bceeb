"""What a caption says is so in every style, and can be read by somebody who knows no LaTeX."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from app.draw.player_page import standalone_html
from app.export import offer_of, render_figure, scene_of, surface_script
from app.figures.caption import surface_caption
from app.figures.formula_text import readable
from app.figures.look import STYLES, rgb, style_of
from app.state import GamesConfig, SurfacesConfig
from landscapes.games import GAMES
from landscapes.surfaces import SURFACES

CONFIG = SurfacesConfig(surface="himmelblau", steps=30)
GAME = GamesConfig(game="forsaken", steps=30)
CAPTIONS = {
    r"\tfrac12\left(20\,x^2 + y^2\right)": "½(20 x² + y²)",
    r"\tfrac1{20}\|p\|^2 - 3e^{-8\|p - (1.2, 0)\|^2}": "(1/20)‖p‖² − 3e^(−8‖p − (1.2, 0)‖²)",
    r"20 + \sum_{u \in \{x, y\}}\left(u^2 - 10\cos 2\pi u\right)": "20 + Σ_(u ∈ {x, y}) (u² − 10 cos 2πu)",
    r"\log\sigma(xy) - \tfrac12\gamma y^2": "log σ(xy) − ½γy²",
    r"\frac{uv}{u + v},\quad v = \sqrt{x^{-2}}": "uv/(u + v), v = √(x⁻²)",
}


@pytest.mark.parametrize("latex", CAPTIONS)
def test_a_formula_reads_as_on_paper(latex: str) -> None:
    assert readable(latex) == CAPTIONS[latex]


@pytest.mark.parametrize("entry", [*SURFACES.values(), *GAMES.values()], ids=lambda entry: entry.name)
def test_no_formula_of_the_registries_keeps_a_command(entry: object) -> None:
    text = readable(entry.formula)
    assert "\\" not in text
    assert text.count("(") == text.count(")")


def test_a_visitors_formula_is_written_as_the_visitor_wrote_it() -> None:
    own = SurfacesConfig.model_validate({"surface": "formula", "formula": "x^2 + a*y^2", "parameters": (("a", 2.0),)})
    assert "f(x, y) = x^2 + a*y^2, a = 2.0" in surface_caption(own).text


def test_a_script_has_no_backslash_in_its_words_and_no_words_on_shades() -> None:
    words = surface_script(SurfacesConfig(surface="gaussian_wells")).split('"""')[1]
    assert "\\" not in words
    assert "Shading" not in words
    assert "‖p‖²" in words


def test_captions_say_what_shades_and_marks_mean() -> None:
    assert "the lower f, on a scale of log(1 + f" in surface_caption(SurfacesConfig(surface="rosenbrock")).text
    assert "the lower f." in surface_caption(SurfacesConfig(surface="ravine")).text
    assert "Large star: global minimum, small star: local one." in surface_caption(CONFIG).text
    assert "the slower the flow" in offer_of(GAME).caption.text


def test_a_figure_of_a_step_says_so_in_its_metadata() -> None:
    offer = offer_of(CONFIG)
    until, whole = (Image.open(io.BytesIO(offer.figure()("png", step=step, dpi=50))) for step in (7, None))
    assert "Drawn: up to base step 7." in until.text["Description"]
    assert "Drawn" not in whole.text["Description"]


@pytest.mark.parametrize("style", STYLES)
def test_the_lowest_shade_is_the_bluest_and_in_print_the_darkest(style: str) -> None:
    look = style_of(style)
    colors = np.array([rgb(shade) for shade in look.shades])
    falls = -colors.sum(axis=1) if look.palette else colors[:, 2] - colors[:, 0]
    assert (np.diff(falls) < 0).all()
    image = Image.open(io.BytesIO(render_figure(scene_of(GAME), style=style, dpi=60))).convert("RGB")
    assert min(np.abs(255 * colors[0] - color).max() for _, color in image.getcolors(10**6)) < 8


def test_the_player_of_a_game_has_its_flow_and_that_of_a_surface_has_none() -> None:
    scene = scene_of(GAME)
    with_flow = standalone_html(scene.tracks, background=scene.grid.height, extent=scene.extent, flow=scene.flow)
    assert with_flow.count(b'"flow": {"lines": ["') == 1
    assert b'"flow": null' in standalone_html(scene.tracks)
