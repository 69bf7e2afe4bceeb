"""What strangers and accidents do to a server: pages and log show no traceback."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import os
import random
import re
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.state import GamesConfig, GansConfig, NetworksConfig, SurfacesConfig
from app.state.links import decode, encode
from app.state.theory import TheoryConfig
from tests.app.visitors import ask, connect, first_visits, whole_page

ROOT = Path(__file__).parents[2]
MODELS = (SurfacesConfig, GamesConfig, NetworksConfig, GansConfig, TheoryConfig)
MESSAGES = 1_000
UNREADABLE = r"Traceback .*\n(?: .*\n)+\S*DecodeError: .*\n"
WEBSOCKET_CLOSE = r"RuntimeError: Unexpected ASGI message 'websocket\.close', after sending 'websocket\.close'\.\n"
EXPECTED = re.compile(  # the second: both uvicorn and Streamlit close what sends both kinds of rubbish
    rf"(?:Error deserializing back message|Invalid UTF-8 sequence received from client\.)\n{UNREADABLE}"
    r"|Exception in ASGI application\nTraceback .*\n(?: .*\n)+KeyError: 'bytes'\n"  # of a text
    rf"|Exception in ASGI application\n{UNREADABLE}\nDuring handling of .*\n\nTraceback .*\n(?: .*\n)+{WEBSOCKET_CLOSE}"
)


@dataclass
class Server:
    url: str
    port: int
    log: Path
    process: subprocess.Popen[bytes]

    def tracebacks(self) -> list[str]:
        """Those but of a message that is not Streamlit's, which it notes with one; each with what stands around it."""
        lines = EXPECTED.sub("", self.log.read_text(errors="replace")).splitlines()
        return ["\n".join(lines[max(0, i - 3) : i + 60]) for i, line in enumerate(lines) if "Traceback" in line]

    def healthy(self) -> bool:
        with contextlib.suppress(OSError):
            return urllib.request.urlopen(f"{self.url}/_stcore/health", timeout=5).read() == b"ok"
        return False


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("server")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    log, variables = folder / "log", os.environ | {"LOOKAHEAD_DATA": str(folder), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "app.cli", "app", "--port", str(port)]
    with log.open("wb") as output:
        process = subprocess.Popen(command, cwd=ROOT, env=variables, stdout=output, stderr=subprocess.STDOUT)
    instance = Server(f"http://127.0.0.1:{port}", port, log, process)
    deadline = time.monotonic() + 120
    while not instance.healthy():
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < deadline
        time.sleep(0.2)
    yield instance
    process.terminate()
    process.wait(timeout=20)


def served_well(server: Server) -> bool:
    """Whether the next visitor sees the page."""
    (visit,) = asyncio.run(first_visits(server.url, 1))
    return "plotly_chart" in visit.kinds and not visit.faults


def test_messages_that_are_not_streamlits_close_or_are_ignored_and_others_see_the_page(server):
    async def babble() -> None:
        random_bytes = random.Random(0)
        messages = 0
        while messages < MESSAGES:
            with contextlib.suppress(ConnectionError, OSError, Exception):
                connection = await connect(server.url)
                while messages < MESSAGES:
                    messages += 1
                    message = random_bytes.randbytes(random_bytes.randrange(0, 200))
                    await connection.write_message(message, binary=bool(messages % 3))
                    await asyncio.sleep(0.001)  # so that the server answers, or closes

    asyncio.run(babble())
    assert served_well(server)


def test_a_client_that_reads_nothing_holds_up_nobody(server):
    async def dawdle() -> float:
        lazy = await connect(server.url)
        lazy.stream.close_fd = lambda: None  # it stays open, and what comes in is left there
        for number in range(5):
            from streamlit.proto.BackMsg_pb2 import BackMsg

            message = BackMsg()
            message.rerun_script.query_string = f"steps={100 + number}"
            await lazy.write_message(message.SerializeToString(), binary=True)
        other = await connect(server.url)
        visit = await whole_page(other, "steps=200")
        assert "plotly_chart" in visit.kinds
        other.close()
        return visit.seconds

    assert asyncio.run(dawdle()) < 60


