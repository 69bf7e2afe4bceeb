"""The glossary in a browser: opened by words of a text, by the foot of a page, by an address."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page, expect

from app.state.glossary import terms

PLAYER = "Object.values(window.__lookaheadPlayers ?? {}).at(-1)"
Open = Callable[..., Page]


def test_a_word_of_a_card_opens_its_meaning_and_the_run_plays_on(open_app: Open) -> None:
    page = open_app("/lessons?lesson=two-sets-of-weights&card=1")
    page.wait_for_function(f"{PLAYER}?.overChart")
    before = page.url
    word = page.get_by_role("link", name="slow weights", exact=True)
    word.click()
    dialog = page.get_by_role("dialog", name="What these words mean")
    expect(dialog.locator(".gl-marked")).to_contain_text("Slow weights φ")
    expect(dialog.locator(".gl-marked")).to_be_in_viewport()
    page.wait_for_function(f"{PLAYER}?.step > 3")  # it has gone on below
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(word).to_be_focused()
    assert page.url == before


def test_the_foot_of_a_page_opens_all_terms_and_a_name_is_an_address(open_app: Open) -> None:
    page = open_app("/theory")
    page.locator(".lookahead-glossary-host").wait_for(state="attached")
    page.get_by_role("link", name="What do these words mean?").click()
    dialog = page.get_by_role("dialog", name="What these words mean")
    expect(dialog.locator("dt")).to_have_count(len(terms()))
    expect(dialog.locator(".gl-marked")).to_have_count(0)
    name = dialog.get_by_role("link", name="Sharpness")
    assert name.evaluate("link => link.href").endswith("/theory?term=sharpness")
    name.click()
    expect(dialog.locator(".gl-marked")).to_contain_text("Sharpness")
    dialog.get_by_role("button", name="Close").click()
    expect(dialog).to_have_count(0)


def test_an_address_opens_the_glossary_at_a_term_once(open_app: Open) -> None:
    page = open_app("/games?term=equilibrium")
    dialog = page.get_by_role("dialog", name="What these words mean")
    expect(dialog.locator(".gl-marked")).to_contain_text("Equilibrium")
    expect(page.get_by_test_id("stAlert")).to_have_count(0)
    assert "term=" not in page.url
    page.keyboard.press("Escape")
    page.get_by_role("link", name="Theory").first.click()
    page.wait_for_url("**/theory?*")
    expect(dialog).to_have_count(0)
