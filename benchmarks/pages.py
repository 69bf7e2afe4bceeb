"""Every page, heavy view and export in a browser: when its first useful thing is seen, and when it is done.

    python -m benchmarks.pages                       # a table of all, half an hour
    python -m benchmarks.pages --only Theory --only GIF --rounds 1
    python -m benchmarks.pages --beside              # while another visitor changes a control every two seconds
    python -m benchmarks.pages --busy 2              # while two processes of others take all the time they get

Medians over rounds, each with settings that nobody has computed. A page is opened in a fresh profile of the browser;
a view or an export is clicked on a page that is at rest. "words" is when a bar or a line says how far the work is,
"first" when something of the result is there, "done" when all of it is and the script is at rest. The least page (a
slider and a plotly contour) comes first and last in the same run.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from benchmarks.first_picture import LEAST_SCRIPT
from benchmarks.load import Visitor, app
from benchmarks.page_cases import CASES, Case
from benchmarks.player import CHROMIUM, serve

PORT = int(os.environ.get("PORT", "8699"))
PATIENCE = int(os.environ.get("PATIENCE", "180"))  # seconds
ARGUMENTS = ["--no-sandbox", "--use-gl=swiftshader", "--enable-unsafe-swiftshader"]  # reliefs need WebGL
SETTLED = 2.0  # seconds after a page is at rest before a click is timed
LEAST_PAGE = "the least page"

# What the conditions of the cases are written with.
HELPERS = """
const MARKS = '.scatterlayer .trace, .barlayer .trace, .contourlayer path, .heatmaplayer image, .imagelayer image,'
  + ' .gl-container canvas, .legend .traces';
window.drawn = (key) => [...document.querySelectorAll(`[class*="st-key-${key}"] .js-plotly-plot`)]
  .some((chart) => chart.querySelector(MARKS));
window.allDrawn = () => [...document.querySelectorAll('.stMain .js-plotly-plot')]
  .every((chart) => !chart.offsetParent || chart.querySelector(MARKS));
window.player = () => Object.values(window.__lookaheadPlayers ?? {}).some((one) => one.attached);
window.says = (text) => [...document.querySelectorAll('.stMain p, .stMain h4, .stMain h5')]
  .some((line) => line.offsetParent && line.textContent.includes(text));
window.shows = (selector) => [...document.querySelectorAll(selector)].some((one) => one.offsetParent);
window.words = () => shows('[data-testid="stProgress"]') || says('Waiting for') || says('is being computed')
  || says('Refining') || says('Making');
"""
# Fills `window.marks` with times in milliseconds; done: all charts are drawn and the script stays at rest.
WATCH = """([first, done, event]) => {
  const marks = window.marks = {};
  const app = () => document.querySelector('[data-testid="stApp"]');
  if (event) addEventListener(event, () => { marks.began = performance.now(); }, { once: true, capture: true });
  else marks.began = 0;
  let rest;
  const look = () => {
    const now = performance.now();
    if (marks.began !== undefined) {
      if (words()) marks.words ??= now;
      if (first()) marks.first ??= now;
      const still = marks.first && app()?.dataset.testScriptState === 'notRunning' && allDrawn() && done();
      rest = still && !shows('[data-testid="stProgress"]') ? rest ?? now : undefined;
      if (now - rest > 500) { marks.done = rest; return; }
    }
    setTimeout(look, 20);
  };
  look();
}"""
AT_REST = """() => document.querySelector('[data-testid="stApp"]')?.dataset.testScriptState === 'notRunning'
  && allDrawn()"""


@dataclass(frozen=True)
class Times:
    """Seconds since the address was entered or the button was clicked; `words` is infinite where there were none."""

    words: float
    first: float
    done: float


def main() -> None:
    """Start the servers and a browser, measure, print the table."""
    options = _options()
    cases = [case for case in CASES if _chosen(case, options)]
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        os.environ |= {f"XDG_{kind}_HOME": f"{folder}/{kind}" for kind in ("CACHE", "DATA", "STATE")}
        least = Path(folder) / "least.py"
        least.write_text(LEAST_SCRIPT)
        least_url = stack.enter_context(serve(str(least), PORT))
        url, _ = stack.enter_context(app())
        time.sleep(options.warm)
        playwright = stack.enter_context(sync_playwright())
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        for _ in range(options.busy):
            stack.enter_context(spinning())
        if options.beside:
            stack.enter_context(beside(url))
        load = os.getloadavg()[0]
        measured = dict(measure(browser, url, least_url, cases, options.rounds))
        report(measured)
        print(f"\nload average {load:.1f} before, {os.getloadavg()[0]:.1f} after; {os.cpu_count()} processors")
        browser.close()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", action="append", default=[], help="cases whose name contains this; can be repeated")
    parser.add_argument("--without", action="append", default=[], help="no cases whose name contains this")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--warm", type=float, default=30, help="seconds from the servers' start to the first visit")
    parser.add_argument("--beside", action="store_true", help="another visitor changes a control every two seconds")
    parser.add_argument("--busy", type=int, default=0, help="processes that compute beside the server all the time")
    return parser.parse_args()


def _chosen(case: Case, options: argparse.Namespace) -> bool:
    wanted = not options.only or any(part.lower() in case.name.lower() for part in options.only)
    return wanted and not any(part.lower() in case.name.lower() for part in options.without)


def measure(
    browser: Browser, url: str, least_url: str, cases: list[Case], rounds: int
) -> Iterator[tuple[str, list[Times]]]:
    """Each case's times in all rounds; those of the least page, taken before and after the others."""
    least = Case(LEAST_PAGE, lambda _: "/", "drawn('contour')")
    around = [opened(browser, least_url, least, 0) for _ in range(rounds + 1)][1:]
    numbers = itertools.count(1)
    for case in cases:
        times = []
        for _ in range(min(rounds, case.rounds)):
            try:
                times.append((clicked if case.act else opened)(browser, url, case, next(numbers)))
            except Exception as error:  # a case that fails must not end the run
                print(f"{case.name}: {str(error)[:300]}", flush=True)
        print(f"{case.name:45} {'  '.join(f'{one.done:6.2f}' for one in times)}", flush=True)
        yield case.name, times
    yield LEAST_PAGE, [*around, *(opened(browser, least_url, least, 0) for _ in range(rounds))]


