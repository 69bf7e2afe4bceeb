"""The player's script by itself: what it derives from the bytes, against the library and hand-worked numbers."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from playwright.sync_api import Browser, Page, expect

from app.draw.player_page import notebook_html, standalone_html
from app.figures import look
from app.player import PALETTE, Track, pack, tracks_of
from app.player.bundle import bundle
from app.runs import games as game_runs
from app.runs import surfaces as surface_runs
from app.state import GamesConfig, SurfacesConfig
from landscapes.noise import Noise, noisy_field
from landscapes.surfaces import SURFACES
from optim_core.layers import InnerBuffers, Layer
from optim_core.spec import OptimizerSpec
from optim_core.trajectory import Trajectory, record
from tests.e2e.conftest import wait_until

ENTRY = """import { roundTicks } from "./axes.js";
import { pointsOf } from "./dragged_curve.js";
import { momentOf, placeOf } from "./moment.js";
import { brief, decimalsFor, fixed } from "./numbers.js";
import { Playback } from "./playback.js";
import { contrast, inksOf, lettering } from "./theme.js";
import { unpack } from "./unpack.js";"""
NAMES = (
    "pointsOf, unpack, momentOf, placeOf, Playback, decimalsFor, fixed, brief, roundTicks, contrast, inksOf, lettering"
)
SURFACE = SURFACES["himmelblau"]
SPECS = (
    OptimizerSpec("SGD", lr=0.01),
    OptimizerSpec("Lookahead", lr=0.01, layers=(Layer(5, 0.5),)),
    OptimizerSpec("Three layers", lr=0.01, layers=(Layer(2, 0.5), Layer(3, 0.8), Layer(2, 0.3))),
)
Ask = Callable[..., Any]


@pytest.fixture(scope="module")
def run() -> Trajectory:
    field = noisy_field(SURFACE, Noise("gaussian", 5.0, seed=3), 2)
    return record(field, SPECS, [[0.0, 0.0], [-2.0, 1.0]], 60)


@pytest.fixture(scope="module")
def script(browser: Browser) -> Ask:
    """`script(tracks, "expression in runs")`: the expression's value with the script's functions at hand."""
    page = browser.new_page()
    page.goto("about:blank")
    source = bundle(f"{ENTRY}\nexport {{ {NAMES} }};")
    page.evaluate(
        """async source => { window.player = await import(
        URL.createObjectURL(new Blob([source], { type: "text/javascript" }))); }""",
        source,
    )

    def ask(tracks: tuple[Track, ...], expression: str) -> Any:
        data = base64.b64encode(pack(tracks)).decode()
        return page.evaluate(
            f"""data => {{ const {{ {NAMES} }} = window.player;
            const {{ view, runs }} = unpack(Uint8Array.from(atob(data), letter => letter.charCodeAt(0)));
            return {expression}; }}""",
            data,
        )

    return ask


def test_slow_weights_are_those_of_the_library(script: Ask, run: Trajectory) -> None:
    weights = script(
        tracks_of(run, SPECS, PALETTE),
        "runs.map(run => run.layers.map((_, i) => Array.from(run.step, (_, row) => run.weights(i + 1, row))))",
    )
    for index, layers in enumerate(run.slow):
        for start in range(2):
            for layer, phi in enumerate(layers):
                assert weights[2 * index + start][layer] == pytest.approx(phi[:, start].astype(np.float32), abs=1e-12)


def test_curves_of_a_dragged_number_are_those_of_the_charts(script: Ask) -> None:
    """The gradient's norm on Surfaces, and on Games the rate per base step, also where a run diverges."""
    surface = SurfacesConfig(surface="himmelblau", steps=40, starts=((1.0, 1.0), (-2.0, 2.0)))
    tracks = surface_runs.start_tracks(surface)
    norms = surface_runs.scenery(surface).gradient_norm(surface_runs.surface_run(surface).fast)
    for index in range(3):
        runs = f"runs.slice({2 * index}, {2 * index + 2})"
        points = script(tracks, f"pointsOf({{ measured: true }}, {runs}, 0)")
        assert [y for _, y in points] == pytest.approx(np.median(norms[:, index], axis=-1), rel=2**-8)

    game = GamesConfig(starts=((1.0, 1.0), (0.5, -0.3)), steps=600)
    game = game.model_copy(update={"cards": (game.cards[0].model_copy(update={"lr": 3.0}), *game.cards[1:])})
    run, places = game_runs.game_run(game), game_runs.game_scenery(game).places
    assert (run.diverged >= 0).any()
    curve = json.dumps(asdict(game_runs.rate_curve([(float(x), float(y)) for x, y in places])))
    for index in range(3):
        expected = game_runs.measured_rate(run, index, places)
        runs = f"runs.slice({2 * index}, {2 * index + 2})"
        points = script(surface_runs.surface_tracks(game, run), f"pointsOf({curve}, {runs}, 0)")
        rates = np.array([np.nan if rate is None else rate for _, rate in points])
        assert [x for x, _ in points] == expected.evaluations.tolist()
        np.testing.assert_array_equal(np.isnan(rates), np.isnan(expected.rate))
        np.testing.assert_allclose(rates, expected.rate, rtol=1e-5)


