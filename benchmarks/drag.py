"""A number dragged in the player: kB of its family, time from touch to it, frames per second meanwhile.

    python -m benchmarks.drag              # about a minute

Families in Python first (median of 5), then the application in headless Chromium with 12 tracks: three optimizers from
four starts. "first" is the first family of a number, "again" one that the server knows.
"""

from __future__ import annotations

import os
import time
from statistics import median
from typing import Any

from playwright.sync_api import Page, sync_playwright

from app.player.dials import pack_family
from app.runs import games, surfaces
from app.runs.family import Families, dials_of
from app.state import GamesConfig, SurfacesConfig
from benchmarks.player import CHROMIUM, serve

PORT = int(os.environ.get("PORT", "8698"))
PLAYER = "window.__lookaheadPlayers?.['surfaces-player']"
CARDS = "1.lr=0.01&2.lr=0.01&2.layers=5:0.5&3.lr=0.01&3.layers=5:0.5,5:0.5"
QUERY = f"/?surface=himmelblau&steps=150&starts=1,1;-2,2;-3,-1;2,-3&{CARDS}"
HANDLES = [
    f'.lp-card [data-dial="{name}"]'
    for name in ("2.alpha.1", "1.alpha.1", "2.k.1", "2.alpha.2", "1.k.1", "2.k.2", "0.lr.0")
]
RAIL = ".lp-dial-rail[data-diverges]"
SECONDS = 3

COUNT = """async ([seconds]) => {
  const player = window.__lookaheadPlayers["surfaces-player"], before = player.frames;
  let frames = 0, going = true;
  const count = () => { frames++; if (going) requestAnimationFrame(count); };
  requestAnimationFrame(count);
  const began = performance.now();
  await new Promise(done => setTimeout(done, 1000 * seconds));
  going = false;
  const passed = (performance.now() - began) / 1000, after = player.frames;
  const drawn = after.count - before.count;
  return { fps: frames / passed, drawn: drawn / passed, script: (after.milliseconds - before.milliseconds) / drawn };
}"""


def report_family(title: str, module: Any, family_of: Any, config: Any) -> None:
    """A line: values, kB, milliseconds to compute, to pack, and to pack again from what the server knows."""
    dials = dials_of(config, config.steps, len(config.starts))
    dial = next(each for each in dials if (each.card, each.field, each.level) == (2, "alpha", 1))
    family_of(config, dial)
    times: list[list[float]] = []
    for _ in range(5):
        module._families = Families()
        start = time.perf_counter()
        family = family_of(config, dial)
        middle = time.perf_counter()
        message = pack_family(dial, family.tracks(config), family.limits)
        times.append([1000 * (middle - start), 1000 * (time.perf_counter() - middle)])
    run, packing = (median(column) for column in zip(*times, strict=True))
    print(f"{title:>34} {len(dial.values):7} {len(message) / 1000:8.1f} {run:8.0f} {packing:8.0f}")


def touch(page: Page, name: str) -> float:
    """Milliseconds from pressing on a number to its family; the button stays down."""
    handle = page.locator(name)
    handle.scroll_into_view_if_needed()
    box = handle.bounding_box()
    if box is None:
        raise RuntimeError("the number is not on the page")
    page.mouse.move(box["x"] + 8, box["y"] + 8)
    start = time.perf_counter()
    page.mouse.down()
    page.wait_for_selector(RAIL, state="attached")
    return 1000 * (time.perf_counter() - start)


def report_drag(page: Page) -> None:
    """Touch, drag to and fro, let go without a change, touch again."""
    waits = []
    for name in reversed(HANDLES):  # the last one is held, and dragged
        waits.append(touch(page, name))
        if name != HANDLES[0]:
            page.keyboard.press("Escape")
            page.mouse.up()
            page.wait_for_timeout(800)
    box = page.locator(HANDLES[0]).bounding_box()
    handle = page.evaluate_handle(f"({{ result: ({COUNT})([{SECONDS}]) }})")
    start, moves = time.perf_counter(), 0
    while box is not None and time.perf_counter() - start < SECONDS - 0.1:
        moves += 1
        page.mouse.move(box["x"] + 8 + 100 * ((moves % 40) / 20 - 1), box["y"] + 8)
    result = handle.evaluate("handle => handle.result")
    page.keyboard.press("Escape")
    page.mouse.up()
    print(f"touch to the family: {median(waits):.0f} ms, of {len(waits)} numbers {min(waits):.0f} to {max(waits):.0f}")
    print(
        f"12 tracks: {result['fps']:.1f} frames a second, {moves / SECONDS:.0f} moves of the hand and "
        f"{result['drawn']:.0f} pictures a second, {result['script']:.2f} ms of script a picture"
    )


def main() -> None:
    """Measure and print."""
    print(f"{'family of α₁, card 3':>34} {'values':>7} {'kB':>8} {'run ms':>8} {'pack ms':>8}")
    for steps in (150, 500, 1000, 2000):
        report_family(f"ravine, {steps} steps", surfaces, surfaces.surface_family, SurfacesConfig(steps=steps))
    report_family("bilinear game, 1000 steps", games, games.game_family, GamesConfig())
    report_family("the same, Gaussian noise", games, games.game_family, GamesConfig(noise="gaussian"))
    print(f"load {os.getloadavg()[0]:.0f}")
    with serve("app/main.py", PORT) as url, sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.goto(url + QUERY)
        page.wait_for_function(f"{PLAYER}?.overChart", timeout=120_000)
        page.wait_for_timeout(3000)
        page.evaluate(f"{PLAYER}.pause(); {PLAYER}.seek(150)")
        report_drag(page)
        browser.close()
    print(f"load {os.getloadavg()[0]:.0f}")


if __name__ == "__main__":
    main()
