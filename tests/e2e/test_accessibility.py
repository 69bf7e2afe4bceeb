"""Every page for everybody: axe-core in both themes, the keyboard's focus, a zoom of 200 %, less motion.

axe-core checks names, roles, contrast and headings of all that is on the page, Streamlit's own widgets included.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Error, Page, expect

from tests.e2e.conftest import ROOT, wait_until_idle

AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
PAGES = {
    "Surfaces": "/",
    "Games": "/games",
    "Networks": "/networks",
    "GANs": "/gans",
    "Theory": "/theory",
    "Atlas": "/atlas",
    "Lessons": "/lessons",
    "Gallery": "/lessons?gallery=1",
    "Two sets of weights": "/lessons?lesson=two-sets-of-weights&card=3",
    "Wrong labels": "/lessons?lesson=wrong-labels&card=2",
}
RUN = """async (root) => {
  const { violations } = await axe.run(root ? document.querySelector(root) : document, { resultTypes: ["violations"] });
  return violations
    .filter(({ impact }) => ["serious", "critical"].includes(impact))
    .flatMap(({ id, impact, nodes }) => nodes.map(({ target, html, failureSummary }) =>
      `${impact}: ${id} at ${target.flat(9).at(-1)}\\n    ${html.slice(0, 200)}\\n    ${failureSummary}`));
}"""
THEMES = ["light", pytest.param("dark", marks=pytest.mark.slow)]
ZOOMED = {"width": 720, "height": 450}  # what is left of 1440 x 900 at 200 %
# Controls of the players that something else covers once they are scrolled to, or that reach out of the window.
COVERED = """() => {
  const roots = [...document.querySelectorAll("*")].map((part) => part.shadowRoot).filter(Boolean);
  const controls = roots.flatMap((root) => [...root.querySelectorAll("button, select, [role=slider], input")]);
  return controls.filter((control) => control.checkVisibility()).flatMap((control) => {
    control.scrollIntoView({ block: "center", behavior: "instant" });
    const { left, right, top, bottom } = control.getBoundingClientRect();
    const inside = left >= 0 && right <= innerWidth && top >= 0 && bottom <= innerHeight;
    const onTop = control.getRootNode().elementFromPoint((left + right) / 2, (top + bottom) / 2);
    return inside && onTop && (control.contains(onTop) || onTop.contains(control)) ? [] : [control.outerHTML];
  });
}"""
# Everything in a player that takes the keyboard's focus without a ring around it; the scrubber's is around its thumb.
WITHOUT_RING = """(root) => [...root.querySelectorAll("button, select, input, [tabindex='0']")]
  .filter((part) => part.checkVisibility())
  .filter((part) => {
    part.focus({ focusVisible: true });
    const ringed = part.type === "range" ? part.parentElement.querySelector(".lp-thumb") : part;
    const { outlineStyle, outlineWidth } = getComputedStyle(ringed);
    return outlineStyle === "none" || parseFloat(outlineWidth) < 2;
  })
  .map((part) => part.outerHTML)"""
MOVING = """(root) => [...root.querySelectorAll("*")].flatMap((part) => [part, "::before", "::after"].map((piece) =>
  getComputedStyle(part, piece === part ? null : piece))).filter((style) => parseFloat(style.transitionDuration) > 0
  || style.animationName !== "none").length"""
# Widgets and charts whose scripts have come: until then grey boxes are at their places.
DRAWN = """() => !document.querySelector('[data-testid="stSkeleton"]')
  && [...document.querySelectorAll(".stPlotlyChart")].every((chart) => chart.querySelector(".main-svg"))"""
WIDE = """() => [...document.querySelectorAll(".stMain *")]
  .filter((part) => part.getBoundingClientRect().right > innerWidth + 1 && !part.closest(".js-plotly-plot, .katex"))
  .map((part) => part.className.toString())"""
Open = Callable[..., Page]


@pytest.fixture
def axe() -> Path:
    """The script, whose absence skips the test, or fails it under CI=true."""
    if not AXE.exists():
        reason = "no axe-core: `npm ci` installs it"
        pytest.fail(reason) if os.environ.get("CI") == "true" else pytest.skip(reason)
    return AXE


def findings(page: Page, axe: Path, root: str = "") -> list[str]:
    """What is serious or critical on the page, or in a part of it."""
    if not page.evaluate("'axe' in window"):
        page.add_script_tag(path=axe)
    answer: list[str] = page.evaluate(RUN, root)
    return answer


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("name", PAGES)
def test_a_page_has_no_serious_finding_and_bears_a_zoom(
    open_app: Open, page: Page, axe: Path, name: str, theme: Any
) -> None:
    page.emulate_media(color_scheme=theme)
    open_app(PAGES[name])
    page.wait_for_function(DRAWN)
    reveal = page.get_by_role("button", name="Show me", exact=True)
    if reveal.count():
        reveal.click()
        wait_until_idle(page)
        page.wait_for_function(DRAWN)
    assert findings(page, axe) == []
    expect(page.locator("h1")).to_have_count(1)
    expect(page.locator("h1")).to_contain_text(name)
    unnamed = page.locator(".stPlotlyChart:not([role=figure][aria-label])")
    assert unnamed.count() == 0, f"a chart without a name: {unnamed.first.inner_html()[:200]}"
    page.set_viewport_size(ZOOMED)
    narrow = f"() => document.querySelector('.stMain').scrollWidth <= {ZOOMED['width']}"
    with suppress(Error):
        page.wait_for_function(narrow, timeout=10_000)  # charts take their new width
    assert page.evaluate(narrow), page.evaluate(WIDE)
    with suppress(Error):
        page.wait_for_function(
            f"() => ({COVERED})().length === 0", polling=300, timeout=10_000
        )  # the sidebar slides out
    assert page.evaluate(COVERED) == []


@pytest.mark.parametrize("theme", THEMES)
def test_glossary_and_tour_have_no_serious_finding(open_app: Open, page: Page, axe: Path, theme: Any) -> None:
    page.emulate_media(color_scheme=theme)
    open_app("/")
    page.locator(".lookahead-glossary-host").wait_for(state="attached")
    page.get_by_role("link", name="What do these words mean?").first.click()
    expect(page.get_by_role("dialog", name="What these words mean")).to_be_visible()
    assert findings(page, axe, ".lookahead-glossary-host") == []
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Start the tour").click()
    expect(page.get_by_role("region", name="Tour")).to_be_visible()
    assert findings(page, axe, ".lookahead-tour-host") == []


def test_faint_letters_and_nameless_buttons_are_found(page: Page, axe: Path) -> None:
    page.set_content(
        "<html lang=en><title>t</title><main><h1>A page</h1><button id=nameless></button>"
        "<p id=faint style='color:#999;background:#fff'>Words</p><p>Plain</p></main></html>"
    )
    found = findings(page, axe)
    assert [line.split("\n")[0] for line in found] == [
        "critical: button-name at #nameless", "serious: color-contrast at #faint",
    ]  # fmt: skip


def test_whatever_takes_the_focus_in_a_player_shows_it(open_app: Open) -> None:
    page = open_app("/?v=1&surface=booth&starts=1.0,1.0%3B2.0,2.0")
    player = page.locator(".lookahead-player")
    player.locator(".lp-dial").first.wait_for()
    assert player.evaluate(WITHOUT_RING) == []
    player.evaluate("root => root.insertAdjacentHTML('beforeend', '<style>* { outline: 0 !important }</style>')")
    assert len(player.evaluate(WITHOUT_RING)) > 20


def test_the_focus_goes_through_a_player_as_it_is_read(open_app: Open) -> None:
    page = open_app("/?v=1&surface=bowl")
    page.get_by_role("button", name="Previous synchronisation").focus()
    parts = []
    for _ in range(12):
        parts.append(
            page.evaluate("""() => {
            const { activeElement: part } = document.activeElement.shadowRoot ?? document;
            return part.dataset.do ?? part.type ?? part.tagName; }""")
        )
        page.keyboard.press("Tab")
    assert parts[:8] == ["previous", "backward", "play", "forward", "next", "range", "select-one", "pausing"]


def test_less_motion_means_a_page_at_rest(open_app: Open, page: Page) -> None:
    page.emulate_media(reduced_motion="reduce")
    open_app("/")
    player = "window.__lookaheadPlayers?.['surfaces-player']"
    page.wait_for_function(f"{player}?.overChart")
    page.wait_for_timeout(400)
    assert page.evaluate(f"[{player}.playing, {player}.position]") == [False, 0]
    assert page.locator(".lookahead-player").evaluate(MOVING) == 0
    page.emulate_media(reduced_motion="no-preference")
    assert page.locator(".lookahead-player").evaluate(MOVING) > 0
