"""The export panel in a real browser: what is downloaded, linked and brought back."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import BrowserContext, Page

from app.export import player_html, plotly_html, restore, scene_of
from app.state import SurfacesConfig

CONFIG = SurfacesConfig(surface="himmelblau", steps=40)
TARGET = "/?v=1&surface=himmelblau&steps=40"


@pytest.fixture
def panel(open_app: Callable[..., Page], wait_idle: Callable[[Page], None]) -> Page:
    page = open_app(TARGET)
    page.get_by_text("Export and share").click()
    wait_idle(page)
    return page


def download(page: Page, tab: str, button: str) -> Path:
    page.get_by_role("tab", name=tab).click()
    with page.expect_download() as event:
        page.get_by_role("button", name=button).click()
    return Path(event.value.path())


def test_a_figure_and_the_settings_are_downloaded_and_the_settings_come_back(
    panel: Page, wait_idle: Callable[[Page], None], tmp_path: Path
) -> None:
    assert download(panel, "Figure", "Download figure").read_bytes().startswith(b"\x89PNG")
    document = download(panel, "Data", "Settings (JSON)").read_bytes()
    assert restore(document).config == CONFIG
    settings = json.loads(document)
    settings["config"]["steps"] = 77
    (tmp_path / "changed.json").write_text(json.dumps(settings), encoding="utf-8")
    panel.get_by_role("tab", name="Restore").click()
    panel.locator('input[type="file"]').set_input_files(tmp_path / "changed.json")
    panel.wait_for_url("**steps=77**")
    wait_idle(panel)


def test_an_animation_appears_with_its_download(panel: Page) -> None:
    panel.get_by_role("tab", name="Animation").click()
    panel.get_by_role("button", name="Make animation").click()
    panel.get_by_role("button", name="Download animation").wait_for(timeout=60_000)
    panel.get_by_role("img", name="The animation").wait_for()


def test_the_link_opens_the_same_page(panel: Page, open_app: Callable[..., Page]) -> None:
    panel.get_by_role("tab", name="Share").click()
    link = panel.get_by_role("link", name="Open in a new tab").get_attribute("href")
    query = parse_qs(urlsplit(panel.url).query)
    page = open_app("/" + link[link.index("?") :])
    assert parse_qs(urlsplit(page.url).query) == query


@pytest.mark.parametrize("make", [plotly_html, player_html])
def test_an_exported_page_opens_by_itself_without_network(
    context: BrowserContext, page: Page, make: Callable[..., bytes], tmp_path: Path
) -> None:
    """`page` fails on any error and on any request to elsewhere."""
    (tmp_path / "page.html").write_bytes(make(scene_of(CONFIG)))
    page.goto((tmp_path / "page.html").as_uri())
    if make is plotly_html:
        page.wait_for_selector(".scatterlayer .trace")
        assert page.locator(".scatterlayer .trace").count() >= 2 * (1 + 2 + 3)
    else:
        page.wait_for_selector("canvas")
