"""The player over a real chart in a real browser; at the end, proof that the tests notice a broken one."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Browser, Page, expect

from app.draw.player_page import standalone_html
from app.player import Track
from optim_core.layers import Layer
from tests.e2e.conftest import wait_until_idle

DEMO = "tests/e2e/player_demo.py"
PLAYER = "window.__lookaheadPlayers.demo"
READY = "window.__lookaheadPlayers?.demo?.overChart"
CURSORS = ".st-key-losses .lookahead-cursors div[data-looks^=visible]"
TOLERANCE = 1.0  # px

Open = Callable[..., Page]


@pytest.fixture
def demo(open_app: Open) -> Open:
    """`demo("starts=2")` opens the demonstration page and waits for the player to find its chart."""

    def open_at(query: str = "") -> Page:
        page = open_app(f"/?{query}", DEMO)
        page.wait_for_function(READY)
        return page

    return open_at


def of(page: Page, what: str) -> Any:
    """What the player says of itself."""
    return page.evaluate(f"{PLAYER}.{what}")


def seek(page: Page, row: float) -> None:
    """Go to a row and wait until it is drawn."""
    page.evaluate(f"{PLAYER}.seek({row})")
    settle(page)


def settle(page: Page) -> None:
    """Two frames: one that was asked for, and the one that follows it."""
    page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")


def at_row(page: Page, row: int) -> None:
    page.wait_for_function(f"{PLAYER}?.position === {row}", timeout=8000)


# What is painted, in the page's pixels: the middle of the opaque disc at a place (a halo lets some light through).
HEAD_ON_CANVAS = """([x, y]) => {
  const canvas = document.querySelector(".lookahead-scene");
  const box = canvas.getBoundingClientRect();
  const scale = canvas.width / box.width, reach = Math.round(9 * scale);
  const left = Math.round((x - box.left) * scale) - reach, top = Math.round((y - box.top) * scale) - reach;
  const side = 2 * reach, { data } = canvas.getContext("2d").getImageData(left, top, side, side);
  let [count, sumX, sumY] = [0, 0, 0];
  for (let at = 0; at < side * side; at++) {
    if (data[4 * at + 3] < 250) continue;
    count++; sumX += at % side + 0.5; sumY += Math.floor(at / side) + 0.5;
  }
  return count > 20 ? [box.left + (left + sumX / count) / scale, box.top + (top + sumY / count) / scale] : null;
}"""


def marker(page: Page, panel: int = 0) -> tuple[float, float]:
    """The middle of plotly's own marker at the start."""
    box = page.locator(".st-key-surface-chart .scatterlayer path.point").nth(panel).bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def assert_aligned(page: Page) -> None:
    """At row 0 the head of SGD lies on plotly's marker: as computed and as painted."""
    settle(page)
    expected = marker(page)
    for place in (of(page, "head('SGD')"), page.evaluate(HEAD_ON_CANVAS, list(expected))):
        assert place is not None, "no head was drawn near the marker"
        assert place == pytest.approx(expected, abs=TOLERANCE)


def only_sgd(page: Page) -> None:
    """Leave SGD alone on the surface, so that nothing covers its head."""
    for name in ("Lookahead", "Multilayer Lookahead"):
        page.get_by_role("switch", name=f"Show {name}", exact=True).click()


def assert_plays(page: Page) -> None:
    """Time passes: the step that is shown grows."""
    before = of(page, "position")
    page.wait_for_timeout(700)
    assert of(page, "playing")
    assert of(page, "position") > before + 1


# Looks at every frame, so that a moment's jump back counts however late a busy machine is asked about it.
WATCH = f"""() => {{
  const watched = (window.watched = {{ player: {PLAYER}, position: {PLAYER}.position, backwards: false }});
  const look = () => {{
    watched.backwards ||= {PLAYER}.position < watched.position;
    watched.position = {PLAYER}.position;
    requestAnimationFrame(look);
  }};
  look();
}}"""


