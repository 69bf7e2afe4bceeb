"""When a visitor who comes for the first time sees something move, and when the page is whole, beside the least page.

    python -m benchmarks.first_picture

Every round is a fresh profile of the browser. "the least page" has one slider and one plotly contour: what Streamlit
and plotly need by themselves. Medians of seconds since the address was entered, of rounds in turn.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median

from playwright.sync_api import Browser, sync_playwright

from benchmarks.player import CHROMIUM, serve

PORT = int(os.environ.get("PORT", "8697"))
ROUNDS = 5
LEAST_SCRIPT = """
import numpy as np
import plotly.graph_objects as go
import streamlit as st

a = st.slider("a", 0.0, 1.0, 0.5)
x = np.linspace(-2, 2, 121)
st.plotly_chart(go.Figure(go.Contour(x=x, y=x, z=a * x[:, None] ** 2 + 10 * x**2)), key="contour")
"""
PLAYER = "Object.values(window.__lookaheadPlayers ?? {})[0]"
PAGES = {
    "Surfaces": (PORT, "/", f"{PLAYER}?.attached", f"{PLAYER}?.overChart"),
    "Games": (PORT, "/games", f"{PLAYER}?.attached", f"{PLAYER}?.overChart"),
    "the least page": (PORT + 1, "/", *["document.querySelector('.st-key-contour .contourlayer path')"] * 2),
}


@contextmanager
def beside_least_page(port: int) -> Iterator[Browser]:
    """A browser, with the app at this port and the least page at the next."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        script = Path(folder) / "least.py"
        script.write_text(LEAST_SCRIPT)
        stack.enter_context(serve("app/main.py", port))
        stack.enter_context(serve(str(script), port + 1))
        playwright = stack.enter_context(sync_playwright())
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


def main() -> None:
    """Start both servers, open each page in turn, print the medians."""
    with beside_least_page(PORT) as browser:
        seconds: dict[str, list[tuple[float, float]]] = {page: [] for page in PAGES}
        for number in range(ROUNDS + 1):
            for page in PAGES:
                pair = _seconds(browser, *PAGES[page])
                seconds[page] += [pair] if number else []  # the first round warms the servers
        for page, pairs in seconds.items():
            first, whole = (median(pair[index] for pair in pairs) for index in range(2))
            print(f"{page:16} first picture {first:5.2f} s   whole {whole:5.2f} s")


def _seconds(browser: Browser, port: int, path: str, first: str, whole: str) -> tuple[float, float]:
    """Until each condition holds, by the page's own clock."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.goto(f"http://127.0.0.1:{port}{path}")
    times = [
        page.wait_for_function(f"({condition}) && performance.now()", timeout=60_000).json_value() / 1000
        for condition in (first, whole)
    ]
    context.close()
    return times[0], times[1]


if __name__ == "__main__":
    main()
