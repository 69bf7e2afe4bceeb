"""A class on one server: visitors in sessions of their own, over Streamlit's websocket, on loopback.

    python -m benchmarks.load                                  # 60 visitors on Surfaces for three minutes
    python -m benchmarks.load --visitors 30 --beside 30        # 30 on Surfaces beside 30 on Networks with trainings
    python -m benchmarks.load --exercise                       # a class exercise: the same few values for all
    python -m benchmarks.load --visitors 1 --think 1           # what a change costs alone
    python -m benchmarks.load --replicas 2                     # two servers, each with half of the visitors
    python -m benchmarks.load --heavy basins                   # beside a visitor who computes basin maps
    python -m benchmarks.load --churn 500                      # memory after so many sessions came and went
    python -m benchmarks.load --churn-minutes 10               # memory while they come and go for so long

Each visitor opens a page within the first 15 seconds and then changes one control every 8 seconds on average: base
steps, by a value that nobody else has, or by one of ten that the exercise asks for. Timed from the message to the end
of the script's run. "processor" is what the server's own process took, divided by the changes of all visitors.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import math
import os
import random
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from tornado.httpclient import HTTPRequest
from tornado.websocket import WebSocketClientConnection, websocket_connect

from benchmarks.player import wait_healthy

ROOT = Path(__file__).parents[1]
MOST_BYTES, PATIENCE = 200_000_000, 180
CONTROL, VIEWS, REST = "Base steps", "View", "lookahead-lab.rest"
EXERCISE = range(200, 300, 10)
HEAVY_VIEWS = {"basins": "Basin map", "cloud": "Seed cloud"}  # views of Surfaces that compute when they are opened


@dataclass
class Visitor:
    """One session: its messages, how long the server took for each, and what went wrong."""

    number: int
    page: str
    values: Iterator[int]
    query: str = ""
    first_seconds: float | None = None
    whole_seconds: float | None = None
    changes: list[float] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    received_bytes: int = 0
    connection: WebSocketClientConnection | None = None
    script: str = ""
    control: tuple[str, bool] | None = None  # the number input's id, and whether it holds whole numbers
    views: str = ""  # the id of what opens a view
    polls: dict[str, float] = field(default_factory=dict)  # fragments that ask to be run again, and after how long
    later: tuple[str, str, str] | None = None  # a part that comes at rest: its fragment, its component's id and number

    async def stay(self, url: str, until: float, think: float, chance: random.Random) -> None:
        """Open the page, then change the control now and then; keep up what the page polls meanwhile."""
        await self.open(url)
        while time.monotonic() < until:
            await self._idle(min(until, time.monotonic() + chance.expovariate(1 / think)))
            if time.monotonic() < until:
                self.changes.append(await self.run(value=next(self.values)))
                if self.later:
                    await self.run(fragment=self.later[0])
        self.close()

    async def open(self, url: str) -> None:
        """Come to the page at `url`."""
        request = HTTPRequest(
            url.replace("http", "ws", 1) + "/_stcore/stream",
            headers={"Origin": url, "Sec-WebSocket-Protocol": "streamlit"},
        )
        self.connection = await websocket_connect(request, max_message_size=MOST_BYTES, subprotocols=["streamlit"])
        self.first_seconds = await self.run()
        self.whole_seconds = self.first_seconds + await self.run()  # as a browser, once the player has drawn

    def close(self) -> None:
        """Leave."""
        if self.connection is not None:
            self.connection.close()

    async def run(self, value: int | None = None, view: str = "", fragment: str = "") -> float:
        """Have the page, or a fragment of it, run with one widget changed; the seconds it took."""
        assert self.connection is not None
        message = BackMsg()
        if not fragment:
            self.polls.clear()
        rerun = message.rerun_script
        rerun.query_string, rerun.page_script_hash, rerun.fragment_id = self.query, self.script, fragment
        if not self.script:
            rerun.page_name = self.page
        if value is not None and self.control is not None:
            widget = rerun.widget_states.widgets.add()
            widget.id, is_whole = self.control
            setattr(widget, "int_value" if is_whole else "double_value", value)
        if view:
            widget = rerun.widget_states.widgets.add()
            widget.id = self.views
            widget.string_array_value.data.append(view)
        if self.later and fragment == self.later[0]:
            widget = rerun.widget_states.widgets.add()
            widget.id = f"$$STREAMLIT_INTERNAL_KEY_{self.later[1]}__events"
            widget.json_trigger_value = f'[{{"event":"rest","value":{self.later[2]}}}]'
            self.later = None
        start = time.monotonic()
        await self.connection.write_message(message.SerializeToString(), binary=True)
        while True:
            content = await asyncio.wait_for(self.connection.read_message(), PATIENCE)
            if content is None:
                raise ConnectionError("the server closed the websocket")
            self.received_bytes += len(content)
            if self._note(ForwardMsg.FromString(content)):
                return time.monotonic() - start

    def _note(self, message: Any) -> bool:
        """Take up what the page says of itself; whether the run has ended."""
        kind = message.WhichOneof("type")
        if kind == "new_session":
            self.script = message.new_session.page_script_hash
        elif kind == "auto_rerun":
            self.polls[message.auto_rerun.fragment_id] = message.auto_rerun.interval
        elif kind == "delta" and message.delta.HasField("new_element"):
            self._note_element(message.delta.new_element, message.delta.fragment_id)
        if kind != "script_finished":
            return False
        if message.script_finished == ForwardMsg.FINISHED_WITH_COMPILE_ERROR:
            self.faults.append("compile error")
        if message.script_finished == ForwardMsg.FINISHED_EARLY_FOR_RERUN:
            self.polls.clear()
            return False
        return True

    def _note_element(self, element: Any, fragment: str) -> None:
        """Take up what can be changed, opened or asked for."""
        if element.HasField("exception"):
            self.faults.append(element.exception.message[:200])
        elif element.HasField("number_input") and element.number_input.label == CONTROL:
            self.control = element.number_input.id, element.number_input.data_type == element.number_input.INT
        elif element.HasField("button_group") and element.button_group.label == VIEWS:
            self.views = element.button_group.id
        elif element.bidi_component.component_name == REST:
            self.later = fragment, element.bidi_component.id, element.bidi_component.json

    async def _idle(self, until: float) -> None:
        """Wait, and run the fragments that ask for it; what ends in a run of the whole page is no change."""
        while (seconds := until - time.monotonic()) > 0:
            if not self.polls:
                return await asyncio.sleep(seconds)
            name, interval = next(iter(self.polls.items()))
            await asyncio.sleep(min(seconds, interval))
            if time.monotonic() < until:
                await self.run(fragment=name)
        return None


@contextmanager
def app() -> Iterator[tuple[str, psutil.Process]]:
    """The app of this checkout on a free port with a store of its own."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "app.cli", "app", "--port", str(port)]
        environment = os.environ | {"LOOKAHEAD_DATA": folder}
        log = Path(folder) / "log"
        with log.open("wb") as output:
            process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=output, stderr=subprocess.STDOUT)
        try:
            wait_healthy(f"http://127.0.0.1:{port}")
            yield f"http://127.0.0.1:{port}", psutil.Process(process.pid)
        finally:
            process.terminate()
            process.wait(timeout=30)
            if "Traceback" in (text := log.read_text(errors="replace")):
                print(f"the server's log has a traceback:\n{text[text.index('Traceback') :][:3000]}")


