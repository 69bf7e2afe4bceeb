"""The Atlas in a browser: a map at once, a clicked cell in numbers, and its very runs on their page."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit

import pytest

SMALL = "/atlas?across_low=0.1&across_high=0.5&across_log=0&across_points=9&up_high=8&up_points=8&seeds=4&steps=60"


def test_a_clicked_cell_is_looked_into_and_opens_as_its_very_runs(open_app, wait_idle):
    page = open_app(SMALL)
    area = page.locator(".stPlotlyChart .nsewdrag").first.bounding_box()
    # columns are lr = .1, .15 … .5, rows k = 1 … 8 from below: the middle of column 3, row 6
    x, y = area["x"] + area["width"] * 2.5 / 9, area["y"] + area["height"] * 2.5 / 8
    page.mouse.move(x, y)
    page.mouse.click(x, y)
    page.get_by_text("The cell clicked").wait_for()
    wait_idle(page)
    facts = page.locator("p", has_text="The cell clicked").inner_text()
    assert "lr 0.2, k₁ 6" in facts
    assert "95 % interval" in facts
    assert "0 of 4 runs diverged" in facts
    assert page.get_by_text("Along lr, at k₁ 6").is_visible()
    page.get_by_role("button", name="Open these runs in Surfaces").click()
    page.wait_for_url(re.compile("surface=bowl"))
    wait_idle(page)
    settings = parse_qs(urlsplit(page.url).query)
    assert settings["1.layers"] == ["6:0.5"]
    assert settings["1.lr"] == ["0.2"]
    assert settings["starts"] == ["3.0,3.5;3.0,3.5;3.0,3.5;3.0,3.5"]


@pytest.mark.slow
def test_another_quantity_and_another_axis_are_shown_and_stay_in_the_address(open_app, wait_idle):
    page = open_app(SMALL)
    page.get_by_role("radio", name="Share of seeds that diverged").click()
    wait_idle(page)
    assert "quantity=diverged" in page.url
    page.get_by_role("combobox", name="Vertical axis varies", exact=True).click()
    page.get_by_role("option", name="α₁", exact=True).click()
    wait_idle(page)
    assert "up=alpha_1" in page.url
    assert page.get_by_text("Best lr over α₁").is_visible()
