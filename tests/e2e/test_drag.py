"""A number that is dragged in the player bends the paths while it is held, and is the page's when it is let go."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from app.export import player_html, scene_of
from app.player.dials import PackedFamily, pack_family
from app.runs import surfaces as surface_runs
from app.runs.family import dials_of
from app.state import Card, LayerConfig, SurfacesConfig
from tests.e2e.conftest import wait_until, wait_until_idle

PLAYER = "Object.values(window.__lookaheadPlayers ?? {})[0]"
RAVINE = "/?surface=ravine&1.lr=0.05&2.lr=0.05&2.layers=5:0.5&3.lr=0.05&3.layers=5:0.5,5:0.5&steps=150"
ONES_AND_ZEROS = re.compile("^[01]+$")
Open = Callable[..., Page]


def at_rest(page: Page) -> None:
    """The player lies over its chart and stands at step 20."""
    page.wait_for_function(f"{PLAYER}?.overChart")
    page.evaluate(f"{PLAYER}.pause(); {PLAYER}.seek(20)")
    wait_until_idle(page)


@pytest.fixture
def surfaces(open_app: Open) -> Page:
    page = open_app(RAVINE)
    at_rest(page)
    return page


def dial(page: Page, card: int, field: str, level: int) -> Locator:
    return page.locator(f'.lp-card [data-dial="{card}.{field}.{level}"]')


def middle(handle: Locator) -> tuple[float, float]:
    handle.scroll_into_view_if_needed()
    box = handle.bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def hold(page: Page, handle: Locator, by: float) -> None:
    """Press on a number, drag it sideways in steps and wait for its family; the button stays down."""
    x, y = middle(handle)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + by, y, steps=8)
    expect(page.locator(".lp-dial-rail")).to_have_attribute("data-diverges", ONES_AND_ZEROS, timeout=15_000)
    settle(page)


def settle(page: Page) -> None:
    page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")


def weights(page: Page, card: int = 1, layer: int = 1) -> Any:
    """Where a head of the card's optimizer is drawn, in the surface's units."""
    name = page.locator(".lp-card .lp-name").nth(card).inner_text().replace("\N{NO-BREAK SPACE}", " ")
    heads = page.evaluate(f"{PLAYER}.heads")
    return next(head["weights"] for head in heads if head["name"] == name and head["layer"] == layer)


def test_the_path_bends_before_the_number_is_let_go_and_one_undo_brings_it_back(surfaces: Page) -> None:
    page = surfaces
    before, handle = weights(page), dial(page, 1, "alpha", 1)
    hold(page, handle, 60)
    assert weights(page) != before
    # Row 20 of one layer (5, .75) at lr .05: the curvature-1 axis goes 3.5 (1 − .75 + .75 · .95⁵)⁴.
    assert weights(page)[1] == pytest.approx(3.5 * (0.25 + 0.75 * 0.95**5) ** 4, rel=1e-4)
    expect(page.locator(".lp-dial-value")).to_have_text(".75")
    expect(handle).to_have_attribute("aria-valuenow", "0.75")
    assert "5%3A0.75" not in page.url, "the page heard of it before it was let go"
    during = weights(page)
    page.mouse.up()
    page.wait_for_url(re.compile(r"2\.layers=5%3A0\.75"))
    wait_until_idle(page)
    expect(page.locator(".lp-dial-rail")).to_have_count(0)
    assert weights(page) == pytest.approx(during, rel=1e-5)
    expect(page.locator(".lp-card .lp-name").nth(1)).to_have_text(re.compile(r"\(5,\s\.75\)"))
    page.get_by_role("button", name="Undo").click()
    page.wait_for_url(re.compile(r"2\.layers=5%3A0\.5"))
    wait_until_idle(page)
    settle(page)
    assert weights(page) == pytest.approx(before, rel=1e-6)
    expect(page.get_by_role("button", name="Undo")).to_be_disabled()


def slider_of(page: Page, card: int, field: str) -> Locator:
    """The sidebar's slider of a number of a card's first layer."""
    return page.locator(f".st-key-surfaces-{card + 1}-1-{field} input[type=range]")


def page_control(page: Page, field: str) -> Locator:
    """The sidebar's field of a number of the second card's first layer."""
    return page.locator(f".st-key-surfaces-2-1-{field} input")


def bowl_axis(alpha: float) -> float:
    """The axis of curvature 1 at row 20 of one layer (5, α) at lr .05: 3.5 (1 − α + α · .95⁵)⁴."""
    return 3.5 * (1 - alpha + alpha * 0.95**5) ** 4


def test_the_sidebars_slider_bends_the_path_before_it_is_let_go(surfaces: Page) -> None:
    page, slider = surfaces, slider_of(surfaces, 1, "alpha")
    x, y = middle(slider.locator("xpath=../.."))
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 20, y, steps=4)
    expect(page.locator(".lp-dial-rail")).to_have_attribute("data-diverges", ONES_AND_ZEROS, timeout=15_000)
    page.mouse.move(x + 28, y, steps=4)
    settle(page)
    alpha = float(slider.input_value())
    assert 0.55 < alpha < 1
    assert weights(page)[1] == pytest.approx(bowl_axis(alpha), rel=1e-4)
    expect(dial(page, 1, "alpha", 1)).to_have_attribute("aria-valuenow", f"{alpha:g}")
    assert "5%3A0.5&" in page.url, "the page heard of it before it was let go"
    page.mouse.up()
    page.wait_for_url(re.compile(rf"2\.layers=5%3A{alpha:g}&".replace("0.", r"0\.")))
    wait_until_idle(page)
    expect(page.locator(".lp-dial-rail")).to_have_count(0)
    assert weights(page)[1] == pytest.approx(bowl_axis(alpha), rel=1e-4)
    page.get_by_role("button", name="Undo").click()
    page.wait_for_url(re.compile(r"2\.layers=5%3A0\.5&"))
    expect(page.get_by_role("button", name="Undo")).to_be_disabled()


# Heads and address three frames after a key: the page's script takes longer.
AFTER_KEY = """() => new Promise((done) => addEventListener("keydown", () => requestAnimationFrame(() =>
    requestAnimationFrame(() => requestAnimationFrame(() =>
        done([Object.values(window.__lookaheadPlayers)[0].heads, location.search])))), { once: true, capture: true })
)"""


def test_keys_on_the_sidebars_slider_move_the_tracks_at_once(surfaces: Page) -> None:
    page, slider = surfaces, slider_of(surfaces, 1, "alpha")
    slider.focus()  # asks for the family
    page.wait_for_timeout(700)
    for earlier, alpha in ((0.5, 0.49), (0.49, 0.48), (0.48, 0.47)):
        wait_until_idle(page)
        answer = page.evaluate_handle(f"({{ later: ({AFTER_KEY})() }})")
        slider.press("ArrowLeft")
        heads, address = answer.evaluate("({ later }) => later")
        places = [head["weights"][1] for head in heads if head["name"].startswith("Lookahead") and head["layer"] == 1]
        assert places == [pytest.approx(bowl_axis(alpha), rel=1e-4)]
        assert f"5%3A{earlier:g}&" in address
        page.wait_for_url(re.compile(rf"2\.layers=5%3A{alpha:g}&".replace("0.", r"0\.")))


def test_a_key_right_after_the_focus_changes_the_page(surfaces: Page) -> None:
    """What is reported together with a request would go with it to a part of the page."""
    slider_of(surfaces, 1, "alpha").press("ArrowLeft")
    surfaces.wait_for_url(re.compile(r"2\.layers=5%3A0\.49&"), timeout=5_000)


def test_an_undo_moves_the_sidebars_slider_and_grabs_nothing(surfaces: Page) -> None:
    page, slider = surfaces, slider_of(surfaces, 1, "alpha")
    slider.focus()
    page.wait_for_timeout(700)
    slider.press("ArrowLeft")
    page.wait_for_url(re.compile(r"2\.layers=5%3A0\.49&"))
    wait_until_idle(page)
    page.get_by_role("button", name="Undo").click()
    page.wait_for_url(re.compile(r"2\.layers=5%3A0\.5&"))
    wait_until_idle(page)
    settle(page)
    expect(page.locator(".lp-dial-rail")).to_have_count(0)
    assert weights(page)[1] == pytest.approx(bowl_axis(0.5), rel=1e-4)


CHARTED = """() => document.querySelector(".st-key-surfaces-curves-1 .js-plotly-plot")?.data
    ?.map(({ name }) => name.split(", fast")[0]) ?? []"""


def test_a_number_that_is_grabbed_while_another_change_is_on_its_way_follows_the_hand(surfaces: Page) -> None:
    page, k = surfaces, page_control(surfaces, "k")
    x, y = middle(dial(page, 2, "alpha", 1))
    k.fill("7")
    page.mouse.move(x, y)
    k.press("Enter")
    page.mouse.down()
    page.mouse.move(x + 60, y, steps=8)
    expect(page.locator(".lp-dial-rail")).to_have_attribute("data-diverges", ONES_AND_ZEROS, timeout=15_000)
    page.keyboard.press("Escape")
    page.mouse.up()
    expect(page.locator(".lp-card .lp-name").nth(1)).to_have_text(re.compile(r"\(7,\s\.5\)"))
    page.wait_for_function(f"({CHARTED})().includes('Lookahead (7, .5)')")


def test_reports_of_the_page_wait_for_one_another(surfaces: Page) -> None:
    """What is reported at the same time makes one message, of which one is answered."""
    page, slider = surfaces, slider_of(surfaces, 1, "alpha")
    page.evaluate("window.__lookaheadReports = true")  # as if one were on its way
    slider.press("ArrowLeft")
    page.wait_for_url(re.compile(r"2\.layers=5%3A0\.49&"))
    wait_until_idle(page)
    x, y = middle(dial(page, 1, "alpha", 1))
    page.mouse.move(x, y)
    page.mouse.down()
    page.wait_for_timeout(500)
    expect(page.locator(".lp-dial-rail[data-diverges]")).to_have_count(0)
    assert "Lookahead (5, .49)" not in page.evaluate(CHARTED)
    page.evaluate("window.__lookaheadReports = false")
    expect(page.locator(".lp-dial-rail")).to_have_attribute("data-diverges", ONES_AND_ZEROS, timeout=15_000)
    page.wait_for_function(f"({CHARTED})().includes('Lookahead (5, .49)')")
    page.keyboard.press("Escape")
    page.mouse.up()


UNDO_AT_ONCE = """() => {
    const before = location.href;
    const look = () => {
        if (location.href === before) return requestAnimationFrame(look);
        [...document.querySelectorAll("button")].find(({ textContent }) => textContent.includes("Undo")).click();
    };
    look();
}"""


def test_curves_over_the_charts_go_with_an_undo_that_comes_before_the_charts(surfaces: Page) -> None:
    page = surfaces
    slider_of(page, 1, "alpha").press("ArrowLeft")  # something to undo
    page.wait_for_function(f"({CHARTED})().includes('Lookahead (5, .49)')")
    wait_until_idle(page)
    hold(page, dial(page, 1, "alpha", 1), 60)
    expect(page.locator(".lookahead-dragged")).not_to_have_count(0)
    page.evaluate(UNDO_AT_ONCE)
    page.mouse.up()
    page.wait_for_url(re.compile(r"2\.layers=5%3A0\.7"))
    page.wait_for_url(re.compile(r"2\.layers=5%3A0\.49&"))
    page.wait_for_function(f"({CHARTED})().includes('Lookahead (5, .49)')")
    wait_until_idle(page)
    expect(page.locator(".lookahead-dragged")).to_have_count(0)


def test_escape_puts_the_number_back(surfaces: Page) -> None:
    page = surfaces
    before, url = weights(page), page.url
    hold(page, dial(page, 1, "alpha", 1), -60)
    assert weights(page) != before
    page.keyboard.press("Escape")
    page.mouse.up()
    settle(page)
    assert weights(page) == before
    expect(dial(page, 1, "alpha", 1)).to_have_attribute("aria-valuenow", "0.5")
    wait_until_idle(page)
    assert page.url == url


def test_keys_move_the_number_that_has_the_focus_and_the_focus_stays(surfaces: Page) -> None:
    page = surfaces
    page.evaluate(f"{PLAYER}.seek(60)")
    settle(page)
    before, handle = weights(page, card=2, layer=2), dial(page, 2, "k", 2)
    handle.focus()
    for key in ("ArrowRight", "ArrowRight", "ArrowLeft", "PageUp"):
        page.keyboard.press(key)
    expect(handle).to_have_attribute("aria-valuenow", "11")
    page.wait_for_url(re.compile(r"3\.layers=5%3A0\.5%2C11%3A0\.5"))
    wait_until_idle(page)
    settle(page)
    # By step 60 the outer layer has moved once, at step 55: by then the inner one has gone 11 times (1 + .95⁵) / 2.
    assert weights(page, card=2, layer=2)[1] == pytest.approx(3.5 * (1 + ((1 + 0.95**5) / 2) ** 11) / 2, rel=1e-4)
    assert weights(page, card=2, layer=2) != before
    assert page.evaluate(f"{PLAYER}.row") == 60, "a key moved the player, too"
    expect(dial(page, 2, "k", 2)).to_be_focused()


def test_the_rail_is_red_where_the_run_diverges(surfaces: Page) -> None:
    page = surfaces
    hold(page, dial(page, 0, "lr", 0), 20)
    marks = page.locator(".lp-dial-rail").get_attribute("data-diverges")
    assert marks is not None
    assert marks == "0" * marks.index("1") + "1" * (len(marks) - marks.index("1"))
    background = page.locator(".lp-dial-track").evaluate("each => each.style.background")
    assert background.count("--lp-bad") == marks.count("1")
    expect(page.locator(".lp-dial-limit")).to_have_attribute("title", "stability ends at .1")
    page.keyboard.press("Escape")
    page.mouse.up()


def test_a_finger_drags_a_number(open_app: Open, browser: Any, serve_app: Callable[..., str]) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True)
    page = context.new_page()
    page.goto(serve_app("app/main.py") + RAVINE)
    wait_until_idle(page)
    at_rest(page)
    before = weights(page)
    x, y = middle(dial(page, 1, "alpha", 1))
    session = context.new_cdp_session(page)
    touch = {"type": "touchStart", "touchPoints": [{"x": x, "y": y}]}
    session.send("Input.dispatchTouchEvent", touch)
    for share in range(1, 6):
        session.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [{"x": x + 8 * share, "y": y}]})
    expect(page.locator(".lp-dial-rail")).to_have_attribute("data-diverges", ONES_AND_ZEROS, timeout=15_000)
    settle(page)
    assert weights(page) != before
    session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    page.wait_for_url(re.compile(r"2\.layers=5%3A0\.(?!5&)"))
    context.close()


def test_on_a_telephone_the_picture_stays_while_a_number_below_it_is_dragged(open_app: Open) -> None:
    page = open_app(RAVINE)
    page.set_viewport_size({"width": 390, "height": 844})
    at_rest(page)
    number, picture = dial(page, 1, "alpha", 1), page.locator(".st-key-surfaces-ground-place")
    number.evaluate(
        "part => { part.scrollIntoView({block: 'end'}); document.querySelector('.stMain').scrollBy(0, 90); }"
    )
    scrolled = picture.bounding_box()
    assert scrolled is not None
    assert scrolled["y"] < 0
    hold(page, number, 60)
    expect(picture).to_be_in_viewport(ratio=1)
    page.keyboard.press("Escape")
    page.mouse.up()
    assert picture.bounding_box() == scrolled


def test_games_are_dragged_alike(open_app: Open) -> None:
    page = open_app("/games?game=bilinear&1.lr=0.1&2.lr=0.1&2.layers=5:0.5&steps=400")
    at_rest(page)
    before = weights(page)
    hold(page, dial(page, 1, "alpha", 1), 48)
    assert weights(page) != before
    page.mouse.up()
    page.wait_for_url(re.compile(r"2\.layers=5%3A0\.7"))
    wait_until_idle(page)


def test_readers_of_an_exported_player_drag_its_number_offline(page: Page, tmp_path: Path) -> None:
    config = SurfacesConfig(surface="ravine", cards=(Card(lr=0.05), Card(lr=0.05, layers=(LayerConfig(),))))
    dials = dials_of(config, config.steps, len(config.starts))
    alpha = next(each for each in dials if each.field == "alpha")
    family = surface_runs.surface_family(config, alpha)
    pack = PackedFamily(family.dial, pack_family(family.dial, family.tracks(config), family.limits))
    document = player_html(scene_of(config), autoplay=False, family=pack)
    assert len(document) < 1_000_000
    (tmp_path / "player.html").write_bytes(document)
    page.goto((tmp_path / "player.html").as_uri())
    wait_until(page, f"{PLAYER}?.attached")
    page.evaluate(f"{PLAYER}.seek(20)")
    settle(page)
    expect(page.locator(".lp-card .lp-dial")).to_have_count(1)
    hold(page, dial(page, 1, "alpha", 1), 60)
    assert weights(page)[1] == pytest.approx(3.5 * (0.25 + 0.75 * 0.95**5) ** 4, rel=1e-4)
    page.mouse.up()
    settle(page)
    assert weights(page)[1] == pytest.approx(3.5 * (0.25 + 0.75 * 0.95**5) ** 4, rel=1e-4)


def test_a_start_is_dragged_over_the_surface_with_all_its_paths(surfaces: Page) -> None:
    page = surfaces
    page.evaluate(f"{PLAYER}.seek(0)")
    settle(page)
    x, y = page.evaluate(f"{PLAYER}.head('SGD')")
    page.evaluate(f"{PLAYER}.seek(20)")
    settle(page)
    before, reach = weights(page, card=2, layer=0), page.evaluate(PLOT)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x, y + 80, steps=6)
    start = f"{PLAYER}.heads.find(head => head.name.startsWith('Multi') && head.layer === 0).weights[1]"
    page.wait_for_function(f"Math.abs({start} - {before[1]}) > .1", timeout=15_000)
    assert page.evaluate(PLOT) == reach, "the chart was dragged, too"
    assert "starts=1.0%2C3.5" in page.url
    page.evaluate(REQUEST_AND_RELEASE)
    page.mouse.up()
    page.wait_for_url(re.compile(r"starts=1\.?0*\d*%2C[12]\."))
    wait_until_idle(page)
    page.get_by_role("button", name="Undo").click()
    page.wait_for_url(re.compile(r"starts=1\.0%2C3\.5"))


# One message to the script may hold both; it is the release that must rerun the page.
REQUEST_AND_RELEASE = """() => {
    const [ask] = Object.values(window.__lookaheadFamilies);
    ask("start", { start: 0, x: 1, y: 2.5 });
    window.dispatchEvent(new PointerEvent("pointerup"));
}"""
PLOT = "document.querySelector('.st-key-surfaces-ground .js-plotly-plot')._fullLayout.xaxis.range.join()"
