"""The player in headless Chromium: frames per second, main thread per frame, bytes and time for a change of the paths.

    python benchmarks/player.py            # about a minute and a half

12 tracks (fast and slow ones of three optimizers from two starts) of 1,000 steps over a contour, on the page that the
browser tests drive. Medians over rounds. "script" is what the player's own frame takes; "main thread" is the processor
time of all that the renderer's main thread does meanwhile, divided by the frames: all scripts, style and layout, and
"browser", the rest: painting, handing over to the compositor, the loop itself.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from playwright.sync_api import CDPSession, Page, sync_playwright

ROOT = Path(__file__).parents[1]
PORT = int(os.environ.get("PORT", "8697"))
CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
PLAYER = "window.__lookaheadPlayers.demo"
PAUSE, SPEEDS = "paused", ("1", "5", "20")
ROUNDS, SECONDS = 3, 4
PARTS = ("main thread", "all scripts", "style", "layout", "browser")

PLAY = """async ([seconds, play]) => {
  const player = window.__lookaheadPlayers.demo, long = [], before = player.frames;
  const watch = new PerformanceObserver(list => long.push(...list.getEntries().map(each => each.duration)));
  watch.observe({ entryTypes: ["longtask"] });
  let shown = 0, playing = true;
  const count = () => { shown++; if (playing) requestAnimationFrame(count); };
  if (play) player.play();
  requestAnimationFrame(count);
  const began = performance.now();
  await new Promise(done => setTimeout(done, 1000 * seconds));
  playing = false;
  const [passed, after] = [(performance.now() - began) / 1000, player.frames];
  player.pause();
  const script = after.milliseconds - before.milliseconds;
  return { fps: shown / passed, frames: shown, script: script / shown, long: long.length };
}"""

CHANGE = """() => new Promise(done => {
  const player = window.__lookaheadPlayers.demo, began = performance.now(), before = String(player.head("SGD"));
  const look = () => {
    if (String(player.head("SGD")) !== before) done(performance.now() - began);
    else requestAnimationFrame(look);
  };
  look();
})"""


@contextmanager
def serve(script: str, port: int) -> Iterator[str]:
    """Serve a script of this checkout at the address."""
    command = [sys.executable, "-m", "streamlit", "run", script, f"--server.port={port}"]
    command += ["--server.address=127.0.0.1", "--server.headless=true", "--browser.gatherUsageStats=false"]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT)
    url = f"http://127.0.0.1:{port}"
    try:
        wait_healthy(url)
        yield url
    finally:
        process.terminate()
        process.wait(timeout=15)


def wait_healthy(url: str) -> None:
    """Until the server answers; TimeoutError after a minute."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            urllib.request.urlopen(f"{url}/_stcore/health", timeout=2)
        except OSError:
            time.sleep(0.2)
        else:
            return
    raise TimeoutError(f"no server at {url} within a minute")


def wait_idle(page: Page) -> None:
    """Until the script has come to rest."""
    page.wait_for_selector('[data-testid="stApp"][data-test-script-state="notRunning"]')


def busy_milliseconds(session: CDPSession) -> dict[str, float]:
    """Milliseconds that the main thread has worked so far; of them those in scripts, style and layout; the rest."""
    metrics = {metric["name"]: 1000 * metric["value"] for metric in session.send("Performance.getMetrics")["metrics"]}
    main, *parts = (metrics[f"{name}Duration"] for name in ("Task", "Script", "RecalcStyle", "Layout"))
    return dict(zip(PARTS, (main, *parts, main - sum(parts)), strict=True))


def playing(page: Page, session: CDPSession, speed: str) -> dict[str, float]:
    """One round at one speed, from the start; or paused, which shows what the browser itself takes."""
    if speed != PAUSE:
        page.get_by_label("Speed").select_option(speed)
    page.evaluate(f"{PLAYER}.seek(0)")
    page.wait_for_timeout(500)
    start = busy_milliseconds(session)
    counts: dict[str, float] = page.evaluate(PLAY, [SECONDS, speed != PAUSE])
    end = busy_milliseconds(session)
    return counts | {part: (end[part] - start[part]) / counts["frames"] for part in PARTS}


def report_playing(page: Page, session: CDPSession) -> None:
    """A line for each speed."""
    columns = ("fps", "script", *PARTS)
    print(f"{'speed':>6} {' '.join(f'{column:>11}' for column in columns)}  long tasks")
    for speed in (PAUSE, *SPEEDS):
        rounds = [playing(page, session, speed) for _ in range(ROUNDS)]
        medians = (median(each[column] for each in rounds) for column in columns)
        long_tasks = sum(each["long"] for each in rounds)
        print(f"{speed:>6} {' '.join(f'{value:11.2f}' for value in medians)} {long_tasks:11.0f}")


def report_changes(page: Page, messages: list[int]) -> None:
    """What a slider's move costs, while it plays."""
    slider = page.get_by_role("slider", name="lr")
    slider.focus()
    page.evaluate(f"{PLAYER}.seek(200)")
    page.wait_for_timeout(500)
    times = []
    for _ in range(7):
        waiting = page.evaluate_handle(f"({{ time: ({CHANGE})() }})")
        messages.clear()
        page.keyboard.press("ArrowRight")
        times.append(waiting.evaluate("handle => handle.time"))
        wait_idle(page)
        page.wait_for_timeout(500)
    print(f"slider to new tracks: median {median(times):.0f} ms, {min(times):.0f} to {max(times):.0f}")
    print(
        f"largest message on a change: {max(messages) / 1000:.1f} kB (the player's), all: {sum(messages) / 1000:.1f} kB"
    )


def report_continuity(page: Page) -> None:
    """Playback and contour across a change of the paths."""
    state: dict[str, Any] = {}
    for when in ("before", "after"):
        if when == "before":
            page.get_by_label("Speed").select_option("5")
            page.evaluate(f"{PLAYER}.play()")
            page.wait_for_timeout(1000)
        else:
            page.get_by_role("slider", name="lr").focus()
            page.keyboard.press("ArrowLeft")
            wait_idle(page)
        contours = page.locator(".st-key-surface-chart .contourlevel path").count()
        state[when] = (page.evaluate(f"{PLAYER}.position"), page.evaluate(f"{PLAYER}.playing"), contours)
    (row, _, lines), (later, still, later_lines) = state["before"], state["after"]
    print(
        f"a change in mid-playback: row {row:.0f} -> {later:.0f}, playing {still}, "
        f"contour lines {lines} -> {later_lines}"
    )


def main() -> None:
    """Measure and print."""
    with serve("tests/e2e/player_demo.py", PORT) as url, sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        messages: list[int] = []
        page.on("websocket", lambda socket: socket.on("framereceived", lambda data: messages.append(len(data))))
        page.goto(f"{url}/?autoplay=0&starts=2&steps=1000")
        page.wait_for_function("window.__lookaheadPlayers?.demo?.overChart", timeout=60_000)
        wait_idle(page)
        page.wait_for_timeout(1500)
        session = page.context.new_cdp_session(page)
        session.send("Performance.enable", {"timeDomain": "threadTicks"})
        report_playing(page, session)
        report_changes(page, messages)
        report_continuity(page)
        browser.close()


if __name__ == "__main__":
    main()