def assert_survives_new_data(page: Page) -> None:
    """A slider gives new tracks in mid-playback, and playback goes on from where it was."""
    page.wait_for_function(f"{PLAYER}?.position > 4", timeout=8000)
    page.evaluate(WATCH)
    slider = page.get_by_role("slider", name="lr")
    slider.focus()
    page.keyboard.press("End")
    page.keyboard.press("ArrowLeft")
    wait_until_idle(page)
    page.wait_for_function(f"{PLAYER} !== window.watched.player")  # new tracks bring a new public face
    settle(page)
    assert of(page, "playing"), "the new data stopped playback"
    assert not page.evaluate("window.watched.backwards"), "the new data sent playback back"


def test_the_first_load_plays(demo: Open) -> None:
    page = demo()
    assert_plays(page)
    assert of(page, "overChart")
    expect(page.get_by_role("button", name="Pause (space)")).to_be_visible()


def test_a_long_run_tells_its_step_while_it_plays_for_the_first_time(demo: Open) -> None:
    page = demo("steps=1200")  # chooses a speed at which words take turns with frames
    page.wait_for_function(f"{PLAYER}?.position > 20", timeout=8000)
    assert of(page, "playing")
    assert int(page.locator(".lp-count b").inner_text()) > 0
    expect(page.locator(".lp-inspector")).to_contain_text(re.compile(r"step [1-9]"))


def test_heads_stay_on_the_chart_through_zoom_resize_fullscreen_and_theme(demo: Open) -> None:
    page = demo("autoplay=0")
    only_sgd(page)
    seek(page, 0)
    assert_aligned(page)
    chart = page.locator(".st-key-surface-chart .nsewdrag")
    box = chart.bounding_box()
    assert box is not None
    before = marker(page)
    page.mouse.move(box["x"] + 0.6 * box["width"], box["y"] + 0.8 * box["height"])
    page.mouse.wheel(0, -120)
    page.wait_for_timeout(500)
    assert marker(page) != pytest.approx(before, abs=3), "the chart did not zoom"
    assert_aligned(page)
    page.mouse.down()
    page.mouse.move(box["x"] + 0.5 * box["width"], box["y"] + 0.7 * box["height"], steps=4)
    assert_aligned(page)  # while dragging
    page.mouse.up()
    page.set_viewport_size({"width": 900, "height": 700})
    page.wait_for_timeout(600)
    assert_aligned(page)
    page.emulate_media(color_scheme="dark")
    page.wait_for_timeout(600)
    assert_aligned(page)


def test_heads_stay_on_the_chart_in_fullscreen(demo: Open) -> None:
    page = demo("autoplay=0")
    only_sgd(page)
    seek(page, 0)
    small = page.locator(".st-key-surface-chart .js-plotly-plot").bounding_box()
    page.locator(".st-key-surface-chart .js-plotly-plot").hover()
    page.get_by_role("button", name="Fullscreen").first.click()
    page.wait_for_timeout(700)
    large = page.locator(".st-key-surface-chart .js-plotly-plot").bounding_box()
    assert small is not None
    assert large is not None
    assert large["height"] > small["height"] + 50
    assert_aligned(page)
    page.keyboard.press("Escape")
    page.wait_for_timeout(700)
    assert_aligned(page)


@pytest.mark.slow
@pytest.mark.parametrize(("width", "height"), [(1280, 800), (1440, 900)])
def test_surface_controls_and_equations_are_on_one_screen(open_app: Open, width: int, height: int) -> None:
    page = open_app("/?v=1&surface=ravine&words=0")
    page.set_viewport_size({"width": width, "height": height})
    page.wait_for_function("window.__lookaheadPlayers?.['surfaces-player']?.overChart")
    page.wait_for_timeout(500)
    chart = page.locator(".st-key-surfaces-ground .nsewdrag").bounding_box()
    update = page.locator(".lp-update").first.bounding_box()
    assert chart is not None
    assert update is not None
    assert chart["y"] > 0
    assert chart["height"] > 200
    assert update["y"] + update["height"] <= height


def test_every_panel_has_its_own_head(demo: Open) -> None:
    page = demo("autoplay=0&panels=1")
    seek(page, 0)
    for panel, name in enumerate(("SGD", "Lookahead", "Multilayer Lookahead")):
        assert of(page, f"head('{name}')") == pytest.approx(marker(page, panel), abs=TOLERANCE)


def test_playback_survives_new_data(demo: Open) -> None:
    page = demo()
    page.get_by_label("Speed").select_option("0.5")
    assert_survives_new_data(page)
    assert page.get_by_label("Speed").input_value() == "0.5"


