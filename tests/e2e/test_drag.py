"""A number that is dragged in the player bends the paths while it is held, and is the page's when it is let go."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.conftest import wait_until_idle

PLAYER = "Object.values(window.__lookaheadPlayers)[0]"
Open = Callable[..., Page]


@pytest.fixture
def surfaces(open_app: Open) -> Page:
    page = open_app("/?surface=ravine&1.lr=0.05&2.lr=0.05&3.lr=0.05&steps=150")
    page.wait_for_function(f"{PLAYER}?.overChart")
    page.evaluate(f"{PLAYER}.pause(); {PLAYER}.seek(100)")
    return page


def dial(page: Page, card: int, field: str, level: int) -> Locator:
    return page.locator(f'.lp-card [data-dial="{card}.{field}.{level}"]')


def hold(page: Page, handle: Locator, by: float) -> None:
    """Press on a number, wait for its family, drag it sideways in steps; the button stays down."""
    handle.scroll_into_view_if_needed()
    box = handle.bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    expect(page.locator(".lp-dial-rail")).to_have_attribute("data-diverges", lambda_any(), timeout=15_000)
    page.mouse.move(x + by, y, steps=8)


def lambda_any() -> Any:
    import re

    return re.compile("[01]+")


def head(page: Page, layer: int = 1) -> list[float]:
    found: list[float] = page.evaluate(
        f"{PLAYER}.heads.find(h => h.name.startsWith('Lookahead') && h.layer === {layer})?.weights"
    )
    return found


def test_the_path_bends_before_the_number_is_let_go(surfaces: Page) -> None:
    page = surfaces
    before = head(page)
    hold(page, dial(page, 1, "alpha", 1), 60)
    page.wait_for_function(
        f"{PLAYER}.heads.find(h => h.name.startsWith('Lookahead') && h.layer === 1).weights[1] !== {before[1]}"
    )
    expect(page.locator(".lp-dial-value")).to_have_text(".75")
    page.mouse.up()
    wait_until_idle(page)
    assert "2.layers=5%3A0.75" in page.url.replace(":", "%3A", 2) or "0.75" in page.url