def test_updates_are_the_algorithm_of_the_library(script: Ask, run: Trajectory) -> None:
    """φ_j moves the fraction α towards what is below it; the outermost lands where the fast weights restart."""
    rows = script(tracks_of(run, SPECS, PALETTE), "Array.from(runs[4].step, (_, row) => runs[4].updates(row))")
    assert [len(updates) for updates in rows] == [0, *run.synchronised[1:, 2].tolist()]
    for row, updates in enumerate(rows):
        for below, update in enumerate(updates):
            start, target = np.array(update["from"]), np.array(update["target"])
            expected = start + SPECS[2].layers[below].alpha * (target - start)
            assert update["to"] == pytest.approx(expected, abs=1e-5)
            assert start == pytest.approx(run.slow[2][below][row - 1, 0], abs=1e-5)
        if updates:
            assert updates[-1]["to"] == pytest.approx(run.fast[row, 2, 0], abs=1e-5)
            assert updates[0]["target"] == pytest.approx(run.proposal[row, 2, 0], abs=1e-5)


@pytest.mark.parametrize("inner", ["keep", "reset"])
def test_updates_with_outer_momentum_are_those_of_the_library(script: Ask, inner: InnerBuffers) -> None:
    layers = (Layer(2, 0.7, 0.8, True), Layer(3, 0.6), Layer(2, 0.5, 0.5))
    spec = OptimizerSpec("kin", lr=0.01, layers=layers, inner_buffers=inner)
    run = record(noisy_field(SURFACE, Noise("gaussian", 5.0, seed=3), 1), [spec], [0.0, 0.0], 60)
    rows = script(tracks_of(run, [spec], PALETTE), "Array.from(runs[0].step, (_, row) => runs[0].updates(row))")
    b = np.zeros((3, 2))
    for row, updates in enumerate(rows):
        assert len(updates) == (run.synchronised[row, 0] if row else 0)
        target = run.proposal[row, 0, 0]
        for below, (layer, update) in enumerate(zip(layers, updates, strict=False)):
            start = run.slow[0][below][row - 1, 0]
            s = start - target
            b[below] = layer.outer_momentum * b[below] + s
            step = s + layer.outer_momentum * b[below] if layer.outer_nesterov else b[below]
            target = start - layer.alpha * (step if layer.has_momentum else s)
            assert update["to"] == pytest.approx(target, abs=2e-4)
            if layer.has_momentum:
                assert update["outer"]["b"] == pytest.approx(b[below], abs=2e-4)
                assert update["outer"]["s"] == pytest.approx(s, abs=2e-4)
            else:
                assert "outer" not in update
        if updates:
            assert updates[-1]["to"] == pytest.approx(run.fast[row, 0, 0], abs=1e-5)
        if inner == "reset" and len(updates) > 1:
            b[: len(updates) - 1] = 0


def test_clocks_strike_at_k_and_start_again(script: Ask, run: Trajectory) -> None:
    tracks = tracks_of(run, SPECS, PALETTE)
    counters = script(
        tracks, "[1, 2, 3].map(layer => Array.from({length: 13}, (_, row) => runs[4].counter(layer, row)))"
    )
    assert counters == [
        [0, 1, 2, 1, 2, 1, 2, 1, 2, 1, 2, 1, 2],
        [0, 0, 1, 1, 2, 2, 3, 0, 1, 1, 2, 2, 3],
        [0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 2],
    ]
    waits = script(tracks, "[0, 1, 6, 11].map(row => [1, 2, 3].map(layer => runs[4].untilSynchronised(layer, row)))")
    assert waits == [[2, 6, 12], [1, 5, 11], [2, 6, 6], [1, 1, 1]]