def test_another_scene_plays_from_its_start(demo: Open) -> None:
    page = demo("autoplay=1")
    page.get_by_role("button", name="SGD", exact=True).click()
    seek(page, 200)
    assert (of(page, "row"), of(page, "playing")) == (200, False)
    page.locator("label").filter(has_text="Elsewhere").click()
    page.wait_for_function(f"{PLAYER}?.playing && {PLAYER}.position > 0 && {PLAYER}.position < 100", timeout=8000)
    assert of(page, "inspected") == "Multilayer Lookahead/0"


@pytest.mark.slow
def test_another_scene_waits_at_its_start_where_less_motion_is_asked_for(demo: Open) -> None:
    page = demo("autoplay=1")
    page.emulate_media(reduced_motion="reduce")
    seek(page, 200)
    page.locator("label").filter(has_text="Elsewhere").click()
    page.wait_for_function(f"{PLAYER}?.position === 0", timeout=8000)
    page.wait_for_timeout(300)
    assert (of(page, "row"), of(page, "playing")) == (0, False)


@pytest.mark.parametrize(
    ("address", "player", "preset"),
    [
        ("surface=ravine", "surfaces-player", "Wells: one sharp"),
        pytest.param("steps=200", "games-player", "Too long a period", marks=pytest.mark.slow),
    ],
)
def test_a_ready_made_comparison_plays_from_its_start(open_app: Open, address: str, player: str, preset: str) -> None:
    """The second game is the first one's, with the same start: only its name tells it from a change of settings."""
    page = open_app(f"/{'games' if player[0] == 'g' else ''}?v=1&{address}")
    own = f"window.__lookaheadPlayers?.['{player}']"
    page.wait_for_function(f"{own}?.overChart")
    page.evaluate(f"{own}.seek(150)")
    page.get_by_role("combobox", name="Ready-made").click()
    page.get_by_role("option", name=preset).click()
    wait_until_idle(page)
    page.wait_for_function(f"{own}.playing && {own}.position < 100", timeout=8000)


def test_switches_survive_new_data_and_cost_no_run(demo: Open) -> None:
    page = demo("autoplay=0")
    switch = page.get_by_role("switch", name="Show Lookahead", exact=True)
    layer = page.get_by_role("switch", name="Show slow weights φ₂: every 25 base steps of Multilayer Lookahead")
    switch.click()
    layer.focus()
    page.keyboard.press("Enter")
    settle(page)
    assert of(page, "head('Lookahead')") is None
    assert of(page, "head('Multilayer Lookahead', 2)") is None
    assert of(page, "head('Multilayer Lookahead', 1)") is not None
    page.wait_for_timeout(300)
    expect(page.get_by_text("runs 1", exact=True)).to_be_visible()
    page.get_by_role("slider", name="lr").focus()
    page.keyboard.press("ArrowRight")
    wait_until_idle(page)
    expect(page.get_by_text("runs 2", exact=True)).to_be_visible()
    expect(switch).to_have_attribute("aria-checked", "false")
    expect(layer).to_have_attribute("aria-checked", "false")
    assert of(page, "head('Lookahead')") is None


def test_keys_play_step_and_jump(demo: Open) -> None:
    page = demo("autoplay=0")
    page.keyboard.press("Space")
    assert_plays(page)
    page.keyboard.press("Space")
    assert not of(page, "playing")
    page.keyboard.press("Home")
    assert of(page, "row") == 0
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    at_row(page, 2)
    page.keyboard.press("ArrowLeft")
    at_row(page, 1)
    page.keyboard.press("Shift+ArrowRight")
    at_row(page, 5)  # the first synchronisation
    page.keyboard.press("Shift+ArrowRight")
    at_row(page, 10)
    page.keyboard.press("Shift+ArrowLeft")
    at_row(page, 5)
    page.keyboard.press("End")
    assert of(page, "row") == 200


def test_keys_belong_to_whatever_has_the_focus(demo: Open) -> None:
    page = demo("autoplay=0")
    field = page.get_by_label("Name")
    field.click()
    page.keyboard.press("End")
    page.keyboard.type(" and more")
    page.keyboard.press("Home")
    assert field.input_value() == "notes and more"
    page.get_by_role("slider", name="lr").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Space")
    page.get_by_label("Speed").focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_timeout(300)
    assert (of(page, "row"), of(page, "playing")) == (0, False)


