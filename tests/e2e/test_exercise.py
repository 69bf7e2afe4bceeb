"""A teacher's link in a real browser: the free number is dragged, the fixed ones are only shown."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import wait_until_idle
from tests.e2e.test_drag import PLAYER, RAVINE, at_rest, dial, hold, settle, weights

Open = Callable[..., Page]


def test_the_free_number_is_dragged_and_a_fixed_one_is_not_offered(open_app: Open) -> None:
    page = open_app(f"{RAVINE}&fix=*&free=2.1.alpha")
    at_rest(page)
    expect(page.locator(".lp-card .lp-dial")).to_have_count(1)
    expect(dial(page, 1, "alpha", 1)).to_be_visible()
    expect(page.get_by_role("spinbutton", name="Base steps")).to_be_disabled()
    before = weights(page)
    hold(page, dial(page, 1, "alpha", 1), 60)
    assert weights(page) != before
    page.mouse.up()
    page.wait_for_url(re.compile(r"2\.layers=5%3A0\.75.*fix=.*free=2\.1\.alpha"))
    wait_until_idle(page)
    expect(page.locator(".lp-card .lp-dial")).to_have_count(1)


def test_a_fixed_start_is_neither_dragged_nor_moved_by_a_click(open_app: Open) -> None:
    page = open_app(f"{RAVINE}&fix=starts")
    at_rest(page)
    page.evaluate(f"{PLAYER}.seek(0)")
    settle(page)
    x, y = page.evaluate(f"{PLAYER}.head('SGD')")
    for to in (0, 80):
        page.mouse.move(x, y + to)
        page.mouse.down()
        page.mouse.move(x, y + 80, steps=4)
        page.mouse.up()
    wait_until_idle(page)
    assert "starts=1.0%2C3.5" in page.url


def test_the_links_of_the_page_keep_it(open_app: Open) -> None:
    page = open_app(f"{RAVINE}&fix=steps&hide=presets")
    page.get_by_role("link", name="Games").first.click()
    page.wait_for_url(re.compile(r"/games\?.*fix=steps&hide=presets"))
    wait_until_idle(page)
    expect(page.get_by_role("spinbutton", name="Base steps")).to_be_disabled()
    page.reload()
    wait_until_idle(page)
    expect(page.get_by_role("spinbutton", name="Base steps")).to_be_disabled()
    assert "fix=steps" in page.url


@pytest.mark.parametrize("width", [1280, 390])
def test_a_page_opened_in_a_new_tab_has_it_too(open_app: Open, width: int) -> None:
    page = open_app(f"{RAVINE}&fix=steps&hide=presets,export")
    page.locator(".lookahead-glossary-host").wait_for(state="attached")  # the script that completes links has come
    page.set_viewport_size({"width": width, "height": 900})
    links = page.locator(".st-key-pages") if width < 768 else page  # a telephone's sidebar lies beside the screen
    games = links.get_by_role("link", name="Games").filter(visible=True).first
    with page.context.expect_page() as opening:
        games.click(button="middle")
    tab = opening.value
    tab.wait_for_selector('[data-testid="stApp"]')
    wait_until_idle(tab)
    expect(tab).to_have_url(re.compile(r"/games\?.*fix=steps&hide=presets%2Cexport"))
    expect(tab.get_by_role("spinbutton", name="Base steps")).to_be_disabled()
    expect(tab.get_by_text("Export and share")).to_have_count(0)
    assert "steps=" not in games.get_attribute("href")  # the settings of a page are not those of another
    tab.close()


def test_a_link_without_an_exercise_stays_as_it_is(open_app: Open) -> None:
    page = open_app(RAVINE)
    games = page.get_by_role("link", name="Games").filter(visible=True).first
    games.hover()
    assert games.get_attribute("href").endswith("/games")
