"""The app behind nginx and Caddy: under a path, in two replicas, one of them killed, in frames, under a strict CSP."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import http.server
import re
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import streamlit
from playwright.sync_api import Browser, Frame, Page, expect

from tests.e2e.conftest import free_port, wait_until_idle
from tests.e2e.proxies import CONFIGURATIONS, Proxy, Replica, missing

pytestmark = pytest.mark.slow  # two replicas and a proxy for each: minutes

VISITORS = 4


@pytest.fixture(scope="module")
def replicas(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Replica]]:
    folder = tmp_path_factory.mktemp("replicas")
    servers = [Replica(free_port(), folder) for _ in range(2)]
    for server in servers:
        server.start()
    for server in servers:
        server.await_health()
    yield servers
    for server in servers:
        server.stop()


@pytest.fixture(scope="module")
def host() -> Iterator[str]:
    """Another origin, whose page shows what its query says in a frame."""
    with host_page() as origin:
        yield origin


@contextlib.contextmanager
def host_page() -> Iterator[str]:
    """A server of a page with a frame."""

    class Host(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            size, _, source = self.path.removeprefix("/?").partition("&")
            width, height = size.split("x")
            page = (
                f'<!doctype html><link rel="icon" href="data:,"><iframe width={width} height={height} src="{source}">'
            )
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(page.encode())

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Host)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


@pytest.fixture(scope="module", params=["nginx", "caddy"])
def proxy(request: pytest.FixtureRequest, replicas: list[Replica], host: str, tmp_path_factory) -> Iterator[Proxy]:
    if missing(request.param):
        pytest.skip(f"{request.param} is not installed")
    proxy = Proxy(request.param, free_port(), tmp_path_factory.mktemp(request.param), replicas, frames=host)
    proxy.start()
    yield proxy
    proxy.stop()


@pytest.fixture
def visitors(browser: Browser) -> Iterator[Callable[[str], Page]]:
    """Visitors with profiles of their own, who may meet errors."""
    contexts = []

    def open_page(url: str) -> Page:
        contexts.append(browser.new_context(viewport={"width": 1280, "height": 900}))
        page = contexts[-1].new_page()
        page.goto(url)
        page.wait_for_selector('[data-testid="stApp"]')
        wait_until_idle(page)
        return page

    yield open_page
    for context in contexts:
        context.close()


def fetch(url: str, **headers: str):
    return urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=10)


def steps(page: Page | Frame):
    return page.get_by_role("spinbutton", name="Base steps", exact=True)


@pytest.mark.parametrize("target", ["/", "/theory", "/games"])
def test_pages_work_under_the_policy_with_charts_and_without_an_error(page, proxy, target):
    page.goto(proxy.url + target)
    expect(page.locator(".js-plotly-plot").first).to_be_visible(timeout=60_000)
    wait_until_idle(page)
    assert page.url.startswith(proxy.url + target.rstrip("/"))
    assert page.get_by_test_id("stException").count() == 0


def test_answers_carry_the_headers_are_compressed_and_the_metrics_stay_inside(proxy):
    answer = fetch(f"{proxy.url}/", Accept="text/html")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "same-origin"
    policy = answer.headers["Content-Security-Policy"]
    assert "unsafe-eval'" not in policy.replace("'wasm-unsafe-eval'", "")
    assert f"frame-ancestors 'self' {proxy.frames}" in policy
    script = re.search(r'src="\./(static/js/[^"]+)"', answer.read().decode())[1]
    assert fetch(f"{proxy.url}/{script}", **{"Accept-Encoding": "gzip"}).headers["Content-Encoding"] == "gzip"
    with pytest.raises(urllib.error.HTTPError, match="404"):
        fetch(f"{proxy.url}/_stcore/metrics")
    assert fetch(proxy.url + "?steps=7").url == f"{proxy.url}/?steps=7"


def test_a_visitor_stays_on_one_replica_and_visitors_are_shared_out(proxy, replicas, visitors):
    before = [replica.sessions() for replica in replicas]
    pages = [visitors(f"{proxy.url}/?steps={100 + number}") for number in range(VISITORS)]
    for page in pages:
        page.reload()
        wait_until_idle(page)
    cookies = [next(one["value"] for one in page.context.cookies() if one["name"] == "lab") for page in pages]
    assert all(cookies)
    assert sum(replica.sessions() for replica in replicas) - sum(before) >= VISITORS


def test_visitors_of_a_killed_replica_go_on_at_the_other_with_all_their_settings(proxy, replicas, visitors):
    pages = [visitors(f"{proxy.url}/?steps={200 + number}") for number in range(VISITORS)]
    victim = max(replicas, key=Replica.sessions)
    other = next(replica for replica in replicas if replica is not victim)
    here, there = victim.sessions(), other.sessions()
    assert here > 0
    victim.stop(kill=True)
    try:
        deadline = time.monotonic() + 60
        while other.sessions() < there + here and time.monotonic() < deadline:
            pages[0].wait_for_timeout(300)
        for number, page in enumerate(pages):
            wait_until_idle(page, 60)
            assert steps(page).input_value() == str(200 + number)
            steps(page).fill(str(300 + number))
            steps(page).press("Enter")
            page.wait_for_url(f"**steps={300 + number}**", timeout=60_000)
            wait_until_idle(page)
            assert page.get_by_test_id("stException").count() == 0
    finally:
        victim.start()
        victim.await_health()


def test_a_websocket_that_is_cut_resumes_with_the_pages_state(proxy, visitors):
    page = visitors(f"{proxy.url}/?steps=123")
    steps(page).fill("456")
    steps(page).press("Enter")
    page.wait_for_url("**steps=456**")
    wait_until_idle(page)
    proxy.stop()
    page.wait_for_timeout(1500)
    proxy.start()
    expect(page.get_by_test_id("stConnectionStatus")).to_have_count(0, timeout=60_000)
    steps(page).fill("457")
    steps(page).press("Enter")
    page.wait_for_url("**steps=457**", timeout=60_000)
    wait_until_idle(page)
    assert page.get_by_test_id("stException").count() == 0


@pytest.mark.parametrize(("width", "height"), [(800, 600), (400, 600)])
def test_the_stage_fits_a_frame_of_another_origin(page, proxy, host, width, height):
    page.goto(f"{host}/?{width}x{height}&{proxy.url}/?embed=true%26steps=77".replace("%26", "&"))
    frame = page.frame_locator("iframe")
    expect(frame.locator(".js-plotly-plot").first).to_be_visible(timeout=60_000)
    inner = next(one for one in page.frames if one.url.startswith(proxy.url))
    inner.wait_for_function(
        "() => document.querySelector('[data-testid=stApp]').dataset.testScriptState === 'notRunning'"
    )
    assert "embed=true" in inner.url
    assert "steps=77" in inner.url
    assert inner.evaluate("document.documentElement.scrollWidth") <= width
    chart = inner.locator(".js-plotly-plot").first
    assert chart.evaluate("chart => chart.getBoundingClientRect().width") <= width


def test_a_frame_of_an_origin_that_is_not_named_stays_empty(page, problems, proxy):
    with host_page() as origin:
        page.goto(f"{origin}/?800x600&{proxy.url}/")
        page.wait_for_function("() => frames.length === 1")
        page.wait_for_timeout(1000)
    assert [frame.url for frame in page.frames[1:]] == ["chrome-error://chromewebdata/"]
    assert all("frame-ancestors" in line for line in problems)
    problems.clear()


def test_the_policy_knows_the_one_script_in_streamlits_own_page():
    page = (Path(streamlit.__file__).parent / "static" / "index.html").read_text()
    scripts = re.findall(r"<script(?![^>]*src)[^>]*>(.*?)</script>", page, re.DOTALL)
    hashes = [f"'sha256-{base64.b64encode(hashlib.sha256(one.encode()).digest()).decode()}'" for one in scripts]
    for name in ("nginx.conf", "Caddyfile"):
        policy = (CONFIGURATIONS / name).read_text()
        assert re.findall(r"'sha256-[^']+'", policy) == hashes


def test_both_configurations_have_the_same_policy():
    policies = [
        re.search(r"Content-Security-Policy \"(.*frame-ancestors 'self')", (CONFIGURATIONS / name).read_text())[1]
        for name in ("nginx.conf", "Caddyfile")
    ]
    assert policies[0] == policies[1]


def test_the_documents_show_both_configurations_whole():
    text = (CONFIGURATIONS.parent / "deploy.md").read_text()
    for name in ("nginx.conf", "Caddyfile"):
        assert (CONFIGURATIONS / name).read_text() in text