def test_a_single_step_shows_the_synchronisation_before_it_ends(demo: Open) -> None:
    page = demo("autoplay=0")
    seek(page, 4)
    page.get_by_role("button", name="One step forward (→)").click()
    page.wait_for_function(f"{PLAYER}?.position > 4.5 && {PLAYER}.position < 5")
    assert of(page, "step") == 5
    at_row(page, 5)


def test_playback_can_pause_at_each_synchronisation(demo: Open) -> None:
    page = demo("autoplay=0")
    page.get_by_role("button", name="Pause at syncs").click()
    page.get_by_label("Speed").select_option("5")
    for row in (5, 10):
        page.get_by_role("button", name="Play (space)").click()
        at_row(page, row)
        assert not of(page, "playing")


def test_playback_loops_when_asked(demo: Open) -> None:
    page = demo("autoplay=0&steps=20")
    page.get_by_role("button", name="Loop").click()
    page.get_by_label("Speed").select_option("20")
    seek(page, 15)
    page.get_by_role("button", name="Play (space)").click()
    page.wait_for_function(f"{PLAYER}?.position < 10 && {PLAYER}.playing", timeout=5000)


def inspector_lines(page: Page) -> list[str]:
    return [re.sub(r"\s+", " ", line).strip() for line in page.locator(".lp-update").all_inner_texts()]


def test_the_inspector_does_the_arithmetic_of_the_hand_worked_run(demo: Open) -> None:
    page = demo("autoplay=0&field=hand&steps=30")
    seek(page, 6)  # (2, .5), (3, .5): 1, 1, 2, 2, 3, 1.5
    base, first, second = inspector_lines(page)
    assert base.startswith("θ ← θ − lr ∇f")
    assert "3.0 − 1 · (−1) = 4.0" in base  # the gradient is −1 everywhere
    assert "φ₁ ← φ₁ + α₁ (θ − φ₁)" in first
    assert "2.0 + .5 (4.0 − 2.0) = 3.0" in first
    assert "0.0 + .5 (3.0 − 0.0) = 1.5" in second
    expect(page.locator(".lp-ahead")).to_have_text(
        "θ, φ₁ restart from φ₂. next synchronisation in 2 base steps (layer 1), 6 (layer 2)"
    )
    seek(page, 8)
    base, first, second = inspector_lines(page)
    assert "1.5 + .5 (3.5 − 1.5) = 2.5" in first
    assert "1.5000 stays" in second
    expect(page.locator(".lp-card.lp-inspected .lp-beat b")).to_have_text("2/2 · 1/3")
    seek(page, 9)
    expect(page.locator(".lp-card.lp-inspected .lp-beat b")).to_have_text("1/2 · 1/3")
    expect(page.locator(".lp-ahead")).to_have_text("next synchronisation in 1 base step (layer 1), 3 (layer 2)")
    page.get_by_role("button", name="Lookahead", exact=True).click()
    seek(page, 3)
    assert "0.0 + .5 (3.0 − 0.0) = 1.5" in inspector_lines(page)[1]


def test_the_inspector_does_the_arithmetic_of_outer_momentum(demo: Open) -> None:
    page = demo("autoplay=0&field=hand&steps=12&outer=1")
    seek(page, 2)  # (2, .75, Nesterov .5), (2, .5, μ .5)
    _, first, second = inspector_lines(page)
    assert "b₁ ← μ₁ b₁ + s, φ₁ ← φ₁ − α₁ (s + μ₁ b₁)" in first
    assert "layer 1, s = φ₁ − θ" in first
    assert "s = 0.00 − 2.00 = −2.00, b = .5 · 0.00 + (−2.00) = −2.00, 0.00 − .75 (−2.00 + .5 · (−2.00)) = 2.25" in first
    assert "b₂ ← μ₂ b₂ + s, φ₂ ← φ₂ − α₂ b₂" in second
    assert "stays" in second
    seek(page, 4)
    _, first, second = inspector_lines(page)
    assert "b = .5 · (−2.000) + (−2.000) = −3.000" in first
    assert "2.250 − .75 (−2.000 + .5 · (−3.000)) = 4.875" in first
    assert "s = 0.000 − 4.875 = −4.875" in second
    assert "0.000 − .5 · (−4.875) = 2.438" in second
    seek(page, 6)  # b₁ was kept: .5 · (−3) − 2
    assert "2.438 − .75 (−2.000 + .5 · (−3.500)) = 5.250" in inspector_lines(page)[1]