def visitors_of(options: argparse.Namespace) -> list[Visitor]:
    """Those on Surfaces, those on Networks beside them."""
    unique = itertools.count(100)

    def values(number: int) -> Iterator[int]:
        if options.exercise:
            return itertools.cycle([*EXERCISE[number % 10 :], *EXERCISE[: number % 10]])
        return (100 + next(unique) % 900 for _ in itertools.count())

    pages = [options.page] * options.visitors + ["networks"] * options.beside
    seeds = [0 if options.exercise else number for number in range(len(pages))]
    return [
        Visitor(n, page, values(n), f"v=1&seed={seed}") for n, (page, seed) in enumerate(zip(pages, seeds, strict=True))
    ]


async def crowd(urls: Sequence[str], visitors: list[Visitor], options: argparse.Namespace) -> list[BaseException]:
    """All of them, until the time is over; what they could not bear."""
    until = time.monotonic() + 60 * options.minutes

    async def visit(visitor: Visitor) -> None:
        await asyncio.sleep(visitor.number * options.join / len(visitors))
        await visitor.stay(urls[visitor.number % len(urls)], until, options.think, random.Random(visitor.number))

    ends = await asyncio.gather(*map(visit, visitors), return_exceptions=True)
    return [end for end in ends if isinstance(end, BaseException)]


async def labour(url: str, kind: str, until: float) -> list[float]:
    """Another visitor, who has a view computed for one run after the other; seconds each took."""
    visitor, times = Visitor(-1, "", itertools.count(), "v=1&seed=777"), []
    await visitor.open(url)
    for number in itertools.count():
        if time.monotonic() > until:
            return times
        times.append(await visitor.run(value=101 + number, view=HEAVY_VIEWS[kind]))
    return times


