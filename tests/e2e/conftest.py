"""A real Chromium against a real server: what the browser tests share.

`page` fails its test on any page error, console error, exception shown by the app, or request that leaves 127.0.0.1.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Playwright, Request, sync_playwright

ROOT = Path(__file__).parents[2]
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
CHROMIUM_ARGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--process-per-site",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
]
WIDE = ("accessibility", "drag", "exercise", "export", "glossary", "lessons", "player", "player_script", "proxy")
INSTALL_SECONDS = 300
START_SECONDS = 60
PROBE = re.compile(r"/(surfaces|games|networks|gans|theory|atlas|lessons)/_stcore/(health|host-config)$")

# The script has been at rest for 150 ms: a click takes a moment to reach the server, and one run may ask for another.
AT_REST = """
() => {
  const app = document.querySelector('[data-testid="stApp"]');
  const now = performance.now();
  if (app?.dataset.testScriptState !== "notRunning") { window.restingSince = undefined; return false; }
  window.restingSince ??= now;
  return now - window.restingSince > 150;
}
"""


# A player shows its first frame before its chart comes with the rest of the page; plotly lays the chart out at its own
# height first, then at that of its element.
WHOLE = """
() => [...document.querySelectorAll('[class*="-ground-place"]')].every((place) => {
  const height = place.querySelector(".js-plotly-plot")?._fullLayout?.height;
  const element = place.querySelector(".stElementContainer");
  return height && Math.abs(height - element.getBoundingClientRect().height) < 2;
})
"""


@dataclass(frozen=True)
class Server:
    """A running Streamlit server: its address, its process, and the file its output goes to."""

    url: str
    process: subprocess.Popen[bytes]
    log: Path


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder drives a browser, the files of WIDE not in everyday work; the hook sees all items.

    On two cores that also serve the pages, a browser sometimes misses an instant that a test waits for. A test counts
    as failed when it fails twice; what failed once is listed as rerun.
    """
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.browser)
            if item.path.stem.removeprefix("test_") in WIDE:
                item.add_marker(pytest.mark.wide)
            item.add_marker(pytest.mark.flaky(reruns=1))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Beside a test that failed, leave a picture of the page and show the end of the servers' output."""
    report = yield
    if report.when == "call" and report.failed and "page" in getattr(item, "funcargs", {}):
        picture = ROOT / "test-results" / f"{item.name}.png"
        item.funcargs["page"].screenshot(path=picture)
        report.sections.append(("screenshot", str(picture)))
        for log in item.funcargs["server_logs"]:
            report.sections.append((str(log), log.read_text(errors="replace")[-4000:]))
    return report


def find_chromium(playwright: Playwright) -> str | None:
    """CHROMIUM, then the usual names, then Playwright's own, which is installed as a last resort."""
    if path := os.environ.get("CHROMIUM"):
        return path
    if program := next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None):
        return program
    own = Path(playwright.chromium.executable_path)
    if not own.exists():
        command = [sys.executable, "-m", "playwright", "install", "chromium"]
        try:
            subprocess.run(command, timeout=INSTALL_SECONDS, check=False, capture_output=True)
        except subprocess.TimeoutExpired:
            return None
    return str(own) if own.exists() else None


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    """Playwright's driver; for a module only, since its event loop forbids asyncio.run elsewhere in the process."""
    with sync_playwright() as driver:
        yield driver


@pytest.fixture(scope="module")
def browser(playwright: Playwright) -> Iterator[Browser]:
    """A headless Chromium, whose absence skips the test, or fails it under CI=true."""
    executable = find_chromium(playwright)
    if executable is None:
        reason = "no Chromium: install one, name it in CHROMIUM, or run `python -m playwright install chromium`"
        pytest.fail(reason) if os.environ.get("CI") == "true" else pytest.skip(reason)
    chromium = playwright.chromium.launch(executable_path=executable, headless=True, args=CHROMIUM_ARGS)
    yield chromium
    chromium.close()


@pytest.fixture
def problems() -> list[str]:
    """What went wrong in the page; a test that provokes an error on purpose checks it and clears the list."""
    return []


@dataclass
class Profile:
    """Where a module's tests open their pages; the last page of one test is kept until the next has opened its own."""

    context: BrowserContext
    pages_kept: list[Page] = field(default_factory=list)

    def forget(self) -> None:
        """Leave nothing of a test's pages but one, empty and without storage, that keeps their process."""
        for page in self.pages_kept:
            page.close()
        self.pages_kept = [page for page in self.context.pages if page.url.startswith("http")]
        for page in self.pages_kept:
            page.evaluate("() => { localStorage.clear(); sessionStorage.clear(); }")
            page.goto("/".join(page.url.split("/")[:3]) + "/_stcore/health")
        for page in [*self.context.pages]:
            if page not in self.pages_kept[-1:]:
                page.close()
        self.pages_kept = self.pages_kept[-1:]
        self.context.clear_cookies()


@pytest.fixture(scope="module")
def profile(browser: Browser) -> Iterator[Profile]:
    """One profile for all tests of a module: pages of a site share a process, which compiles plotly.js once."""
    profile = Profile(browser.new_context(viewport={"width": 1280, "height": 900}))
    yield profile
    profile.context.close()