def test_what_is_no_multiple_of_a_gradient_is_named(demo: Open) -> None:
    page = demo("autoplay=0&field=hand&steps=30&base=adam&value=f")
    seek(page, 1)
    base = inspector_lines(page)[0]
    assert base.startswith("θ ← θ − Δ Δ: a step of Adam")
    assert "0.0 + 1.0 = 1.0" in base  # Adam's first step is lr times the gradient's sign
    expect(page.locator(".lp-where")).to_have_text("step 1 · 1 gradient · f −2")
    page.mouse.move(*of(page, "head('SGD')"))
    expect(page.get_by_text("fast weights θ")).to_contain_text("x 1, y 1, f −2")


# What the close-up writes, as {text: [left, top, right, bottom]}: a label is drawn once and then copied to its place.
WRITE_TEXTS = """(() => {
  const prototype = CanvasRenderingContext2D.prototype, { fillText, drawImage, clearRect } = prototype;
  const closeUp = (context) => context.canvas.closest(".lp-glass");
  const texts = new WeakMap();
  window.written = {};
  prototype.fillText = function (text, ...rest) {
    texts.set(this.canvas, text);
    return fillText.call(this, text, ...rest);
  };
  prototype.clearRect = function (...box) {
    if (closeUp(this)) window.written = {};
    return clearRect.apply(this, box);
  };
  prototype.drawImage = function (image, x, y, width, height) {
    const text = texts.get(image);
    if (text && closeUp(this)) window.written[text] = [x + 4, y + 5, x + width - 4, y + height - 5];
    return drawImage.apply(this, arguments);
  };
})()"""


def apart(one: list[float], other: list[float]) -> bool:
    return one[2] <= other[0] or other[2] <= one[0] or one[3] <= other[1] or other[3] <= one[1]


def legible(page: Page) -> set[str]:
    """The labels of the close-up, none of which covers another."""
    labels = page.evaluate("window.written")
    for one, other in combinations(labels, 2):
        assert apart(labels[one], labels[other]), f"{one} and {other} are written over each other"
    return set(labels)


def test_names_and_fractions_in_the_close_up_are_not_written_over_each_other(demo: Open, page: Page) -> None:
    page.add_init_script(WRITE_TEXTS)
    demo("autoplay=0&lr=0.01")
    labels: set[str] = set()
    for row in range(25, 201, 25):
        seek(page, row)
        labels |= legible(page)
    assert labels >= {"α₁ = .5", "α₂ = .5", "θ φ₁ φ₂"}


def test_a_start_is_chosen_in_the_inspector_or_by_its_head(demo: Open) -> None:
    page = demo("autoplay=0&starts=3")
    seek(page, 3)
    assert of(page, "inspected") == "Multilayer Lookahead/0"
    page.get_by_label("Start point to inspect").select_option("2")
    assert of(page, "inspected") == "Multilayer Lookahead/1"
    page.evaluate("document.querySelector('.st-key-surface-chart').scrollIntoView()")
    page.mouse.click(*of(page, "head('Multilayer Lookahead', 2, 2)"))
    page.wait_for_function(f"{PLAYER}?.inspected === 'Multilayer Lookahead/2'")
    expect(page.get_by_text("nothing picked")).to_be_visible()


def test_a_head_tells_what_it_is(demo: Open) -> None:
    page = demo("autoplay=0&field=hand&steps=30")
    seek(page, 5)
    page.mouse.move(*of(page, "head('Multilayer Lookahead', 1)"))
    note = page.get_by_text("slow weights φ₁", exact=False).last
    expect(note).to_be_visible()
    expect(note).to_contain_text("Multilayer Lookahead")
    expect(note).to_contain_text("x 2, y 2, loss −4")


