"""The Games page in a real browser, as a student uses it."""

import math
import re

import pytest

PLAYER = "window.__lookaheadPlayers?.['games-player']"
CHART = ".st-key-games-ground .js-plotly-plot"
NAMES = ("Descent-ascent", "Lookahead (5, .5)", "Multilayer Lookahead (5, .5)(5, .5)")
SLOW = 90_000  # ms: the first field of a fresh server on a busy machine


@pytest.fixture
def open_games(open_app, wait_idle):
    """`open_games("game=forsaken")` opens the page at that address and waits for its player."""

    def open_at(query=""):
        page = open_app(f"/games?v=1&{query}")
        ready(page)
        wait_idle(page)
        return page

    return open_at


def ready(page):
    page.wait_for_function(f"{PLAYER}?.attached && {PLAYER}.overChart", timeout=SLOW)


def value(page, expression):
    return page.evaluate(f"{PLAYER}.{expression}")


def place_of(page, x, y):
    """Where data coordinates are on the screen."""
    return page.evaluate(
        """([selector, x, y]) => {
            const chart = document.querySelector(selector), box = chart.getBoundingClientRect();
            const {xaxis, yaxis} = chart._fullLayout;
            return [box.left + xaxis._offset + xaxis.l2p(x), box.top + yaxis._offset + yaxis.l2p(y)];
        }""",
        [CHART, x, y],
    )


def test_from_the_first_page_to_a_field_that_plays(open_app):
    page = open_app()
    page.get_by_role("link", name="Games").click()
    ready(page)
    page.wait_for_function(f"{PLAYER}?.playing && {PLAYER}.step > 0", timeout=SLOW)
    page.get_by_text("Descent-ascent left the view at step 127; it ends 205").wait_for(timeout=SLOW)


def test_out_in_and_in_faster_on_the_screen(open_games):
    page = open_games()
    value(page, "pause()")
    middle, away = place_of(page, 0, 0), []
    for step in (0, 100):
        value(page, f"seek({step})")
        page.wait_for_timeout(400)
        away.append([math.dist(value(page, f"head('{name}', 0)"), middle) for name in NAMES])
    descent, one, two = (after / before for before, after in zip(*away, strict=True))
    assert two < 0.6 < one < 1 < descent


def test_a_parameter_of_the_game_moves_its_field(open_games, wait_idle):
    page = open_games("game=quadratic&steps=200")
    page.get_by_text("eigenvalues 0.1 ± i").wait_for()
    slider = page.get_by_role("slider", name="ε of the game")
    slider.focus()
    for _ in range(5):
        page.keyboard.press("ArrowRight")
    page.get_by_text("eigenvalues 0.15 ± i").wait_for(timeout=SLOW)
    wait_idle(page)
    assert "parameter=0.15" in page.url


def test_a_click_on_the_field_sets_the_start(open_games, wait_idle):
    page = open_games("steps=200")
    page.mouse.click(*place_of(page, -1.0, 0.5))
    page.wait_for_function("() => /starts=-(0\\.9|1)/.test(location.search)", timeout=SLOW)
    wait_idle(page)
    x, y = map(float, re.search(r"starts=([^&]*)", page.url).group(1).split("%2C"))
    assert (x, y) == pytest.approx((-1.0, 0.5), abs=0.02)


def test_an_end_is_predicted_by_a_click_and_shown_beside_the_run_after_the_reveal(open_games, wait_idle):
    page = open_games("steps=200")
    page.get_by_text("Predict, then reveal").click()
    page.get_by_role("radio", name=NAMES[2], exact=True).focus()
    page.keyboard.press("Space")
    wait_idle(page)
    ready(page)
    value(page, "seek(200)")
    assert value(page, "step") == 0  # the browser has the starts alone
    page.mouse.click(*place_of(page, -0.5, -0.5))
    page.get_by_role("button", name="Reveal", exact=True).click(timeout=SLOW)
    page.get_by_text("You said so.").wait_for(timeout=SLOW)
    assert "starts=1.0%2C1.0" in page.url  # the click moved no start
    page.wait_for_function("window.__lookaheadPlayers?.['games-player-revealed']?.step > 0", timeout=SLOW)


def test_methods_with_two_gradients_a_step_have_a_cursor_of_their_own(open_games):
    page = open_games("1.layers=none&1.base=extragradient&2.layers=none&2.base=optimistic&steps=200")
    value(page, "seek(50)")
    page.wait_for_timeout(400)
    cursors = page.locator(".st-key-games-curves-1 .lookahead-cursors > div")
    places = sorted(cursors.nth(number).bounding_box()["x"] for number in range(2))
    expected = page.evaluate(
        """() => {
            const axis = document.querySelector(".st-key-games-curves-1 .js-plotly-plot")._fullLayout.xaxis;
            return axis.l2p(100) - axis.l2p(50);
        }"""
    )
    assert places[1] - places[0] == pytest.approx(expected, abs=1)


@pytest.mark.slow
def test_the_address_gives_the_same_page_in_another_browser(open_games, browser):
    page = open_games("game=limit_cycle&parameter=0.2&steps=300&1.alternating=1&1.layers=none")
    other = browser.new_context(viewport=page.viewport_size).new_page()
    other.goto(page.url)
    ready(other)
    for each in (page, other):
        each.evaluate(f"{PLAYER}.pause()")
        each.evaluate(f"{PLAYER}.seek(123)")
        each.wait_for_timeout(400)
    heads = [each.evaluate(f"{PLAYER}.head('Descent-ascent, in turn', 0)") for each in (page, other)]
    assert heads[0] == pytest.approx(heads[1], abs=0.5)
    assert other.url == page.url
    other.context.close()


def test_side_by_side_plots_share_one_clock(open_games):
    page = open_games("panels=1&steps=200")
    assert page.evaluate(f"document.querySelectorAll('{CHART} .subplot').length") == 3
    value(page, "seek(10)")
    page.wait_for_timeout(400)
    heads = [value(page, f"head('{name}', 0)") for name in NAMES[:2]]
    assert heads[1][0] - heads[0][0] > 100


def test_nothing_is_wider_than_a_phone(open_games):
    page = open_games("game=forsaken&steps=200")
    page.set_viewport_size({"width": 390, "height": 844})
    page.wait_for_timeout(800)
    ready(page)
    overflow = page.evaluate(
        """() => [...document.querySelectorAll('.stMain *')]
            .filter((e) => e.getBoundingClientRect().right > innerWidth + 1
                && getComputedStyle(e).position !== 'absolute' && !e.closest('[data-testid=stTable], svg, .katex'))
            .map((e) => e.className?.toString().slice(0, 80)).slice(0, 5)"""
    )
    assert overflow == []