@pytest.fixture
def context(profile: Profile, problems: list[str]) -> Iterator[BrowserContext]:
    """The profile, as if fresh; it notes every request away from this machine."""

    def note(request: Request) -> None:
        note_request(request.url, problems)

    profile.context.on("request", note)
    yield profile.context
    profile.context.remove_listener("request", note)
    profile.forget()


def note_request(url: str, problems: list[str]) -> None:
    """Data and blob URLs have no host."""
    if urlsplit(url).hostname not in (None, "127.0.0.1"):
        problems.append(f"request outside 127.0.0.1: {url}")


def note_line(line: ConsoleMessage, problems: list[str]) -> None:
    """Errors, but for the 404 by which Streamlit's page learns that its server is not below its own path."""
    if line.type == "error" and not PROBE.search(line.location["url"]):
        problems.append(f"console: {line.text}")


@pytest.fixture
def page(context: BrowserContext, problems: list[str], server_logs: list[Path]) -> Iterator[Page]:
    """A page that must end without errors."""
    page = context.new_page()
    page.on("pageerror", lambda error: problems.append(f"page error: {error}"))
    page.on("console", lambda line: note_line(line, problems))
    page.on("websocket", lambda socket: note_request(socket.url, problems))
    yield page
    if not page.is_closed():
        problems += page.get_by_test_id("stException").all_inner_texts()
    assert not problems, "\n".join(problems)


@pytest.fixture
def wait_idle() -> Callable[[Page], None]:
    """`wait_idle(page)` returns once the page's script has come to rest."""
    return lambda page: wait_until_idle(page)


def wait_until_idle(page: Page, seconds: float = 30.0) -> None:
    """Asserting on appearing text is racy: the script's own state is not."""
    page.evaluate("() => { window.restingSince = undefined; }")
    page.wait_for_function(AT_REST, timeout=1000 * seconds)


def wait_until(page: Page, expression: str, seconds: float = 15.0) -> None:
    """Until it is true, on a page whose policy forbids scripts to evaluate texts, as Playwright's own waiting does."""
    deadline = time.monotonic() + seconds
    while not page.evaluate(expression):
        assert time.monotonic() < deadline, f"never true: {expression}"
        page.wait_for_timeout(30)


@pytest.fixture(scope="session")
def server_logs() -> list[Path]:
    """The outputs of all servers of this session."""
    return []


@pytest.fixture(scope="session")
def serve_app(tmp_path_factory: pytest.TempPathFactory, server_logs: list[Path]) -> Iterator[Callable[..., str]]:
    """`serve_app(script, NAME="value")` gives the address of a server of that script with that in its environment.

    It is started once and shared by all tests that ask for the same.
    """
    servers: dict[object, Server] = {}

    def serve(script: str | Path = "app/main.py", **environment: str) -> str:
        key = (ROOT / script, *sorted(environment.items()))
        if key not in servers:
            servers[key] = start(ROOT / script, environment, tmp_path_factory.mktemp("server"))
            server_logs.append(servers[key].log)
        return servers[key].url

    yield serve
    for server in servers.values():
        server.process.terminate()
    for server in servers.values():
        server.process.wait(timeout=15)


@pytest.fixture
def open_app(page: Page, serve_app: Callable[..., str]) -> Callable[..., Page]:
    """`open_app("/page?v=1")` opens the app there and waits until it is at rest."""

    def open_at(target: str = "/", script: str | Path = "app/main.py", **environment: str) -> Page:
        page.goto(serve_app(script, **environment) + target)
        page.wait_for_selector('[data-testid="stApp"]')
        wait_until_idle(page)
        page.wait_for_function(WHOLE)
        wait_until_idle(page)
        return page

    return open_at


def start(script: Path, environment: dict[str, str], folder: Path) -> Server:
    """Start Streamlit on a free port of the loopback address, with a data folder of its own, and await its health."""
    port = free_port()
    log = folder / "server.log"
    command = [sys.executable, "-m", "streamlit", "run", str(script), f"--server.port={port}"]
    command += ["--server.address=127.0.0.1", "--server.headless=true", "--browser.gatherUsageStats=false"]
    variables = os.environ | {"LOOKAHEAD_DATA": str(folder)} | environment
    with log.open("wb") as output:
        process = subprocess.Popen(command, cwd=ROOT, env=variables, stdout=output, stderr=subprocess.STDOUT)
    server = Server(f"http://127.0.0.1:{port}", process, log)
    wait_healthy(server)
    return server


def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_healthy(server: Server) -> None:
    """Poll the health endpoint; a server that died or stays silent fails with its output."""
    deadline = time.monotonic() + START_SECONDS
    while server.process.poll() is None and time.monotonic() < deadline:
        try:
            urllib.request.urlopen(f"{server.url}/_stcore/health", timeout=2)
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
        else:
            return
    server.process.kill()
    pytest.fail(f"the server did not start:\n{server.log.read_text(errors='replace')}")