def surface_point(page: Page, x: float, y: float) -> dict[str, float]:
    """Where a place of the surface is in the page, by plotly's own reckoning."""
    return page.evaluate(
        """([x, y]) => { const graph = document.querySelector(".st-key-surface-chart .js-plotly-plot");
        const { xaxis, yaxis } = graph._fullLayout, box = graph.getBoundingClientRect();
        return { x: box.left + xaxis._offset + xaxis.d2p(x), y: box.top + yaxis._offset + yaxis.d2p(y) }; }""",
        [x, y],
    )


def test_a_click_on_the_surface_is_a_pick_and_a_drag_is_not(demo: Open) -> None:
    page = demo("autoplay=0")
    place = surface_point(page, -3.5, 4.0)
    page.mouse.move(place["x"], place["y"])
    page.mouse.down()
    page.mouse.move(place["x"] + 30, place["y"])
    page.mouse.up()
    page.wait_for_timeout(500)
    expect(page.get_by_text("nothing picked")).to_be_visible()
    page.mouse.click(**surface_point(page, -3.5, 4.0))
    message = page.get_by_text(re.compile(r"^picked "))
    expect(message).to_be_visible()
    x, y, panel = (float(word) for word in message.inner_text().split()[1:])
    assert (x, y, panel) == pytest.approx((-3.5, 4.0, 0), abs=0.02)  # the mouse moves by whole pixels


@pytest.fixture
def phone(browser: Browser, serve_app: Open, problems: list[str]) -> Iterator[Page]:
    """The demonstration on a screen that is touched."""
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    page = context.new_page()
    page.on("pageerror", lambda error: problems.append(f"page error: {error}"))
    page.goto(serve_app(DEMO) + "/?autoplay=0")
    page.wait_for_function(READY)
    yield page
    context.close()
    assert not problems, "\n".join(problems)


def swipe_up(page: Page, x: float, y: float, distance: int) -> None:
    """A finger moves over the screen from a place on."""
    touch = page.context.new_cdp_session(page)
    places = [{"x": x, "y": y - part * distance / 12} for part in range(13)]
    touch.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": places[:1]})
    for place in places[1:]:
        touch.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [place]})
    touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    page.wait_for_timeout(300)


AXES = """[document.querySelector(".st-key-surface-chart .js-plotly-plot")._fullLayout]
  .flatMap(({ xaxis, yaxis }) => [...xaxis.range, ...yaxis.range])"""
SCROLL_POSITION = "document.querySelector('.stMain').scrollTop"


def test_a_finger_scrolls_the_page_and_its_tap_is_a_click(phone: Page) -> None:
    before = phone.evaluate(AXES)
    place = surface_point(phone, 0, 0)
    swipe_up(phone, place["x"], place["y"], 240)
    assert phone.evaluate(SCROLL_POSITION) > 150
    assert phone.evaluate(AXES) == before
    phone.evaluate(f"{SCROLL_POSITION} = 0")
    place = surface_point(phone, -3.5, 4.0)
    phone.touchscreen.tap(place["x"], place["y"])
    expect(phone.get_by_text(re.compile(r"^picked -3"))).to_be_visible()
    phone.evaluate(f"{PLAYER}.seek(100)")
    settle(phone)
    phone.touchscreen.tap(*of(phone, "head('SGD')"))
    phone.wait_for_function(f"{PLAYER}?.inspected === 'SGD/0'")
    assert phone.evaluate(AXES) == before


def test_linked_charts_have_a_cursor_at_the_gradient_evaluations(demo: Open) -> None:
    page = demo("autoplay=0")
    seek(page, 77)
    box = page.locator(".st-key-losses .lookahead-cursors div").first.bounding_box()
    assert box is not None
    expected = page.evaluate(
        """() => { const graph = document.querySelector(".st-key-losses .js-plotly-plot");
        const { xaxis } = graph._fullLayout;
        return graph.getBoundingClientRect().left + xaxis._offset + xaxis.d2p(77); }"""
    )
    assert box["x"] + box["width"] / 2 == pytest.approx(expected, abs=TOLERANCE)


