"""The Theory page in a browser: a click on the map finds its cell, and the cell opens where it can be watched."""

import re
from urllib.parse import unquote

import pytest


def test_a_clicked_cell_is_looked_into_and_opens_in_surfaces(open_app, wait_idle):
    page = open_app("/")
    page.get_by_role("link", name="Theory").click()
    wait_idle(page)
    area = page.locator(".stPlotlyChart .nsewdrag").first.bounding_box()
    # columns are k = 1 … 24, rows lr = .09 … .11: the middle of column 12, three tenths from the top
    page.mouse.move(area["x"] + area["width"] * 11.5 / 24, area["y"] + area["height"] * 0.3)
    page.mouse.click(area["x"] + area["width"] * 11.5 / 24, area["y"] + area["height"] * 0.3)
    page.get_by_text("The cell clicked").wait_for()
    facts = page.locator("p", has_text="The cell clicked").inner_text()
    assert "lr 0.104, (12, .5)(5, .5)" in facts
    assert "diverges" in facts
    page.get_by_role("button", name="Open this run in Surfaces").click()
    page.wait_for_url(re.compile("surface=ravine"))
    wait_idle(page)
    assert "2.layers=12%3A0.5%2C5%3A0.5" in page.url
    assert page.get_by_role("heading", name="Ravine at the stability edge").is_visible()


@pytest.mark.slow
def test_a_game_opens_in_games(open_app, wait_idle):
    page = open_app("/")
    page.get_by_role("link", name="Theory").click()
    wait_idle(page)
    page.get_by_test_id("stSidebar").get_by_role("combobox", name="Surface or game", exact=True).click()
    page.get_by_role("option", name="Bilinear", exact=True).click()
    wait_idle(page)
    page.get_by_role("button", name="Open this run in Games").click()
    page.wait_for_url(re.compile("/games.*game=bilinear"))
    wait_idle(page)
    assert page.get_by_role("heading", name=re.compile("Bilinear")).is_visible()


def test_instruments_change_without_losing_the_layers(open_app, wait_idle):
    page = open_app("/")
    page.get_by_role("link", name="Theory").click()
    wait_idle(page)
    page.get_by_test_id("stSidebar").get_by_label("k₁", exact=True).fill("7")
    page.keyboard.press("Enter")
    wait_idle(page)
    page.get_by_role("radio", name="Noise").click()
    page.get_by_text("What it costs").wait_for()
    wait_idle(page)
    assert page.get_by_test_id("stSidebar").get_by_label("k₁", exact=True).input_value() == "7"
    assert "layers=7:0.5,5:0.5" in unquote(page.url)
    assert "instrument=noise" in page.url