def test_heads_move_without_a_jump_through_a_synchronisation(script: Ask, run: Trajectory) -> None:
    places = script(
        tracks_of(run, SPECS, PALETTE),
        """Array.from({length: 1201}, (_, i) => 5 + i / 1200).map(position =>
            [0, 1, 2, 3].map(layer => placeOf(runs[4], layer, momentOf(position, runs[4].synchronised))))""",
    )  # row 6 synchronises two layers
    places = np.array(places)
    longest = np.abs(np.diff(places, axis=0)).max()
    whole = np.abs(places[-1] - places[0]).max() + np.abs(run.proposal[6, 2, 0] - run.fast[5, 2, 0]).max()
    assert longest < 0.03 * whole
    assert places[0] == pytest.approx(np.array([run.fast[5, 2, 0], *(phi[5, 0] for phi in run.slow[2])]), abs=1e-5)
    assert places[-1] == pytest.approx(np.array([run.fast[6, 2, 0], *(phi[6, 0] for phi in run.slow[2])]), abs=1e-5)
    assert (np.abs(places - run.proposal[6, 2, 0])[:, 0].sum(-1) < 1e-5).any()  # the fast weights reach their proposal


def test_a_run_that_diverged_says_nothing_more(script: Ask) -> None:
    """Its slow weights and clocks stay as they were before."""
    specs = (OptimizerSpec("Lookahead", lr=1.0, layers=(Layer(2, 0.5),)),)
    field = lambda x, _: (x.square().sum(-1), 3 * x)  # noqa: E731
    run = record(field, specs, [[1.0, 1.0]], 40, escape=100.0)
    diverged = int(run.diverged[0, 0])
    assert 0 < diverged < 40
    updates = script(
        tracks_of(run, specs, PALETTE), "Array.from(runs[0].step, (_, row) => runs[0].updates(row).length)"
    )
    assert not any(updates[diverged:])
    assert any(updates[:diverged])


def test_strided_rows_are_shown_but_not_explained(script: Ask) -> None:
    run = record(SURFACE.field(), SPECS, [[0.0, 0.0]], 60, keep=7)
    tracks = tracks_of(run, SPECS, PALETTE)
    slow = script(tracks, "Array.from(runs[2].step, (_, row) => runs[2].weights(3, row))")
    assert slow == pytest.approx(run.slow[2][2][:, 0].astype(np.float32), abs=1e-12)
    assert script(tracks, "runs.map(run => run.explains)") == [False] * 3


def test_playback_passes_ten_rows_a_second_and_lingers_where_something_synchronises(
    script: Ask, run: Trajectory
) -> None:
    rates = script(
        tracks_of(run, SPECS, PALETTE),
        """(() => { const none = new Uint8Array(61), some = runs[2].synchronised, reached = [];
        for (const [rows, speed] of [[none, 1], [none, 0.5], [some, 1], [some, 5]]) {
            const playback = new Playback(); playback.load(61, rows, rows); playback.speed = speed; playback.play();
            for (let i = 0; i < 100; i++) playback.advance(0.0105);
            reached.push(playback.position); }
        return reached; })()""",
    )
    assert rates[0] == pytest.approx(10.5)
    assert rates[1] == pytest.approx(5.25)
    assert rates[2] == pytest.approx(4.35 + 0.65 * 0.55 / 0.6)  # after 5 steps of .1 s, most of a synchronisation
    assert rates[3] == pytest.approx(52.5)


def test_a_single_step_ends_at_its_row_however_frames_fall(script: Ask, run: Trajectory) -> None:
    """Frames of 1/60 s sum up to the quarter second of a step, but for rounding."""
    rows = script(
        tracks_of(run, SPECS, PALETTE),
        """[60, 144, 50, 7].map(rate => { const playback = new Playback();
        playback.load(61, runs[2].synchronised, runs[2].synchronised);
        playback.walk(5);
        for (let i = 0; i < 5 * rate && playback.moving; i++) playback.advance((i + 1) / rate - i / rate);
        return [playback.position, playback.goal]; })""",
    )
    assert rows == [[5, None]] * 4


@pytest.mark.parametrize(
    ("values", "difference", "decimals", "text"),
    [
        ([1.0, 3.0, 2.0], 2.0, 1, "3.0"),
        ([1.25, 3.0, 2.0], 1.75, 2, "3.00"),
        ([1.2345678, 3.0, 2.0], 1.7654322, 3, "3.000"),
        ([1.2345678, 1.2346, 2.0], 0.0000322, 7, "1.2346000"),
    ],
)
def test_numbers_have_the_decimals_that_matter(
    script: Ask, values: list[float], difference: float, decimals: int, text: str
) -> None:
    assert script((), f"decimalsFor({values}, {difference})") == decimals
    assert script((), f"fixed({values[1]}, decimalsFor({values}, {difference}))") == text


def test_numbers_never_read_minus_zero_or_not_a_number(script: Ask) -> None:
    assert script((), "[fixed(-0.0001, 2), fixed(-1.5, 1), fixed(-1e30, 2), brief(NaN), brief(1e30)]") == [
        "0.00", "−1.5", "−∞", "–", "∞",
    ]  # fmt: skip