def test_a_linked_chart_has_cursors_only_once_it_has_data(demo: Open) -> None:
    page = demo("autoplay=0&losses=later")
    seek(page, 3)
    page.wait_for_selector(".st-key-losses .lookahead-cursors", state="attached")
    page.wait_for_timeout(300)
    assert page.locator(CURSORS).count() == 0
    page.locator("label").filter(has_text="Losses").click()
    page.wait_for_function(f"document.querySelectorAll({CURSORS!r}).length === 1", timeout=8000)


def test_the_player_draws_its_own_axes_without_a_chart_and_comes_back_to_it(demo: Open) -> None:
    page = demo()
    page.get_by_label("Speed").select_option("0.5")
    chart = page.locator("label").filter(has_text="Chart")
    chart.click()
    page.wait_for_function(f"{PLAYER}?.attached && !{PLAYER}.overChart")
    expect(page.locator(".lp-surface canvas").first).to_be_visible()
    assert of(page, "playing")
    row = of(page, "row")
    chart.click()
    page.wait_for_function(f"{PLAYER}?.overChart")
    assert of(page, "playing")
    assert of(page, "row") >= row
    expect(page.locator(".lp-surface")).to_be_hidden()
    assert page.locator(".lookahead-scene").count() == 1


def test_nothing_is_left_when_the_player_goes(demo: Open) -> None:
    page = demo()
    page.locator("label").filter(has_text="Player").click()
    page.wait_for_function("!window.__lookaheadPlayers.demo")
    assert page.locator("[class^=lookahead-]").count() == 0
    page.keyboard.press("ArrowRight")  # its keys went with it
    page.locator("label").filter(has_text="Player").click()
    page.wait_for_function(READY)
    assert of(page, "position") > 0  # soon enough, it comes back as it was


def test_a_diverged_run_plays_until_it_leaves_and_says_so(demo: Open) -> None:
    page = demo("autoplay=0&diverge=1")
    card = page.locator(".lp-card").first
    seek(page, 1)
    expect(card.locator(".lp-flag")).to_have_text("")  # the end is not told beforehand
    height = card.bounding_box()["height"]
    page.keyboard.press("End")
    settle(page)
    expect(card.locator(".lp-flag")).to_have_text(re.compile(r"^diverged at step \d+$"))
    assert card.bounding_box()["height"] == height
    assert of(page, "head('SGD')") is None
    assert of(page, "head('Lookahead')") is not None


def magnification(page: Page) -> tuple[float, str]:
    """How much larger than the surface the close-up is, and what else its caption says."""
    words = re.fullmatch(r"(steps \d+–\d+) · magnified ([\d.e−]+)×(.*)", page.locator(".lp-caption").inner_text())
    assert words is not None
    return float(words[2].replace("−", "-")), words[1] + words[3]


def test_playback_goes_on_when_the_inspected_run_has_ended(demo: Open) -> None:
    page = demo("autoplay=0&diverge=last&steps=30")  # three rows and the start are left of the layered run
    assert of(page, "inspected") == "Multilayer Lookahead/0"
    expect(page.locator(".lp-count")).to_have_text("0 / 30")
    page.get_by_label("Speed").select_option("10")
    page.get_by_role("button", name="Play (space)").click()
    at_row(page, 30)
    settle(page)
    assert (of(page, "playing"), of(page, "step")) == (False, 30)
    expect(page.get_by_role("button", name="Play (space)")).to_be_visible()
    expect(page.locator(".lp-count")).to_have_text("30 / 30")
    expect(page.locator(".lp-where")).to_contain_text("step 3")
    expect(page.locator(".lp-ahead")).to_have_text("Diverged at step 4: the run has stopped.")
    expect(page.locator(".lp-card.lp-inspected .lp-beat b")).to_have_text("3/5 · 0/5")
    assert of(page, "head('Multilayer Lookahead')") is None
    assert page.locator(CURSORS).count() == 1, "a run that has ended still has a cursor"
    seek(page, 4)
    page.keyboard.press("Shift+ArrowRight")  # to a synchronisation of a run that goes on
    at_row(page, 5)


@pytest.mark.parametrize(("query", "name"), [("last", "Multilayer Lookahead"), ("1", "SGD")])
def test_the_close_up_stays_at_the_surface_when_its_run_flies_off(demo: Open, query: str, name: str) -> None:
    page = demo(f"autoplay=0&diverge={query}&steps=30")
    page.get_by_role("button", name=name, exact=True).click()
    for row in (0, 1, 2, 3, 4, 30):
        seek(page, row)
        page.wait_for_timeout(50)
        times, words = magnification(page)
        assert 0.1 < times < 3, f"at row {row} the close-up is magnified {times} times"
        assert words.endswith("left at step 1") == (row >= 1)


