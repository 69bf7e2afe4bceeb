"""The Atlas in a browser: a map at once, a clicked cell in numbers, and its very runs on their page."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit

import pytest

from app.state import AtlasConfig

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


@pytest.mark.slow
def test_a_study_of_a_network_trains_after_a_click_and_is_there_after_a_reload(open_app, wait_idle):
    page = open_app("/atlas?objective=digits-100&across_points=3&up=k_1&up_high=3&up_points=3&seeds=2&steps=20")
    page.get_by_role("button", name="Compute the study").click()
    page.get_by_role("button", name="Cancel").wait_for()
    page.get_by_text("Least mean", exact=True).wait_for(timeout=60_000)
    wait_idle(page)
    page.reload()
    page.get_by_text("Least mean", exact=True).wait_for()
    wait_idle(page)
    area = page.locator(".stPlotlyChart .nsewdrag").first.bounding_box()
    page.mouse.move(area["x"] + area["width"] / 2, area["y"] + area["height"] / 6)
    page.mouse.click(area["x"] + area["width"] / 2, area["y"] + area["height"] / 6)
    page.get_by_text("The cell clicked").wait_for()
    wait_idle(page)
    assert "lr 0.2, k₁ 3" in page.locator("p", has_text="The cell clicked").inner_text()
    page.get_by_role("button", name="Open these runs in Networks").click()
    page.wait_for_url(re.compile("dataset=digits"))
    settings = parse_qs(urlsplit(page.url).query)
    assert (settings["1.layers"], settings["1.lr"], settings["seeds"]) == (["3:0.5"], ["0.2"], ["2"])


@pytest.mark.slow
def test_a_line_of_a_sample_is_looked_into_where_it_crosses_an_axis(open_app, wait_idle):
    page = open_app(SMALL + "&sample=2&further=alpha_1:0.2:1")
    area = page.locator(".stPlotlyChart .nsewdrag").first.bounding_box()
    grid = {"across_low": 0.1, "across_high": 0.5, "across_log": False, "up_high": 8}
    first, second = AtlasConfig(**grid, sample=2, further="alpha_1:0.2:1").study().settings
    # the axes are at 0 to 3 of −.4 to 3.4, their ends at 0 and 1 of −.15 to 1.15: the second point on the axis of α
    x = area["x"] + area["width"] * (2 + 0.4) / 3.8
    y = area["y"] + area["height"] * (1.15 - (second["alpha_1"] - 0.2) / 0.8) / 1.3
    page.mouse.move(x, y)
    page.mouse.click(x, y)
    page.get_by_text("The point clicked").wait_for()
    wait_idle(page)
    assert abs(first["alpha_1"] - second["alpha_1"]) > 0.1
    assert f"α₁ {second['alpha_1']:.4g}" in page.locator("p", has_text="The point clicked").inner_text()