def test_contrast_is_that_of_wcag(script: Ask) -> None:
    assert script((), "contrast([0, 0, 0], [255, 255, 255])") == pytest.approx(21)
    assert script((), "contrast([119, 119, 119], [255, 255, 255])") == pytest.approx(
        4.48, abs=0.005
    )  # as others give it


LIGHT = "{ text: [27, 33, 38], background: [252, 252, 251], dark: false }"
DARK = "{ text: [232, 236, 239], background: [13, 18, 22], dark: true }"


@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_lines_for_a_projector_stand_out_and_are_those_of_the_painters(script: Ask, theme: str) -> None:
    for color in PALETTE:
        shown, contrast = script(
            (),
            f"""(() => {{ const theme = {{ ...{theme}, presented: true }};
            const [fast] = inksOf({{ color: "{color}", layers: [] }}, theme);
            return [fast, contrast(fast, theme.background)]; }})()""",
        )
        assert contrast >= 4.5
        painted = look.rgb(look.projector_color(color, dark=theme == DARK))
        assert shown == pytest.approx([255 * part for part in painted], abs=1)


@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_letters_in_every_optimizers_colours_are_legible(script: Ask, theme: str) -> None:
    """Also on the wash of a line whose layer has just synchronised: a tenth of its ink."""
    layers = "[{}, {}, {}, {}]"
    contrasts = script(
        (),
        f"""{list(PALETTE)}.flatMap((color) => inksOf({{ color, layers: {layers} }}, {theme}).map((ink) => {{
        const letters = lettering(ink, {theme}).match(/[\\d.]+/g).slice(0, 3).map(Number);
        const wash = {theme}.background.map((value, at) => 0.9 * value + 0.1 * ink[at]);
        return contrast(letters, wash); }}))""",
    )
    assert len(contrasts) == 5 * len(PALETTE)
    assert min(contrasts) >= 4.5


def test_ticks_are_round(script: Ask) -> None:
    assert script((), "roundTicks([-6, 6], 6)") == {"values": [-6, -4, -2, 0, 2, 4, 6], "decimals": 0, "step": 2}
    assert script((), "roundTicks([0.1, 0.31], 4).values.map(value => value.toFixed(2))") == ["0.10", "0.20", "0.30"]


@pytest.fixture(scope="module")
def document(run: Trajectory) -> bytes:
    (left, right), (low, high) = SURFACE.domain
    grid = np.stack(np.meshgrid(np.linspace(left, right, 80), np.linspace(low, high, 80)), axis=-1)
    heights = np.log1p(SURFACE.function(torch.from_numpy(grid)).numpy())
    tracks = tracks_of(run, SPECS, PALETTE)
    return standalone_html(tracks, background=heights, extent=SURFACE.domain, minima=[(3.0, 2.0)], caption="Himmelblau")


def test_a_standalone_page_plays_and_scrubs(page: Page, document: bytes, tmp_path: Path) -> None:
    file = tmp_path / "player.html"
    file.write_bytes(document)
    page.goto(file.as_uri())
    count = page.locator(".lp-count b")
    expect(count).to_have_text(re.compile("[1-9]"))  # it plays by itself
    page.get_by_label("Speed").select_option("20")
    expect(count).to_have_text("60")
    page.get_by_role("slider", name="Base step").fill("12")
    expect(page.locator(".lp-where")).to_contain_text("step 12")
    ground = page.locator(".lp-surface canvas").first
    shades = "canvas => new Set(canvas.getContext('2d').getImageData(200, 100, 200, 1).data).size"
    assert ground.evaluate(shades) > 20  # the surface is shaded


def test_a_page_in_a_notebook_plays(page: Page, document: bytes) -> None:
    page.set_content(notebook_html(document))
    frame = page.frame_locator("iframe")
    expect(frame.get_by_role("button", name="Pause (space)")).to_be_visible()
    expect(frame.locator(".lp-count b")).not_to_have_text("0")


def test_an_average_is_drawn_and_can_be_switched(page: Page, run: Trajectory, tmp_path: Path) -> None:
    (track, *_) = tracks_of(run, SPECS, PALETTE)
    middle = np.cumsum(track.fast, axis=0) / np.arange(1, len(track.fast) + 1)[:, None]
    with_average = Track(**{**vars(track), "averaged": middle})
    file = tmp_path / "average.html"
    file.write_bytes(standalone_html([with_average], autoplay=False))
    page.goto(file.as_uri())
    wait_until(page, "window.__lookaheadPlayers?.player?.attached")
    player = "window.__lookaheadPlayers.player"
    page.evaluate(f"{player}.seek(30)")
    wait_until(page, f"{player}.head('SGD', 'averaged')")
    page.get_by_role("switch", name="Show the average of the fast weights of SGD").click()
    wait_until(page, f"!{player}.head('SGD', 'averaged')")