def report(title: str, seconds: list[float]) -> None:
    """Median, 95th percentile and worst."""
    if seconds:
        ranks = sorted(seconds)
        percentile = ranks[min(len(ranks) - 1, int(0.95 * len(ranks)))]
        print(
            f"{title:24} median {statistics.median(ranks):6.2f} s   p95 {percentile:6.2f} s   worst {ranks[-1]:6.2f} s"
            f"   ({len(ranks)})"
        )


def megabytes(servers: Sequence[psutil.Process]) -> float:
    """What the servers hold in memory."""
    return sum(float(server.memory_info().rss) for server in servers) / 1e6


def seconds_worked(servers: Sequence[psutil.Process]) -> float:
    """Processor time of the servers so far, without their workers."""
    return sum(sum(server.cpu_times()[:2]) for server in servers)


async def churn(url: str, process: psutil.Process, sessions: float, minutes: float) -> None:
    """Memory of the server while visitors come, look and go, ten at a time, until one of the two is over."""
    until = time.monotonic() + 60 * minutes
    for first in itertools.count(0, 10):
        if first >= sessions or time.monotonic() > until:
            break
        ten = [Visitor(n, "", itertools.count(), f"v=1&seed={n}") for n in range(first, first + 10)]
        await asyncio.gather(*(one.open(url) for one in ten))
        for one in ten:
            one.close()
        if first % 100 == 90 or first == 0:
            await asyncio.sleep(3)
            print(f"after {first + 10:5} sessions  {megabytes([process]):6.0f} MB")


def main() -> None:
    """Start the app, let the visitors come, print what they waited."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--visitors", type=int, default=60)
    parser.add_argument("--page", default="", help="games, networks, gans or theory instead of Surfaces")
    parser.add_argument("--beside", type=int, default=0, help="visitors on Networks beside them")
    parser.add_argument("--minutes", type=float, default=3)
    parser.add_argument("--think", type=float, default=8, help="seconds between two changes, on average")
    parser.add_argument("--join", type=float, default=15, help="seconds within which all of them come")
    parser.add_argument("--exercise", action="store_true", help="ten values for all instead of one for each change")
    parser.add_argument("--replicas", type=int, default=1, help="servers that share the visitors")
    parser.add_argument("--heavy", choices=HEAVY_VIEWS, help="another visitor who does this all the time")
    parser.add_argument("--churn", type=float, default=math.inf, help="only memory, over so many sessions")
    parser.add_argument("--churn-minutes", type=float, default=math.inf, help="the same, for so long")
    options = parser.parse_args()
    with ExitStack() as stack:
        urls, servers = zip(*(stack.enter_context(app()) for _ in range(options.replicas)), strict=True)
        if math.isfinite(min(options.churn, options.churn_minutes)):
            asyncio.run(churn(urls[0], servers[0], options.churn, options.churn_minutes))
        else:
            measure(urls, servers, options)


def measure(urls: Sequence[str], servers: Sequence[psutil.Process], options: argparse.Namespace) -> None:
    """One class, and the servers' processor time and memory with it."""
    visitors = visitors_of(options)
    memory, processor = megabytes(servers), seconds_worked(servers)

    async def together() -> tuple[list[BaseException], list[float]]:
        if not options.heavy:
            return await crowd(urls, visitors, options), []
        work = asyncio.create_task(labour(urls[0], options.heavy, time.monotonic() + 60 * options.minutes))
        return await crowd(urls, visitors, options), await work

    errors, heavy = asyncio.run(together())
    processor = seconds_worked(servers) - processor
    runs = sum(len(one.changes) + 1 for one in visitors)
    kind = "values of an exercise" if options.exercise else "values of their own"
    print(f"{len(visitors)} visitors, {options.beside} of them on Networks, {options.minutes:g} min, {kind}")
    report("first picture", [one.first_seconds for one in visitors if one.first_seconds is not None])
    report("whole page", [one.whole_seconds for one in visitors if one.whole_seconds is not None])
    for page in sorted({one.page for one in visitors}):
        report(
            f"change on {page or 'surfaces'}", [each for one in visitors if one.page == page for each in one.changes]
        )
    report(f"{options.heavy}", heavy)
    faults = [fault for one in visitors for fault in one.faults] + [repr(error) for error in errors]
    volume = sum(one.received_bytes for one in visitors) / runs
    print(
        f"processor {processor / runs:.3f} s a run of a page; {volume / 1e3:.0f} kB; "
        f"memory {memory:.0f} -> {megabytes(servers):.0f} MB; faults {len(faults)} {faults[:3]}"
    )


if __name__ == "__main__":
    main()