def opened(browser: Browser, url: str, case: Case, number: int) -> Times:
    """A page, opened in a fresh profile."""
    with _profile(browser) as context:
        context.add_init_script(f"{HELPERS};({WATCH})([() => {case.first}, () => {case.done}, ''])")
        page = context.new_page()
        page.goto(url + case.address(number))
        return _times(page)


def clicked(browser: Browser, url: str, case: Case, number: int) -> Times:
    """A view or an export, from the click."""
    assert case.act is not None
    with _profile(browser) as context:
        context.add_init_script(HELPERS)
        page = context.new_page()
        page.set_default_timeout(1000 * PATIENCE)
        page.goto(url + case.address(number))
        rest(page)
        case.before(page)
        rest(page)
        if case.download:
            return _download(page, case)
        page.evaluate(f"() => ({WATCH})([() => {case.first}, () => {case.done}, 'click'])")
        case.act(page)
        return _times(page)


def _download(page: Page, case: Case) -> Times:
    assert case.act is not None
    page.evaluate(f"() => ({WATCH})([() => false, () => false, 'click'])")
    with page.expect_download(timeout=1000 * PATIENCE) as event:
        began = time.monotonic()
        case.act(page)
    event.value.path()
    done = time.monotonic() - began
    marks = page.evaluate("() => window.marks")
    return Times(_since(marks, "words"), done, done)


def rest(page: Page) -> None:
    """Until the page has been at rest for a while."""
    page.wait_for_function(AT_REST)
    page.wait_for_timeout(1000 * SETTLED)
    page.wait_for_function(AT_REST)


def _times(page: Page) -> Times:
    deadline = time.monotonic() + PATIENCE
    while "done" not in (marks := page.evaluate("() => window.marks ?? {}")):
        if time.monotonic() > deadline:
            raise TimeoutError(f"not done within {PATIENCE} s: {marks}")
        page.wait_for_timeout(100)
    return Times(*(_since(marks, name) for name in ("words", "first", "done")))


def _since(marks: dict[str, Any], name: str) -> float:
    return (marks[name] - marks["began"]) / 1000 if name in marks else float("inf")


@contextmanager
def _profile(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(viewport={"width": 1440, "height": 900}, accept_downloads=True)
    try:
        yield context
    finally:
        context.close()


@contextmanager
def spinning() -> Iterator[None]:
    """A process that computes all the time."""
    process = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        yield
    finally:
        process.kill()
        process.wait()


@contextmanager
def beside(url: str) -> Iterator[None]:
    """Another visitor, who changes a control of Surfaces every two seconds."""
    over = threading.Event()

    async def stay() -> None:
        values = (100 + number % 900 for number in itertools.count())
        visitor = Visitor(0, "", values, "v=1&seed=4711")
        await visitor.open(url)
        while not over.is_set():
            await visitor.run(changed=next(values))
            await asyncio.sleep(2)
        visitor.close()

    def work() -> None:
        with suppress(ConnectionError):
            asyncio.run(stay())

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    yield
    over.set()
    thread.join(timeout=10)


def report(measured: dict[str, list[Times]]) -> None:
    """A table in Markdown, the slowest first, with the ratio to the least page."""
    medians = {name: _median(times) for name, times in measured.items() if times}
    least = medians[LEAST_PAGE].done
    print(f"\n| what | words, s | first, s | done, s | x {LEAST_PAGE} |\n|---|---|---|---|---|")
    for name, times in sorted(medians.items(), key=lambda item: -item[1].done):
        words = f"{times.words:.2f}" if times.words < times.first else ""
        print(f"| {name} | {words} | {times.first:.2f} | {times.done:.2f} | {times.done / least:.1f} |")


def _median(times: list[Times]) -> Times:
    return Times(*(median(getattr(one, name) for one in times) for name in ("words", "first", "done")))


if __name__ == "__main__":
    main()
