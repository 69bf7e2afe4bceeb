"""What somebody new is told: words in the picture, a line on what happens, and a tour that waits for what they do."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Route, expect

from tests.e2e.conftest import wait_until_idle

PLAYER = "Object.values(window.__lookaheadPlayers ?? {})[0]"
KNOWN_BUTTON = "I know this: show me the controls"
Open = Callable[..., Page]


def await_player(page: Page) -> None:
    """The first page of a server takes longest."""
    page.wait_for_function(f"{PLAYER}?.overChart", timeout=90_000)


def at_step(page: Page, step: int) -> None:
    await_player(page)
    page.evaluate(f"{PLAYER}.pause(); {PLAYER}.seek({step})")
    page.wait_for_function(f"{PLAYER}?.row === {step}")


def test_the_sentence_is_dismissed_for_good_and_a_switch_brings_it_back(open_app: Open) -> None:
    page = open_app("/")
    await_player(page)
    sentence = page.locator(".g-sentence")
    expect(sentence).to_contain_text("Each dot is an optimizer's weights rolling downhill")
    assert page.evaluate("window.__lookaheadWords") is True
    page.get_by_role("button", name=KNOWN_BUTTON).click()
    expect(sentence).to_be_hidden()
    assert page.evaluate("document.activeElement.closest('[data-testid=\"stSidebar\"]') !== null")
    page.reload()
    await_player(page)
    expect(sentence).to_be_hidden()
    page.get_by_role("button", name="Words", exact=True).click()
    expect(sentence).to_be_visible()


def head_in_its_place(page: Page, name: str) -> list[float]:
    """Of the base steps of an optimizer, from the corner of the place of the chart."""
    box = page.locator("[class*=ground-place]").bounding_box()
    assert box is not None
    x, y = page.evaluate(f"{PLAYER}.head('{name}')")
    return [x - box["x"], y - box["y"]]


@pytest.mark.parametrize(("address", "name"), [("/?v=1&surface=ravine", "SGD"), ("/games?v=1", "Descent-ascent")])
def test_the_player_draws_before_plotly_has_come_and_stands_still_when_it_has(
    page: Page, serve_app: Callable[..., str], address: str, name: str
) -> None:
    scripts: list[Route] = []
    page.route("**/PlotlyChart*", lambda script: scripts.append(script))
    page.goto(serve_app() + address)
    page.wait_for_function(f"{PLAYER}?.attached", timeout=90_000)
    page.evaluate(f"{PLAYER}.pause(); {PLAYER}.seek(12)")
    page.wait_for_function(f"{PLAYER}?.row === 12 && {PLAYER}.head('{name}')")
    head = head_in_its_place(page, name)
    assert not page.evaluate(f"{PLAYER}.overChart")
    page.wait_for_function("document.querySelector('[class*=curves-1]')")  # the rest of the page is there
    for script in scripts:
        script.continue_()
    await_player(page)
    page.wait_for_timeout(500)
    assert page.evaluate(f"{PLAYER}.row") == 12
    assert head_in_its_place(page, name) == pytest.approx(head, abs=1)


@pytest.mark.parametrize(("words", "visible"), [("1", True), ("0", False)])
def test_a_link_forces_words_either_way(open_app: Open, words: str, visible: bool) -> None:
    page = open_app("/")
    page.evaluate(f"localStorage.setItem('lookahead-words', '{0 if visible else 1}')")
    page = open_app(f"/?words={words}")
    await_player(page)
    expect(page.locator(".g-sentence")).to_be_visible(visible=visible)
    expect(page.get_by_role("button", name="Words", exact=True)).to_have_attribute("aria-pressed", str(visible).lower())
    assert f"words={words}" in page.url
    expect(page.get_by_test_id("stAlert")).to_have_count(0)


def test_words_are_in_the_picture_and_symbols_for_those_who_know(open_app: Open) -> None:
    page = open_app("/?words=0")
    at_step(page, 8)
    picture = page.locator(".stPlotlyChart").first
    symbols = picture.screenshot()
    assert picture.screenshot() == symbols
    page.get_by_role("button", name="Words", exact=True).click()
    page.evaluate(f"{PLAYER}.seek(8)")
    page.wait_for_timeout(200)
    assert page.locator(".stPlotlyChart").first.screenshot() != symbols


def test_the_line_tells_of_the_players_step_and_moves_nothing(open_app: Open) -> None:
    page = open_app("/?words=0")
    line, inspector = page.locator(".lp-line span"), page.locator(".lp-inspector")
    at_step(page, 5)
    expect(line).to_have_text("Layer 1 of Lookahead (5, .5) has just pulled back half-way: the zigzag cancelled.")
    expect(page.locator(".lp-line")).to_have_attribute("aria-live", "polite")
    place = inspector.bounding_box()
    for step in (0, 2, 26, 33, 112, 150):
        at_step(page, step)
        page.wait_for_timeout(50)
        assert inspector.bounding_box() == place
    expect(line).to_contain_text("99 % of the way down")


def test_the_line_says_nothing_of_a_run_that_is_being_dragged(open_app: Open) -> None:
    page = open_app("/?words=0")
    at_step(page, 5)
    line, alpha = page.locator(".lp-line span"), page.locator('.lp-card [data-dial="1.alpha.1"]')
    expect(line).not_to_be_empty()
    alpha.hover()
    page.mouse.down()
    expect(line).to_be_empty()
    page.keyboard.press("Escape")
    page.mouse.up()
    expect(line).not_to_be_empty()


@pytest.mark.parametrize(("name", "player"), [("networks", "networks-player"), ("gans", "gans-player")])
def test_networks_and_gans_open_on_a_finished_run(open_app: Open, name: str, player: str) -> None:
    page = open_app(f"/{name}?words=1")
    page.wait_for_function(f"window.__lookaheadPlayers?.['{player}']?.overChart", timeout=90_000)
    expect(page.get_by_role("button", name="Train it here")).to_be_visible()
    expect(page.get_by_test_id("stProgress")).to_have_count(0)
    expect(page.locator(".g-sentence")).to_contain_text("in training")
    page.evaluate(f"window.__lookaheadPlayers['{player}'].pause(); window.__lookaheadPlayers['{player}'].seek(2)")
    expect(page.locator(".lp-line span")).to_contain_text("Layer 2 of Multilayer Lookahead (5, .5)(5, .5)")


def ask(page: Page, start: str) -> None:
    expect(page.locator(".t-panel p")).to_have_text(re.compile(f"^{start}"), timeout=15_000)


def show_me(page: Page) -> None:
    page.get_by_role("button", name="Show me", exact=True).click()


def overlap(page: Page, one: str, other: str) -> bool:
    first, second = (page.locator(part).bounding_box() for part in (one, other))
    assert first is not None
    assert second is not None
    return all(
        min(first[start] + first[size], second[start] + second[size]) > max(first[start], second[start])
        for start, size in (("x", "width"), ("y", "height"))
    )


@pytest.mark.parametrize("width", [1280, pytest.param(390, marks=pytest.mark.slow)])
def test_the_tour_waits_for_each_thing_and_is_done_by_keyboard(open_app: Open, width: int) -> None:
    page = open_app("/")
    page.set_viewport_size({"width": width, "height": 844})
    await_player(page)
    page.get_by_role("button", name="Start the tour").press("Enter")
    for start, keys in (
        ("Press play", ("Enter",)),
        ("Drag an α", ("ArrowRight",)),
        ("Press the name", ("Enter",)),
        ("Change a k", ("ArrowRight",)),
    ):
        ask(page, start)
        expect(page.locator(".t-ring")).to_be_visible()
        assert not overlap(page, ".t-panel", ".t-ring")
        if start == "Press the name" and width > 400:
            assert not overlap(page, ".t-panel", ".lp-inspector")
        show_me(page)
        for key in keys:
            page.keyboard.press(key)
    ask(page, "Give this optimizer a layer")
    if width < 400:
        show_me(page)
        page.keyboard.press("Enter")  # opens the sidebar
        expect(page.get_by_test_id("stExpandSidebarButton")).to_have_count(0)
    show_me(page)
    page.keyboard.press("Enter")
    ask(page, "Pick a ready-made")
    show_me(page)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    ask(page, "Six of six")
    page.get_by_role("button", name="Close").click()
    expect(page.locator(".t-panel")).to_have_count(0)
    wait_until_idle(page)


def test_a_tour_that_was_left_goes_on_where_it_was(open_app: Open) -> None:
    page = open_app("/")
    await_player(page)
    page.get_by_role("button", name="Start the tour").click()
    page.get_by_role("button", name="Skip").click()
    ask(page, "Drag an α")
    page.get_by_role("button", name="Leave", exact=True).click()
    expect(page.locator(".t-panel")).to_have_count(0)
    page.reload()
    page.get_by_role("button", name="Resume the tour (1 of 6)").click()
    ask(page, "Drag an α")