def test_an_exported_player_goes_on_when_its_run_has_ended(page: Page, tmp_path: Path) -> None:
    """`page` fails on any error."""
    steps = np.arange(41)
    still = Track("Still", "#0072B2", (), *circle(steps), np.zeros(41, int), np.ones(41), steps, steps)
    few, layers = steps[:4], (Layer(5, 0.5), Layer(5, 0.5))
    far, proposal = (1e5 ** few[:, None] * place[:4] for place in circle(steps))
    leaving = Track("Gone", "#D55E00", layers, far, proposal, np.zeros(4, int), np.ones(4), few, few, diverged=4)
    (tmp_path / "page.html").write_bytes(standalone_html([still, leaving], autoplay=False))
    page.goto((tmp_path / "page.html").as_uri())
    page.get_by_label("Speed").select_option("20")
    page.get_by_role("button", name="Play (space)").click()
    expect(page.locator(".lp-count")).to_have_text("40 / 40")
    expect(page.get_by_role("button", name="Play (space)")).to_be_visible()
    times, words = magnification(page)
    assert 0.1 < times < 3
    assert words.endswith("left at step 1")


def circle(steps: NDArray[np.integer]) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
    """Fast weights on the unit circle, and the same again as proposals."""
    places = np.stack([np.cos(0.1 * steps), np.sin(0.1 * steps)], axis=1)
    return places, places


def test_less_motion_means_no_autoplay_and_no_tween(browser: Browser, serve_app: Callable[..., str]) -> None:
    context = browser.new_context(reduced_motion="reduce")
    page = context.new_page()
    page.goto(serve_app(DEMO))
    page.wait_for_function(READY)
    page.wait_for_timeout(400)
    assert (of(page, "playing"), of(page, "position")) == (False, 0)
    page.keyboard.press("Shift+ArrowRight")
    assert of(page, "position") == 5
    context.close()


def test_controls_fit_every_width(demo: Open) -> None:
    page = demo("autoplay=0")
    for width in (372, 700, 1000, 1480):
        page.set_viewport_size({"width": width, "height": 900})
        page.wait_for_timeout(300)
        outer = page.locator(".lookahead-player").bounding_box()
        assert outer is not None
        boxes = page.locator(".lookahead-player").evaluate(
            """root => [...root.querySelectorAll("button, select, .lp-card, .lp-update, .lp-where")]
            .map(each => each.getBoundingClientRect()).filter(box => box.width)
            .map(box => [box.left, box.right, box.height])"""
        )
        for left, right, height in boxes:
            assert left >= outer["x"] - 0.5
            assert right <= outer["x"] + outer["width"] + 0.5
            assert height >= 16


def test_the_transport_is_named_for_screen_readers(demo: Open) -> None:
    page = demo("autoplay=0")
    for name in ("Playback", "Optimizers and layers", "Step inspector"):
        expect(page.get_by_role("group", name=name)).to_be_visible()
    scrubber = page.get_by_role("slider", name="Base step")
    seek(page, 42)
    expect(scrubber).to_have_attribute("aria-valuetext", "step 42")
    scrubber.fill("7")
    settle(page)
    assert of(page, "row") == 7


@pytest.fixture
def mutant_page(page: Page, serve_app: Callable[..., str]) -> Open:
    """`mutant_page("frozen")` opens the demonstration with its script broken on purpose."""

    def open_mutant(mutant: str) -> Page:
        page.goto(serve_app(DEMO, PLAYER_MUTANT=mutant))
        page.wait_for_function(READY)
        return page

    return open_mutant


def test_a_frozen_loop_is_noticed(mutant_page: Open) -> None:
    page = mutant_page("frozen")
    with pytest.raises(AssertionError):
        assert_plays(page)


def test_playback_that_new_data_resets_is_noticed(mutant_page: Open) -> None:
    page = mutant_page("reset")
    assert_plays(page)
    with pytest.raises(AssertionError, match="sent playback back"):
        assert_survives_new_data(page)
