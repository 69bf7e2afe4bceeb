"""From a slider's release to the new tracks on screen, on the Surfaces page, and where the time goes.

    python -m benchmarks.latency

A key moves the α slider of Lookahead by one step; the clock starts at the key's release and stops at the animation
frame in which the player has taken the new tracks. Medians over rounds, after a warm-up; one browser, one visitor.
"""

from __future__ import annotations

import os
from statistics import median
from typing import Any

from playwright.sync_api import Page, WebSocket, sync_playwright

from benchmarks.player import CHROMIUM, serve

PORT = int(os.environ.get("PORT", "8696"))
ROUNDS, WARM_UP = 15, 4

# Resolves when the player shows an optimizer of a new name; marks of the way there are on `performance.now`'s clock.
WATCH = """(name) => {
  const marks = {};
  const app = document.querySelector('[data-testid="stApp"]');
  addEventListener("keyup", () => { marks.release = performance.now(); }, { once: true, capture: true });
  const player = () => window.__lookaheadPlayers["surfaces-player"];
  return new Promise((done) => {
    const look = () => {
      const running = marks.release && app.dataset.testScriptState === "running";
      if (running) marks.running ??= performance.now();
      if (marks.release && player()?.head(name)) { marks.tracks = performance.now(); return done(marks); }
      requestAnimationFrame(look);
    };
    look();
  });
}"""


def main() -> None:
    """Start the app, move the slider, print the medians."""
    with serve("app/main.py", PORT), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        _measure(browser.new_page(viewport={"width": 1440, "height": 900}))
        browser.close()


def _measure(page: Page) -> None:
    sizes: list[int] = []
    page.on("websocket", lambda socket: _count(socket, sizes))
    page.goto(f"http://127.0.0.1:{PORT}/?v=1&surface=himmelblau&steps=1000")
    page.wait_for_function("window.__lookaheadPlayers?.['surfaces-player']?.attached")
    page.wait_for_timeout(2000)
    slider = page.locator(".st-key-surfaces-2-1-alpha input").first
    rounds: list[dict[str, Any]] = []
    for number in range(ROUNDS + WARM_UP):
        slider.focus()
        page.wait_for_timeout(700)
        sizes.clear()
        alpha = f"{0.49 - number / 100:.2f}".removeprefix("0").rstrip("0")  # never the same twice: nothing is cached
        page.evaluate(f"name => {{ window.__watched = ({WATCH})(name); }}", f"Lookahead (5, {alpha})")
        slider.press("ArrowLeft")
        marks = page.evaluate("() => window.__watched")
        page.wait_for_timeout(600)
        rounds.append({**marks, "kilobytes": sum(sizes) / 1000})
    warm = rounds[WARM_UP:]
    waits = [marks["tracks"] - marks["release"] for marks in warm]
    script = [marks.get("running", marks["release"]) - marks["release"] for marks in warm]
    print(f"release to new tracks on screen   {median(waits):6.0f} ms, slowest of {len(warm)} {max(waits):.0f} ms")
    print(f"  of which until the script runs  {median(script):6.0f} ms")
    print(f"sent by the server per change     {median(marks['kilobytes'] for marks in warm):6.0f} kB")


def _count(socket: WebSocket, sizes: list[int]) -> None:
    socket.on("framereceived", lambda frame: sizes.append(len(frame)))


if __name__ == "__main__":
    main()
