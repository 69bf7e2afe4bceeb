"""A teacher's link in a real browser: the free number is dragged, the fixed ones are only shown."""

from __future__ import annotations

import re
from collections.abc import Callable

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
