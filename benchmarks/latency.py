"""From a slider's release to new tracks, and from a click on another page to its picture, beside the least page.

    python -m benchmarks.latency

A key moves the α slider of Lookahead by one step, each time to a value that nobody has computed; the clock starts at
the key's release and stops at the animation frame in which the player has taken the new tracks. On the least page (one
slider, one plotly contour that depends on it) it stops when plotly has drawn. Rounds of all in turn, after a warm-up.
A page is changed by a click in the navigation; its picture is the player's, on Theory the chart, in Lessons the list.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from statistics import median

from playwright.sync_api import Browser, Locator, Page, WebSocket

from benchmarks.first_picture import beside_least_page

PORT = int(os.environ.get("PORT", "8696"))
ROUNDS, WARM_UP, TOURS = 15, 4, 3
LEAST = "the least page"

# Resolves with the milliseconds from a key's release until the player shows an optimizer of a new name.
NEW_TRACKS = """(name) => new Promise((done) => {
  let release;
  addEventListener("keyup", () => { release = performance.now(); }, { once: true, capture: true });
  const look = () => {
    if (release && window.__lookaheadPlayers["surfaces-player"]?.head(name)) done(performance.now() - release);
    else requestAnimationFrame(look);
  };
  look();
})"""
# The same until plotly has drawn its chart anew.
NEW_CHART = """() => new Promise((done) => {
  let release;
  addEventListener("keyup", () => { release = performance.now(); }, { once: true, capture: true });
  const observer = new MutationObserver((changes) => {
    if (!release || !changes.some((change) => change.target.closest?.(".cartesianlayer"))) return;
    observer.disconnect();
    requestAnimationFrame(() => done(performance.now() - release));
  });
  observer.observe(document.querySelector(".js-plotly-plot"), { subtree: true, childList: true, attributes: true });
})"""
# From a key's press until the heads of a player that stands still are elsewhere.
MOVED = """() => new Promise((done) => {
  const player = window.__lookaheadPlayers["surfaces-player"], before = JSON.stringify(player.heads);
  let press;
  addEventListener("keydown", () => { press = performance.now(); }, { once: true, capture: true });
  const look = () => {
    if (press && JSON.stringify(player.heads) !== before) done(performance.now() - press);
    else requestAnimationFrame(look);
  };
  look();
})"""
# From a click until a condition holds.
CLICKED = """(condition) => new Promise((done) => {
  let click;
  addEventListener("click", () => { click = performance.now(); }, { once: true, capture: true });
  const holds = new Function(`return ${condition}`);
  const look = () => {
    if (click && holds()) done(performance.now() - click);
    else requestAnimationFrame(look);
  };
  look();
})"""


def _player(page: str) -> str:
    return f"window.__lookaheadPlayers?.['{page}-player']?.attached"


TOUR = {
    "Games": _player("games"),
    "Networks": _player("networks"),
    "GANs": _player("gans"),
    "Theory": "document.querySelector('[class*=st-key-theory] :is(.plot path, image)')",
    "Lessons": "document.querySelector('h1')?.textContent === 'Lessons'",
    "Surfaces": _player("surfaces"),
}


def main() -> None:
    """Start both servers, move the sliders, change pages, print the medians."""
    with beside_least_page(PORT) as browser:
        _releases(browser)
        _slider(browser)
        _page_changes(browser)


def _releases(browser: Browser) -> None:
    sizes: list[int] = []
    changes = {
        LEAST: _least(browser),
        "Surfaces, its defaults": _alpha(browser, "?v=1", sizes),
        "Surfaces, 1,000 steps": _alpha(browser, "?v=1&surface=himmelblau&steps=1000", []),
    }
    waits: dict[str, list[float]] = {name: [] for name in changes}
    for number in range(ROUNDS + WARM_UP):
        for name, change in changes.items():
            wait = change(number)
            waits[name] += [wait] if number >= WARM_UP else []
    least = median(waits[LEAST])
    for name, row in waits.items():
        print(f"{name:24} {median(row):5.0f} ms, slowest of {len(row)} {max(row):5.0f}; {median(row) / least:.2f} x")
    print(f"sent by the server on a change at the defaults: {sum(sizes) / 1000 / (ROUNDS + WARM_UP):.0f} kB")


def _alpha(browser: Browser, query: str, sizes: list[int]) -> Callable[[int], float]:
    """Moves α of the second card, on a page of its own; collects the bytes that the server sends meanwhile."""
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    counting = [False]
    page.on("websocket", lambda socket: _count(socket, sizes, counting))
    slider = _open_at_slider(page, query)

    def change(number: int) -> float:
        counting[0] = True
        alpha = f"{0.49 - number / 100:.2f}".removeprefix("0").rstrip("0")
        slider.focus()
        return _timed(page, NEW_TRACKS, f"Lookahead (5, {alpha})", lambda: slider.press("ArrowLeft"))

    return change


def _open_at_slider(page: Page, query: str) -> Locator:
    """Open Surfaces; gives the slider of α of the second card once the page has come to rest."""
    page.goto(f"http://127.0.0.1:{PORT}/{query}")
    page.wait_for_function("window.__lookaheadPlayers?.['surfaces-player']?.overChart")
    page.wait_for_timeout(2000)
    return page.locator(".st-key-surfaces-2-1-alpha input").first


def _least(browser: Browser) -> Callable[[int], float]:
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    page.goto(f"http://127.0.0.1:{PORT + 1}/")
    page.wait_for_selector(".contourlayer path")
    page.wait_for_timeout(2000)
    slider = page.locator(".stSlider input").first
    return lambda _: _timed(page, NEW_CHART, None, lambda: slider.press("ArrowLeft"))


def _timed(page: Page, watch: str, argument: str | None, act: Callable[[], None]) -> float:
    start = f"({watch})(argument).then((time) => {{ window.watched = time; }})"
    page.evaluate(f"argument => {{ window.watched = undefined; {start}; }}", argument)
    act()
    milliseconds = page.wait_for_function("window.watched").json_value()
    page.wait_for_timeout(900)  # the rest of the page
    return float(milliseconds)


def _slider(browser: Browser) -> None:
    """The same keys on α, once the slider has asked for its family: until the tracks move, before the page knows."""
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    slider = _open_at_slider(page, "?v=1")
    page.evaluate("const player = window.__lookaheadPlayers['surfaces-player']; player.pause(); player.seek(20)")
    slider.focus()
    page.wait_for_timeout(1000)
    waits = [_timed(page, MOVED, None, lambda: slider.press("ArrowLeft")) for _ in range(ROUNDS)]
    print(f"from a key on α's slider to moved tracks {median(waits):5.0f} ms, slowest of {len(waits)} {max(waits):.0f}")
    page.close()


def _page_changes(browser: Browser) -> None:
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    page.goto(f"http://127.0.0.1:{PORT}/")
    page.wait_for_function(TOUR["Surfaces"])
    page.wait_for_timeout(3000)
    seconds: dict[str, list[float]] = {name: [] for name in TOUR}
    for number in range(TOURS + 1):
        for name, condition in TOUR.items():
            link = page.get_by_role("link", name=name, exact=True)
            wait = _timed(page, CLICKED, condition, link.first.click) / 1000
            page.wait_for_timeout(2500)
            seconds[name] += [wait] if number else []  # the first tour loads what each page needs
    for name, row in seconds.items():
        print(f"click to the picture of {name:10} {median(row):5.2f} s, slowest {max(row):.2f}")


def _count(socket: WebSocket, sizes: list[int], counting: list[bool]) -> None:
    socket.on("framereceived", lambda frame: sizes.append(len(frame) if counting[0] else 0))


if __name__ == "__main__":
    main()