def test_a_websocket_of_a_foreign_page_is_refused_at_once(server):
    """Streamlit would ask an outside host for the server's address first, and every visitor would wait."""

    async def intrude() -> float:
        start = time.monotonic()
        with pytest.raises(Exception, match=r"403|400"):
            await connect(server.url, {"Origin": "http://foreign.example"})
        return time.monotonic() - start

    assert asyncio.run(intrude()) < 5
    assert "auto detect external IP" not in server.log.read_text()


ROUTES = (
    "/", "/_stcore/health", "/_stcore/host-config", "/_stcore/stream", "/_stcore/upload_file/a/b", "/media/x.png",
    "/component/x", "/_stcore/bidi-components/x", "/static/x.js", "/_stcore/script-health-check", "/surfaces",
)  # fmt: skip
METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH")
PATHS = st.text(st.characters(codec="ascii", exclude_characters="\r\n \x00"), max_size=60)


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(method=st.sampled_from(METHODS), route=st.sampled_from(ROUTES), tail=PATHS, body=st.binary(max_size=200))
def test_malformed_requests_get_an_answer_that_is_no_server_error(server, method, route, tail, body):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
    try:
        connection._validate_path = lambda _: None
        connection.request(method, route + tail, body)
        assert connection.getresponse().status < 500
    except http.client.RemoteDisconnected:
        pass  # not HTTP at all
    finally:
        connection.close()


@pytest.mark.parametrize(
    "target", ["/../../etc/passwd", "//etc/passwd", "/static/../../../etc/passwd", "/media/%2e%2e%2fx"]
)
def test_no_path_leads_out_of_the_servers_folders(server, target):
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as raw:
        raw.sendall(f"GET {target} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode())
        answer = b"".join(iter(lambda: raw.recv(65536), b""))
    assert b"root:" not in answer
    assert b" 500 " not in answer.split(b"\r\n")[0]


ADDRESSES = [
    "steps=1e999",
    "starts=;;;,",
    "cards=%00",
    "z=%FF%FE",
    "1.layers=:::",
    "%F0%9F=1",
    "v=" + "9" * 3000,
    "formula=((((x",
]


@pytest.mark.parametrize("page", ["", "games", "networks", "gans", "theory", "atlas"])
def test_pages_at_malformed_addresses_say_what_is_refused(server, page):
    async def visits() -> list:
        socket = await connect(server.url)
        return [await ask(socket, address, page) for address in [*ADDRESSES[:4], "&".join(ADDRESSES)]]

    assert [fault for visit in asyncio.run(visits()) for fault in visit.faults] == []


def test_the_log_holds_no_traceback_after_all_that(server):
    assert server.healthy()
    tracebacks = server.tracebacks()
    assert tracebacks == [], tracebacks[0]


NAMES = sorted(
    {name for model in MODELS for name in model.model_fields} | {"v", "z", "1.lr", "4.layers", "5.k", "0.x", "1.", "."}
)
TEXTS = st.one_of(
    st.text(max_size=40),
    st.sampled_from(
        ["nan", "inf", "-0", "1e400", "none", "5:0.5,", "1,2;3", "٣", "true", "{}", "[]", "\x00", "x" * 3000]
    ),
    st.floats().map(repr),
    st.integers().map(str),
)


@settings(max_examples=400, deadline=None)
@given(
    st.sampled_from(MODELS), st.dictionaries(st.one_of(st.sampled_from(NAMES), st.text(max_size=12)), TEXTS, max_size=6)
)
def test_any_address_decodes_to_a_config_that_its_own_address_restores(model, params):
    config, problems = decode(params, model)
    assert all("\n" not in problem or "\n" in "".join([*params, *params.values()]) for problem in problems)
    assert decode(encode(config), model) == (config, [])
