"""A lesson in a real browser: looking, choosing, pointing, dragging, and the keys of whoever presents."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import wait_until_idle

PLAYER = "Object.values(window.__lookaheadPlayers ?? {}).at(-1)"
Open = Callable[..., Page]

IS_LARGE = """
([part, size]) => [...document.querySelectorAll("*")].some((node) => {
  const place = node.shadowRoot?.querySelector(part);
  return place && parseFloat(getComputedStyle(place).fontSize) >= size;
})
"""


@pytest.fixture
def open_lessons(open_app: Open) -> Open:
    return lambda query="": open_app(f"/lessons{query}")


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=False).first.click()
    wait_until_idle(page)


def over_chart(page: Page) -> None:
    page.wait_for_function(f"{PLAYER}?.overChart")


def test_a_first_lesson_from_the_list_to_the_sentence_to_remember(open_lessons: Open) -> None:
    page = open_lessons("")
    press(page, "1. Two sets of weights")
    expect(page.get_by_role("heading", level=1)).to_have_text("Two sets of weights")
    over_chart(page)
    press(page, "At every step, a little")
    expect(page.get_by_text("Not quite.")).to_be_visible()
    press(page, "Next")
    over_chart(page)
    ground = page.locator(".st-key-lesson-ground-two-sets-of-weights-2 .nsewdrag")
    box = ground.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + box["width"] * (10 - 6.2) / 20, box["y"] + box["height"] * (10 - 5.1) / 20)
    wait_until_idle(page)
    press(page, "Reveal")
    expect(page.get_by_text("Right.")).to_be_visible()
    page.wait_for_function(f"{PLAYER}?.overChart && {PLAYER}.heads.length > 0")
    page.keyboard.press("n")
    wait_until_idle(page)
    expect(page.get_by_text("Card 3 of 4")).to_be_visible()
    page.keyboard.press("n")
    wait_until_idle(page)
    over_chart(page)
    alpha = page.locator('.lp-card [data-dial="0.alpha.1"]')
    alpha.focus()
    page.keyboard.press("Home")
    expect(page.get_by_text("To remember.")).to_be_visible(timeout=15_000)
    expect(page.get_by_text("Right.")).to_be_visible()
    press(page, "All lessons")
    expect(page.get_by_text("4 cards · 3 answered")).to_be_visible()


def test_an_entry_opens_wherever_it_is_pressed(open_lessons: Open) -> None:
    page = open_lessons("")
    entry = page.locator(".st-key-lesson-entry-games")
    entry.get_by_text("cards").click(force=True)  # beneath its button, which lies over all of it
    page.wait_for_url("**/lessons?*lesson=games&card=1")


def test_answers_stay_in_the_browser_until_they_are_forgotten(open_lessons: Open) -> None:
    page = open_lessons("?lesson=two-sets-of-weights&card=1")
    press(page, "At every step, a little")
    page = open_lessons("")
    expect(page.get_by_text("4 cards · 1 answered")).to_be_visible()
    press(page, "1. Two sets of weights")
    expect(page.get_by_text("Not quite.")).to_be_visible()
    press(page, "All lessons")
    press(page, "Forget my answers")
    expect(page.get_by_text("answered")).to_have_count(0)
    page = open_lessons("")
    expect(page.get_by_text("answered")).to_have_count(0)
    expect(page.get_by_role("button", name="Forget my answers")).to_have_count(0)


@pytest.mark.parametrize("link", ["odd-and-even", "wrong-labels&card=2", "implicit-regularization&card=4"])
def test_a_card_fits_a_phone_and_its_text_comes_first(open_lessons: Open, page: Page, link: str) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    open_lessons(f"?lesson={link}")
    expect(page.locator(".js-plotly-plot").first).to_be_visible(timeout=30_000)
    assert page.evaluate("document.querySelector('.stMain').scrollWidth") <= 390
    text, picture = (page.locator(place).first.bounding_box() for place in (".st-key-lesson-text", ".js-plotly-plot"))
    assert text is not None
    assert picture is not None
    assert text["y"] < picture["y"]
    size = page.locator(".st-key-lesson-text p").first.evaluate("node => parseFloat(getComputedStyle(node).fontSize)")
    assert size >= 18


def test_a_presenters_remote_control_turns_the_cards_in_large_type(open_lessons: Open) -> None:
    page = open_lessons("?lesson=games&card=4&present=1")
    over_chart(page)
    size = page.locator(".st-key-lesson-text p").first.evaluate("node => parseFloat(getComputedStyle(node).fontSize)")
    assert size >= 26
    page.keyboard.press("PageDown")
    wait_until_idle(page)
    expect(page.get_by_text("Card 5 of 5")).to_be_visible()
    assert "card=5" in page.url
    page.keyboard.press("PageUp")
    wait_until_idle(page)
    expect(page.get_by_text("Card 4 of 5")).to_be_visible()


def test_a_class_sees_a_card_on_the_whole_screen_with_its_buttons(open_lessons: Open, page: Page) -> None:
    page.set_viewport_size({"width": 1280, "height": 720})  # a projector's
    open_lessons("?lesson=games&card=4&present=1")
    press(page, "Show me")
    over_chart(page)
    play = page.get_by_role("button", name="Pause (space)")
    expect(play).to_be_in_viewport(ratio=1)
    expect(page.locator(".lookahead-player.lp-presented")).to_be_visible()
    for part, size in ((".lp-rule", 18), (".lp-dial", 18), (".lp-name", 20)):
        page.wait_for_function(IS_LARGE, arg=[part, size])
    page.keyboard.press("f")
    page.wait_for_function("document.fullscreenElement?.querySelector('.st-key-lesson-text') !== null")
    expect(play).to_be_in_viewport(ratio=1)
    play.click()
    page.wait_for_function(f"!{PLAYER}.playing")
    page.keyboard.press("PageDown")
    wait_until_idle(page)
    expect(page.get_by_text("Card 5 of 5")).to_be_visible()
    over_chart(page)
    page.wait_for_function("document.fullscreenElement?.querySelector('.lookahead-scene, canvas') != null")
    page.keyboard.press("f")
    page.wait_for_function("document.fullscreenElement === null")


def test_a_cards_picture_goes_to_the_whole_screen_with_its_player(open_lessons: Open) -> None:
    page = open_lessons("?lesson=games&card=4")
    over_chart(page)
    page.get_by_role("button", name="Fullscreen (f)").click()
    page.wait_for_function("document.fullscreenElement?.querySelector('.js-plotly-plot') != null")
    expect(page.get_by_role("group", name="Playback")).to_be_in_viewport()
    page.keyboard.press("f")
    page.wait_for_function("document.fullscreenElement === null")


def test_the_cards_setting_opens_on_its_page(open_lessons: Open) -> None:
    page = open_lessons("?lesson=games&card=3")
    press(page, "Open on Games")
    page.wait_for_url("**/games?*")
    wait_until_idle(page)
    assert "game=bilinear" in page.url
    assert "1.layers=5%3A0.5" in page.url


@pytest.mark.parametrize("kind", ["PDF", "HTML"])
def test_the_sheet_is_made_when_it_is_asked_for(open_lessons: Open, kind: str) -> None:
    page = open_lessons("?lesson=two-sets-of-weights")
    over_chart(page)  # the page has its height: a popover goes with its button, out of the window too
    press(page, "Sheet to print")
    with page.expect_download(timeout=60_000) as download:
        page.get_by_role("button", name=kind, exact=True).click()
    assert download.value.suggested_filename == f"two-sets-of-weights.{kind.lower()}"


def test_a_picture_of_the_gallery_opens_as_a_live_setting(open_lessons: Open) -> None:
    page = open_lessons("")
    press(page, "Gallery")
    page.get_by_role("button").filter(has_text="Stability: where SGD diverges").click()
    wait_until_idle(page)
    page.wait_for_function(f"{PLAYER}?.overChart")
    assert "surface=ravine" in page.url
    expect(page.get_by_role("heading", name="Ravine at the stability edge")).to_be_visible()
